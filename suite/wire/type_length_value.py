"""Incremental reading of Type, Length, Value: the shape that frames and capsules share.

Linear in the bytes fed, however they are cut, and holding at most one head (16 bytes) and the
value that its owner chose to collect.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

from wtspec.suite.wire import varint

_HEAD_MAX_BYTES: Final = 16


class Treatment(Enum):
    """What becomes of a value, chosen when its type and length are known."""

    COLLECT = auto()
    """kept until complete: one Whole"""
    STREAM = auto()
    """handed on as it comes: Pieces, an empty one for an empty value"""
    SKIP = auto()
    """forgotten: one Passed, as soon as the head is read"""


@dataclass(frozen=True, slots=True)
class Whole:
    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Passed:
    type: int
    size_bytes: int


Item: TypeAlias = Whole | Piece | Passed


class Reader:
    """Splits a stream into items; `treat(type, length)` may raise to end the reading."""

    def __init__(self, treat: Callable[[int, int], Treatment]) -> None:
        self._treat = treat
        self._head = bytearray()
        self._value = bytearray()
        self._type = 0
        self._missing = 0
        self._treatment: Treatment | None = None

    @property
    def is_inside(self) -> bool:
        """Whether an item has begun and is not complete."""
        return bool(self._head) or self._treatment is not None

    def feed(self, data: bytes) -> Iterator[Item]:
        offset = 0
        while offset < len(data):
            if self._treatment is None:
                offset, begun = self._read_head(data, offset)
                if begun:
                    yield from self._begin()
            else:
                taken = data[offset : offset + self._missing]
                offset += len(taken)
                self._missing -= len(taken)
                yield from self._take(self._treatment, taken)

    def _read_head(self, data: bytes, offset: int) -> tuple[int, bool]:
        held = len(self._head)
        self._head += data[offset : offset + _HEAD_MAX_BYTES - held]
        first = varint.decode(self._head)
        second = first and varint.decode(self._head, first[1])
        if first is None or second is None:
            return offset + len(self._head) - held, False
        self._head.clear()
        self._type, self._missing = first[0], second[0]
        return offset + second[1] - held, True

    def _begin(self) -> Iterator[Item]:
        self._treatment = self._treat(self._type, self._missing)
        if self._treatment is Treatment.SKIP:
            yield Passed(self._type, self._missing)
        if not self._missing:
            yield from self._take(self._treatment, b"")

    def _take(self, treatment: Treatment, taken: bytes) -> Iterator[Item]:
        if not self._missing:
            self._treatment = None
        if treatment is Treatment.STREAM:
            yield Piece(self._type, taken)
        elif treatment is Treatment.COLLECT:
            self._value += taken
            if not self._missing:
                value = bytes(self._value)
                self._value.clear()
                yield Whole(self._type, value)
