"""The header that opens a data stream, and the types of unidirectional streams."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import StreamCreationError


class StreamKind(Enum):
    UNI = "uni"
    BIDI = "bidi"


class StreamType(IntEnum):
    """First varint of a unidirectional stream (RFC 9114 section 6.2, RFC 9204 section 4.2)."""

    CONTROL = 0x0
    PUSH = 0x1
    QPACK_ENCODER = 0x2
    QPACK_DECODER = 0x3
    WEBTRANSPORT = 0x54


UNI_TYPE: Final = 0x54
BIDI_SIGNAL: Final = 0x41


@dataclass(frozen=True, slots=True)
class StreamHeader:
    kind: StreamKind
    session_id: int

    @property
    def names_request_stream(self) -> bool:
        """Whether the Session ID can be one: a client-initiated bidirectional stream's."""
        return self.session_id % 4 == 0


def encode(
    kind: StreamKind,
    session_id: int,
    *,
    type_length: int | None = None,
    session_id_length: int | None = None,
) -> bytes:
    """The header of a stream (sections 4.2 and 4.3); lengths in bytes make a varint longer."""
    first = UNI_TYPE if kind is StreamKind.UNI else BIDI_SIGNAL
    return varint.encode(first, length=type_length) + varint.encode(
        session_id, length=session_id_length
    )


def header(kind: StreamKind, data: bytes) -> tuple[StreamHeader, int] | None:
    """The header at the start of a stream and its size; None while bytes are missing.

    StreamCreationError when the stream is another kind of stream: who does not know yet reads the
    first varint and asks only behind 0x54 or 0x41. A Session ID that cannot be one is returned.
    """
    first = varint.decode(data)
    if first is None:
        return None
    if first[0] != (UNI_TYPE if kind is StreamKind.UNI else BIDI_SIGNAL):
        raise StreamCreationError(f"a {kind.value} stream begins with {first[0]:#x}", data[:16])
    second = varint.decode(data, first[1])
    return second and (StreamHeader(kind, second[0]), second[1])
