"""A QUIC connection as its owner sees it, and how one is made: `connect` and `Listener`."""

from collections.abc import Callable

from aioquic.quic.packet import encode_quic_version_negotiation

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.link import Addr, Link, Network
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.quic.configure import VERSIONS
from wtspec.suite.quic.driver import Driver, State
from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.events import Event
from wtspec.suite.quic.header import Header, read_header
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.raw_frames import frame_type
from wtspec.suite.quic.shim import Engine
from wtspec.suite.quic.stream_calls import Kind, StreamCalls

_INITIAL_BYTES = 1200
_H3_NO_ERROR = 0x100


class Connection:
    """One side of a connection.

    The owner sets `on_event`; events come in order, synchronously, and wait while it is None. What
    `on_event` raises goes to the loop's exception handler, and the first of it is kept in
    `failure`. Calls queue frames and send nothing: `flush` does, and is a packet boundary once the
    handshake is over. After received datagrams, and so after events, it happens by itself, once
    for all of them.
    """

    def __init__(self, engine: Engine, driver: Driver) -> None:
        self._engine = engine
        self._driver = driver
        self._streams = StreamCalls(engine)
        self._pings = 0

    @property
    def on_event(self) -> Callable[[Event], None] | None:
        return self._driver.on_event

    @on_event.setter
    def on_event(self, on_event: Callable[[Event], None] | None) -> None:
        self._driver.on_event = on_event

    @property
    def failure(self) -> Exception | None:
        """The first exception that `on_event` raised."""
        return self._driver.failure

    @property
    def state(self) -> State:
        return self._driver.state

    @property
    def is_released(self) -> bool:
        """The timer and the link are free; nothing is sent or repeated any more."""
        return self._driver.is_released

    @property
    def capture(self) -> Capture | None:
        return self._driver.capture

    @property
    def link(self) -> Link:
        """Ours alone as a client; a listener's connections share theirs."""
        return self._driver.link

    @property
    def is_client(self) -> bool:
        return self._engine.is_client

    @property
    def options(self) -> QuicOptions:
        return self._engine.options

    @property
    def local_address(self) -> Addr:
        return self._driver.link.local

    @property
    def peer_address(self) -> Addr | None:
        return self._engine.get_peer_address()

    @property
    def peer_parameters(self) -> tuple[tuple[int, bytes], ...]:
        """The peer's transport parameters as received; empty until they came."""
        return self._engine.peer_parameters

    @property
    def peer_resets_at(self) -> bool:
        """The peer announced RESET_STREAM_AT, under either number."""
        return self._engine.peer_resets_at

    @property
    def peer_certificate_hash(self) -> bytes | None:
        """SHA-256 of the server's certificate in DER form; None before it came."""
        return self._engine.certificate_hash_sha256

    @property
    def key_log(self) -> list[str]:
        """The lines of an SSLKEYLOGFILE so far."""
        return self._engine.key_log_lines

    @property
    def rtt_s(self) -> float | None:
        return self._engine.rtt_s

    # Streams

    def open_stream(self, kind: Kind) -> int:
        """The next stream id of ours. Nothing is sent; an id may be left unused."""
        return self._streams.open(kind)

    def streams_left(self, kind: Kind) -> int:
        """How many more streams of a kind the peer allows us now; below 0 when some wait for it."""
        return self._streams.left_to_open(kind)

    def send(self, stream_id: int, data: bytes, *, finish: bool = False) -> None:
        """Write to a stream; with no data and no FIN the stream just becomes known to the engine.

        Dropped when the peer has stopped the stream and it was reset for that; QuicMisuse after
        our own FIN or reset.
        """
        self._streams.send(stream_id, data, finish=finish)

    def reset(self, stream_id: int, code: int) -> None:
        """RESET_STREAM; without effect when the stream was reset before or is all acknowledged."""
        self._streams.reset(stream_id, code)

    def reset_at(self, stream_id: int, code: int, reliable_size: int) -> None:
        """RESET_STREAM_AT: the first `reliable_size` bytes written are still delivered."""
        self._streams.reset_at(stream_id, code, reliable_size)

    def stop(self, stream_id: int, code: int) -> None:
        """STOP_SENDING; without effect when the end of the stream has been received."""
        self._streams.stop(stream_id, code)

    def is_open(self, stream_id: int) -> bool:
        """Some direction is not over, or its end is not acknowledged yet."""
        return self._streams.is_open(stream_id)

    def final_size(self, stream_id: int) -> int | None:
        """Bytes in the peer's direction, once its FIN or reset has told."""
        return self._streams.final_size(stream_id)

    def sent_bytes(self, stream_id: int) -> int:
        """Bytes of ours that have been in a packet, repetitions not counted."""
        return self._streams.sent_bytes(stream_id)

    def received_bytes(self, stream_id: int) -> int:
        """The highest offset seen, which is what flow control counts."""
        return self._streams.received_bytes(stream_id)

    def send_credit(self, stream_id: int) -> int:
        """Bytes that could be written now and leave at once, as far as flow control goes."""
        return self._streams.send_credit(stream_id)

    # Datagrams, packets, pings

    def datagram_room(self) -> int:
        """The longest payload of a DATAGRAM now; negative when the peer takes none."""
        return self._engine.datagram_room

    def send_datagram(self, data: bytes) -> bool:
        """Queue a datagram, or refuse it (False) if it is over `datagram_room`.

        The accepted ones are numbered from 0, which is how `DatagramFate` names them.
        """
        if len(data) > self._engine.datagram_room:
            return False
        self._engine.send_datagram_frame(data)
        return True

    def send_packet(self, *frames: bytes) -> None:
        """One 1-RTT packet of exactly these frames, ahead of all that is queued.

        They bypass the engine's books: nothing is repeated when lost, and a stream of ours that
        only raw frames use must be made known with `send(stream_id, b"")` before the peer answers.
        """
        for frame in frames:
            frame_type(frame)
        if not frames or sum(map(len, frames)) > self._engine.packet_room:
            raise QuicMisuse(f"frames must fill 1 to {self._engine.packet_room} bytes")
        self._engine.queue_raw_packet(frames)

    def send_udp_payload(self, data: bytes) -> None:
        """These bytes to the peer's address, now, whatever they are."""
        self._driver.transmit(data)

    def raise_udp_payload(self, size_bytes: int) -> None:
        """Send packets of up to this many bytes from now on; nothing probes the path."""
        self._engine.raise_udp_payload(size_bytes)

    def ping(self) -> int:
        """Queue a PING; the number comes back in `PingAcknowledged`."""
        self._pings += 1
        self._engine.send_ping(self._pings)
        return self._pings

    # Holding back and granting

    def hold_acknowledgements(self, hold: bool = True) -> None:
        self._engine.hold_acknowledgements(hold, self._driver.loop.time())

    def hold_stream_credit(self, stream_id: int, hold: bool = True) -> None:
        """No MAX_STREAM_DATA for this stream, which need not exist yet."""
        self._engine.credit.hold_stream(stream_id, hold)

    def hold_stream_limits(self, hold: bool = True) -> None:
        """No MAX_STREAMS of either kind."""
        self._engine.credit.hold_streams(hold)

    def hold_connection_credit(self, hold: bool = True) -> None:
        """No MAX_DATA."""
        self._engine.credit.hold_data(hold)

    def grant_data(self, maximum: int) -> None:
        """MAX_DATA of this total, held or not."""
        self._engine.credit.grant_data(maximum)

    def grant_stream_data(self, stream_id: int, maximum: int) -> None:
        """MAX_STREAM_DATA of this total, held or not."""
        self._streams.grant(stream_id, maximum)

    def grant_streams(self, kind: Kind, maximum: int) -> None:
        """MAX_STREAMS of this total, held or not."""
        self._engine.credit.grant_streams(kind, maximum)

    # The end

    def flush(self) -> None:
        """Send what is queued; what two flushes send is never in one packet."""
        self._driver.flush()

    def close(self, code: int = _H3_NO_ERROR, reason: str = "", *, transport: bool = False) -> None:
        """CONNECTION_CLOSE, at once; what was written and not flushed is lost."""
        self._engine.close(code, 0 if transport else None, reason)
        self._driver.flush()

    def abandon(self) -> None:
        """Fall silent: nothing is sent or answered any more, and the port stays taken."""
        self._driver.abandon()

    def forget(self) -> None:
        """Send a stateless reset and fall silent, like an endpoint that lost its state."""
        self.send_udp_payload(self._engine.stateless_reset())
        self._driver.abandon()

    def release(self) -> None:
        """Free the timer and the link now, without a word; happens by itself after a close."""
        self._driver.release()


def connect(
    network: Network,
    address: Addr,
    options: QuicOptions,
    *,
    path: Path = CLEAN,
    capture: Capture | None = None,
) -> Connection:
    """A client on a link of its own; the first packets have left when this returns."""
    engine = Engine(options)

    def receive(data: bytes, source: Addr) -> None:
        driver.receive(data, source)

    link = network.open(receive, None, path)
    driver = Driver(engine, link, on_end=link.close, capture=capture)
    try:
        driver.start(address)
    except BaseException:
        # Nobody else knows of the link: an address may be out of this host's reach.
        driver.release()
        raise
    return Connection(engine, driver)


class Listener:
    """Accepts connections on one link and routes packets by connection ID.

    `on_connection` gets each one before its first packet is read. `options` may be exchanged; the
    next connection takes the new ones.
    """

    def __init__(
        self,
        network: Network,
        options: QuicOptions,
        on_connection: Callable[[Connection], None],
        *,
        local: Addr | None = None,
        path: Path = CLEAN,
        capture: Capture | None = None,
    ) -> None:
        self.options = options
        self._on_connection = on_connection
        self._capture = capture
        self._routes: dict[bytes, Driver] = {}
        self._link = network.open(self._receive, local, path)

    @property
    def address(self) -> Addr:
        return self._link.local

    def close(self) -> None:
        """Drop all connections without a word and free the link."""
        for driver in dict.fromkeys(self._routes.values()):
            driver.release()
        self._link.close()

    def _receive(self, data: bytes, source: Addr) -> None:
        header = read_header(data)
        if header is None:
            return
        driver = self._routes.get(header.destination_id)
        if driver is None:
            driver = self._accept(header, data, source)
        if driver is not None:
            driver.receive(data, source)

    def _accept(self, header: Header, data: bytes, source: Addr) -> Driver | None:
        """A driver for a first packet; nothing else can open a connection (RFC 9000 14.1)."""
        if not header.version or len(data) < _INITIAL_BYTES:
            return None
        if header.version not in VERSIONS:
            answer = encode_quic_version_negotiation(
                source_cid=header.destination_id,
                destination_cid=header.source_id,
                supported_versions=list(VERSIONS),
            )
            self._link.send(answer, source)
            return None
        return self._open(header.destination_id) if header.is_initial else None

    def _open(self, first_id: bytes) -> Driver:
        engine = Engine(self.options, original_destination_connection_id=first_id)

        def route(connection_id: bytes, leads_here: bool) -> None:
            if leads_here:
                self._routes[connection_id] = driver
            else:
                self._routes.pop(connection_id, None)

        def forget() -> None:
            self._routes = {key: kept for key, kept in self._routes.items() if kept is not driver}

        driver = Driver(engine, self._link, on_end=forget, on_route=route, capture=self._capture)
        route(first_id, True)
        route(engine.host_cid, True)
        self._on_connection(Connection(engine, driver))
        return driver
