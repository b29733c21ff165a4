"""What a bystander saw one side send, in the order of the capture."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Sender = Literal["client", "server"]
OTHER: dict[Sender, Sender] = {"client": "server", "server": "client"}


@dataclass(frozen=True, slots=True)
class Offered:
    """The ClientHello's application protocols."""

    alpn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """The server's choice; None: it made none."""

    alpn: str | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Transport parameters, verbatim and in order."""

    pairs: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class StreamBytes:
    """The next bytes of a stream in order; `finished`: FIN, with which `data` may be empty."""

    stream_id: int
    data: bytes
    finished: bool


@dataclass(frozen=True, slots=True)
class StreamReset:
    """RESET_STREAM, or with a `reliable_size` RESET_STREAM_AT."""

    stream_id: int
    code: int
    final_size: int
    reliable_size: int | None


@dataclass(frozen=True, slots=True)
class StopSending:
    stream_id: int
    code: int


@dataclass(frozen=True, slots=True)
class Datagram:
    data: bytes


@dataclass(frozen=True, slots=True)
class Closed:
    """CONNECTION_CLOSE; `frame_type` is None for an application's."""

    code: int
    frame_type: int | None
    reason: bytes

    @property
    def is_application(self) -> bool:
        return self.frame_type is None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The sender has received every captured stream frame of the other side up to a packet.

    `number` is a packet number of the other side. It stands still at a packet that the capture
    has and the receiver never got: what was sent again later then stays unproved.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """From here on something this side sent is unknown; once a reason, counts are elsewhere."""

    why: str


What: TypeAlias = (
    Offered
    | Agreed
    | Parameters
    | StreamBytes
    | StreamReset
    | StopSending
    | Datagram
    | Closed
    | Acknowledged
    | Undecided
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One event. `number` is that of the 1-RTT packet that completed it, -1 during the handshake.

    `connection` counts the capture's connections from 0.
    """

    time_s: float
    connection: int
    sender: Sender
    number: int
    what: What
