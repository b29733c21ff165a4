"""What one side was seen to say, above QUIC."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import (
    Acknowledged,
    Agreed,
    Closed,
    Offered,
    Parameters,
    StopSending,
    StreamReset,
    Undecided,
)
from wtspec.suite.wire.capsule import Received
from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamKind, StreamType

Place = Literal["control", "request", "capsules", "data", "encoder", "datagram"]


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """`pairs` is None where the payload ends inside a setting."""

    pairs: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True, slots=True)
class FrameRead:
    """Any frame but DATA; `is_first`: of its stream."""

    place: Place
    type: int
    payload: bytes
    is_first: bool


@dataclass(frozen=True, slots=True)
class BodyRead:
    """A piece of DATA frames; `is_early`: before any HEADERS."""

    place: Place
    size_bytes: int
    is_early: bool


@dataclass(frozen=True, slots=True)
class SectionRead:
    """A field section; `ordinal` counts those of this side of the stream from 0."""

    fields: tuple[Field, ...]
    ordinal: int

    def value(self, name: bytes) -> bytes | None:
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class CapsuleRead:
    capsule: Received


@dataclass(frozen=True, slots=True)
class DataStreamBegun:
    kind: StreamKind
    session_id: int
    header_bytes: int


@dataclass(frozen=True, slots=True)
class DataRead:
    """Application bytes of a data stream."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """FIN."""


@dataclass(frozen=True, slots=True)
class DatagramRead:
    session_id: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class CriticalBegun:
    """A control, encoder or decoder stream; `is_second` of its kind."""

    type: StreamType
    is_second: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes against their format; what follows on the stream is not read."""

    place: Place
    why: WireError


What: TypeAlias = (
    SettingsRead
    | FrameRead
    | BodyRead
    | SectionRead
    | CapsuleRead
    | DataStreamBegun
    | DataRead
    | Finished
    | DatagramRead
    | CriticalBegun
    | Unreadable
    | StreamReset
    | StopSending
    | Closed
    | Offered
    | Agreed
    | Parameters
    | Acknowledged
    | Undecided
)


@dataclass(frozen=True, slots=True)
class Observed:
    """`number` is that of the packet that completed it; `stream_id` is None off streams."""

    time_s: float
    connection: int
    side: Side
    number: int
    stream_id: int | None
    what: What
