"""One HTTP/3 connection of the reference in either role: who gets which event, and the errors.

What a client and a server do differently is in `client_connection.py` and `server_connection.py`.
"""

import asyncio
from dataclasses import replace
from typing import Protocol, assert_never

from wtspec.implementations.reference.arrivals import Arrivals
from wtspec.implementations.reference.control import ControlSender, CriticalSink
from wtspec.implementations.reference.data_stream import DataStream
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.flow_control import SessionFlow, session_flow
from wtspec.implementations.reference.incoming import (
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
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.session_core import SessionCore
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.dialect import SessionLimits, Side
from wtspec.suite.quic import events
from wtspec.suite.quic.connection import Connection as QuicConnection
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.errors import WireError


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
    """Implements ArrivalHome and SessionHome; `part` must be set before events come."""

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
        self.arrivals = Arrivals(side, self.outlet, self)
        self.control = ControlSender(self.outlet)
        self._sinks: dict[int, Sink] = {}
        self._parameters: dict[int, int] = {}
        life.at_the_end(self, self.outlet.fall_silent)
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
                if not self.is_started and not self.rules.control.speaks_first():
                    self._send_settings()
                self._sink(self._addressee(stream_id)).data(data, finished)
                self.outlet.backpressure.arrived(stream_id, len(data), ended=finished)
            case events.StreamReset(stream_id, code, final_size):
                self._sink(stream_id).reset_arrived(code, final_size)
                self.outlet.backpressure.ended_at(stream_id, final_size)
            case events.StopSending(stream_id, code):
                self._sink(stream_id).stopped(code)
            case events.DatagramReceived(data):
                self.arrivals.datagram(data)
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
        if not self.rules.control.speaks_first():
            return
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
            undecided = IncomingUni if stream_id & 2 else IncomingBidi
            sink = undecided(stream_id, self.arrivals)
            self._sinks[stream_id] = sink
        return sink

    def _addressee(self, stream_id: int) -> int:
        sink = self._sinks.get(stream_id)
        if not isinstance(sink, DataStream):
            return stream_id
        return self.rules.streams.addressee(stream_id, sink.siblings())

    def fail(self, violation: ConnectionViolation) -> None:
        """Close the connection with the violation's code."""
        code = self.rules.control.connection_error(violation.code)
        if code is None:
            return
        self.outlet.close(code, violation.why)
        self.life.error_signalled(self.rules)

    def _lost(self, event: events.Closed) -> None:
        self.closed = event
        if event.by == "local" and not event.is_application:
            # The engine has found a violation of QUIC, and said so.
            self.life.error_signalled(self.rules)
        self.outlet.ended()
        self.life.gone(self)
        for session in list(self.sessions.values()):
            session.lost()
        self.part.lost()
        self.changed.notify()

    # Streams (ArrivalHome).

    def replace(self, stream_id: int, sink: Sink) -> None:
        self._sinks[stream_id] = sink

    def request_stream(self, stream_id: int) -> Sink:
        return self.part.request_stream(stream_id)

    def takes_datagrams(self) -> bool:
        if not self.rules.datagrams.needs_announcement():
            return True
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
            found = negotiate(self.offer, self.side, peer, self.rules.negotiation)
            self.negotiated = replace(found, unmet=(), theirs=SessionLimits())

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
        self.arrivals.session_opened(session)

    def session_over(self, session: SessionCore) -> None:
        """Called more than once: as the session ends, and as its CONNECT stream does."""
        self.sessions.pop(session.session_id, None)
        if self.rules.closing.ends_siblings():
            for sibling in list(self.sessions.values()):
                sibling.close(0, "")
        if not self.arrivals.is_over(session.session_id):
            self.arrivals.never_a_session(session.session_id)
        self.part.session_over(session)
        self.changed.notify()

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
