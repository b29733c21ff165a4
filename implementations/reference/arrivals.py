"""What the peer opens and sends of itself: sorted, checked, and handed to its session.

Streams of every type, early arrivals, and datagrams.
"""

from collections.abc import Mapping
from typing import Protocol

from wtspec.implementations.reference.control import ControlListener, ControlReader
from wtspec.implementations.reference.early import EarlyArrivals, EarlyStream
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.incoming import Discard, Sink, Unknown
from wtspec.implementations.reference.negotiation import Negotiated, Offer
from wtspec.implementations.reference.outlet import Outlet
from wtspec.implementations.reference.qpack_streams import (
    DecoderInstructions,
    EncoderInstructions,
    QpackReader,
)
from wtspec.implementations.reference.session_core import SessionCore
from wtspec.suite.dialect import Side, SignalPosition
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind, StreamType


class ArrivalHome(ControlListener, Protocol):
    """The connection, as what arrives on it uses it."""

    offer: Offer
    negotiated: Negotiated | None

    @property
    def sessions(self) -> Mapping[int, SessionCore]: ...
    def request_stream(self, stream_id: int) -> Sink: ...
    def replace(self, stream_id: int, sink: Sink) -> None: ...


class Arrivals:
    """The Sorter of one connection."""

    def __init__(self, side: Side, outlet: Outlet, home: ArrivalHome) -> None:
        self.side = side
        self.outlet = outlet
        self.rules = outlet.rules
        self._home = home
        self._early = EarlyArrivals(outlet)
        self._over: set[int] = set()
        self._taken_types: set[int] = set()
        self._is_waiting = False

    @property
    def signal_position(self) -> SignalPosition:
        negotiated = self._home.negotiated
        if negotiated is not None and negotiated.forbids_sessions(self.side):
            return SignalPosition.FIRST  # without WebTransport there is none to wait for
        return (negotiated.dialect if negotiated else self._home.offer.dialects[0]).signal_position

    def request_stream(self, stream_id: int) -> Sink:
        return self._home.request_stream(stream_id)

    def replace(self, stream_id: int, sink: Sink) -> None:
        self._home.replace(stream_id, sink)

    # Streams.

    def uni_stream(self, stream_id: int, stream_type: int) -> Sink:
        rules = self.rules.control
        critical = (StreamType.CONTROL, StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER)
        if stream_type in critical:
            what = StreamType(stream_type).name
            if stream_type in self._taken_types and rules.minds_second_critical(what):
                raise ConnectionViolation(H3.STREAM_CREATION_ERROR, f"a second {what} stream")
            odd = rules.code_for_order(what, stream_id, len(self._taken_types))
            if odd is not None:
                raise ConnectionViolation(odd, f"{what} on stream {stream_id}")
            self._taken_types.add(stream_type)
        match stream_type:
            case StreamType.CONTROL:
                return ControlReader(self.side, self.outlet, self._home)
            case StreamType.QPACK_ENCODER:
                return QpackReader(EncoderInstructions(), self.outlet)
            case StreamType.QPACK_DECODER:
                return QpackReader(DecoderInstructions(rules), self.outlet)
            case StreamType.PUSH if rules.minds_push():
                # A client may not push; a server may not when no Push ID was allowed.
                code = H3.STREAM_CREATION_ERROR if self.side is Side.SERVER else H3.ID_ERROR
                raise ConnectionViolation(code, "a push stream")
            case _:
                return self._unknown_stream(stream_id, stream_type)

    def _unknown_stream(self, stream_id: int, stream_type: int) -> Sink:
        rules, count = self.rules.control, len(self._taken_types)
        if (fatal := rules.code_for_unknown_stream(stream_type, count)) is not None:
            raise ConnectionViolation(fatal, f"unknown stream type {stream_type:#x}")
        if (code := rules.stops_unknown_streams()) is not None:
            self.outlet.stop(stream_id, code)
        return Unknown(rules)

    def check_qpack_streams(self) -> None:
        """Called for each field section of the peer; it need not have opened its QPACK streams."""
        opened = self._taken_types >= {StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER}
        if not opened and self.rules.control.needs_qpack_streams():
            raise ConnectionViolation(H3.QPACK_DECOMPRESSION_FAILED, "no QPACK streams")

    def data_stream(self, stream_id: int, header: StreamHeader, header_bytes: int) -> Sink:
        if not header.names_request_stream and self.rules.streams.minds_session_id():
            raise ConnectionViolation(H3.ID_ERROR, f"Session ID {header.session_id}")
        self._check_header(header, header_bytes)
        self._check_negotiated(stream_id, header)
        if self._is_waiting or not self.rules.streams.is_of_known_session(header.session_id):
            return Discard()
        session = self._home.sessions.get(header.session_id)
        if session is None and self.rules.streams.waits_for_session(header.session_id):
            self._is_waiting = True
        if session is not None and not session.is_waiting:
            stream = session.streams.adopt(stream_id, header.kind, header_bytes)
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
            self._early.add_stream(early)
        return early

    def _check_header(self, header: StreamHeader, header_bytes: int) -> None:
        """What an honest endpoint takes without a word."""
        rules, session_id = self.rules.streams, header.session_id
        shortest = stream_header.encode(header.kind, session_id)
        long_code = rules.long_varint_code() if header_bytes > len(shortest) else None
        is_known = session_id in self._over or session_id in self._home.sessions
        unknown_code = None if is_known else rules.unknown_session_code(session_id)
        for code in (long_code, unknown_code):
            if code is not None:
                raise ConnectionViolation(code, f"stream header {header}")

    def _check_negotiated(self, stream_id: int, header: StreamHeader) -> None:
        """Without WebTransport a server opens no bidirectional streams (RFC 9114 section 6.1)."""
        negotiated = self._home.negotiated
        if self.side is Side.SERVER or header.kind is StreamKind.UNI or negotiated is None:
            return
        code = self.rules.streams.code_for_unnegotiated(H3.STREAM_CREATION_ERROR)
        if negotiated.forbids_sessions(self.side) and code is not None:
            raise ConnectionViolation(code, f"stream {stream_id} of a server without WebTransport")

    def _gone_code(self) -> int:
        known = self._home.negotiated and WT.SESSION_GONE in self._home.negotiated.dialect.errors
        return WT.SESSION_GONE if known else WT.BUFFERED_STREAM_REJECTED

    # Datagrams.

    def datagram(self, data: bytes) -> None:
        try:
            session_id, payload = self.rules.datagrams.read(data)
        except WireError as error:
            if self.rules.datagrams.minds_malformed():
                raise ConnectionViolation(error.code, str(error)) from error
            return
        session_id = self.rules.datagrams.addressee(session_id, self._home.sessions.keys())
        session = self._home.sessions.get(session_id)
        if session is not None and not session.is_waiting:
            session.datagram_arrived(payload)
        elif session_id not in self._over:
            self._early.add_datagram(session_id, payload)
        elif self.rules.datagrams.returns_late():
            self.outlet.datagram(data)

    # Sessions.

    def session_opened(self, session: SessionCore) -> None:
        """Hand over what came early, in its order."""
        for early in self._early.take_streams(session.session_id):
            stream = session.streams.adopt(early.stream_id, early.kind, early.header_bytes)
            if stream is None:
                return
            stream.data(early.handed_over(), early.is_finished)
            if early.stopped_with is not None:
                stream.stopped(early.stopped_with)
            if early.reset_with is not None and self.rules.streams.keeps_early_resets():
                stream.reset_arrived(*early.reset_with)
        for payload in self._early.take_datagrams(session.session_id):
            session.datagram_arrived(payload)

    def never_a_session(self, stream_id: int) -> None:
        """What names this stream as its session is refused from now on."""
        self._over.add(stream_id)
        self._early.refuse(stream_id)

    def is_over(self, session_id: int) -> bool:
        return session_id in self._over
