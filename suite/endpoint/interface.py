"""The one small interface behind which every endpoint stands, whatever it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from wtspec.suite.endpoint.configuration import Limits

Addr = tuple[str, int]


class Role(Enum):
    """The role of the endpoint under test, never ours."""

    SERVER = "server"
    CLIENT = "client"

    def __str__(self) -> str:
        return self.value


BOTH = (Role.SERVER, Role.CLIENT)


@dataclass(frozen=True, slots=True)
class Hello:
    """What an endpoint says of itself when it starts (contract section 4).

    `limits` are those in force; `unsupported` lists paths and commands, as "/drain" or "drain".
    """

    name: str
    version: str
    roles: tuple[str, ...] = ("server", "client")
    dialects: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    features: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    api: str = ""


@dataclass(frozen=True, slots=True)
class ApiEvent:
    """One event of the endpoint's API: the contract's name of it and its fields, undecoded."""

    name: str
    fields: Mapping[str, object]


# The event that an endpoint's end makes, so that nobody waits for what cannot come any more. The
# name is no secret: who hears it asks `ended`.
GONE = "(gone)"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a client endpoint must be told of our certificate: its SHA-256, base64."""

    hash_base64: str


class EndpointGone(Exception):
    """The endpoint ended, or cannot be reached, before anybody asked it to end."""


class EndpointNotOffered(EndpointGone):
    """It declined the role, or every dialect asked for (exit status 127 before `hello`)."""


class EndpointMisuse(Exception):
    """The endpoint's program broke the contract itself (no `hello`, not JSON where JSON is due)."""


class Endpoint(Protocol):
    """A started endpoint in one role and configuration, shared by the cells that need just this.

    `address` is where a server listens; for a client, where *we* should (host, port 0).
    """

    @property
    def role(self) -> Role: ...
    @property
    def hello(self) -> Hello: ...
    @property
    def address(self) -> Addr: ...
    @property
    def shows_events(self) -> bool:
        """False for a remote server without contract program: cases of events do not apply."""
        ...

    def path_of(self, path: str) -> str | None:
        """The server's own path for one of the contract's, query included; None: none offered."""
        ...

    def subscribe(self, listener: Callable[[ApiEvent], None]) -> Callable[[], None]:
        """Every later event goes to the listener too, in order; the returned function ends that.

        Where its end can be noticed, the last one is `GONE`.
        """
        ...

    def command(self, command: Mapping[str, object]) -> None:
        """Send one command of the contract to a client; raises EndpointGone when it has ended."""
        ...

    def ended(self) -> str | None:
        """Why the endpoint is no longer there, in one clause; None while it is."""
        ...

    def memory_bytes(self) -> int | None:
        """Resident memory, where the system tells."""
        ...

    async def stop(self) -> None: ...
