"""Capsules on the CONNECT stream (RFC 9297 section 3.2; sections 5.6, 6 and 9.6 of the draft).

The decoder never raises for content: a capsule that its format forbids becomes `Malformed` with
what was kept of its payload. Limits above 2^60 are readable and left to the policy above, since
drafts disagree on their consequence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import partial
from typing import Final, TypeAlias, assert_never

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import MessageError
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.wire.type_length_value import Item, Passed, Reader, Treatment

REASON_MAX_BYTES: Final = 1024
STREAMS_MAX: Final = 1 << 60


class CapsuleType(IntEnum):
    DATAGRAM = 0x0
    CLOSE_SESSION = 0x2843
    DRAIN_SESSION = 0x78AE
    MAX_DATA = 0x190B4D3D
    MAX_STREAM_DATA = 0x190B4D3E
    MAX_STREAMS_BIDI = 0x190B4D3F
    MAX_STREAMS_UNI = 0x190B4D40
    DATA_BLOCKED = 0x190B4D41
    STREAM_DATA_BLOCKED = 0x190B4D42
    STREAMS_BLOCKED_BIDI = 0x190B4D43
    STREAMS_BLOCKED_UNI = 0x190B4D44


@dataclass(frozen=True, slots=True)
class CloseSession:
    """`reason` is UTF-8 of at most 1024 bytes; encoding does not insist."""

    code: int
    reason: bytes = b""


@dataclass(frozen=True, slots=True)
class DrainSession:
    pass


@dataclass(frozen=True, slots=True)
class MaxData:
    maximum: int


@dataclass(frozen=True, slots=True)
class MaxStreams:
    kind: StreamKind
    maximum: int


@dataclass(frozen=True, slots=True)
class DataBlocked:
    limit: int


@dataclass(frozen=True, slots=True)
class StreamsBlocked:
    kind: StreamKind
    limit: int


@dataclass(frozen=True, slots=True)
class DatagramCapsule:
    payload: bytes


@dataclass(frozen=True, slots=True)
class UnknownCapsule:
    """A type without a meaning over HTTP/3, the two forbidden ones of section 5.4 included."""

    type: int
    payload: bytes


Capsule: TypeAlias = (
    CloseSession
    | DrainSession
    | MaxData
    | MaxStreams
    | DataBlocked
    | StreamsBlocked
    | DatagramCapsule
    | UnknownCapsule
)


class Defect(Enum):
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NOT_UTF8 = "not UTF-8"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A known capsule against its format; `payload` is empty when it was too large to keep."""

    type: CapsuleType
    payload: bytes
    why: Defect


@dataclass(frozen=True, slots=True)
class SkippedCapsule:
    """The beginning of a capsule too large to keep that may be ignored; the rest is passed over."""

    type: int
    size_bytes: int


Received: TypeAlias = Capsule | Malformed | SkippedCapsule

_LIMITS: Final[Mapping[int, Callable[[int], Capsule]]] = {
    CapsuleType.MAX_DATA: MaxData,
    CapsuleType.MAX_STREAMS_BIDI: partial(MaxStreams, StreamKind.BIDI),
    CapsuleType.MAX_STREAMS_UNI: partial(MaxStreams, StreamKind.UNI),
    CapsuleType.DATA_BLOCKED: DataBlocked,
    CapsuleType.STREAMS_BLOCKED_BIDI: partial(StreamsBlocked, StreamKind.BIDI),
    CapsuleType.STREAMS_BLOCKED_UNI: partial(StreamsBlocked, StreamKind.UNI),
}
_BOUNDED: Final = _LIMITS.keys() | {CapsuleType.CLOSE_SESSION, CapsuleType.DRAIN_SESSION}


def grease(n: int) -> int:
    """The n-th reserved capsule type (RFC 9297 section 5.4)."""
    return 0x29 * n + 0x17


def encode_raw(capsule_type: int, payload: bytes, *, announced_length: int | None = None) -> bytes:
    """Any type with any payload; `announced_length` makes the length field lie."""
    length = len(payload) if announced_length is None else announced_length
    return varint.encode(capsule_type) + varint.encode(length) + payload


def encode(capsule: Capsule) -> bytes:  # noqa: C901, PLR0911 - one branch a capsule
    match capsule:
        case CloseSession(code, reason):
            return encode_raw(CapsuleType.CLOSE_SESSION, code.to_bytes(4, "big") + reason)
        case DrainSession():
            return encode_raw(CapsuleType.DRAIN_SESSION, b"")
        case MaxData(maximum):
            return encode_raw(CapsuleType.MAX_DATA, varint.encode(maximum))
        case MaxStreams(StreamKind.BIDI, maximum):
            return encode_raw(CapsuleType.MAX_STREAMS_BIDI, varint.encode(maximum))
        case MaxStreams(_, maximum):
            return encode_raw(CapsuleType.MAX_STREAMS_UNI, varint.encode(maximum))
        case DataBlocked(limit):
            return encode_raw(CapsuleType.DATA_BLOCKED, varint.encode(limit))
        case StreamsBlocked(StreamKind.BIDI, limit):
            return encode_raw(CapsuleType.STREAMS_BLOCKED_BIDI, varint.encode(limit))
        case StreamsBlocked(_, limit):
            return encode_raw(CapsuleType.STREAMS_BLOCKED_UNI, varint.encode(limit))
        case DatagramCapsule(payload):
            return encode_raw(CapsuleType.DATAGRAM, payload)
        case UnknownCapsule(capsule_type, payload):
            return encode_raw(capsule_type, payload)
        case _:
            assert_never(capsule)


class CapsuleDecoder:
    """Decodes the bytes of one CONNECT stream; at most one capsule is held."""

    def __init__(self, max_payload_bytes: int = 65536) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._reader = Reader(self._treat)

    def feed(self, data: bytes) -> list[Received]:
        return [_received(item) for item in self._reader.feed(data)]

    def finish(self) -> None:
        """The stream has ended: MessageError when that cuts a capsule (RFC 9297 section 3.3)."""
        if self._reader.is_inside:
            raise MessageError("the CONNECT stream ends inside a capsule")

    def _treat(self, _: int, length: int) -> Treatment:
        return Treatment.COLLECT if length <= self._max_payload_bytes else Treatment.SKIP


def _received(item: Item) -> Received:
    if not isinstance(item, Passed):
        return _decode(item.type, item.value)
    if item.type in _BOUNDED:
        return Malformed(CapsuleType(item.type), b"", Defect.TOO_LONG)
    return SkippedCapsule(item.type, item.size_bytes)


def _decode(number: int, payload: bytes) -> Capsule | Malformed:
    if number in _LIMITS:
        return _decode_limit(CapsuleType(number), payload)
    match number:
        case CapsuleType.DATAGRAM:
            return DatagramCapsule(payload)
        case CapsuleType.DRAIN_SESSION if payload:
            return Malformed(CapsuleType.DRAIN_SESSION, payload, Defect.TOO_LONG)
        case CapsuleType.DRAIN_SESSION:
            return DrainSession()
        case CapsuleType.CLOSE_SESSION:
            return _decode_close(payload)
        case _:
            return UnknownCapsule(number, payload)


def _decode_close(payload: bytes) -> CloseSession | Malformed:
    code, reason = payload[:4], payload[4:]
    if len(code) < 4:
        return Malformed(CapsuleType.CLOSE_SESSION, payload, Defect.TOO_SHORT)
    if len(reason) > REASON_MAX_BYTES:
        return Malformed(CapsuleType.CLOSE_SESSION, payload, Defect.TOO_LONG)
    try:
        reason.decode()
    except UnicodeDecodeError:
        return Malformed(CapsuleType.CLOSE_SESSION, payload, Defect.NOT_UTF8)
    return CloseSession(int.from_bytes(code, "big"), reason)


def _decode_limit(capsule_type: CapsuleType, payload: bytes) -> Capsule | Malformed:
    read = varint.decode(payload)
    if read is None:
        return Malformed(capsule_type, payload, Defect.TOO_SHORT)
    value, end = read
    if end < len(payload):
        return Malformed(capsule_type, payload, Defect.TOO_LONG)
    return _LIMITS[capsule_type](value)
