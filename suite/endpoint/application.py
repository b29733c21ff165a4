"""Applications: what the endpoint's program does with a session (contract section 5).

For a server endpoint an application is a path; for a client it is what the suite commands it to do
once the session is there.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Echo:
    """Returns bytes on the same bidirectional or a new unidirectional stream, and datagrams."""

    path: str = "/echo"


@dataclass(frozen=True, slots=True)
class Sink:
    """Reads everything and returns nothing."""

    path: str = "/sink"


@dataclass(frozen=True, slots=True)
class Hold:
    """Takes incoming streams, so that events appear, but reads nothing."""

    path: str = "/hold"


@dataclass(frozen=True, slots=True)
class Source:
    """Opens streams of `size_bytes` pattern bytes (i % 251) with FIN, and sends datagrams."""

    bidi: int = 0
    uni: int = 0
    datagrams: int = 0
    size_bytes: int = 10

    @property
    def path(self) -> str:
        """The contract's path with its query."""
        counts = f"bidi={self.bidi}&uni={self.uni}&datagrams={self.datagrams}"
        return f"/source?{counts}&bytes={self.size_bytes}"


@dataclass(frozen=True, slots=True)
class Closes:
    """Closes the session at once, or when the first stream arrives."""

    code: int
    reason: str = ""
    after: Literal["accept", "stream"] = "accept"

    @property
    def path(self) -> str:
        """The contract's path with its query."""
        reason = quote(self.reason, safe="")
        return f"/close?code={self.code}&reason={reason}&after={self.after}"


@dataclass(frozen=True, slots=True)
class Drains:
    """Asks to drain the session, then echoes."""

    path: str = "/drain"


@dataclass(frozen=True, slots=True)
class Resets:
    """Resets its side of bidirectional streams on the first byte, and one stream of its own."""

    code: int

    @property
    def path(self) -> str:
        """The contract's path with its query."""
        return f"/reset?code={self.code}"


@dataclass(frozen=True, slots=True)
class Stops:
    """Asks us to stop each incoming stream on its first byte."""

    code: int

    @property
    def path(self) -> str:
        """The contract's path with its query."""
        return f"/stop?code={self.code}"


@dataclass(frozen=True, slots=True)
class Rejects:
    """Answers this status and gives no session; a server's application only."""

    status: int

    @property
    def path(self) -> str:
        """The contract's path with its query."""
        return f"/reject?status={self.status}"


@dataclass(frozen=True, slots=True)
class ChecksOrigin:
    """Accepts only without Origin or with https://allowed.test; a server's application only."""

    path: str = "/origin"


@dataclass(frozen=True, slots=True)
class Protocols:
    """Echoes after negotiating an application protocol; a client offers `offered`."""

    offered: tuple[str, ...] = ()
    path: str = "/protocols"


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No application: a path that the server does not have."""

    path: str = "/no-such-path"


# Where the contract has a server behave so; who has other paths can map these to them.
PATHS = (
    "/echo",
    "/sink",
    "/hold",
    "/source",
    "/close",
    "/drain",
    "/reset",
    "/stop",
    "/reject",
    "/origin",
    "/protocols",
)

Application = (
    Echo
    | Sink
    | Hold
    | Source
    | Closes
    | Drains
    | Resets
    | Stops
    | Rejects
    | ChecksOrigin
    | Protocols
    | Nowhere
)
