"""The client's part of a connection: requests out, responses in, and when it is given up."""

import asyncio
from dataclasses import dataclass

from wtspec.implementations.reference import protocols
from wtspec.implementations.reference.connection import Connection
from wtspec.implementations.reference.errors import (
    ConnectionViolation,
    RequestViolation,
    SessionRefused,
    SessionViolation,
)
from wtspec.implementations.reference.incoming import Sink
from wtspec.implementations.reference.messages import (
    Fields,
    Flaw,
    ResponseHead,
    malformed,
    parse_response,
)
from wtspec.implementations.reference.request_stream import RequestStream
from wtspec.implementations.reference.session_core import SessionCore
from wtspec.suite.dialect import GoawayRule, Side
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.stream_header import StreamKind


@dataclass(frozen=True, slots=True)
class Wish:
    """A session that an application asks for. `requires_protocol`: none agreed is an error."""

    authority: str
    path: str
    origin: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    protocols: tuple[str, ...] = ()
    requires_protocol: bool = False


class ClientExchange:
    """One request for a session, its response, then the session."""

    def __init__(self, part: "ClientConnection", wish: Wish, stream_id: int) -> None:
        connection = part.connection
        negotiated = connection.negotiated
        assert negotiated is not None  # no request before SETTINGS
        self.stream = RequestStream(stream_id, Side.CLIENT, connection.outlet, self)
        self.session = SessionCore(
            self.stream,
            negotiated.dialect,
            connection.new_flow(),
            connection.outlet,
            connection,
        )
        self.response: ResponseHead | None = None
        self.protocol: str | None = None
        self.failure: SessionRefused | None = None
        self._connection = connection
        self._wish = wish
        self._was_stopped_with: int | None = None

    def send(self) -> None:
        dialect = self.session.dialect
        rules = self._connection.rules.requests
        wish = self._wish
        origin = wish.origin or ("null" if dialect.origin_always else None)
        section: Fields = (
            (b":method", b"CONNECT"),
            (b":protocol", dialect.token),
            (b":scheme", b"https"),
            (b":authority", wish.authority.encode()),
            (b":path", wish.path.encode()),
            *(((b"origin", origin.encode()),) if origin is not None else ()),
            *dialect.request_fields,
            *protocols.offer_field(dialect, rules.offered(wish.protocols), rules),
            *((key.lower().encode(), value.encode()) for key, value in wish.headers),
        )
        self.stream.send_headers(rules.request_fields(section))

    # Exchange.

    def headers(self, section: Fields) -> None:
        rules = self._connection.rules.requests
        self._connection.arrivals.check_qpack_streams()
        if self._has_final:
            assert self.response is not None  # that is what it means
            is_session = 200 <= self.response.status < 300
            if is_session and rules.minds_frame("HEADERS", H3.FRAME_UNEXPECTED):
                raise ConnectionViolation(H3.FRAME_UNEXPECTED, "a second field section")
            return
        if rules.answers_come_in_order() and self._is_behind_another():
            return
        self.response = parse_response(section, rules)
        if not self._has_final or not self.session.is_waiting:
            return  # more will come, or the session was given up before the answer came
        if rules.is_success(self.response.status):
            self._accepted(self.response)
        else:
            self._decline(self.response)

    def _is_behind_another(self) -> bool:
        others = self._connection.sessions.values()
        return any(one.is_waiting and one.session_id < self.stream.stream_id for one in others)

    @property
    def _has_final(self) -> bool:
        response, rules = self.response, self._connection.rules.requests
        return response is not None and not rules.is_interim(response.status)

    def body(self, data: bytes) -> None:
        rules = self._connection.rules.requests
        if self._has_final:
            self.session.body(data)
            if rules.reads_body_of_refusal() and self.failure is not None:
                raise RequestViolation(H3.MESSAGE_ERROR, "a refusal's body is no capsule")
        elif rules.minds_frame("DATA", H3.FRAME_UNEXPECTED):
            raise ConnectionViolation(H3.FRAME_UNEXPECTED, "DATA before a final response")

    def finished(self, *, saw_headers: bool) -> None:
        if not (saw_headers and self._has_final):
            if not self._connection.rules.requests.notices("end"):
                return
            malformed(Flaw.ENDED, self._connection.rules.requests)
            self._note_failure("the stream ended without a response")
            if self.session.is_waiting:
                self.session.refused()
        self.session.finished()

    def settle(self) -> None:
        self.session.settle()

    def reset_arrived(self, code: int) -> None:
        if self.session.is_waiting and not self._connection.rules.requests.notices("reset"):
            return
        self._note_failure(f"reset with {code:#x}")
        self.session.reset_arrived(code)

    def stop_arrived(self, code: int) -> None:
        """Before the response it says nothing yet: a server may need no request body."""
        if self.session.is_waiting:
            self._was_stopped_with = code
        else:
            self.session.stop_arrived(code)

    def failed(self, code: int) -> None:
        self._note_failure(f"a malformed response ({code:#x})")
        self.session.failed(code)

    # Steps.

    def _accepted(self, response: ResponseHead) -> None:
        dialect = self.session.dialect
        rules = self._connection.rules.requests
        named = protocols.chosen(dialect, response.values(dialect.protocol_field), rules)
        wrong = named is not None and named not in self._wish.protocols
        missing = self._wish.requires_protocol and (named is None or wrong)
        self.protocol = rules.protocol_taken(named, self._wish.protocols)
        is_fatal = (wrong or missing) and dialect.alpn_mismatch_is_fatal
        if is_fatal and rules.minds_protocol():
            self._note_failure("no application protocol was agreed")
            code = rules.protocol_code(WT.ALPN_ERROR)
            raise SessionViolation(code, "no application protocol was agreed")
        self.session.accepted()
        if self._was_stopped_with is not None:
            self.session.stop_arrived(self._was_stopped_with)

    def _decline(self, response: ResponseHead) -> None:
        targets = response.values(b"location") if 300 <= response.status < 400 else ()
        location = targets[0].decode(errors="replace") if targets else None
        why = f"status {response.status}"
        self.failure = SessionRefused(why, response.status, location)
        self.session.refused()
        self.stream.finish()

    def _note_failure(self, why: str) -> None:
        if self.session.is_waiting and self.failure is None:
            self.failure = SessionRefused(why)


class ClientConnection:
    """The `Part` of a client."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._idle: asyncio.TimerHandle | None = None
        self._exchanges: dict[int, ClientExchange] = {}

    def request_stream(self, stream_id: int) -> Sink:
        """Unreachable: only a server's connection takes requests."""
        raise AssertionError(f"a request on stream {stream_id} of a client")

    def settled(self) -> None:
        connection = self.connection
        negotiated = connection.negotiated
        assert negotiated is not None  # that is what settled means
        rules = connection.rules.negotiation
        if not self._may_have_session() and rules.closes_unusable():
            known = WT.REQUIREMENTS_NOT_MET in negotiated.dialect.errors
            default = WT.REQUIREMENTS_NOT_MET if known else H3.NO_ERROR
            what = ", ".join(str(one.what[0].name) for one in negotiated.unmet)
            code = rules.requirements_code(default)
            connection.outlet.close(code, f"the server did not announce {what}")
            connection.life.error_signalled(connection.rules)

    def _may_have_session(self) -> bool:
        """The server announced all that a session needs."""
        negotiated, rules = self.connection.negotiated, self.connection.rules.negotiation
        assert negotiated is not None  # asked once SETTINGS are in
        return not (negotiated.forbids_sessions(Side.CLIENT) and rules.client_minds_unmet())

    def goaway_arrived(self, identifier: int) -> None:
        """Requests at or above the identifier were not processed; the others wind down."""
        for stream_id, exchange in list(self._exchanges.items()):
            if stream_id >= identifier and exchange.session.is_waiting:
                exchange.failed(H3.REQUEST_CANCELLED)
            elif self._goaway_drains():
                exchange.session.drain_arrived()

    def _goaway_drains(self) -> bool:
        negotiated = self.connection.negotiated
        rule = negotiated.dialect.goaway if negotiated else GoawayRule.UNSPECIFIED
        says_so = rule in {GoawayRule.BY_STREAM_ID, GoawayRule.NO_CONNECT}
        return says_so and self.connection.rules.control.goaway_drains()

    def session_over(self, session: SessionCore) -> None:
        self._exchanges.pop(session.session_id, None)
        self._watch_idle()

    def lost(self) -> None:
        if self._idle is not None:
            self._idle.cancel()

    def request(self, wish: Wish) -> ClientExchange:
        """Ask for a session; whoever calls has seen to it that one may be asked for."""
        connection = self.connection
        stream_id = connection.outlet.open_stream(StreamKind.BIDI)
        exchange = ClientExchange(self, wish, stream_id)
        connection.sessions[stream_id] = exchange.session
        connection.replace(stream_id, exchange.stream)
        self._exchanges[stream_id] = exchange
        if self._idle is not None:
            self._idle.cancel()
        if connection.rules.requests.answers():
            exchange.send()
        return exchange

    def may_request(self) -> bool:
        """Whether GOAWAY, the server's limits and flow control allow one more session."""
        connection = self.connection
        negotiated = connection.negotiated
        if negotiated is None or connection.closed is not None or connection.life.is_over:
            return False
        if not self._may_have_session():
            return False
        # Where a draft asks by stream ID, ours are the next ones, and so never below it.
        if connection.goaway_seen is not None and connection.rules.control.heeds_goaway():
            return False
        limit = connection.rules.requests.client_session_limit(negotiated.client_session_limit)
        open_now = sum(not session.is_over for session in connection.sessions.values())
        return limit is None or open_now < limit

    def _watch_idle(self) -> None:
        """A connection without sessions is given up after a while."""
        if self._idle is not None:
            self._idle.cancel()
        if not self._exchanges and self.connection.closed is None:
            after_s = self.connection.rules.closing.idle_connection_s()
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(after_s, self.connection.outlet.close, H3.NO_ERROR, "idle")
