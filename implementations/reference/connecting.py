"""`connect`: a session with a server; `Client`: several, sharing connections where they may.

async with connect("https://127.0.0.1:4433/echo") as session:
    stream = await session.create_bidirectional_stream()
    await stream.writable.write(b"hello")
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from socket import SOCK_DGRAM
from urllib.parse import urljoin, urlsplit

from wtspec.implementations.reference.client_connection import (
    ClientConnection,
    ClientExchange,
    Wish,
)
from wtspec.implementations.reference.connection import Connection
from wtspec.implementations.reference.errors import SessionRefused
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.negotiation import OUR_LIMITS, Limits, Offer
from wtspec.implementations.reference.quic_options import quic_options
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.implementations.reference.session import Session, SessionFacts
from wtspec.implementations.reference.states import SessionState
from wtspec.suite.dialect import Dialect, Side, dialect
from wtspec.suite.network.link import Addr, Network
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import connect as quic_connect
from wtspec.suite.quic.options import Verify
from wtspec.suite.wire.error_codes import H3


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client offers and demands on all its connections; dialects most wanted first."""

    dialects: tuple[Dialect, ...] = (dialect("h3-16"),)
    limits: Limits = OUR_LIMITS
    key_log: Callable[[str], None] | None = None
    rules: Rules = HONEST
    life: Life = field(default_factory=Life)


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What one session asks for.

    verify: what the certificate must be. allow_pooling: share a connection with sessions that
    asked for the same. deadline_s: how long to wait for the session.
    """

    verify: Verify = Verify.NONE
    protocols: tuple[str, ...] = ()
    requires_protocol: bool = False
    origin: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    allow_pooling: bool = False
    deadline_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads; `host` and `port` are for QUIC, the rest for the request."""

    host: str
    port: int
    authority: str
    path: str


def target_of(url: str) -> Target:
    """SessionRefused when no session can be asked for at this URL."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise SessionRefused(f"not an https URL: {url}")
    if parts.fragment or url.endswith("#"):
        raise SessionRefused(f"a fragment means nothing here: {url}")
    authority = parts.netloc.rpartition("@")[2]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname, parts.port or 443, authority, path)


PoolKey = tuple[str, int, Verify, tuple[str, ...]]


class Client:
    """Sessions of one application, and their connections."""

    def __init__(
        self, options: ClientOptions | None = None, network: Network | None = None
    ) -> None:
        self.options = options or ClientOptions()
        self.life = self.options.life
        self._network = network or UdpNetwork()
        self._pool: dict[PoolKey, list[ClientConnection]] = {}
        self._opening: dict[PoolKey, asyncio.Lock] = {}
        self._parts: list[ClientConnection] = []

    async def connect(self, url: str, options: SessionOptions | None = None) -> Session:
        """A session; SessionRefused when there is none, TimeoutError after the deadline."""
        options = options or SessionOptions()
        rules = self.options.rules.requests
        async with asyncio.timeout(rules.deadline_s(options.deadline_s)):
            try:
                return await self._ask(target_of(rules.target(url)), options)
            except SessionRefused as refusal:
                # The draft forbids following by itself, data may already have been sent (3.2).
                if refusal.location is None or not rules.follows_redirects():
                    raise
                return await self._ask(target_of(urljoin(url, refusal.location)), options)

    async def _ask(self, target: Target, options: SessionOptions) -> Session:
        wish = Wish(
            target.authority,
            target.path,
            options.origin,
            options.headers,
            options.protocols,
            options.requires_protocol,
        )
        part = await self._connection(target, options)
        return await self._session(part, wish)

    def go_away(self) -> None:
        """Tell every server that we wind down: GOAWAY, with the Push ID 0 since we take none."""
        for part in self._parts:
            part.connection.control.goaway(0)

    async def close(self) -> None:
        """Close every session and connection."""
        for part in self._parts:
            for session in list(part.connection.sessions.values()):
                session.close(0, "")
            part.connection.outlet.close(H3.NO_ERROR, "the client is closing")
            part.connection.outlet.release()
        await self.life.cancel_all()

    async def _connection(self, target: Target, options: SessionOptions) -> ClientConnection:
        if not options.allow_pooling:
            return await self._open(target, options)
        key = (target.host, target.port, options.verify, options.protocols)
        # One at a time, so that who asks meanwhile shares what is being opened.
        async with self._opening.setdefault(key, asyncio.Lock()):
            for part in self._pool.get(key, []):
                if part.may_request():
                    return part
            part = await self._open(target, options)
            self._pool.setdefault(key, []).append(part)
            return part

    async def _open(self, target: Target, options: SessionOptions) -> ClientConnection:
        address = await self._resolve(target)
        quic = replace(
            quic_options(self.options.rules.quic, self.options.limits.max_datagram),
            server_name=target.host,
            verify=options.verify,
            key_log=self.options.key_log,
        )
        raw = quic_connect(self._network, address, quic)
        offer = Offer(self.options.dialects, self.options.limits)
        connection = Connection(raw, Side.CLIENT, offer, self.options.rules, self.life)
        connection.part = part = ClientConnection(connection)
        # A closed one may still have to repeat its close: it is ours until its link is free.
        self._parts = [one for one in self._parts if not one.connection.outlet.is_released] + [part]
        try:
            await self._usable(part)
        except BaseException:
            if self.options.rules.negotiation.closes_unusable():
                connection.outlet.close(H3.NO_ERROR, "no session is possible")
            raise
        return part

    async def _resolve(self, target: Target) -> Addr:
        try:
            return str(ip_address(target.host)), target.port
        except ValueError:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(target.host, target.port, type=SOCK_DGRAM)
            return str(found[0][4][0]), target.port

    async def _usable(self, part: ClientConnection) -> None:
        """Wait until a session may be asked for."""
        connection = part.connection
        if not connection.rules.negotiation.waits_for_settings():
            while not connection.is_started and connection.closed is None:
                await connection.changed.wait()
            connection.assume_settings()
        while connection.negotiated is None and connection.closed is None:
            await connection.changed.wait()
        if connection.closed is not None:
            raise SessionRefused(f"the connection was closed: {connection.closed.reason}")
        if not part.may_request():
            raise SessionRefused("the server lacks what a session needs")
        if not self.life.serves_one_more(self.options.rules):
            raise SessionRefused("other connections were lost, or are open")

    async def _session(self, part: ClientConnection, wish: Wish) -> Session:
        exchange = part.request(wish)
        core = exchange.session
        try:
            while core.is_waiting:
                await core.changed.wait()
        except asyncio.CancelledError:
            core.close(0, "")
            raise
        if core.state is SessionState.REFUSED:
            raise exchange.failure or SessionRefused("the connection was lost")
        return Session(core, _facts(exchange))


def _facts(exchange: ClientExchange) -> SessionFacts:
    response = exchange.response
    assert response is not None  # a session has one
    headers = tuple(
        (k.decode(errors="replace"), v.decode(errors="replace")) for k, v in response.headers
    )
    return SessionFacts(response.status, exchange.protocol, headers)


@asynccontextmanager
async def connect(
    url: str,
    session_options: SessionOptions | None = None,
    *,
    options: ClientOptions | None = None,
    network: Network | None = None,
) -> AsyncIterator[Session]:
    """One session on a connection of its own, closed when the block ends."""
    client = Client(options, network)
    try:
        yield await client.connect(url, session_options)
    finally:
        await client.close()
