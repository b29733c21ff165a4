"""The one function that decides what becomes of a packet, shared by every network and the relay.

It is pure, so the same seed gives the same decisions on the virtual network, over UDP and in the
relay, and a trace can be recomputed from its numbers.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from wtspec.suite.network.path import (
    Corrupt,
    Delay,
    Direction,
    Drop,
    Duplicate,
    Fate,
    Hold,
    Path,
    Swap,
)
from wtspec.suite.network.randomness import draw

REORDER_S = 0.005
"""How long a reordered packet is kept back: longer than a flight of packets takes to leave."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of a packet, `delay_s` after it was sent or after packet `after_index` was."""

    delay_s: float
    flipped_bit: int | None = None
    after_index: int | None = None

    def apply(self, data: bytes) -> bytes:
        """The bytes that arrive."""
        if self.flipped_bit is None or not data:
            return data
        position, bit = divmod(self.flipped_bit % (8 * len(data)), 8)
        return data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


def decide(
    path: Path, seed: int, direction: Direction, index: int, *, size_bytes: int, at_s: float
) -> tuple[Delivery, ...]:
    """Every arrival of packet `index` of that direction; none means that it is lost.

    `at_s` is the time since the link opened and matters to black holes alone.
    """
    if path.size_limit_bytes is not None and size_bytes > path.size_limit_bytes:
        return ()
    if any(start <= at_s < end for start, end in path.blackhole_s):
        return ()
    for fate in path.fates:
        if fate.direction is direction and fate.index == index:
            return _scripted(fate, path.delay_s, seed, size_bytes)
    return _by_chance(path, seed, direction, index, size_bytes)


def _scripted(fate: Fate, delay_s: float, seed: int, size_bytes: int) -> tuple[Delivery, ...]:
    plain = Delivery(delay_s)
    match fate:
        case Drop():
            return ()
        case Hold(until_index=until_index):
            return (replace(plain, after_index=until_index),)
        case Delay(delay_s=longer_s):
            return (Delivery(delay_s + longer_s),)
        case Swap(index=index):
            return (replace(plain, after_index=index + 1),)
        case Duplicate(copies=copies):
            return (plain,) * copies
        case Corrupt(direction=direction, index=index, bit=bit):
            drawn = _drawn_bit(seed, direction, index, size_bytes)
            return (replace(plain, flipped_bit=drawn if bit is None else bit),)
        case _:
            assert_never(fate)


def _by_chance(
    path: Path, seed: int, direction: Direction, index: int, size_bytes: int
) -> tuple[Delivery, ...]:
    def happens(what: str, probability: float) -> bool:
        # A clean path draws nothing: most packets of a run are on one.
        return probability > 0 and draw(seed, direction.value, index, what) < probability

    if happens("loss", path.loss):
        return ()
    delay_s = path.delay_s
    if path.jitter_s:
        delay_s += path.jitter_s * draw(seed, direction.value, index, "jitter")
    if happens("reorder", path.reorder):
        delay_s += REORDER_S
    plain = Delivery(delay_s)
    first = plain
    if happens("corrupt", path.corrupt):
        first = replace(plain, flipped_bit=_drawn_bit(seed, direction, index, size_bytes))
    return (first, plain) if happens("duplicate", path.duplicate) else (first,)


def _drawn_bit(seed: int, direction: Direction, index: int, size_bytes: int) -> int:
    return int(draw(seed, direction.value, index, "bit") * 8 * size_bytes)
