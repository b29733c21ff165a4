"""What the reader of an HTTP/3 connection finds in the endpoint's bytes, one value a fact."""

from dataclasses import dataclass

from wtspec.suite.peer.bench import Violation
from wtspec.suite.wire.capsule import Received
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamKind


@dataclass(frozen=True, slots=True)
class UniOpened:
    """A unidirectional stream that is no data stream, by its type."""

    stream_id: int
    stream_type: int


@dataclass(frozen=True, slots=True)
class Attached:
    """A data stream of the endpoint's, and the session its header names."""

    stream_id: int
    kind: StreamKind
    session_id: int
    header_bytes: int


@dataclass(frozen=True, slots=True)
class SettingsSeen:
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class GoawaySeen:
    last_id: int


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """A frame without further meaning to us: unknown, or about priorities or pushes."""

    stream_id: int
    frame_type: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class HeadersSeen:
    """A field section; `is_trailer` when a final one came before."""

    stream_id: int
    fields: tuple[Field, ...]
    is_trailer: bool


@dataclass(frozen=True, slots=True)
class CapsuleArrived:
    stream_id: int
    capsule: Received


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes of a data or QPACK stream behind its header, or of a body that carries no capsules."""

    stream_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    stream_id: int


Sight = (
    UniOpened
    | Attached
    | SettingsSeen
    | GoawaySeen
    | FrameSeen
    | HeadersSeen
    | CapsuleArrived
    | Payload
    | Finished
    | Violation
)
