"""One HTTP/3 connection of the reference in either role: who gets which event, and the errors.

What a client and a server do differently is in `client_connection.py` and `server_connection.py`.
"""

import asyncio
from dataclasses import replace
from typing import Protocol, assert_never

from wtspec.implementations.reference.control import (
    ControlReader,
    ControlSender,
    CriticalSink,
)
from wtspec.implementations.reference.data_stream import DataStream
from wtspec.implementations.reference.early import EarlyArrivals, EarlyStream
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.flow_control import SessionFlow, session_flow
from wtspec.implementations.reference.incoming import (
    Discard,
    IncomingBidi,
    IncomingUni,
    Sink,
)
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.negotiation import (
    Negotiated,
    Offer,
    PeerAnnouncements,
    check_values,
    negotiate,
    parameter_values,
)
from wtspec.implementations.reference.outlet import Outlet
from wtspec.implementations.reference.peer_parameters import RESETS_AT, parameter_error
from wtspec.implementations.reference.qpack_streams import (
    DecoderInstructions,
    EncoderInstructions,
    QpackReader,
)
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.session_core import SessionCore
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.dialect import Side, SignalPosition
from wtspec.suite.quic import events
from wtspec.suite.quic.connection import Connection as QuicConnection
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind, StreamType


class Part(Protocol):
    """What a role adds to a connection."""

    def request_stream(self, stream_id: int) -> Sink: ...
    def settled(self) -> None:
        """The peer's SETTINGS are in, and `negotiated` is set."""
        ...

    def goaway_arrived(self, identifier: int) -> None: ...
    def session_over(self, session: SessionCore) -> None: ...
    def lost(self) -> None: ...


class Connection:
    """Implements Sorter, SessionHome and ControlListener; `part` must be set before events come."""

    part: Part

    def __init__(
        self, quic: QuicConnection, side: Side, offer: Offer, rules: Rules, life: Life
    ) -> None:
        self.side = side
        self.offer = offer
        self.rules = rules
        self.life = life
        self.outlet = Outlet(quic, rules, life)
        self.sessions: dict[int, SessionCore] = {}
        self.negotiated: Negotiated | None = None
        self.is_started = False
        self.closed: events.Closed | None = None
        self.goaway_seen: int | None = None
        self.changed = Wakeup()
        self.early = EarlyArrivals(self.outlet)
        self.control = ControlSender(self.outlet)
        self._sinks: dict[int, Sink] = {}
        self._over: set[int] = set()
        self._taken_types: set[int] = set()
        self._parameters: dict[int, int] = {}
        life.at_the_end(self.outlet.fall_silent)
        quic.on_event = self.handle

    # Events of QUIC.

    def handle(self, event: events.Event) -> None:
        """Called by the engine; a violation becomes a connection error, our own bugs are kept."""
        if self.life.is_over:
            return
        try:
            self._dispatch(event)
        except ConnectionViolation as violation:
            self.fail(violation)
        except WireError as error:
            self.fail(ConnectionViolation(error.code, str(error)))
        except Exception as failure:  # noqa: BLE001 - kept, so that it never counts as a reaction
            self.life.keep(failure)
            self.outlet.close(H3.INTERNAL_ERROR, "internal error")

    def _dispatch(self, event: events.Event) -> None:
        match event:
            case events.PeerParameters(parameters):
                self._parameters_arrived(parameters)
            case events.HandshakeCompleted():
                self._start()
            case events.StreamData(stream_id, data, finished):
                self._sink(stream_id).data(data, finished)
            case events.StreamReset(stream_id, code, final_size):
                self._sink(stream_id).reset_arrived(code, final_size)
            case events.StopSending(stream_id, code):
                self._sink(stream_id).stopped(code)
            case events.DatagramReceived(data):
                self._datagram(data)
            case events.Closed():
                self._lost(event)
            case events.StreamResetAnnounced() | events.DatagramFate() | events.PingAcknowledged():
                pass
            case _:
                assert_never(event)

    def _parameters_arrived(self, parameters: tuple[tuple[int, bytes], ...]) -> None:
        self._parameters = parameter_values(parameters)
        self.outlet.peer_resets_at = any(one in self._parameters for one in RESETS_AT)
        knows = any(one.reset_stream_at for one in self.offer.dialects)
        code = parameter_error(parameters, self.rules.quic, knows_reset_at=knows)
        if code is not None:
            self.outlet.close(code, "transport parameters", transport=True)
            self.life.error_signalled(self.rules)

    def _start(self) -> None:
        size_bytes = self.rules.quic.later_udp_payload_bytes()
        if size_bytes is not None:
            self.outlet.quic.raise_udp_payload(size_bytes)
        late_s = self.rules.control.settings_delay_s()
        if late_s:
            asyncio.get_running_loop().call_later(late_s, self._send_settings)
        else:
            self._send_settings()

    def _send_settings(self) -> None:
        self.is_started = True
        pairs = self.offer.settings(self.side, self.rules.negotiation)
        for stream_id in self.control.start(pairs):
            self._sinks[stream_id] = CriticalSink(self.outlet)
        self.changed.notify()

    def _sink(self, stream_id: int) -> Sink:
        sink = self._sinks.get(stream_id)
        if sink is None:
            sink = IncomingUni(stream_id, self) if stream_id & 2 else IncomingBidi(stream_id, self)
            self._sinks[stream_id] = sink
        return sink

    def fail(self, violation: ConnectionViolation) -> None:
        """Close the connection with the violation's code."""
        code = self.rules.control.connection_error(violation.code)
        if code is None:
            return
        self.outlet.close(code, violation.why)
        self.life.error_signalled(self.rules)

    def _lost(self, event: events.Closed) -> None:
        self.closed = event
        self.outlet.ended()
        for session in list(self.sessions.values()):
            session.lost()
        self.part.lost()
        self.changed.notify()

    # Streams (Sorter).

    @property
    def signal_position(self) -> SignalPosition:
        dialect = self.negotiated.dialect if self.negotiated else self.offer.dialects[0]
        return dialect.signal_position

    def replace(self, stream_id: int, sink: Sink) -> None:
        self._sinks[stream_id] = sink

    def uni_stream(self, stream_id: int, stream_type: int) -> Sink:
        rules = self.rules.control
        critical = (StreamType.CONTROL, StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER)
        if stream_type in critical:
            what = StreamType(stream_type).name
            if stream_type in self._taken_types and rules.minds_second_critical(what):
                raise ConnectionViolation(H3.STREAM_CREATION_ERROR, f"a second {what} stream")
            is_early = StreamType.CONTROL not in {stream_type, *self._taken_types}
            if is_early and rules.needs_control_first():
                raise ConnectionViolation(H3.MISSING_SETTINGS, f"{what} before CONTROL")
            self._taken_types.add(stream_type)
        match stream_type:
            case StreamType.CONTROL:
                return ControlReader(self.side, self.outlet, self)
            case StreamType.QPACK_ENCODER:
                return QpackReader(EncoderInstructions(), self.outlet)
            case StreamType.QPACK_DECODER:
                return QpackReader(DecoderInstructions(), self.outlet)
            case StreamType.PUSH if rules.minds_push():
                # A client may not push; a server may not when no Push ID was allowed.
                code = H3.STREAM_CREATION_ERROR if self.side is Side.SERVER else H3.ID_ERROR
                raise ConnectionViolation(code, "a push stream")
            case _:
                self._unknown_stream(stream_id, stream_type)
                return Discard()

    def _unknown_stream(self, stream_id: int, stream_type: int) -> None:
        rules = self.rules.control
        if (fatal := rules.code_for_unknown_stream(stream_type)) is not None:
            raise ConnectionViolation(fatal, f"unknown stream type {stream_type:#x}")
        if (code := rules.stops_unknown_streams()) is not None:
            self.outlet.stop(stream_id, code)

    def check_qpack_streams(self) -> None:
        """Called for each field section of the peer; it need not have opened its QPACK streams."""
        opened = self._taken_types >= {StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER}
        if not opened and self.rules.control.needs_qpack_streams():
            raise ConnectionViolation(H3.QPACK_DECOMPRESSION_FAILED, "no QPACK streams")

    def request_stream(self, stream_id: int) -> Sink:
        return self.part.request_stream(stream_id)

    def data_stream(self, stream_id: int, header: StreamHeader, header_bytes: int) -> Sink:
        if not header.names_request_stream and self.rules.streams.minds_session_id():
            raise ConnectionViolation(H3.ID_ERROR, f"Session ID {header.session_id}")
        self._check_header(header, header_bytes)
        self._check_negotiated(stream_id, header)
        if not self.rules.streams.is_of_known_session(header.session_id):
            return Discard()
        session = self.sessions.get(header.session_id)
        if session is not None and not session.is_waiting:
            stream = session.adopt(stream_id, header.kind, header_bytes)
            return stream or Discard()
        early = EarlyStream(stream_id, header.kind, header.session_id, header_bytes, self.outlet)
        if header.session_id in self._over:
            # A closed session's ID is legal; its streams are refused like those it left behind.
            code = self.rules.closing.late_stream_code(self._gone_code())
            if code is not None:
                early.refuse(code)
            if self.rules.closing.answers_late_streams():
                answer = self.outlet.open_stream(header.kind)
                self.outlet.send(answer, stream_header.encode(header.kind, header.session_id))
        else:
            self.early.add_stream(early)
        return early

    def _check_header(self, header: StreamHeader, header_bytes: int) -> None:
        """What an honest endpoint takes without a word."""
        rules, session_id = self.rules.streams, header.session_id
        shortest = stream_header.encode(header.kind, session_id)
        long_code = rules.long_varint_code() if header_bytes > len(shortest) else None
        ended_code = rules.ended_session_code() if session_id in self._over else None
        is_known = session_id in self._over or session_id in self.sessions
        unknown_code = None if is_known else rules.unknown_session_code()
        for code in (long_code, ended_code, unknown_code):
            if code is not None:
                raise ConnectionViolation(code, f"stream header {header}")

    def _check_negotiated(self, stream_id: int, header: StreamHeader) -> None:
        """Without WebTransport a server opens no bidirectional streams (RFC 9114 section 6.1)."""
        if self.side is Side.SERVER or header.kind is StreamKind.UNI or self.negotiated is None:
            return
        code = self.rules.streams.code_for_unnegotiated(H3.STREAM_CREATION_ERROR)
        if self.negotiated.forbids_sessions(self.side) and code is not None:
            raise ConnectionViolation(code, f"stream {stream_id} of a server without WebTransport")

    def _gone_code(self) -> int:
        known = self.negotiated and WT.SESSION_GONE in self.negotiated.dialect.errors
        return WT.SESSION_GONE if known else WT.BUFFERED_STREAM_REJECTED

    # Datagrams.

    def _datagram(self, data: bytes) -> None:
        try:
            session_id, payload = self.rules.datagrams.read(data)
        except WireError as error:
            if self.rules.datagrams.minds_malformed():
                raise ConnectionViolation(error.code, str(error)) from error
            return
        session_id = self.rules.datagrams.addressee(session_id, self.sessions.keys())
        session = self.sessions.get(session_id)
        if session is not None and not session.is_waiting:
            session.datagram_arrived(payload)
        elif session_id not in self._over:
            self.early.add_datagram(session_id, payload)
        elif self.rules.datagrams.returns_late():
            self.outlet.datagram(data)

    def takes_datagrams(self) -> bool:
        return self.negotiated is not None and any(
            self.negotiated.theirs_by_number.get(setting, 0)
            for setting in self.negotiated.dialect.datagram_settings
        )

    # The control stream (ControlListener).

    def settings_arrived(self, pairs: tuple[tuple[int, int], ...]) -> None:
        settings = dict(pairs)
        check_values(self.offer, self.side, settings, self.rules.negotiation)
        peer = PeerAnnouncements(settings, self._parameters)
        self.negotiated = negotiate(self.offer, self.side, peer, self.rules.negotiation)
        self.outlet.resets_reliably = (
            self.negotiated.dialect.reset_stream_at and self.outlet.peer_resets_at
        )
        for session in self.sessions.values():
            if session.is_waiting:  # asked for before it was known what binds
                session.flow = self.new_flow()
        self.part.settled()
        self.changed.notify()

    def assume_settings(self) -> None:
        """Go ahead without the peer's SETTINGS; honest endpoints never do."""
        if self.negotiated is None:
            peer = PeerAnnouncements({}, self._parameters)
            self.negotiated = replace(
                negotiate(self.offer, self.side, peer, self.rules.negotiation), unmet=()
            )

    def goaway_arrived(self, identifier: int) -> None:
        self.goaway_seen = identifier
        if self.rules.control.goaway_ends_sessions():
            for session in list(self.sessions.values()):
                session.close(0, "")
        self.part.goaway_arrived(identifier)
        self.changed.notify()

    # Sessions (SessionHome).

    def add_stream(self, stream: DataStream) -> None:
        self._sinks[stream.stream_id] = stream

    def session_opened(self, session: SessionCore) -> None:
        """Hand over what came early, in its order."""
        for early in self.early.take_streams(session.session_id):
            stream = session.adopt(early.stream_id, early.kind, early.header_bytes)
            if stream is None:
                return
            stream.data(bytes(early.buffer), early.is_finished)
            if early.stopped_with is not None:
                stream.stopped(early.stopped_with)
            if early.reset_with is not None:
                stream.reset_arrived(*early.reset_with)
        for payload in self.early.take_datagrams(session.session_id):
            session.datagram_arrived(payload)

    def session_over(self, session: SessionCore) -> None:
        """Called more than once: as the session ends, and as its CONNECT stream does."""
        self.sessions.pop(session.session_id, None)
        if self.rules.closing.ends_siblings():
            for sibling in list(self.sessions.values()):
                sibling.close(0, "")
        if session.session_id not in self._over:
            self.never_a_session(session.session_id)
        self.part.session_over(session)
        self.changed.notify()

    def never_a_session(self, stream_id: int) -> None:
        """What names this stream as its session is refused from now on."""
        self._over.add(stream_id)
        self.early.refuse(stream_id)

    def new_flow(self) -> SessionFlow:
        assert self.negotiated is not None  # sessions are made once SETTINGS are in
        if self.sessions and self.rules.flow.is_shared():
            return next(iter(self.sessions.values())).flow
        return session_flow(
            self.negotiated.ours,
            self.negotiated.theirs,
            self.rules.flow,
            is_on=self.negotiated.flow_control_on,
        )

    @property
    def is_usable(self) -> bool:
        """Whether a new session may be asked for on it."""
        return self.closed is None and not self.life.is_over and self.goaway_seen is None
