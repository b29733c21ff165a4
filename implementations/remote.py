"""A server that runs already, somewhere: reached by its URL, and silent about its API."""

from collections.abc import Callable, Mapping

from wtspec.suite.endpoint.interface import Addr, ApiEvent, EndpointGone, Hello, Role

# What shows on the wire alone. Which dialects it speaks, its SETTINGS tell; which application
# protocols it supports, nobody told it.
_FEATURES = frozenset({"datagrams", "uni", "bidi", "reset", "stop", "origin"})
_ECHO = "/echo"


class RemoteServer:
    """An `Endpoint` that nobody of ours starts or stops.

    `paths`: the server's own path for one of the contract's, as {"/echo": "/my/echo"}. `host`: the
    name that its URL gives, for the authority of requests and for TLS. `serves_every_path`: that it
    takes a session on a path says nothing of what it does there.
    """

    role = Role.SERVER
    shows_events = False

    def __init__(
        self,
        address: Addr,
        paths: Mapping[str, str],
        host: str | None = None,
        *,
        serves_every_path: bool = False,
    ) -> None:
        self.address = address
        self.host = host
        self.hello = Hello("remote", "?", roles=("server",), features=_FEATURES)
        self._paths = dict(paths)
        self._serves_every_path = serves_every_path

    def path_of(self, path: str) -> str | None:
        """The contract's own path where none was named: the server answers 404 if it has none.

        Of one that answers everything, only what was named, and the echo.
        """
        base, mark, query = path.partition("?")
        if self._serves_every_path and base not in {_ECHO, *self._paths}:
            return None
        own = self._paths.get(base, base)
        return f"{own}&{query}" if query and "?" in own else f"{own}{mark}{query}"

    def subscribe(self, listener: Callable[[ApiEvent], None]) -> Callable[[], None]:
        """It reports nothing, ever."""
        del listener
        return lambda: None

    def command(self, command: Mapping[str, object]) -> None:
        raise EndpointGone(f"a server takes no command {command.get('cmd')}")

    def ended(self) -> str | None:
        """Unknown: only the next connection tells."""
        return None

    def memory_bytes(self) -> int | None:
        return None

    async def stop(self) -> None:
        """It was running before us."""
