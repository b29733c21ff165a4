"""What came at one place, in order, and how much of it a script has been told."""

from collections.abc import Callable, Iterable

from wtspec.suite.signal import Data, Fin, Signal


class Inbox:
    """Signals of one stream, of a session's datagrams, or of a connection.

    Bytes are joined: a script sees one `Data`, or a `Fin` with all bytes since it last asked.
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
        told = _unique(signal for signal in untold if not passes_over(signal))
        if Fin() in told:
            return tuple(Fin(data) if signal == Fin() else signal for signal in told)
        return (Data(data), *told) if data else told


def _unique(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    return tuple(dict.fromkeys(signals))
