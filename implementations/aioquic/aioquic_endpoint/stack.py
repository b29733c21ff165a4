"""aioquic as a stack of the contract."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from aioquic.asyncio.client import connect
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.logger import QuicFileLogger

from aioquic_endpoint.connection import Connection, Fields, Request
from aioquic_endpoint.session import Session
from contract.settings import Settings
from contract.stack import Connected, Offer, Refused, Wish

# 0x2b603742 is the setting of 02 to 06; 02 is the lowest of the family.
DIALECTS = ("h3-02",)
FEATURES = (
    "bidi",
    "closed",
    "datagrams",
    "headers",
    "origin",
    "raw-codes",
    "reset",
    "status",
    "stop",
    "uni",
)
# As its examples set it.
DATAGRAM_BYTES = 65536


class Aioquic:
    name = "aioquic"

    def __init__(self) -> None:
        self.version = version("aioquic")
        self.api = f"aioquic {self.version}, H3Connection with enable_webtransport"
        self._running: dict[Connection, asyncio.Task[None]] = {}
        self._pool: dict[object, Connection] = {}

    def offer(self, settings: Settings) -> Offer:
        """It has no capsules, so that a session can only end without code and reason."""
        if settings.role == "server":
            return Offer(DIALECTS, FEATURES, ["/close", "/drain", "/protocols"])
        features = sorted((*FEATURES, "pooling"))
        return Offer(DIALECTS, features, ["close", "drain", "stats"])

    async def listen(self, settings: Settings, take: Callable[[Request], None]) -> None:
        configuration = _configuration(settings)
        configuration.load_cert_chain(settings.certificate, settings.key)
        await serve(
            settings.host,
            settings.port,
            configuration=configuration,
            create_protocol=partial(Connection, take=take),
        )

    async def connect(self, settings: Settings, wish: Wish) -> Connected:
        key = (urlsplit(wish.url).netloc, tuple(wish.hashes), tuple(wish.protocols))
        connection = self._pool.get(key) if wish.pool else None
        if connection is not None and not connection.is_terminated:
            session = connection.request_session(_request(wish))
            if (status := await _status(connection, session)) is not None:
                return _connected(session, status)
            # Closed by the peer meanwhile, which aioquic tells only when it has drained.
        connection = await self._dial(settings, wish.url)
        if wish.pool:
            self._pool[key] = connection
        session = connection.request_session(_request(wish))
        return _connected(session, await _status(connection, session))

    async def close(self) -> None:
        for connection in self._running:
            connection.close()

    async def _dial(self, settings: Settings, url: str) -> Connection:
        opened: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        keeping = asyncio.ensure_future(self._keep(settings, url, opened))
        try:
            connection = await opened
        except BaseException:
            keeping.cancel()
            raise
        self._running[connection] = keeping
        keeping.add_done_callback(lambda _: self._running.pop(connection))
        return connection

    async def _keep(
        self, settings: Settings, url: str, opened: "asyncio.Future[Connection]"
    ) -> None:
        """Hold a connection, and with it its socket, until it is closed by either side."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        configuration = _configuration(settings)
        configuration.verify_mode = ssl.CERT_NONE
        try:
            async with connect(
                host, port, configuration=configuration, create_protocol=Connection
            ) as connection:
                opened.set_result(cast(Connection, connection))
                await connection.wait_closed()
        except OSError as error:
            if opened.done():
                raise
            opened.set_exception(Refused(f"no connection: {error}"))


async def _status(connection: Connection, session: Session) -> int | None:
    try:
        return await asyncio.shield(session.established)
    finally:
        if not session.is_established:
            connection.forget(session)


def _connected(session: Session, status: int | None) -> Connected:
    if status is None:
        raise Refused("the stream or the connection ended before a response")
    if not session.is_established:
        raise Refused(f"answered {status}", status)
    return Connected(session, status)


def _configuration(settings: Settings) -> QuicConfiguration:
    """With the numbers of aioquic's examples."""
    is_client = settings.role == "client"
    return QuicConfiguration(
        alpn_protocols=H3_ALPN,
        is_client=is_client,
        max_datagram_frame_size=DATAGRAM_BYTES,
        quic_logger=QuicFileLogger(settings.qlog) if settings.qlog else None,
        secrets_log_file=Path(settings.key_log).open("a") if settings.key_log else None,
    )


def _request(wish: Wish) -> Fields:
    parts = urlsplit(wish.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # The drafts of this family ask every client for an origin, not just browsers.
    headers = {"origin": f"https://{parts.netloc}", **wish.headers}
    fields = [
        (b":method", b"CONNECT"),
        (b":scheme", b"https"),
        (b":authority", parts.netloc.encode()),
        (b":path", path.encode()),
        (b":protocol", b"webtransport"),
        (b"sec-webtransport-http3-draft02", b"1"),
    ]
    return fields + [(name.encode(), value.encode()) for name, value in headers.items()]
