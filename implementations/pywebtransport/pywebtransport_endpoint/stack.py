"""pywebtransport as a stack of the contract."""

import ssl
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from pywebtransport import (
    ClientConfig,
    Headers,
    ServerConfig,
    WebTransportClient,
    WebTransportConnection,
    WebTransportError,
    WebTransportServer,
    WebTransportSession,
    __version__,
)

from contract.settings import Settings
from contract.stack import Connected, Head, Offer, Refused, Request, Wish
from contract.tasks import Tasks
from pywebtransport_endpoint.session import Session, Sessions
from pywebtransport_endpoint.streams import calling

DIALECTS = ("h3-16", "h3-15")
FEATURES = (
    "bidi",
    "close-code",
    "closed",
    "datagrams",
    "drain",
    "flow-control",
    "headers",
    "origin",
    "protocols",
    "reset",
    "reset-code",
    "stop",
    "stop-code",
    "uni",
)
# As the library has them, under the contract's names.
LIMITS = {
    "max_sessions": "max_sessions",
    "initial_max_data": "initial_max_data",
    "initial_max_streams_uni": "initial_max_streams_uni",
    "initial_max_streams_bidi": "initial_max_streams_bidi",
    "max_datagram": "max_datagram_size",
}
# Draining ends in a close after `close_timeout`, and the default of connections is 100.
COMMON = {"close_timeout": 60.0, "max_connections": 10_000}


class Pywebtransport:
    name = "pywebtransport"
    version = __version__
    api = f"pywebtransport {__version__}"

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._client: WebTransportClient | None = None
        self._server: WebTransportServer | None = None
        self._connections: dict[WebTransportConnection, Sessions] = {}
        self._pool: dict[object, WebTransportConnection] = {}

    def offer(self, settings: Settings) -> Offer:
        config = ClientConfig(**_limits(settings))
        limits = {ours: getattr(config, theirs) for ours, theirs in LIMITS.items()}
        if settings.role == "server":
            return Offer(DIALECTS, FEATURES, limits=limits)
        return Offer(DIALECTS, sorted((*FEATURES, "pooling", "stats")), limits=limits)

    async def listen(self, settings: Settings, take: Callable[[Request], None]) -> None:
        config = ServerConfig(
            bind_host=settings.host,
            bind_port=settings.port,
            certfile=settings.certificate,
            keyfile=settings.key,
            **COMMON,
            **_limits(settings),
        )
        self._server = WebTransportServer(config=config)
        with calling():
            await self._server.listen()
        self._tasks.start(self._take_connections(self._server, take))

    async def _take_connections(
        self, server: WebTransportServer, take: Callable[[Request], None]
    ) -> None:
        async for connection in server.incoming_connections():
            sessions = Sessions(connection)
            self._tasks.start(_take_sessions(sessions, take))

    async def connect(self, settings: Settings, wish: Wish) -> Connected:
        key = (urlsplit(wish.url).netloc, tuple(wish.hashes), tuple(wish.protocols))
        connection = self._pool.get(key) if wish.pool else None
        try:
            if connection is None or connection.is_closed:
                api = await self._client_of(settings).connect(
                    url=wish.url,
                    headers=dict(wish.headers),
                    wt_available_protocols=list(wish.protocols) or None,
                )
            else:
                api = await _another(connection, wish)
        except WebTransportError as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        session = self._sessions_of(api.connection).add(api)
        if wish.pool:
            self._pool[key] = api.connection
        return Connected(session, protocol=api.wt_protocol)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _client_of(self, settings: Settings) -> WebTransportClient:
        """The API takes no certificate hashes: a client believes any."""
        if self._client is None:
            config = ClientConfig(verify_mode=ssl.CERT_NONE, **COMMON, **_limits(settings))
            self._client = WebTransportClient(config=config)
        return self._client

    def _sessions_of(self, connection: WebTransportConnection) -> Sessions:
        if connection not in self._connections:
            self._connections = {
                one: sessions for one, sessions in self._connections.items() if not one.is_closed
            }
            self._connections[connection] = Sessions(connection)
        return self._connections[connection]


class PathRequest:
    """A request for a session, which the library hands out as the session itself."""

    def __init__(self, sessions: Sessions, api: WebTransportSession) -> None:
        headers = _fields(api.headers)
        self._sessions = sessions
        self._api = api
        self.head = Head(
            path=api.path,
            origin=headers.get("origin"),
            headers={name: value for name, value in headers.items() if name[:1] != ":"},
            protocols=tuple(api.wt_available_protocols or ()),
        )

    async def accept(self, protocol: str | None) -> Session:
        session = self._sessions.add(self._api)
        with calling():
            await self._api.accept(wt_protocol=protocol)
        return session

    async def refuse(self, status: int, headers: Mapping[str, str]) -> None:
        with calling():
            await self._api.reject(headers=dict(headers), status_code=status)


async def _take_sessions(sessions: Sessions, take: Callable[[Request], None]) -> None:
    async for api in sessions.connection.incoming_sessions():
        take(PathRequest(sessions, api))


async def _another(connection: WebTransportConnection, wish: Wish) -> WebTransportSession:
    parts = urlsplit(wish.url)
    return await connection.create_session(
        authority=parts.netloc,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        headers=dict(wish.headers),
        wt_available_protocols=list(wish.protocols) or None,
    )


def _limits(settings: Settings) -> dict[str, int]:
    return {
        theirs: settings.limits[ours] for ours, theirs in LIMITS.items() if ours in settings.limits
    }


def _fields(headers: Headers) -> dict[str, str]:
    """Fields of one name are joined, so that no second origin hides behind the first."""
    fields: dict[str, str] = {}
    for pair in headers.items() if isinstance(headers, dict) else headers:
        name, value = map(_text, pair)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _text(text: str | bytes) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else text
