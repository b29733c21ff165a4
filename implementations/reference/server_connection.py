"""The server's part of a connection: requests in, responses out."""

from collections.abc import Callable

from wtspec.implementations.reference import protocols
from wtspec.implementations.reference.connection import Connection
from wtspec.implementations.reference.errors import ConnectionViolation, RequestViolation
from wtspec.implementations.reference.incoming import Sink
from wtspec.implementations.reference.messages import Fields, RequestHead, parse_request
from wtspec.implementations.reference.request_stream import RequestStream
from wtspec.implementations.reference.session_core import SessionCore
from wtspec.suite.dialect import Side
from wtspec.suite.wire.error_codes import H3


class ServerExchange:
    """One request from its headers to its answer; with a session, the session takes over."""

    def __init__(self, part: "ServerConnection", stream_id: int) -> None:
        self.stream = RequestStream(stream_id, Side.SERVER, part.connection.outlet, self)
        self.session: SessionCore | None = None
        self.head: RequestHead | None = None
        self._part = part
        self._early = bytearray()
        self._is_finished = False
        self._is_answered = False
        self._has_to_be_admitted = False

    # Exchange.

    def headers(self, section: Fields) -> None:
        rules = self._part.connection.rules.requests
        self._part.connection.arrivals.check_qpack_streams()
        if self.head is not None:
            # On an established CONNECT stream no known frame but DATA may stand (RFC 9114 4.4).
            if self.session is not None and rules.minds_frame("HEADERS", H3.FRAME_UNEXPECTED):
                raise ConnectionViolation(H3.FRAME_UNEXPECTED, "a second field section")
            return
        self.head = parse_request(section, rules)
        self._has_to_be_admitted = rules.answers_to(section)

    def body(self, data: bytes) -> None:
        if self.session is not None:
            self.session.body(data)
        elif not self._is_answered:
            self._early += data
            if len(self._early) > self._part.connection.rules.requests.early_body_bytes():
                raise RequestViolation(H3.EXCESSIVE_LOAD, "too much before the response")

    def finished(self, *, saw_headers: bool) -> None:
        self._is_finished = True
        if not saw_headers:
            code = self._part.connection.rules.requests.incomplete_code(H3.REQUEST_INCOMPLETE)
            raise RequestViolation(code, "an end without HEADERS")
        if self.session is not None:
            self.session.finished()

    def settle(self) -> None:
        if self._has_to_be_admitted:
            self._part.arrived(self)
        elif self.session is not None:
            self.session.settle()

    def reset_arrived(self, code: int) -> None:
        self._has_to_be_admitted = False
        if self.session is not None:
            self.session.reset_arrived(code)
        elif not self._is_answered:
            self.failed(H3.REQUEST_CANCELLED)

    def stop_arrived(self, code: int) -> None:
        if self.session is not None:
            self.session.stop_arrived(code)

    def failed(self, code: int) -> None:
        status = self._part.connection.rules.requests.status_for_malformed()
        if self.session is not None:
            self.session.failed(code)
        elif status is not None and code == H3.MESSAGE_ERROR:
            self.answer(status, is_error=True)
        else:
            self._is_answered = True
            self._has_to_be_admitted = False
            self.stream.abort(code)
            self._part.connection.arrivals.never_a_session(self.stream.stream_id)

    # Answers.

    def admit(self) -> None:
        """SETTINGS are in: answer, or begin a session and ask the application."""
        assert self.head is not None  # only complete requests are admitted
        self._has_to_be_admitted = False
        rules = self._part.connection.rules
        try:
            status = self._part.status_for(self.head, self.stream.stream_id)
        except RequestViolation as violation:
            self.failed(violation.code)
            self._part.connection.life.error_signalled(rules)
            return
        if status is not None:
            self.answer(status, is_error=self.head.protocol is not None)
            return
        if self._is_finished and not rules.requests.answers_ended_requests():
            return
        self.session = session = self._part.begin(self.stream)
        session.guard(lambda: session.body(bytes(self._early)))
        if self._is_finished:
            session.finished()
        self._part.ask(self)

    def answer(self, status: int, headers: Fields = (), *, is_error: bool = False) -> None:
        """A response that gives no session; `is_error`: since the request broke a rule."""
        self._is_answered = True
        status = self._part.connection.rules.requests.refusal_status(status)
        if status == 405 and not any(key == b"allow" for key, _ in headers):
            # RFC 9110 section 15.5.6: empty, since the resource has no method at all.
            headers = (*headers, (b"allow", b""))
        self.stream.send_headers(((b":status", b"%d" % status), *headers), finish=True)
        self.stream.stop(H3.NO_ERROR)
        if is_error:
            self._part.connection.life.error_signalled(self._part.connection.rules)
        if self.session is not None:
            self.session.refused()
        else:
            self._part.connection.arrivals.never_a_session(self.stream.stream_id)

    def accept(self, protocol: str | None, headers: Fields) -> SessionCore:
        """The 2xx that makes the session."""
        assert self.session is not None  # only an admitted request reaches the application
        rules = self._part.connection.rules.requests
        dialect = self.session.dialect
        section = (
            (b":status", b"%d" % rules.success_status(200)),
            *rules.response_fields(dialect.response_fields),
            *protocols.choice_field(dialect, rules.protocol_in_response(protocol), rules),
            *headers,
        )
        self._is_answered = True
        self.stream.send_headers(section)
        self.session.accepted()
        return self.session


class ServerConnection:
    """The `Part` of a server. `on_request` gets every request for a session that may become one."""

    def __init__(
        self, connection: Connection, on_request: Callable[[ServerExchange], None]
    ) -> None:
        self.connection = connection
        self._on_request = on_request
        self._waiting: list[ServerExchange] = []
        self._goaway: int | None = None
        self._highest_request = -4

    def request_stream(self, stream_id: int) -> Sink:
        self._highest_request = max(self._highest_request, stream_id)
        return ServerExchange(self, stream_id).stream

    def settled(self) -> None:
        waiting, self._waiting = self._waiting, []
        for exchange in waiting:
            exchange.admit()

    def goaway_arrived(self, identifier: int) -> None:
        """The client wants no more pushes, and winds down."""
        del identifier
        for session in list(self.connection.sessions.values()):
            session.drain_arrived()

    def session_over(self, session: SessionCore) -> None:
        """Nothing depends on it."""

    def lost(self) -> None:
        self._waiting.clear()

    def go_away(self) -> None:
        """Take no further requests; those that exist are served."""
        self._goaway = self.connection.rules.control.goaway_id(self._highest_request + 4)
        self.connection.control.goaway(self._goaway)

    def arrived(self, exchange: ServerExchange) -> None:
        """A complete request: it waits until the client's SETTINGS are in (section 3.1)."""
        rules = self.connection.rules.negotiation
        if self.connection.negotiated is not None:
            exchange.admit()
        elif rules.server_waits_for_settings():
            if rules.keeps_early_requests():
                self._waiting.append(exchange)
        else:
            self.connection.assume_settings()
            exchange.admit()

    def status_for(self, head: RequestHead, stream_id: int) -> int | None:
        """The status of a request that gets no session; None when it may.

        RequestViolation when the stream is to be reset instead.
        """
        negotiated = self.connection.negotiated
        assert negotiated is not None  # requests wait for SETTINGS
        rules = self.connection.rules
        if head.method != b"CONNECT" or head.protocol is None:
            status = 501 if head.method == b"CONNECT" else negotiated.dialect.not_found_status
            return rules.requests.status_without_session(status)
        if not rules.requests.is_token(head.protocol, negotiated.dialect.token):
            return rules.requests.status_for_unknown_token(501)
        if negotiated.forbids_sessions(Side.SERVER) and rules.negotiation.server_minds_unmet():
            instead = rules.negotiation.malformed_status()
            if instead is not None:
                return instead
            what = ", ".join(str(one.what[0].name) for one in negotiated.unmet)
            code = rules.negotiation.malformed_code(H3.MESSAGE_ERROR, negotiated.unmet)
            raise RequestViolation(code, f"the client did not announce {what}")
        if head.scheme != b"https" and rules.requests.minds_scheme():
            return 400
        if not self.connection.life.serves_one_more(rules):
            return 503
        self._check_room(stream_id)
        return None

    def _check_room(self, stream_id: int) -> None:
        """A request that is not processed at all is rejected, so that it can be tried elsewhere."""
        negotiated = self.connection.negotiated
        assert negotiated is not None  # requests wait for SETTINGS
        rules = self.connection.rules.requests
        limit = rules.session_limit(negotiated.session_limit)
        open_now = sum(not session.is_over for session in self.connection.sessions.values())
        count = rules.sessions_counted(open_now, stream_id // 4)
        beyond = self._goaway is not None and stream_id >= self._goaway
        if beyond or (limit is not None and count >= limit):
            raise RequestViolation(rules.rejected_code(H3.REQUEST_REJECTED), "no room")

    def begin(self, stream: RequestStream) -> SessionCore:
        negotiated = self.connection.negotiated
        assert negotiated is not None  # requests wait for SETTINGS
        connection = self.connection
        session = SessionCore(
            stream, negotiated.dialect, connection.new_flow(), connection.outlet, connection
        )
        connection.sessions[stream.stream_id] = session
        return session

    def ask(self, exchange: ServerExchange) -> None:
        rules = self.connection.rules.requests
        waiting = sum(session.is_waiting for session in self.connection.sessions.values())
        if waiting > 1 and not rules.serves_requests_together():
            return
        if rules.answers():
            self._on_request(exchange)
