"""One data stream of a session: its two directions, its header, its credit.

draft-ietf-webtrans-http3-16 sections 4.2 to 4.4. Everything here is synchronous; `stream_api.py`
is the asynchronous face.
"""

from collections.abc import Collection
from typing import Protocol

from wtspec.implementations.reference.errors import (
    ConnectionLost,
    SessionEnded,
    StreamMisuse,
    StreamReset,
    StreamStopped,
    WebTransportError,
)
from wtspec.implementations.reference.outlet import Outlet
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.states import (
    RECEIVE,
    SEND,
    Impossible,
    ReceiveEvent,
    ReceiveState,
    SendEvent,
    SendState,
)
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.dialect import Dialect
from wtspec.suite.wire import error_codes
from wtspec.suite.wire.stream_header import StreamKind

CHUNK_BYTES = 65536


class StreamOwner(Protocol):
    """The session, as its streams use it."""

    @property
    def rules(self) -> Rules: ...
    @property
    def dialect(self) -> Dialect: ...
    @property
    def is_lost(self) -> bool: ...
    def send_room(self) -> int: ...
    def sent(self, size_bytes: int) -> None: ...
    def data_blocked(self) -> None: ...
    def data_arrived(self, size_bytes: int) -> None: ...
    def data_released(self, size_bytes: int) -> None: ...
    def stream_over(self, stream: "DataStream") -> None: ...
    def failed(self, code: int) -> None: ...
    def stream_ids(self) -> Collection[int]: ...


class DataStream:
    """`header_bytes` is the length of the stream header on the side that opened the stream."""

    def __init__(
        self,
        stream_id: int,
        kind: StreamKind,
        owner: StreamOwner,
        outlet: Outlet,
        header_bytes: int,
        *,
        is_local: bool,
    ) -> None:
        self.stream_id = stream_id
        self.kind = kind
        self.is_local = is_local
        self.header_bytes = header_bytes
        self.send_state = SendState.OPEN
        self.receive_state = ReceiveState.OPEN
        self.sends = is_local or kind is StreamKind.BIDI
        self.receives = not is_local or kind is StreamKind.BIDI
        self.stop_code: int | None = None
        self.unsent_header = b""
        self.changed = Wakeup()
        self._owner = owner
        self._outlet = outlet
        self._buffer = bytearray()
        self._arrived_bytes = 0
        self._held_bytes = 0
        self._has_written = False
        self._reset_code: int | None = None
        self._is_over = False

    # What the peer does.

    def data(self, data: bytes, finished: bool) -> None:
        """Payload, the header already taken off."""
        rules = self._owner.rules.streams
        if finished and not data and not self._arrived_bytes and not rules.takes_empty():
            return
        if data and self._receive(ReceiveEvent.DATA):
            self._arrived_bytes += len(data)
            self._owner.data_arrived(len(data))
            if self.receive_state is ReceiveState.OPEN:
                self._buffer += rules.delivered(data, self._arrived_bytes - len(data))
                self._hold(len(data))
            else:
                self._owner.data_released(len(data))
        if finished:
            self._receive(ReceiveEvent.FIN)
        self._note()
        if (code := rules.resets_unasked()) is not None and self.sends:
            self.reset(code)

    def reset_arrived(self, code: int, final_size: int) -> None:
        """The peer's direction ended at `final_size` bytes, header included."""
        if not self._owner.rules.streams.heeds_reset(error_codes.from_http3(code)):
            return
        header = 0 if self.is_local else self.header_bytes
        missing = max(final_size - header - self._arrived_bytes, 0)
        if self.receive_state in {ReceiveState.OPEN, ReceiveState.STOPPED}:
            missing = self._owner.rules.flow.counted_at_reset(missing)
            self._owner.data_arrived(missing)
            self._owner.data_released(missing)
        if self.receive_state is ReceiveState.OPEN:
            self._reset_code = code
        was_stopped = self.receive_state is ReceiveState.STOPPED
        told = self._owner.rules.streams.tells_of_reset()
        self._receive(ReceiveEvent.RESET_ARRIVED if told else ReceiveEvent.FIN)
        self._note()
        foreign = error_codes.from_http3(code) is None
        if foreign and self._owner.rules.streams.foreign_code_costs_session():
            self._owner.failed(code)
        if was_stopped and self._owner.rules.streams.minds_reset_after_stop():
            self._owner.failed(code)

    def siblings(self) -> Collection[int]:
        """The IDs of the session's data streams."""
        return self._owner.stream_ids()

    def stopped(self, code: int) -> None:
        """The peer asked us to stop; that is answered with its own code (RFC 9000 section 3.5)."""
        rules = self._owner.rules.streams
        if self.send_state in {SendState.OPEN, SendState.FINISHED} and rules.heeds_stop():
            self.stop_code = code
            size = rules.reliable_in_answer() if self._has_written else 0
            self._outlet.reset(self.stream_id, rules.answer_to_stop(code), reliable_size=size)
            if rules.shows_stops():
                self.send_state = SendState.STOPPED
        if self.receives and rules.stop_ends_both():
            self.stop(0)
        self._note()

    def session_ended(self, code: int) -> None:
        """Abort what is left of both directions with the code that says why."""
        rules = self._owner.rules.closing
        if self.sends and self.send_state is SendState.OPEN:
            self._send(SendEvent.SESSION_ENDED)
            if rules.resets_send_sides():
                self._outlet.reset(self.stream_id, code, reliable_size=self._own_header_bytes)
        elif self.send_state is SendState.FINISHED and rules.resets_finished_sides():
            self._outlet.reset(self.stream_id, code, reliable_size=self._own_header_bytes)
        if self.receives and self.receive_state is ReceiveState.OPEN:
            self._receive(ReceiveEvent.SESSION_ENDED)
            if rules.stops_receive_sides():
                self._outlet.stop(self.stream_id, code)
        # What nobody has read by now may never be read: the connection needs the credit.
        self._release(self._held_bytes)
        self._note()

    # What the application does.

    def write(self, data: memoryview) -> int:
        """Send as much as the session's credit allows; how much that was."""
        self._check_send(SendEvent.WRITE)
        taken = min(len(data), self._owner.send_room())
        if taken:
            payload = self._owner.rules.streams.payload(bytes(data[:taken]))
            if self.is_local:
                payload = self._owner.rules.streams.own_payload(self.kind.value, payload)
            self._has_written = True
            self._send_bytes(payload)
            self._owner.sent(taken)
        if taken < len(data):
            self._owner.data_blocked()
        return taken

    def finish(self) -> None:
        self._check_send(SendEvent.FINISH)
        rules = self._owner.rules.streams
        if rules.sends_fin() and (self._has_written or rules.finishes_unwritten()):
            self._send_bytes(b"", finish=True)
        self._note()

    def reset(self, application_code: int) -> None:
        """Abandon the sending direction; nothing happens where it is over."""
        before = self.send_state
        self._send(SendEvent.RESET)
        if self.send_state is SendState.RESET and before is not SendState.RESET:
            code = self._owner.rules.streams.wire_code(application_code)
            self._outlet.reset(self.stream_id, code, reliable_size=self._own_header_bytes)
        self._note()

    def stop(self, application_code: int) -> None:
        """Ask for no more; what is buffered is thrown away."""
        if self.receive_state is ReceiveState.OPEN:
            code = self._owner.rules.streams.stop_wire_code(application_code)
            self._outlet.stop(self.stream_id, code)
            self._release_buffer()
        self._receive(ReceiveEvent.STOP)
        self._note()

    def take(self, limit: int = CHUNK_BYTES) -> bytes | None:
        """The next bytes; b"" once at a clean end; None: nothing yet. Raises how else it ended."""
        if self._buffer and self.receive_state is not ReceiveState.GONE:
            data = bytes(self._buffer[:limit])
            del self._buffer[:limit]
            self._release(len(data) if self._buffer else self._held_bytes)
            self._owner.data_released(len(data))
            return data
        match self.receive_state:
            case ReceiveState.OPEN:
                return None
            case ReceiveState.FINISHED:
                return b""
            case ReceiveState.RESET:
                raise self._reset_error()
            case ReceiveState.STOPPED | ReceiveState.DISCARDED:
                raise StreamMisuse("this side asked the peer to stop")
            case ReceiveState.GONE if not self._owner.rules.streams.tells_of_cut():
                return b""
            case ReceiveState.GONE:
                raise self._ended()

    def send_failure(self) -> WebTransportError:
        """Why no more can be sent."""
        match self.send_state:
            case SendState.STOPPED:
                code = self._owner.rules.streams.application_code(self.stop_code or 0)
                return StreamStopped(code)
            case SendState.GONE:
                return self._ended()
            case SendState.OPEN | SendState.FINISHED | SendState.RESET:
                return StreamMisuse(f"the sending side is {self.send_state.name.lower()}")

    # Steps.

    @property
    def _own_header_bytes(self) -> int:
        # Only who opened the stream wrote a header; the other direction begins with payload.
        return self.header_bytes if self.is_local and not self.unsent_header else 0

    def _send_bytes(self, data: bytes, *, finish: bool = False) -> None:
        header, self.unsent_header = self.unsent_header, b""
        self._outlet.send(self.stream_id, header + data, finish=finish)

    def _ended(self) -> WebTransportError:
        return ConnectionLost("lost") if self._owner.is_lost else SessionEnded("the session ended")

    def _reset_error(self) -> WebTransportError:
        code = self._reset_code or 0
        if self._owner.rules.streams.means_session_gone(code):
            return SessionEnded("the peer ended the session")
        return StreamReset(self._owner.rules.streams.application_code(code))

    def _check_send(self, event: SendEvent) -> None:
        if not self.sends or isinstance(SEND[self.send_state, event], Impossible):
            raise self.send_failure()
        self._send(event)

    def _send(self, event: SendEvent) -> None:
        step = SEND[self.send_state, event]
        if not isinstance(step, Impossible):
            self.send_state = step

    def _receive(self, event: ReceiveEvent) -> bool:
        step = RECEIVE[self.receive_state, event]
        if isinstance(step, Impossible):
            return False
        self.receive_state = step
        return True

    def _release_buffer(self) -> None:
        self._owner.data_released(len(self._buffer))
        self._buffer.clear()
        self._release(self._held_bytes)

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        self._outlet.backpressure.hold(self.stream_id, size_bytes)

    def _release(self, size_bytes: int) -> None:
        size_bytes = min(size_bytes, self._held_bytes)
        self._held_bytes -= size_bytes
        self._outlet.backpressure.release(self.stream_id, size_bytes)

    def _note(self) -> None:
        self.changed.notify()
        sends = {SendState.OPEN}
        if self.is_local and self._owner.rules.closing.resets_finished_sides():
            sends.add(SendState.FINISHED)
        sending = self.sends and self.send_state in sends
        receiving = self.receives and self.receive_state in {
            ReceiveState.OPEN,
            ReceiveState.STOPPED,
        }
        if not sending and not receiving and not self._is_over:
            self._is_over = True
            self._owner.stream_over(self)
