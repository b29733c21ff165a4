"""What a QUIC connection reports, in order, to its owner.

Stream ids follow RFC 9000 section 2.1. Sizes are bytes of stream data; codes are the raw
numbers of the wire (an HTTP/3 or WebTransport layer above gives them names).
"""

from dataclasses import dataclass
from typing import Literal

RESET_STREAM = 0x04
RESET_STREAM_AT = 0x24

Closer = Literal["peer", "local", "idle", "stateless-reset"]


@dataclass(frozen=True, slots=True)
class PeerParameters:
    """The peer's transport parameters, verbatim and in its order, before they are judged."""

    parameters: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class HandshakeCompleted:
    """The TLS handshake is over on our side; `alpn` is None when none was agreed."""

    alpn: str | None


@dataclass(frozen=True, slots=True)
class StreamData:
    """The next bytes of a stream, in order; `finished` is the FIN, and `data` may then be empty."""

    stream_id: int
    data: bytes
    finished: bool


@dataclass(frozen=True, slots=True)
class StreamResetAnnounced:
    """A RESET_STREAM_AT came whose reliable part is not here yet, or a later one shrank it."""

    stream_id: int
    code: int
    final_size: int
    reliable_size: int


@dataclass(frozen=True, slots=True)
class StreamReset:
    """The peer's sending side ended by a reset, and all that it promised to deliver was delivered.

    `announced_by` is the frame type: RESET_STREAM or RESET_STREAM_AT. A RESET_STREAM has
    `reliable_size` 0.
    """

    stream_id: int
    code: int
    final_size: int
    reliable_size: int
    announced_by: int


@dataclass(frozen=True, slots=True)
class StopSending:
    """The peer asked us to stop sending; reported once a stream however often it is repeated."""

    stream_id: int
    code: int


@dataclass(frozen=True, slots=True)
class DatagramReceived:
    data: bytes


@dataclass(frozen=True, slots=True)
class DatagramFate:
    """What became of the accepted datagram `number` (counted from 0).

    Not acknowledged means the packet was declared lost, which a late acknowledgement cannot undo.
    """

    number: int
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class PingAcknowledged:
    number: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is over, and who ended it.

    "local" covers our own call and every violation the engine found; "idle" is any silent end: the
    idle timeout, no path, no common version. `frame_type` is None for an application close.
    """

    code: int
    frame_type: int | None
    reason: str
    by: Closer
    is_application: bool


Event = (
    PeerParameters
    | HandshakeCompleted
    | StreamData
    | StreamResetAnnounced
    | StreamReset
    | StopSending
    | DatagramReceived
    | DatagramFate
    | PingAcknowledged
    | Closed
)
