"""One session on its connection, synchronous: state, streams, datagrams, and how it ends.

draft-ietf-webtrans-http3-16 sections 4 to 6. `session.py` is the asynchronous face.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from wtspec.implementations.reference.data_stream import DataStream
from wtspec.implementations.reference.errors import (
    ConnectionViolation,
    RequestViolation,
)
from wtspec.implementations.reference.flow_control import SessionFlow
from wtspec.implementations.reference.negotiation import DEFAULT_LIMITS
from wtspec.implementations.reference.outlet import Outlet
from wtspec.implementations.reference.request_stream import RequestStream
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.session_capsules import CapsuleReader
from wtspec.implementations.reference.session_streams import SessionStreams
from wtspec.implementations.reference.states import (
    SESSION,
    Impossible,
    SessionEvent,
    SessionState,
)
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.dialect import Dialect
from wtspec.suite.wire import capsule, datagram
from wtspec.suite.wire.error_codes import H3, WT

By = Literal["local", "peer", "transport"]
_OVER = {SessionState.CLOSING, SessionState.CLOSED, SessionState.REFUSED}


@dataclass(frozen=True, slots=True)
class Closure:
    """How a session ended; `code` and `reason` are None where the end carried none."""

    code: int | None
    reason: str | None
    by: By
    clean: bool


class SessionHome(Protocol):
    """The connection, as a session uses it."""

    def add_stream(self, stream: DataStream) -> None: ...
    def session_opened(self, session: "SessionCore") -> None: ...
    def session_over(self, session: "SessionCore") -> None: ...
    def takes_datagrams(self) -> bool: ...
    def fail(self, violation: ConnectionViolation) -> None: ...


class SessionCore:
    """Made when the CONNECT is sent or received; its ID is the CONNECT stream's."""

    def __init__(
        self,
        connect: RequestStream,
        dialect: Dialect,
        flow: SessionFlow,
        outlet: Outlet,
        home: SessionHome,
    ) -> None:
        self.connect = connect
        self.dialect = dialect
        self.flow = flow
        self.outlet = outlet
        self.state = SessionState.CONNECTING
        self.streams = SessionStreams(self)
        self.datagrams: deque[bytes] = deque(maxlen=self.rules.datagrams.queue_length())
        self.closure: Closure | None = None
        self.is_draining = False
        self.is_lost = False
        self.changed = Wakeup()
        self.credit = Wakeup()
        self._home = home
        self._early_body = bytearray()
        self._peer_close: Closure | None = None
        self._peer_finished = False
        self._capsules = CapsuleReader(self)

    @property
    def session_id(self) -> int:
        return self.connect.stream_id

    @property
    def rules(self) -> Rules:
        return self.outlet.rules

    @property
    def is_over(self) -> bool:
        return self.state in _OVER

    @property
    def is_open(self) -> bool:
        return self.state is SessionState.OPEN

    @property
    def is_waiting(self) -> bool:
        return self.state is SessionState.CONNECTING

    @property
    def gone_code(self) -> int:
        """What aborts the streams of an ended session; draft 02 names no code."""
        known = WT.SESSION_GONE in self.dialect.errors
        return self.rules.closing.gone_code(WT.SESSION_GONE if known else H3.REQUEST_CANCELLED)

    # Setup.

    def accepted(self) -> None:
        """The 2xx was sent or has come: what waited for it is read now."""
        self._step(SessionEvent.ACCEPTED)
        if self.flow.open_windows(DEFAULT_LIMITS):
            self._announce_windows()
        self._home.session_opened(self)
        early, self._early_body = self._early_body, bytearray()
        self.guard(lambda: self._capsules.feed(bytes(early)))
        if self._peer_finished:
            self.guard(self._capsules.finish)
        self.settle()
        self.changed.notify()

    def _announce_windows(self) -> None:
        self.send_capsule(capsule.MaxData(self.flow.receive_data.limit))
        for kind, grant in self.flow.accept_streams.items():
            self.send_capsule(capsule.MaxStreams(kind, grant.limit))

    def refused(self) -> None:
        self._step(SessionEvent.REFUSED)
        self._end(Closure(None, None, "peer", clean=False))

    # The CONNECT stream (an Exchange once the session's headers are through).

    def body(self, data: bytes) -> None:
        early = self.state is SessionState.CONNECTING
        if early and not self.rules.requests.processes_early_capsules():
            # Capsules only once the 2xx is out (section 3.2); till then the bytes are kept.
            if len(self._early_body) + len(data) > self.rules.requests.early_body_bytes():
                raise RequestViolation(H3.EXCESSIVE_LOAD, "too much before the response")
            self._early_body += data
        elif self.state is not SessionState.REFUSED:
            if self._peer_close is not None and data:
                self.data_after_close()
            self._capsules.feed(data)

    def finished(self) -> None:
        """FIN of the peer's half."""
        self._peer_finished = True
        if self.state in {SessionState.OPEN, SessionState.CLOSING}:
            self._capsules.finish()

    def settle(self) -> None:
        """React to everything that one chunk brought."""
        if self.state not in {SessionState.OPEN, SessionState.CLOSING}:
            return
        if self._peer_finished and self._peer_close is None:
            # A clean end without the capsule counts as code 0 and no reason (section 6).
            code = self.rules.closing.code_of_clean_end()
            self._peer_close = Closure(code, "", "peer", clean=True)
        if self._peer_close is not None:
            self._answer_close(self._peer_close)

    def close_arrived(self, code: int, reason: str) -> None:
        """The peer's WT_CLOSE_SESSION; answered when its chunk has been read to the end."""
        if self.is_over and self.rules.closing.minds_crossing_close():
            raise ConnectionViolation(H3.MESSAGE_ERROR, "a close after ours")
        self._peer_close = Closure(code, reason, "peer", clean=True)

    def data_after_close(self) -> None:
        if self.rules.closing.minds_data_after_close():
            code = self.rules.closing.code_after_close(H3.MESSAGE_ERROR)
            raise RequestViolation(code, "data after WT_CLOSE_SESSION")

    def reset_arrived(self, code: int) -> None:
        """The peer abandoned its half: an abrupt end."""
        del code
        if not self.is_over:
            self.connect.abort(self.rules.closing.abrupt_code(H3.REQUEST_CANCELLED))
        self._step(SessionEvent.PEER_ENDED)
        self._end(Closure(None, None, "peer", clean=False))

    def stop_arrived(self, code: int) -> None:
        """The peer reads no further: an abrupt end, unless a close capsule comes right behind it.

        A peer may send STOP_SENDING after its capsule, and the frames of one packet have no order.
        """
        del code
        if not self.rules.closing.waits_behind_stop():
            self._end_stopped()
        elif not self.is_over:
            asyncio.get_running_loop().call_soon(self._end_stopped)

    def _end_stopped(self) -> None:
        if not self.is_over:
            default = self.dialect.connect_stream_stopped_with or H3.REQUEST_CANCELLED
            self.connect.abort(self.rules.closing.abrupt_code(default))
            self._step(SessionEvent.PEER_ENDED)
            self._end(Closure(None, None, "peer", clean=False))

    def failed(self, code: int) -> None:
        """The peer broke a rule: abort the CONNECT stream, and the session with it."""
        self.connect.abort(self.rules.closing.error_code(code))
        self._step(SessionEvent.FAILED)
        self._end(Closure(None, None, "local", clean=False))

    def lost(self) -> None:
        if self.is_waiting and not self.rules.requests.notices("close"):
            return
        self.is_lost = True
        self._step(SessionEvent.LOST)
        self._end(Closure(None, None, "transport", clean=False))

    def guard(self, action: Callable[[], None]) -> None:
        """Run `action`, which no event of the connection calls; a violation stays here."""
        try:
            action()
        except RequestViolation as violation:
            self.failed(violation.code)
            self.outlet.life.error_signalled(self.rules)
        except ConnectionViolation as violation:
            self._home.fail(violation)

    # Streams and datagrams.

    def add_stream(self, stream: DataStream) -> None:
        self._home.add_stream(stream)

    def stream_came(self) -> None:
        self.changed.notify()

    def send_datagram(self, payload: bytes) -> bool:
        """False when it cannot be sent: too large, or not negotiated."""
        if self.is_over or not self._home.takes_datagrams() or not self.rules.datagrams.sends():
            return False
        counted = self.rules.flow.counted_in_datagram(len(payload))
        if counted > self.streams.send_room():
            return False
        session_id = self.rules.datagrams.session_id_in(self.session_id)
        payload = self.rules.datagrams.payload(payload)
        return self.outlet.datagram(datagram.encode(session_id, payload))

    def datagram_arrived(self, payload: bytes) -> None:
        for copy in self.rules.datagrams.delivered(payload):
            self.datagrams.append(copy)
        if self.rules.datagrams.minds_queue(len(self.datagrams)):
            raise ConnectionViolation(H3.INTERNAL_ERROR, "too many datagrams")
        self.changed.notify()

    # The end.

    def send_capsule(self, value: capsule.Capsule) -> None:
        if self.state is SessionState.OPEN:
            self.connect.send_data(self.rules.capsules.encoded(capsule.encode(value)))

    def drain(self) -> None:
        """Ask the peer to end the session; it goes on meanwhile (section 4.7)."""
        if capsule.CapsuleType.DRAIN_SESSION in self.dialect.capsules:
            self.send_capsule(capsule.DrainSession())

    def drain_arrived(self) -> None:
        self.is_draining = True
        self.changed.notify()

    def close(self, code: int, reason: str) -> None:
        """End the session: capsule, FIN, and every stream aborted."""
        if self.is_over:
            return
        if self.state is SessionState.CONNECTING:
            self.connect.abort(H3.REQUEST_CANCELLED)
            self._step(SessionEvent.CLOSED_HERE)
        else:
            text = self.rules.closing.reason(reason.encode())
            value = capsule.CloseSession(self.rules.closing.code(code), text)
            data = self.rules.capsules.encoded(capsule.encode(value))
            self.connect.send_data(data, finish=self.rules.closing.finishes_after_capsule())
            self._step(SessionEvent.CLOSED_HERE)
            self._watch_peer()
        self._end(Closure(code, reason, "local", clean=True))

    def _watch_peer(self) -> None:
        """A peer that does not end its half is asked to stop (a SHOULD until draft 04)."""

        def stop() -> None:
            if self.state is SessionState.CLOSING:
                code = self.dialect.connect_stream_stopped_with or H3.REQUEST_CANCELLED
                self.connect.stop(code)
                self._step(SessionEvent.PEER_ENDED)
                self._home.session_over(self)

        asyncio.get_running_loop().call_later(self.rules.closing.linger_s(), stop)

    def _answer_close(self, close: Closure) -> None:
        if not self.is_over:
            self._step(SessionEvent.CAPSULE)
            if (code := self.rules.closing.resets_in_answer()) is not None:
                self.connect.abort(code)
            elif self.rules.closing.answers_close():
                self.connect.finish()
            self._end(close)
        if self._peer_finished:
            self._step(SessionEvent.PEER_ENDED)
            self._home.session_over(self)

    def _end(self, closure: Closure) -> None:
        if self.closure is None:
            clean = self.rules.closing.is_clean(closure.clean)
            self.closure = replace(closure, clean=clean)
            self._early_body.clear()
            self.streams.session_ended(self.gone_code)
        self._home.session_over(self)
        self.changed.notify()
        self.credit.notify()

    def _step(self, event: SessionEvent) -> None:
        step = SESSION[self.state, event]
        if isinstance(step, Impossible):
            raise AssertionError(f"{event.name} in state {self.state.name}")  # noqa: TRY004 - ours
        self.state = step
