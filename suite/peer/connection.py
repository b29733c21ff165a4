"""One HTTP/3 connection of the Peer: what the endpoint sends is read, recorded and routed."""

from collections.abc import Callable
from typing import assert_never

from wtspec.suite.peer import readback, sight
from wtspec.suite.peer.bench import Bench, Violation
from wtspec.suite.peer.connect_stream import ConnectStream, describe, signal_of
from wtspec.suite.peer.http3 import Http3Reader
from wtspec.suite.peer.inbox import Inbox
from wtspec.suite.peer.manners import Withheld
from wtspec.suite.peer.message import in_one_line, is_session_request, status_of
from wtspec.suite.peer.outlet import SHOWN_BYTES, Outlet
from wtspec.suite.peer.stream import MessageStream, Stream
from wtspec.suite.peer.timeline import Direction
from wtspec.suite.quic import events as quic_events
from wtspec.suite.quic.connection import Connection
from wtspec.suite.signal import (
    CapsuleSeen,
    ConnectionClosed,
    Datagram,
    Established,
    Fin,
    Goaway,
    IdledOut,
    Opened,
    Request,
    Reset,
    Response,
    SessionClosed,
    Stop,
)
from wtspec.suite.wire import capsule as capsules
from wtspec.suite.wire import datagram, settings, transport_parameters
from wtspec.suite.wire.error_codes import H3, means_nothing, transport_name
from wtspec.suite.wire.error_codes import name as code_name
from wtspec.suite.wire.errors import DatagramError
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind, StreamType

# original, initial and retry connection IDs, stateless reset token
RANDOM_PARAMETERS = frozenset({0x00, 0x02, 0x0F, 0x10})


class Traffic:
    """What the endpoint sent for one Session ID, known to us or not."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.datagrams = Inbox()
        self.datagram_count = 0


class Http3Connection:
    """`settings` are the endpoint's, None until they came. `requests` are a client's, by stream.

    `inbox` is the connection's own place: GOAWAY and the like.
    """

    def __init__(
        self,
        quic: Connection,
        bench: Bench,
        withheld: set[Withheld],
        *,
        our_settings: settings.Pairs,
        resets_at: bool,
        on_request: Callable[["Http3Connection", ConnectStream], None] | None = None,
    ) -> None:
        self._timeline = bench.timeline_of_next_connection()
        self.outlet = Outlet(quic, bench, self._timeline, resets_at=resets_at)
        self.our_settings = our_settings
        self.settings: dict[int, int] | None = None
        self.settings_pairs: tuple[tuple[int, int], ...] = ()
        self.inbox = Inbox()
        self.streams: dict[int, Stream] = {}
        # Kinds of which we have opened a stream for a session: the endpoint had room for it.
        self.carried: set[StreamKind] = set()
        self.uni_types: dict[int, int] = {}
        self.control: MessageStream | None = None
        self.is_ready = False
        self.reader = Http3Reader(self._take, endpoint_is_client=not quic.is_client)
        self._bench = bench
        self._withheld = withheld
        self._on_request = on_request
        self._traffic: dict[int, Traffic] = {}
        self.hold_back()
        quic.on_event = self._on_event

    @property
    def quic(self) -> Connection:
        return self.outlet.quic

    @property
    def closed(self) -> ConnectionClosed | IdledOut | None:
        return self.outlet.closed

    def knows_settings(self) -> bool | None:
        """The endpoint's SETTINGS came, or never will; else None."""
        return True if self.settings is not None or self.closed is not None else None

    def traffic(self, session_id: int) -> Traffic:
        """What came for that Session ID so far, and will come."""
        return self._traffic.setdefault(session_id, Traffic())

    def add(self, stream: Stream) -> Stream:
        """A stream of ours: what the endpoint sends on it is from now on routed to it."""
        self.streams[stream.id] = stream
        return stream

    def granted(self, connect_stream: ConnectStream) -> dict[str, int]:
        """The endpoint's credit for a session: initial limits, raised by its capsules."""
        theirs = self.settings or {}
        credit = {
            "data": theirs.get(settings.Setting.WT_INITIAL_MAX_DATA, 0),
            "uni": theirs.get(settings.Setting.WT_INITIAL_MAX_STREAMS_UNI, 0),
            "bidi": theirs.get(settings.Setting.WT_INITIAL_MAX_STREAMS_BIDI, 0),
        }
        for capsule in connect_stream.capsules:
            match capsule:
                case capsules.MaxData(maximum):
                    credit["data"] = max(credit["data"], maximum)
                case capsules.MaxStreams(kind, maximum):
                    credit[kind.value] = max(credit[kind.value], maximum)
                case _:
                    pass
        return credit

    def announce(self) -> None:
        """Our control stream with SETTINGS."""
        control = self.control
        assert control is not None
        payload = readback.settings(self.our_settings)
        frame = readback.frame(FrameType.SETTINGS, payload)
        shown = ", ".join(f"{settings.name(key)}={value}" for key, value in self.our_settings)
        opening = readback.stream_type(StreamType.CONTROL) + frame
        self.outlet.send(control.id, opening, what=f"CONTROL, SETTINGS {shown}")

    def hold_back(self) -> None:
        """Hold what QUIC itself would send, as far as it is to be withheld."""
        if Withheld.ACKNOWLEDGEMENTS in self._withheld:
            self.quic.hold_acknowledgements()
        if Withheld.STREAM_LIMITS in self._withheld:
            self.quic.hold_stream_limits()
        if Withheld.DATA_CREDIT in self._withheld:
            self.quic.hold_connection_credit()

    def release(self, what: Withheld) -> None:
        """Send, or grant again, what was held back on this connection."""
        match what:
            case Withheld.SETTINGS:
                self.announce()
            case Withheld.QPACK_STREAMS:
                self.open_qpack()
            case Withheld.ACKNOWLEDGEMENTS:
                self.quic.hold_acknowledgements(hold=False)
            case Withheld.STREAM_LIMITS:
                self.quic.hold_stream_limits(hold=False)
            case Withheld.DATA_CREDIT:
                self.quic.hold_connection_credit(hold=False)
            case Withheld.RESPONSE | Withheld.ANSWERS:
                pass

    def open_qpack(self) -> None:
        """Our QPACK streams, which stay empty: we use no dynamic table."""
        for which in (StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER):
            stream_id = self.quic.open_stream("uni")
            self.outlet.send(stream_id, readback.stream_type(which), what=which.name)

    # What QUIC brings

    def _on_event(self, event: quic_events.Event) -> None:
        try:
            self._handle(event)
        except BaseException as error:
            self._bench.bell.fail(error)
            raise
        self._bench.bell.ring()

    def _handle(self, event: quic_events.Event) -> None:  # noqa: C901 - one branch an event
        timeline = self._timeline
        match event:
            case quic_events.StreamData(stream_id, data, finished):
                self.reader.stream(stream_id, data, finished=finished)
            case quic_events.StreamReset():
                self._reset(event)
            case quic_events.StreamResetAnnounced(stream_id, code, _, reliable):
                value = f"{code_name(code)}, reliable {reliable}"
                timeline.received(f"stream {stream_id}", "RESET_STREAM_AT announced", value)
            case quic_events.StopSending(stream_id, code):
                self._stopped(stream_id, code)
            case quic_events.DatagramReceived(data):
                self._datagram(data)
            case quic_events.PingAcknowledged(number):
                self.outlet.acknowledged.add(number)
            case quic_events.Closed():
                self._closed(event)
            case quic_events.HandshakeCompleted(alpn):
                timeline.received("connection", "handshake completed", str(alpn))
                self._start()
            case quic_events.PeerParameters(parameters):
                shown = ", ".join(_parameter(key, value) for key, value in parameters)
                timeline.received("connection", "transport parameters", shown)
            case quic_events.DatagramFate(number, acknowledged):
                fate = "acknowledged" if acknowledged else "lost"
                timeline.note(f"datagram {number} {fate}")
            case _:
                assert_never(event)

    def _start(self) -> None:
        self.is_ready = True
        control_id = self.quic.open_stream("uni")
        self.control = MessageStream(self.outlet, control_id, StreamKind.UNI, "control stream")
        self.streams[control_id] = self.control
        with self.outlet.flight():
            if Withheld.SETTINGS not in self._withheld:
                self.announce()
            if Withheld.QPACK_STREAMS not in self._withheld:
                self.open_qpack()

    def _closed(self, event: quic_events.Closed) -> None:
        closed = ConnectionClosed(event.code, not event.is_application)
        self.outlet.closed = IdledOut() if event.by == "idle" else closed
        how: Direction = "received" if event.by == "peer" else "note"
        space = "application" if event.is_application else "transport"
        name = code_name if event.is_application else transport_name
        value = f"by {event.by}, {space} {name(event.code)} {event.reason}"
        self._timeline.add(how, "connection", "closed", value)
        self._bench.saw("connection", self.outlet.closed)

    def _reset(self, event: quic_events.StreamReset) -> None:
        where = f"stream {event.stream_id}"
        value = f"{code_name(event.code)}, final size {event.final_size}"
        frame = "RESET_STREAM"
        if event.announced_by == quic_events.RESET_STREAM_AT:
            frame, value = "RESET_STREAM_AT", f"{value}, reliable {event.reliable_size}"
        self._timeline.received(where, frame, value)
        self.reader.was_reset(event.stream_id)
        self._stream(event.stream_id).put(Reset(event.code, event.reliable_size))

    def _stopped(self, stream_id: int, code: int) -> None:
        stream = self._stream(stream_id)
        self._timeline.received(stream.where, "STOP_SENDING", code_name(code))
        early = isinstance(stream, MessageStream) and not stream.fields and self.quic.is_client
        # A server may do without the rest of a request that it has not answered yet.
        if not (early and (code == H3.NO_ERROR or means_nothing(code))):
            stream.put(Stop(code))

    def _datagram(self, data: bytes) -> None:
        try:
            session_id, payload = datagram.decode(data)
        except DatagramError as error:
            self._bench.broken(Violation("datagram", error.code, str(error)))
            return
        value = f"{len(payload)} bytes {payload[:SHOWN_BYTES].hex()}"
        self._timeline.received(f"session {session_id}", "DATAGRAM", value)
        self._put_datagram(session_id, payload)

    def _put_datagram(self, session_id: int, payload: bytes) -> None:
        traffic = self.traffic(session_id)
        traffic.datagram_count += 1
        traffic.datagrams.put(Datagram(payload))
        self._bench.saw("session", Datagram(payload))

    # What the reader finds

    def _take(self, found: sight.Sight) -> None:  # noqa: C901 - one branch a fact
        timeline = self._timeline
        match found:
            case Violation():
                self._bench.broken(found)
            case sight.SettingsSeen(pairs):
                self.settings, self.settings_pairs = dict(pairs), pairs
                shown = ", ".join(f"{settings.name(key)}={value}" for key, value in pairs)
                timeline.received("control stream", "SETTINGS", shown)
            case sight.GoawaySeen(last_id):
                timeline.received("control stream", "GOAWAY", str(last_id))
                self.inbox.put(Goaway(last_id))
                self._bench.saw("connection", Goaway(last_id))
            case sight.UniOpened(stream_id, stream_type):
                self.uni_types[stream_id] = stream_type
                timeline.received(f"stream {stream_id}", "unidirectional", _uni_type(stream_type))
            case sight.FrameSeen(stream_id, frame_type, size_bytes):
                name = readback.frame_name(frame_type)
                timeline.received(f"stream {stream_id}", f"frame {name}", f"{size_bytes} bytes")
            case sight.Attached():
                self._attach(found)
            case sight.HeadersSeen(stream_id, fields, is_trailer):
                self._headers(stream_id, fields, is_trailer=is_trailer)
            case sight.CapsuleArrived(stream_id, capsule):
                self._capsule(self._stream(stream_id), capsule)
            case sight.Payload(stream_id, data):
                self._payload(self._stream(stream_id), data)
            case sight.Finished(stream_id):
                self._finished(stream_id)
            case _:
                assert_never(found)

    def _stream(self, stream_id: int) -> Stream:
        """The stream, made on the spot when the endpoint's own one is seen for the first time."""
        if stream_id not in self.streams:
            kind = StreamKind.UNI if stream_id & 2 else StreamKind.BIDI
            self.streams[stream_id] = Stream(self.outlet, stream_id, kind)
        return self.streams[stream_id]

    def _attach(self, found: sight.Attached) -> None:
        stream = self._stream(found.stream_id)
        stream.session_id = found.session_id
        self._timeline.received(
            stream.where, f"{found.kind.value} stream", f"of session {found.session_id}"
        )
        self.traffic(found.session_id).streams.append(stream)
        self._bench.saw("session", Opened(found.kind.value))

    def _payload(self, stream: Stream, data: bytes) -> None:
        if data:
            value = f"{len(data)} bytes {data[:SHOWN_BYTES].hex()}"
            self._timeline.received(stream.where, "data", value)
            stream.received += data
            stream.inbox.put_bytes(data)
            for listener in stream.on_bytes:
                listener(stream)

    def _finished(self, stream_id: int) -> None:
        self._timeline.received(f"stream {stream_id}", "FIN")
        stream = self._stream(stream_id)
        stream.put(Fin())
        if isinstance(stream, ConnectStream):
            self._answer(stream)

    def _headers(self, stream_id: int, fields: tuple[Field, ...], *, is_trailer: bool) -> None:
        what = "HEADERS (trailer)" if is_trailer else "HEADERS"
        self._timeline.received(f"stream {stream_id}", what, in_one_line(fields))
        if is_trailer:
            return
        if not self.quic.is_client:
            self._request(stream_id, fields)
            return
        stream, status = self._stream(stream_id), status_of(fields)
        if isinstance(stream, MessageStream) and (status is None or status >= 200):
            stream.fields = fields
            if isinstance(stream, ConnectStream) and status is not None and status < 300:
                self._bench.saw("session", Established())
            else:
                stream.put(Response(status))

    def _request(self, stream_id: int, fields: tuple[Field, ...]) -> None:
        self._bench.saw("connection", Request())
        place = "CONNECT stream" if is_session_request(fields) else "request stream"
        stream = ConnectStream(self.outlet, stream_id, StreamKind.BIDI, place)
        stream.fields = fields
        self.streams[stream_id] = stream
        if self._on_request is not None:
            self._on_request(self, stream)

    def _capsule(self, stream: Stream, capsule: capsules.Received) -> None:
        self._timeline.received(stream.where, "capsule", describe(capsule))
        signal = signal_of(capsule)
        stream.put(signal)
        if isinstance(capsule, capsules.DatagramCapsule):
            self._put_datagram(stream.id, capsule.payload)
        elif isinstance(signal, SessionClosed):
            self._answer(stream)
        elif isinstance(signal, CapsuleSeen) and isinstance(stream, ConnectStream):
            stream.capsules.append(capsule)

    def _answer(self, stream: Stream) -> None:
        if Withheld.ANSWERS not in self._withheld and not stream.our_side_ended:
            self.outlet.answer_end(stream.id)


def _parameter(key: int, value: bytes) -> str:
    """Connection IDs and tokens are random: only their sizes tell one run from another."""
    name = transport_parameters.name(key)
    if key in RANDOM_PARAMETERS:
        return f"{name}: {len(value)} bytes"
    shown = transport_parameters.readable(key, value)
    return name if shown == "" else f"{name}={shown}"


def _uni_type(stream_type: int) -> str:
    known = stream_type in set(StreamType)
    return StreamType(stream_type).name if known else f"type {stream_type:#x}"
