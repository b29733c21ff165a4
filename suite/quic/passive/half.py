"""What one side of a captured connection sent: keys, packet numbers, streams, proofs of receipt."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field

from wtspec.suite.quic.passive.events import Sender, What
from wtspec.suite.quic.passive.handshake import Messages
from wtspec.suite.quic.passive.inflow import Inflow
from wtspec.suite.quic.passive.keys import Keys, Level

_REMEMBERED_NUMBERS = 8192
_UNACKNOWLEDGED = 8192
_CRYPTO_HELD_BYTES = 1 << 16


class Numbers:
    """The packet numbers seen in one space; far behind the highest all count as seen."""

    def __init__(self) -> None:
        self.highest = -1
        self._lowest = 1 << 62
        self._count = 0
        self._seen: set[int] = set()
        self._floor = 0

    def is_new(self, number: int) -> bool:
        """Remembers it."""
        if number < self._floor or number in self._seen:
            return False
        self._seen.add(number)
        self.highest = max(self.highest, number)
        self._lowest = min(self._lowest, number)
        self._count += 1
        if len(self._seen) > 2 * _REMEMBERED_NUMBERS:
            self._floor = self.highest - _REMEMBERED_NUMBERS
            self._seen = {one for one in self._seen if one >= self._floor}
        return True

    @property
    def has_gaps(self) -> bool:
        """Whether a number between two others is missing: lost before the tap, or left out."""
        return self._count != max(self.highest - self._lowest + 1, 0)


class Unproved:
    """1-RTT packets with stream frames that the other side has not acknowledged yet."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._highest = -1
        self._said = -1

    def sent(self, number: int) -> None:
        self._highest = max(self._highest, number)
        if len(self._numbers) < _UNACKNOWLEDGED:
            insort(self._numbers, number)

    def acknowledge(self, ranges: tuple[tuple[int, int], ...]) -> int | None:
        """Up to where everything captured is received now, when that is news."""
        if len(self._numbers) == _UNACKNOWLEDGED:
            return None  # some were not noted: nothing more can be proved
        for low, high in ranges:
            start, end = bisect_left(self._numbers, low), bisect_right(self._numbers, high)
            del self._numbers[start:end]
        up_to = self._numbers[0] - 1 if self._numbers else self._highest
        if up_to <= self._said:
            return None
        self._said = up_to
        return up_to


@dataclass(slots=True)
class Half:
    """`said` keeps the frames that are repeated as long as they are not acknowledged; `id_bytes`
    is the length of the first connection ID that this side gave itself.
    """

    sender: Sender
    keys: dict[Level, Keys] = field(default_factory=dict)
    numbers: dict[Level, Numbers] = field(
        default_factory=lambda: {
            Level.INITIAL: Numbers(),
            Level.HANDSHAKE: Numbers(),
            Level.ONE_RTT: Numbers(),
        }
    )
    crypto: dict[Level, Inflow] = field(default_factory=dict)
    messages: dict[Level, Messages] = field(default_factory=dict)
    streams: dict[int, Inflow] = field(default_factory=dict)
    said: dict[tuple[str, int], What] = field(default_factory=dict)
    unproved: Unproved = field(default_factory=Unproved)
    undecided: dict[str, int] = field(default_factory=dict)
    id_bytes: int = 0

    def begin_again(self, level: Level) -> None:
        """Forget what was sent at that level."""
        self.crypto.pop(level, None)
        self.messages.pop(level, None)
        self.numbers[level] = Numbers()

    def space(self, level: Level) -> Numbers:
        return self.numbers[Level.ONE_RTT if level is Level.ZERO_RTT else level]

    def stream(self, stream_id: int) -> Inflow:
        if (known := self.streams.get(stream_id)) is None:
            known = self.streams[stream_id] = Inflow()
        return known

    def handshake(self, level: Level) -> tuple[Inflow, Messages]:
        return (
            self.crypto.setdefault(level, Inflow(_CRYPTO_HELD_BYTES)),
            self.messages.setdefault(level, Messages()),
        )
