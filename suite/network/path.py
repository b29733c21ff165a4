"""What a path does to the packets of one link: by chance, and by script."""

import math
from dataclasses import dataclass, replace
from enum import Enum


class Direction(Enum):
    """As seen from the Peer's link; on a relay the endpoint is the target it forwards to."""

    TO_ENDPOINT = "to-endpoint"
    FROM_ENDPOINT = "from-endpoint"


@dataclass(frozen=True, slots=True)
class Drop:
    """Packet number `index` of that direction never arrives; numbers start at 0."""

    direction: Direction
    index: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Packet `index` leaves directly after packet `until_index`, never if that is never sent."""

    direction: Direction
    index: int
    until_index: int

    def __post_init__(self) -> None:
        if self.until_index <= self.index:
            raise ValueError(f"packet {self.index} cannot wait for packet {self.until_index}")


@dataclass(frozen=True, slots=True)
class Delay:
    """Packet `index` takes this much longer than the path does."""

    direction: Direction
    index: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class Swap:
    """Packet `index` leaves directly after the next one."""

    direction: Direction
    index: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Packet `index` arrives `copies` times in all."""

    direction: Direction
    index: int
    copies: int = 2


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One bit of packet `index` is flipped; which one, the seed decides unless `bit` is given."""

    direction: Direction
    index: int
    bit: int | None = None


Fate = Drop | Hold | Delay | Swap | Duplicate | Corrupt


def shifted(fate: Fate, by: int) -> Fate:
    """The same fate, `by` packets later."""
    if isinstance(fate, Hold):
        return replace(fate, index=fate.index + by, until_index=fate.until_index + by)
    return replace(fate, index=fate.index + by)


@dataclass(frozen=True, slots=True)
class Path:
    """Impairment of both directions of one link. Probabilities are per packet.

    `fates` come first: a packet that one of them names is spared all chance, so that the outcome
    of a script is certain. Size limit and black holes come before everything: nothing passes them.
    """

    delay_s: float = 0.0  # one way
    jitter_s: float = 0.0  # up to this much more, which reorders packets closer than that
    loss: float = 0.0
    reorder: float = 0.0  # kept back `fates.REORDER_S`, so that those behind it overtake
    duplicate: float = 0.0
    corrupt: float = 0.0  # one bit flipped
    size_limit_bytes: int | None = None  # longer UDP payloads are dropped
    blackhole_s: tuple[tuple[float, float], ...] = ()  # [from, to) in seconds since the link opened
    rebind_after_packets: int | None = None  # what we send later has another source port
    fates: tuple[Fate, ...] = ()

    def __post_init__(self) -> None:
        chances = (self.loss, self.reorder, self.duplicate, self.corrupt)
        if not all(0.0 <= chance <= 1.0 for chance in chances):
            raise ValueError(f"a probability is outside 0..1: {self}")
        if not all(0.0 <= seconds < math.inf for seconds in (self.delay_s, self.jitter_s)):
            raise ValueError(f"a delay is negative or endless: {self}")


CLEAN = Path()
