"""`serve`: a server, and the requests that its handler gets.

async def handler(request: SessionRequest) -> None:
    async with request.accept() as session:
        async for stream in session.incoming_bidirectional_streams:
            await stream.writable.write(await stream.readable.read_all())
            await stream.writable.finish()

async with serve(("127.0.0.1", 4433), {"/echo": handler}, identity=p256()) as server:
    ...
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from wtspec.implementations.reference import protocols
from wtspec.implementations.reference.connection import Connection
from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.negotiation import OUR_LIMITS, Limits, Offer
from wtspec.implementations.reference.quic_options import quic_options
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.implementations.reference.server_connection import ServerConnection, ServerExchange
from wtspec.implementations.reference.session import Session, SessionFacts
from wtspec.suite.dialect import Dialect, Side, dialect
from wtspec.suite.network.link import Addr, Network
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import Connection as QuicConnection
from wtspec.suite.quic.connection import Listener
from wtspec.suite.quic.identity import Identity, p256
from wtspec.suite.wire.error_codes import H3

Handler = Callable[["SessionRequest"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server offers and demands.

    dialects: most wanted first. protocols: application protocols it supports. origins: which web
    origins may use it; None: all. identity: None makes one for this run.
    """

    dialects: tuple[Dialect, ...] = (dialect("h3-16"),)
    limits: Limits = OUR_LIMITS
    protocols: tuple[str, ...] = ()
    origins: tuple[str, ...] | None = None
    identity: Identity | None = None
    key_log: Callable[[str], None] | None = None
    rules: Rules = HONEST
    life: Life = field(default_factory=Life)


class SessionRequest:
    """A client's wish for a session: answer it once, with `accept` or `reject`."""

    def __init__(self, exchange: ServerExchange, options: ServerOptions) -> None:
        assert exchange.head is not None  # only complete requests come here
        self._exchange = exchange
        self._head = exchange.head
        self._options = options

    @property
    def session_id(self) -> int:
        """The stream ID of the CONNECT stream."""
        return self._exchange.stream.stream_id

    @property
    def path(self) -> str:
        """:path as it came, query included."""
        return self._head.path.decode(errors="replace")

    @property
    def authority(self) -> str:
        """:authority as it came."""
        return self._head.authority.decode(errors="replace")

    @property
    def origin(self) -> str | None:
        """The Origin header; None where there is none, several in one as a list."""
        return ", ".join(self._origins) or None

    @property
    def _origins(self) -> tuple[str, ...]:
        values = [value.decode(errors="replace") for value in self._head.values(b"origin")]
        return tuple(self._options.rules.requests.origins(values))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The regular fields, in order."""
        decoded = [
            (k.decode(errors="replace"), v.decode(errors="replace")) for k, v in self._head.headers
        ]
        return tuple(decoded)

    @property
    def offered_protocols(self) -> tuple[str, ...]:
        """The application protocols that the client offers; none if the field must be ignored."""
        session = self._exchange.session
        assert session is not None  # only admitted requests come here
        lines = self._head.values(session.dialect.available_protocols_field)
        return protocols.offered(session.dialect, lines, self._options.rules.requests)

    @property
    def common_protocol(self) -> str | None:
        """What the client wants most of what we support; None without anything in common."""
        rules = self._options.rules.requests
        return rules.choice(self.offered_protocols, self._options.protocols)

    def may_come_from(self, allowed: tuple[str, ...]) -> bool:
        """Whether the Origin, if any, is one of these; of several, each."""
        may_use = self._options.rules.requests.may_use
        return all(may_use(origin, allowed) for origin in self._origins)

    def accept(
        self, protocol: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Session:
        """Give the session; WebTransportError when the client has gone meanwhile."""
        extra = tuple((k.encode(), v.encode()) for k, v in (headers or {}).items())
        if self._exchange.session is None or self._exchange.session.is_over:
            raise WebTransportError("the request is no longer there")
        core = self._exchange.accept(protocol, extra)
        return Session(core, SessionFacts(None, protocol, ()))

    def reject(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Answer without a session."""
        extra = tuple((k.encode(), v.encode()) for k, v in (headers or {}).items())
        if self._exchange.session is not None and not self._exchange.session.is_over:
            self._exchange.answer(status, extra)

    def reject_as_not_found(self) -> None:
        """No WebTransport at this path: the status that the dialect asks for."""
        session = self._exchange.session
        assert session is not None  # only admitted requests come here
        status = session.dialect.not_found_status
        self.reject(self._options.rules.requests.not_found_status(status))

    def reject_origin(self) -> None:
        """This Origin may not use the resource."""
        self.reject(self._options.rules.requests.origin_status(403))


class Server:
    """A running server."""

    def __init__(
        self, network: Network, local: Addr, handler: Handler, options: ServerOptions
    ) -> None:
        self.options = options
        self.life = options.life
        self._handler = handler
        self._parts: list[ServerConnection] = []
        quic = quic_options(options.rules.quic, options.limits.max_datagram)
        quic = replace(quic, identity=options.identity or p256(), key_log=options.key_log)
        self._listener = Listener(network, quic, self._connected, local=local)
        self.life.at_the_end(self, self._listener.close)

    @property
    def address(self) -> Addr:
        """Where it listens."""
        return self._listener.address

    def go_away(self) -> None:
        """Tell every client that no further requests are taken."""
        for part in self._parts:
            part.go_away()

    async def close(self) -> None:
        """Close every connection and stop listening."""
        for part in self._parts:
            part.connection.outlet.close(H3.NO_ERROR, "the server is closing")
        await self.life.cancel_all()
        self._listener.close()

    def _connected(self, quic: QuicConnection) -> None:
        offer = Offer(self.options.dialects, self.options.limits)
        connection = Connection(quic, Side.SERVER, offer, self.options.rules, self.life)
        connection.part = part = ServerConnection(connection, self._requested)
        self._parts = [one for one in self._parts if one.connection.closed is None] + [part]

    def _requested(self, exchange: ServerExchange) -> None:
        request = SessionRequest(exchange, self.options)
        origins = self.options.origins
        if origins is not None and not request.may_come_from(origins):
            request.reject_origin()
        else:
            self.life.spawn(self._handle(request))

    async def _handle(self, request: SessionRequest) -> None:
        await self._handler(request)


def routed(routes: Mapping[str, Handler], options: ServerOptions) -> Handler:
    """One handler out of many, by the path without its query."""

    async def handle(request: SessionRequest) -> None:
        path = request.path.partition("?")[0]
        for wanted, handler in routes.items():
            if options.rules.requests.is_same_path(wanted, path):
                await handler(request)
                return
        request.reject_as_not_found()

    return handle


@asynccontextmanager
async def serve(
    local: Addr,
    routes: Handler | Mapping[str, Handler],
    *,
    options: ServerOptions | None = None,
    network: Network | None = None,
) -> AsyncIterator[Server]:
    """Serve until the block ends; `routes` is a handler, or handlers by path."""
    options = options or ServerOptions()
    handler = routed(routes, options) if isinstance(routes, Mapping) else routes
    server = Server(network or UdpNetwork(), local, handler, options)
    try:
        yield server
    finally:
        await server.close()
