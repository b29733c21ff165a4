"""One connection of `wtspec probe`: an honest client's SETTINGS, one CONNECT, and what came back.

Deliberately less than the reference: it asks although the server may not have announced what it
takes, keeps whatever can be read, and judges nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from wtspec.suite.commands.server_url import Site
from wtspec.suite.commands.unreachable import (
    Unreachable,
    ended_early,
    not_http3,
    nothing_came,
)
from wtspec.suite.dialect import Dialect, SessionLimits, Side
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import Connection, connect
from wtspec.suite.quic.events import (
    Closed,
    Event,
    HandshakeCompleted,
    PingAcknowledged,
    StopSending,
    StreamData,
    StreamReset,
)
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import capsule, error_codes, fields, frames, settings, varint
from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamType

CONNECT_S = 3.0
ANSWER_S = 2.0
_CRITICAL_BYTES = 1 << 16
# All above one and none zero, so that it is the server's word that decides on flow control.
LIMITS = SessionLimits(4, 1 << 20, 16, 16)


@dataclass(slots=True)
class Heard:
    """All that one connection showed; None or empty for what never came.

    `violations`: what could not be read, one clause each.
    """

    parameters: tuple[tuple[int, bytes], ...] = ()
    certificate_sha256: bytes = b""
    settings: tuple[tuple[int, int], ...] | None = None
    response: tuple[fields.Field, ...] | None = None
    capsules: list[capsule.Received] = field(default_factory=list)
    reset: int | None = None
    stop: int | None = None
    finished: bool = False
    closed: Closed | None = None
    violations: list[str] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        """Of the final response; None without one, or with one that is no number."""
        value = dict(self.response or ()).get(b":status", b"")
        return int(value) if value.isdigit() and len(value) == 3 else None

    @property
    def is_answered(self) -> bool:
        """Nothing more can be expected of the CONNECT."""
        ends = (self.response, self.reset, self.stop, self.closed)
        return self.finished or any(one is not None for one in ends)


def client_settings(dialect: Dialect) -> tuple[tuple[int, int], ...]:
    """What an honest client of the dialect announces, QPACK without a dynamic table included."""
    qpack = (
        (int(Setting.QPACK_MAX_TABLE_CAPACITY), 0),
        (int(Setting.QPACK_BLOCKED_STREAMS), 0),
    )
    return qpack + dialect.settings(Side.CLIENT, LIMITS)


async def ask(site: Site, dialect: Dialect, answer_s: float = ANSWER_S) -> Heard:
    """Connect, ask once, leave; raises Unreachable when there is no connection to ask on."""
    refused = asyncio.Event()
    network = UdpNetwork(on_refused=lambda _address: refused.set())
    quic = QuicOptions(
        server_name=site.host,
        verify=site.trust.verify,
        reset_stream_at=QuicOptions().reset_stream_at if dialect.reset_stream_at else (),
    )
    try:
        connection = connect(network, site.address, quic)
    except OSError as error:
        raise Unreachable(
            f"No packet can leave for {site.place} ({error.strerror}); check the address."
        ) from error
    listener = _Listener(connection)
    try:
        await _handshake(listener, refused, site)
        listener.announce(dialect)
        await listener.until(
            lambda: listener.heard.settings is not None or listener.is_over, answer_s
        )
        listener.request(site, dialect)
        await listener.until(lambda: listener.heard.is_answered, answer_s)
        await listener.linger(answer_s)
    finally:
        connection.on_event = None  # our own end is no news
        connection.close()
        connection.release()
    return listener.heard


class _Listener:
    """Takes the events of one connection."""

    def __init__(self, connection: Connection) -> None:
        self.heard = Heard()
        self.handshake: HandshakeCompleted | None = None
        self._connection = connection
        self._news = asyncio.Event()
        self._control: int | None = None
        self._unread: dict[int, bytes] = {}
        self._control_frames = frames.FrameDecoder()
        self._answer_frames = frames.FrameDecoder()
        self._capsules = capsule.CapsuleDecoder()
        self._request: int | None = None
        self._pings: set[int] = set()
        connection.on_event = self._take

    @property
    def is_over(self) -> bool:
        return self.heard.closed is not None

    async def until(self, happened: Callable[[], bool], patience_s: float) -> bool:
        """Whether it happened in time."""
        try:
            async with asyncio.timeout(patience_s):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        self._news.set()

    def announce(self, dialect: Dialect) -> None:
        """The three unidirectional streams of an HTTP/3 client."""
        payload = settings.encode(client_settings(dialect))
        first = varint.encode(StreamType.CONTROL) + frames.encode(FrameType.SETTINGS, payload)
        encoder = varint.encode(StreamType.QPACK_ENCODER)
        decoder = varint.encode(StreamType.QPACK_DECODER)
        for opening in (first, encoder, decoder):
            self._connection.send(self._connection.open_stream("uni"), opening)
        self._connection.flush()

    def request(self, site: Site, dialect: Dialect) -> None:
        if self.is_over:
            return
        lines = (
            (b":method", b"CONNECT"),
            (b":protocol", dialect.token),
            (b":scheme", b"https"),
            (b":authority", site.authority.encode()),
            (b":path", site.path.encode()),
            *dialect.request_fields,
        )
        self._request = self._connection.open_stream("bidi")
        head = frames.encode(FrameType.HEADERS, fields.encode(lines))
        self._connection.send(self._request, head)
        self._connection.flush()

    async def linger(self, patience_s: float) -> None:
        """A round trip, for the capsules behind a response; then the session's orderly end."""
        if self._request is None or self.heard.status is None:
            return
        await self._round_trip(patience_s)
        if self.heard.stop is None and not self.is_over:
            self._connection.send(self._request, b"", finish=True)
        await self._round_trip(patience_s)

    async def _round_trip(self, patience_s: float) -> None:
        if self.is_over:
            return
        number = self._connection.ping()
        self._connection.flush()
        await self.until(lambda: number in self._pings or self.is_over, patience_s)

    def _take(self, event: Event) -> None:
        heard = self.heard
        match event:
            case HandshakeCompleted():
                self.handshake = event
                heard.parameters = self._connection.peer_parameters
                heard.certificate_sha256 = self._connection.peer_certificate_hash or b""
            case StreamData(stream_id, data, finished):
                self._data(stream_id, data, finished)
            case StreamReset(stream_id, code) if stream_id == self._request:
                heard.reset = code
            case StopSending(stream_id, code) if stream_id == self._request:
                # The server may not care for what follows, and still answer (RFC 9114 4.1).
                heard.stop = None if code == error_codes.H3.NO_ERROR else code
            case PingAcknowledged(number):
                self._pings.add(number)
            case Closed():
                heard.closed = event
            case _:
                return
        self.wake()

    def _data(self, stream_id: int, data: bytes, finished: bool) -> None:
        try:
            if stream_id == self._request:
                self._answer(data)
                self.heard.finished = self.heard.finished or finished
            elif stream_id % 4 == 3:
                self._unidirectional(stream_id, data)
        except WireError as violation:
            self.heard.violations.append(str(violation))

    def _answer(self, data: bytes) -> None:
        for item in self._answer_frames.feed(data):
            match item:
                case frames.Frame(FrameType.HEADERS, section):
                    self._response(section)
                case frames.Data(payload):
                    self.heard.capsules += self._capsules.feed(payload)
                case _:
                    pass

    def _response(self, section: bytes) -> None:
        """Keep the final response: neither 1xx before it nor trailers after it."""
        read = fields.FieldDecoder().decode(section)
        if self.heard.response is None and not dict(read).get(b":status", b"").startswith(b"1"):
            self.heard.response = read

    def _unidirectional(self, stream_id: int, data: bytes) -> None:
        """Find the control stream; the others are not ours to read."""
        if stream_id != self._control:
            begun = (self._unread.get(stream_id, b"") + data)[:_CRITICAL_BYTES]
            first = varint.decode(begun)
            if first is None:
                self._unread[stream_id] = begun
                return
            self._unread.pop(stream_id, None)
            if first[0] != StreamType.CONTROL or self._control is not None:
                return
            self._control, data = stream_id, begun[first[1] :]
        for item in self._control_frames.feed(data):
            if isinstance(item, frames.Frame) and item.type == FrameType.SETTINGS:
                self.heard.settings = settings.pairs(item.payload)


async def _handshake(listener: _Listener, refused: asyncio.Event, site: Site) -> None:
    """Wait for the end of the handshake; raises Unreachable for every other ending."""
    watch = asyncio.create_task(_wake_when(refused, listener))
    try:
        await listener.until(
            lambda: listener.handshake is not None or listener.is_over or refused.is_set(),
            CONNECT_S,
        )
    finally:
        watch.cancel()
    if listener.handshake is None:
        closed = listener.heard.closed
        if closed is None:
            raise nothing_came(site.place, CONNECT_S, is_refused=refused.is_set())
        raise ended_early(closed, site.place)
    if listener.handshake.alpn != "h3":
        raise not_http3(site.place)


async def _wake_when(refused: asyncio.Event, listener: _Listener) -> None:
    await refused.wait()
    listener.wake()
