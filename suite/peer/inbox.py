"""What came at one place, in order, and how much of it a script has been told."""

from collections.abc import Callable, Iterable

from wtspec.suite.signal import Data, Draining, Fin, Reset, Response, SessionClosed, Signal, Stop

# The two directions of a stream race: told as they came, the same behaviour would read differently
# from run to run. The timeline keeps the order of arrival.
_ORDER = (Data, Draining, Response, SessionClosed, Fin, Reset, Stop)


class Inbox:
    """Signals of one stream, of a session's datagrams, or of a connection.

    Bytes are joined: a script sees one `Data`, or a `Fin` with all bytes since it last asked; and
    what may come in any order is told in one.
    """

    def __init__(self) -> None:
        self.seen: list[Signal] = []
        self._untold: list[Signal] = []
        self._bytes: list[bytes] = []
        self.told_of_close = False

    def put(self, signal: Signal) -> None:
        self.seen.append(signal)
        self._untold.append(signal)

    def put_bytes(self, data: bytes) -> None:
        self._bytes.append(data)

    def has(self, wanted: Callable[[Signal], bool]) -> bool:
        """Whether something untold satisfies `wanted`; bytes alone never do."""
        return any(wanted(signal) for signal in self._untold)

    def take(self, passes_over: Callable[[Signal], bool] = lambda _: False) -> tuple[Signal, ...]:
        """Everything untold but what is passed over; it counts as told from now on."""
        untold, self._untold = self._untold, []
        data, self._bytes = b"".join(self._bytes), []
        told = _in_order(signal for signal in untold if not passes_over(signal))
        if Fin() in told:
            return tuple(Fin(data) if signal == Fin() else signal for signal in told)
        return (Data(data), *told) if data else told


def _in_order(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Each once; those without a place of their own stay where they are, in front."""
    return tuple(sorted(dict.fromkeys(signals), key=_rank))


def _rank(signal: Signal) -> int:
    kind = type(signal)
    return _ORDER.index(kind) + 1 if kind in _ORDER else 0
