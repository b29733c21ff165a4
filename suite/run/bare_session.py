"""A session with nothing around it: what the engine alone costs, as the unit of `bench`.

No Peer, no reference, no timeline: handshake, SETTINGS both ways, one CONNECT and its 200.
"""

import asyncio

from wtspec.suite.dialect import Dialect, SessionLimits
from wtspec.suite.network.link import Addr, Network
from wtspec.suite.quic.connection import Connection, Listener, connect
from wtspec.suite.quic.events import Event, HandshakeCompleted, StreamData
from wtspec.suite.quic.identity import ed25519
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import fields, frames, settings, varint
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamType

_BIDI_OF_CLIENT = 0


class _Asker:
    """A client that sends its CONNECT as soon as the server's first bytes of control came."""

    def __init__(self, quic: Connection, dialect: Dialect, authority: str) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._quic = quic
        self._dialect = dialect
        self._authority = authority
        self._has_asked = False
        quic.on_event = self._on_event

    def _on_event(self, event: Event) -> None:
        match event:
            case HandshakeCompleted():
                _announce(self._quic, self._dialect, "client")
            case StreamData(stream_id=stream_id) if stream_id == _BIDI_OF_CLIENT:
                if not self.answered.done():
                    self.answered.set_result(None)
            case StreamData() if not self._has_asked:
                self._has_asked = True
                request = _request(self._dialect, self._authority)
                self._quic.send(self._quic.open_stream("bidi"), _headers(request))
            case _:
                pass


class _Answerer:
    """A server that answers 200 to whatever comes on the first bidirectional stream."""

    def __init__(self, quic: Connection, dialect: Dialect) -> None:
        self._quic = quic
        self._dialect = dialect
        self._has_answered = False
        quic.on_event = self._on_event

    def _on_event(self, event: Event) -> None:
        match event:
            case HandshakeCompleted():
                _announce(self._quic, self._dialect, "server")
            case StreamData(stream_id=stream_id) if stream_id == _BIDI_OF_CLIENT:
                if not self._has_answered:
                    self._has_answered = True
                    self._quic.send(stream_id, _headers(((b":status", b"200"),)))
            case _:
                pass


async def open_in_memory(network: Network, dialect: Dialect) -> None:
    """Both ends on one network, to the client's 200 and away."""
    ends: list[_Answerer] = []
    listener = Listener(
        network,
        QuicOptions(identity=ed25519()),
        lambda quic: ends.append(_Answerer(quic, dialect)),
    )
    await open_to(network, listener.address, dialect, within_s=30)
    listener.close()


async def open_to(network: Network, server: Addr, dialect: Dialect, within_s: float) -> None:
    """One session of `/echo` on any server; raises TimeoutError."""
    quic = connect(network, server, QuicOptions())
    asker = _Asker(quic, dialect, f"{server[0]}:{server[1]}")
    try:
        async with asyncio.timeout(within_s):
            await asker.answered
    finally:
        quic.close()
        quic.release()


def _announce(quic: Connection, dialect: Dialect, side: str) -> None:
    pairs = dialect.settings(side, SessionLimits())
    frame = frames.encode(FrameType.SETTINGS, settings.encode(pairs))
    quic.send(quic.open_stream("uni"), varint.encode(StreamType.CONTROL) + frame)


def _request(dialect: Dialect, authority: str) -> tuple[Field, ...]:
    return (
        (b":method", b"CONNECT"),
        (b":protocol", dialect.token),
        (b":scheme", b"https"),
        (b":authority", authority.encode()),
        (b":path", b"/echo"),
        *dialect.request_fields,
    )


def _headers(given: tuple[Field, ...]) -> bytes:
    return frames.encode(FrameType.HEADERS, fields.encode(given))
