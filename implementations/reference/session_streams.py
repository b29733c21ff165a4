"""The data streams of one session, and the credit that they use (sections 4.1 to 4.3 and 5)."""

from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol

from wtspec.implementations.reference.data_stream import DataStream
from wtspec.implementations.reference.early import refuse_stream
from wtspec.implementations.reference.errors import SessionEnded, SessionViolation
from wtspec.implementations.reference.flow_control import SessionFlow
from wtspec.implementations.reference.outlet import Outlet
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.states import ReceiveState
from wtspec.suite.dialect import Dialect
from wtspec.suite.wire import capsule, stream_header
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.stream_header import StreamKind


class StreamsHome(Protocol):
    """The session, as its streams use it."""

    flow: SessionFlow
    outlet: Outlet
    dialect: Dialect

    @property
    def session_id(self) -> int: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def is_over(self) -> bool: ...
    @property
    def is_lost(self) -> bool: ...
    @property
    def gone_code(self) -> int: ...
    def send_capsule(self, value: capsule.Capsule) -> None: ...
    def add_stream(self, stream: DataStream) -> None: ...
    def stream_came(self) -> None:
        """One more waits in `incoming`."""
        ...

    def guard(self, action: Callable[[], None]) -> None: ...
    def failed(self, code: int) -> None: ...


class SessionStreams:
    """Opens, adopts and counts; the StreamOwner of each stream."""

    def __init__(self, session: StreamsHome) -> None:
        self._session = session
        self._outlet = session.outlet
        self.incoming: dict[StreamKind, deque[DataStream]] = {kind: deque() for kind in StreamKind}
        self._streams: dict[int, DataStream] = {}

    @property
    def rules(self) -> Rules:
        return self._session.outlet.rules

    @property
    def dialect(self) -> Dialect:
        return self._session.dialect

    @property
    def _flow(self) -> SessionFlow:
        # Not kept: a session asked for before the peer's SETTINGS gets another when they are in.
        return self._session.flow

    @property
    def is_lost(self) -> bool:
        return self._session.is_lost

    def stream_ids(self) -> Collection[int]:
        """Those that are not over."""
        return self._streams.keys()

    def failed(self, code: int) -> None:
        self._session.failed(code)

    def session_ended(self, code: int) -> None:
        """Abort them all."""
        for place, stream in enumerate(list(self._streams.values())):
            if self.rules.closing.ends_stream(place):
                stream.session_ended(code)

    def open_stream(self, kind: StreamKind) -> DataStream | None:
        """A new stream of ours, its header sent; None while the session has no credit for it."""
        if not self._session.is_open:
            raise SessionEnded("the session is not open")
        allowance = self._flow.open_streams[kind]
        if self._flow.is_on and not self.rules.flow.may_open(allowance.room):
            if allowance.blocked_at != allowance.limit and self.rules.flow.tells_blocked():
                allowance.blocked_at = allowance.limit
                limit = self.rules.flow.blocked_limit(allowance.limit)
                self._session.send_capsule(capsule.StreamsBlocked(kind, limit))
            return None
        allowance.used += 1
        stream_id = self._outlet.open_stream(kind)
        header = stream_header.encode(
            kind, self.rules.streams.session_id_in(self._session.session_id)
        )
        stream = self._make_stream(stream_id, kind, len(header), is_local=True)
        header = self.rules.streams.header(kind.value, header)
        if self.rules.streams.sends_header_at_once():
            self._outlet.send(stream_id, header)
        else:
            stream.unsent_header = header
        return stream

    def adopt(self, stream_id: int, kind: StreamKind, header_bytes: int) -> DataStream | None:
        """A stream of the peer's; None when it cost the session."""
        grant = self._flow.accept_streams[kind]
        if self._flow.is_on and not grant.take(1, self.rules.flow):
            self._session.guard(
                lambda: self._excess(f"{kind.value} stream {grant.used} of {grant.limit}")
            )
            refuse_stream(self._outlet, stream_id, kind, self._session.gone_code)
            return None
        self.data_arrived(self.rules.flow.counted_at_opening(header_bytes))
        stream = self._make_stream(stream_id, kind, header_bytes, is_local=False)
        self.incoming[kind].append(stream)
        self._session.stream_came()
        return stream

    def _make_stream(
        self, stream_id: int, kind: StreamKind, header_bytes: int, *, is_local: bool
    ) -> DataStream:
        stream = DataStream(stream_id, kind, self, self._outlet, header_bytes, is_local=is_local)
        self._streams[stream_id] = stream
        self._session.add_stream(stream)
        return stream

    def _excess(self, what: str) -> None:
        known = WT.FLOW_CONTROL_ERROR in self._session.dialect.errors
        code = WT.FLOW_CONTROL_ERROR if known else H3.EXCESSIVE_LOAD
        raise SessionViolation(code, f"beyond the limit: {what}")

    def send_room(self) -> int:
        if not self._flow.is_on:
            return 1 << 62
        return self.rules.flow.send_room(self._flow.send_data.room)

    def sent(self, size_bytes: int) -> None:
        self._flow.send_data.used += self.rules.flow.counted_when_sent(size_bytes)

    def data_blocked(self) -> None:
        """A write waits for credit: say so once a limit."""
        allowance = self._flow.send_data
        if allowance.blocked_at != allowance.limit and self.rules.flow.tells_blocked():
            allowance.blocked_at = allowance.limit
            limit = self.rules.flow.blocked_limit(allowance.limit)
            self._session.send_capsule(capsule.DataBlocked(limit))

    def data_arrived(self, size_bytes: int) -> None:
        grant = self._flow.receive_data
        if (
            self._flow.is_on
            and not self._session.is_over
            and not grant.take(size_bytes, self.rules.flow)
        ):
            self._session.guard(lambda: self._excess(f"byte {grant.used} of {grant.limit}"))

    def data_released(self, size_bytes: int) -> None:
        limit = self._flow.receive_data.release(size_bytes, self.rules.flow)
        if self._flow.is_on and limit is not None:
            self._session.send_capsule(capsule.MaxData(self.rules.flow.granted(limit)))

    def stream_over(self, stream: DataStream) -> None:
        self._streams.pop(stream.stream_id, None)
        ended = "fin" if stream.receive_state is ReceiveState.FINISHED else "reset"
        if stream.is_local or not self.rules.flow.comes_back(ended):
            return
        limit = self._flow.accept_streams[stream.kind].release(1, self.rules.flow)
        if self._flow.is_on and limit is not None:
            self._session.send_capsule(
                capsule.MaxStreams(stream.kind, self.rules.flow.granted(limit))
            )
