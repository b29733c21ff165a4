"""What the contract needs of a library; a stack implements these protocols."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from contract.settings import Settings

How = Literal["fin", "reset", "stopped", "session", "lost"]
By = Literal["local", "peer", "transport"]


class Failure(Exception):
    """What went wrong with a call; `kind` is the API's own name of the error."""

    def __init__(self, kind: str, text: object) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = str(text)


class Refused(Exception):
    """A client's session could not be established; `status` where the API tells it."""

    def __init__(self, error: object, status: int | None = None) -> None:
        super().__init__(str(error))
        self.status = status


class Over(Exception):
    """The session is over; `Session.closed` tells how it ended."""


class Ended(Exception):
    """A reading side is over: how, in the contract's words, and the code that the API shows."""

    def __init__(self, how: How, code: int | None = None) -> None:
        super().__init__(how, code)
        self.how = how
        self.code = code


@dataclass(frozen=True, slots=True)
class Closure:
    """How a session ended: the fields of `closed`."""

    code: int | None = None
    reason: str | None = None
    by: By | None = None
    clean: bool | None = None


class SendHalf(Protocol):
    """Calls raise Failure. Codes are those of the API, which may be QUIC's own."""

    @property
    def wire_id(self) -> int | None: ...

    async def write(self, data: bytes) -> None: ...

    async def finish(self) -> None: ...

    async def reset(self, code: int) -> None: ...

    async def stopped(self) -> int | None:
        """Wait until the peer asks to stop; its code, if the API shows one. May raise Over."""


class ReceiveHalf(Protocol):
    @property
    def wire_id(self) -> int | None: ...

    async def read(self) -> bytes:
        """Some bytes, at least one; raises Ended."""

    async def stop(self, code: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Halves:
    """A stream as the API gives it; a half that its kind does not have is None."""

    send: SendHalf | None
    receive: ReceiveHalf | None


class Session(Protocol):
    """Calls raise Failure; those that wait raise Over."""

    @property
    def wire_id(self) -> int | None: ...

    async def accept(self) -> Halves:
        """The next stream of the peer, of either kind."""

    async def open(self, *, is_bidi: bool) -> Halves: ...

    async def send_datagram(self, data: bytes) -> None: ...

    async def receive_datagram(self) -> bytes: ...

    async def close(self, code: int, reason: str) -> None: ...

    async def drain(self) -> None: ...

    async def draining(self) -> None:
        """Wait until the peer asks to drain."""

    async def closed(self) -> Closure:
        """Wait for the end; never raises."""

    async def stats(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True)
class Head:
    """What the API shows of a request; `path` with its query, `protocols` as offered."""

    path: str
    origin: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    protocols: Sequence[str] = ()


class Request(Protocol):
    @property
    def head(self) -> Head: ...

    async def accept(self, protocol: str | None) -> Session:
        """Answer 2xx; `protocol` is the application protocol that was chosen."""

    async def refuse(self, status: int, headers: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a `connect` command asks for; `headers` holds the origin too."""

    url: str
    hashes: Sequence[bytes]
    protocols: Sequence[str]
    headers: Mapping[str, str]
    pool: bool


@dataclass(frozen=True, slots=True)
class Connected:
    session: Session
    status: int | None = None
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a stack declares in `hello` for one role."""

    dialects: Sequence[str]
    features: Sequence[str]
    unsupported: Sequence[str] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


class Stack(Protocol):
    """One library. `api` names what it is built on."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def api(self) -> str: ...

    def offer(self, settings: Settings) -> Offer:
        """What it offers in the role that the settings name."""

    async def listen(self, settings: Settings, take: Callable[[Request], None]) -> None:
        """Bind, so that handshakes are answered from now on; each request goes to `take`."""

    async def connect(self, settings: Settings, wish: Wish) -> Connected:
        """Raises Refused."""

    async def close(self) -> None:
        """Let the last packets leave and end every connection."""
