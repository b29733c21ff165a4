"""QUIC frames as far as a bystander needs them (RFC 9000 section 19)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from wtspec.suite.quic.events import RESET_STREAM_AT
from wtspec.suite.quic.passive.events import Closed, Datagram, StopSending, StreamReset
from wtspec.suite.wire import varint


@dataclass(frozen=True, slots=True)
class Crypto:
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StreamPiece:
    stream_id: int
    offset: int
    data: bytes
    finished: bool


@dataclass(frozen=True, slots=True)
class Ack:
    """Ranges of packet numbers, both ends included, the highest first."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class NewConnectionId:
    connection_id: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type whose end nobody knows: the rest of the packet is lost."""

    type: int


Frame: TypeAlias = (
    Crypto
    | StreamPiece
    | Ack
    | NewConnectionId
    | StreamReset
    | StopSending
    | Datagram
    | Closed
    | Unknown
)


class _Cut(Exception):
    """The packet ends inside a frame."""


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        read = varint.decode(self.data, self.at)
        if read is None:
            raise _Cut
        self.at = read[1]
        return read[0]

    def take(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self.data):
            raise _Cut
        return self.data[start : self.at]

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def skip_padding(self) -> None:
        while self.at < len(self.data) and not self.data[self.at]:
            self.at += 1


def read(payload: bytes) -> Iterator[Frame]:
    """Frames that say something to a bystander; a cut one ends the packet as an unknown one."""
    cursor = _Cursor(payload)
    kind = 0
    try:
        while True:
            cursor.skip_padding()
            if cursor.at == len(payload):
                return
            kind = cursor.number()
            frame = _frame(cursor, kind)
            if frame is not None:
                yield frame
            if isinstance(frame, Unknown):
                return
    except _Cut:
        yield Unknown(kind)


def _frame(cursor: _Cursor, kind: int) -> Frame | None:
    if 0x08 <= kind <= 0x0F:
        return _stream(cursor, kind)
    if (reader := _READERS.get(kind)) is not None:
        return reader(cursor, kind)
    if (numbers := _SKIPPED.get(kind)) is None:
        return Unknown(kind)
    for _ in range(numbers):
        cursor.number()
    return None


def _stream(cursor: _Cursor, kind: int) -> StreamPiece:
    stream_id = cursor.number()
    offset = cursor.number() if kind & 4 else 0
    data = cursor.take(cursor.number()) if kind & 2 else cursor.rest()
    return StreamPiece(stream_id, offset, data, bool(kind & 1))


def _ack(cursor: _Cursor, kind: int) -> Ack:
    high, _, count = cursor.number(), cursor.number(), cursor.number()
    low = high - cursor.number()
    ranges = [(low, high)]
    for _ in range(count):
        high = low - cursor.number() - 2
        low = high - cursor.number()
        ranges.append((low, high))
    for _ in range(3 if kind & 1 else 0):
        cursor.number()
    return Ack(tuple(ranges))


def _reset(cursor: _Cursor, kind: int) -> StreamReset:
    stream_id, code, final_size = cursor.number(), cursor.number(), cursor.number()
    return StreamReset(
        stream_id, code, final_size, cursor.number() if kind == RESET_STREAM_AT else None
    )


def _stop(cursor: _Cursor, _kind: int) -> StopSending:
    return StopSending(cursor.number(), cursor.number())


def _crypto(cursor: _Cursor, _kind: int) -> Crypto:
    return Crypto(cursor.number(), cursor.take(cursor.number()))


def _token(cursor: _Cursor, _kind: int) -> None:
    cursor.take(cursor.number())


def _path(cursor: _Cursor, _kind: int) -> None:
    cursor.take(8)


def _new_connection_id(cursor: _Cursor, _kind: int) -> NewConnectionId:
    cursor.number()
    cursor.number()
    connection_id = cursor.take(cursor.take(1)[0])
    cursor.take(16)
    return NewConnectionId(connection_id)


def _closed(cursor: _Cursor, kind: int) -> Closed:
    code = cursor.number()
    frame_type = cursor.number() if kind == 0x1C else None
    return Closed(code, frame_type, cursor.take(cursor.number()))


def _datagram(cursor: _Cursor, kind: int) -> Datagram:
    return Datagram(cursor.take(cursor.number()) if kind & 1 else cursor.rest())


_READERS: dict[int, Callable[[_Cursor, int], Frame | None]] = {
    0x02: _ack,
    0x03: _ack,
    0x04: _reset,
    0x05: _stop,
    0x06: _crypto,
    0x07: _token,
    0x18: _new_connection_id,
    0x1A: _path,
    0x1B: _path,
    0x1C: _closed,
    0x1D: _closed,
    RESET_STREAM_AT: _reset,
    0x30: _datagram,
    0x31: _datagram,
}
# PING, the limits, RETIRE_CONNECTION_ID, HANDSHAKE_DONE, and the two of the acknowledgement
# frequency extension, which stacks send: how many numbers follow the type.
_SKIPPED = {
    0x01: 0,
    0x10: 1,
    0x11: 2,
    0x12: 1,
    0x13: 1,
    0x14: 1,
    0x15: 2,
    0x16: 1,
    0x17: 1,
    0x19: 1,
    0x1E: 0,
    0x1F: 0,
    0xAF: 4,
}
