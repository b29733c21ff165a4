"""A QUIC connection with HTTP/3 on it, which hands what it shows to its sessions."""

from collections.abc import Callable, Mapping

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import (
    DatagramReceived,
    DataReceived,
    H3Event,
    HeadersReceived,
    WebTransportStreamDataReceived,
)
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated,
    ProtocolNegotiated,
    QuicEvent,
    StopSendingReceived,
    StreamReset,
)

from aioquic_endpoint.session import Session
from contract.stack import Closure, Ended, Head

LOST = Closure(by="transport", clean=False)
ABORTED = Closure(by="peer", clean=False)
Fields = list[tuple[bytes, bytes]]


class Connection(QuicConnectionProtocol):
    """Either role's; `take` gets the requests for sessions, which only a server has."""

    def __init__(
        self,
        quic: QuicConnection,
        stream_handler: object = None,
        *,
        take: Callable[["Request"], None] = lambda _: None,
    ) -> None:
        super().__init__(quic)
        self._http: H3Connection | None = None
        self._sessions: dict[int, Session] = {}
        self._strays: set[int] = set()
        self._take = take
        self.is_terminated = False

    @property
    def http(self) -> H3Connection:
        assert self._http is not None, "there are requests only after the handshake"
        return self._http

    def request_session(self, fields: Fields) -> Session:
        """Send a CONNECT; `established` of the session tells the answer."""
        stream_id = self._quic.get_next_available_stream_id()
        session = self._new_session(stream_id)
        self.http.send_headers(stream_id, fields)
        self.transmit()
        return session

    def respond(self, stream_id: int, fields: Fields, *, is_last: bool) -> None:
        self.http.send_headers(stream_id, fields, end_stream=is_last)
        self.transmit()

    def forget(self, session: Session) -> None:
        self._sessions.pop(session.wire_id, None)

    def quic_event_received(self, event: QuicEvent) -> None:
        match event:
            case ProtocolNegotiated(alpn_protocol=protocol) if protocol in H3_ALPN:
                self._http = H3Connection(self._quic, enable_webtransport=True)
            case StreamReset():
                self._on_reset(event.stream_id, event.error_code)
            case StopSendingReceived():
                self._on_stop(event.stream_id, event.error_code)
            case ConnectionTerminated():
                self.is_terminated = True
                for session in self._sessions.values():
                    session.end(LOST, is_lost=True)
        if self._http is not None:
            for shown in self._http.handle_event(event):
                self._on_http(shown)

    def _on_http(self, event: H3Event) -> None:
        match event:
            case HeadersReceived():
                self._on_headers(event)
            case DataReceived(stream_id=stream_id, stream_ended=True):
                self._on_end(stream_id)
            case DatagramReceived():
                if (session := self._running(event.stream_id)) is not None:
                    session.datagram_received(event.data)
            case WebTransportStreamDataReceived():
                self._on_stream_data(event)

    def _on_stream_data(self, event: WebTransportStreamDataReceived) -> None:
        session = self._running(event.session_id)
        if session is None:
            # Nor is the rest of it served when the session has come meanwhile: a part is missing.
            self._strays.add(event.stream_id)
        elif event.stream_id not in self._strays:
            session.stream_data_received(event.stream_id, event.data, is_last=event.stream_ended)

    def _on_headers(self, event: HeadersReceived) -> None:
        fields = dict(event.headers)
        session = self._sessions.get(event.stream_id)
        if session is not None and b":status" in fields:
            session.responded(int(fields[b":status"]))
        elif session is None and b":method" in fields:
            self._on_request(event.stream_id, event.headers)
        if event.stream_ended:
            self._on_end(event.stream_id)

    def _on_request(self, stream_id: int, fields: Fields) -> None:
        shown = dict(fields)
        if (shown[b":method"], shown.get(b":protocol")) == (b"CONNECT", b"webtransport"):
            self._take(Request(self, self._new_session(stream_id), _head(fields)))
        else:
            self.respond(stream_id, [(b":status", b"404")], is_last=True)

    def _on_end(self, stream_id: int) -> None:
        if (session := self._running(stream_id)) is not None:
            session.finished_by_peer()

    def _on_reset(self, stream_id: int, code: int) -> None:
        if (session := self._running(stream_id)) is not None:
            session.end(ABORTED)
        for session in self._sessions.values():
            if (stream := session.stream_of(stream_id)) is not None:
                stream.ended(Ended("reset", code))

    def _on_stop(self, stream_id: int, code: int) -> None:
        session = self._running(stream_id)
        # A server may stop a request that it has answered in full (RFC 9114 section 4.1).
        if session is not None and session.is_established:
            session.end(ABORTED)
        for session in self._sessions.values():
            if (stream := session.stream_of(stream_id)) is not None:
                stream.stop_received(code)

    def _running(self, session_id: int) -> Session | None:
        session = self._sessions.get(session_id)
        return None if session is None or session.is_over else session

    def _new_session(self, stream_id: int) -> Session:
        session = Session(self._quic, self.http, stream_id, self.transmit)
        self._sessions[stream_id] = session
        return session


class Request:
    """A CONNECT for a session; what comes for it meanwhile waits in the session."""

    def __init__(self, connection: Connection, session: Session, head: Head) -> None:
        self._connection = connection
        self._session = session
        self.head = head

    async def accept(self, protocol: str | None) -> Session:
        """The drafts of this family negotiate no protocol."""
        answer = [(b":status", b"200"), (b"sec-webtransport-http3-draft", b"draft02")]
        self._connection.respond(self._session.wire_id, answer, is_last=False)
        self._session.responded(200)
        return self._session

    async def refuse(self, status: int, headers: Mapping[str, str]) -> None:
        fields = [(b":status", str(status).encode())]
        fields += [(name.encode(), value.encode()) for name, value in headers.items()]
        self._connection.forget(self._session)
        self._connection.respond(self._session.wire_id, fields, is_last=True)


def _head(fields: Fields) -> Head:
    """Fields of one name are joined, so that no second origin hides behind the first."""
    shown: dict[str, str] = {}
    for name, value in (
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in fields
    ):
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return Head(
        path=shown.get(":path", ""),
        origin=shown.get("origin"),
        headers={name: value for name, value in shown.items() if not name.startswith(":")},
    )
