"""HTTP/3 frames (RFC 9114 section 7): encoding, and an incremental, bounded decoder."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import ExcessiveLoad, FrameError, LateSignal, WireError
from wtspec.suite.wire.type_length_value import Item, Passed, Piece, Reader, Treatment


class FrameType(IntEnum):
    """RFC 9114 section 7.2, RFC 9218 section 7.2, and the WebTransport signal (section 4.3)."""

    DATA = 0x0
    HEADERS = 0x1
    CANCEL_PUSH = 0x3
    SETTINGS = 0x4
    PUSH_PROMISE = 0x5
    GOAWAY = 0x7
    MAX_PUSH_ID = 0xD
    WT_STREAM = 0x41
    PRIORITY_UPDATE_REQUEST = 0xF0700
    PRIORITY_UPDATE_PUSH = 0xF0701


HTTP2_TYPES: Final = frozenset({0x2, 0x6, 0x8, 0x9})
"""Types of HTTP/2 without a meaning here: H3_FRAME_UNEXPECTED (RFC 9114 section 7.2.8)."""

_KNOWN: Final = frozenset(FrameType)


@dataclass(frozen=True, slots=True)
class Frame:
    """A complete frame of any type but DATA; `type` is a FrameType where there is one."""

    type: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of DATA frames, cut as the bytes came; an empty frame gives an empty piece."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """The beginning of an unknown frame too large to keep; its payload is passed over."""

    type: int
    size_bytes: int


FrameEvent: TypeAlias = Frame | Data | Skipped


def encode(frame_type: int, payload: bytes, *, announced_length: int | None = None) -> bytes:
    """A frame; `announced_length` makes its length field lie."""
    length = len(payload) if announced_length is None else announced_length
    return varint.encode(frame_type) + varint.encode(length) + payload


class FrameDecoder:
    """Decodes one stream. After an error every further call raises that error again.

    A known frame above `max_payload_bytes` is an ExcessiveLoad as soon as its length is read, so
    memory stays bounded whatever a peer announces. The WT_STREAM signal has no length and ends a
    frame sequence: met here, it stands where it may not (drafts since 05).
    """

    def __init__(self, max_payload_bytes: int = 65536) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._reader = Reader(self._treat)
        self._failure: WireError | None = None

    def feed(self, data: bytes) -> list[FrameEvent]:
        """The events of `data`; an error carries those that precede it as `before`."""
        if self._failure is not None:
            raise self._failure
        events: list[FrameEvent] = []
        try:
            events.extend(map(_event, self._reader.feed(data)))
        except WireError as failure:
            failure.before = tuple(events)
            self._failure = failure
            raise
        return events

    def finish(self) -> None:
        """The stream has ended: raises FrameError when that cuts a frame."""
        if self._failure is not None:
            raise self._failure
        if self._reader.is_inside:
            raise FrameError("the stream ends inside a frame")

    def _treat(self, frame_type: int, length: int) -> Treatment:
        if frame_type == FrameType.WT_STREAM:
            raise LateSignal("WT_STREAM after the beginning of the stream")
        if frame_type == FrameType.DATA:
            return Treatment.STREAM
        if length <= self._max_payload_bytes:
            return Treatment.COLLECT
        if frame_type in _KNOWN:
            name = FrameType(frame_type).name
            raise ExcessiveLoad(f"{name} of {length} bytes, over {self._max_payload_bytes}")
        return Treatment.SKIP


def _event(item: Item) -> FrameEvent:
    if isinstance(item, Piece):
        return Data(item.value)
    frame_type = FrameType(item.type) if item.type in _KNOWN else item.type
    if isinstance(item, Passed):
        return Skipped(frame_type, item.size_bytes)
    return Frame(frame_type, item.value)
