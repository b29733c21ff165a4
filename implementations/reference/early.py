"""What arrives before its session: kept within bounds, then handed over or refused.

draft-ietf-webtrans-http3-16 section 4.6.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.outlet import Outlet
from wtspec.suite.wire.error_codes import WT
from wtspec.suite.wire.stream_header import StreamKind


@dataclass(slots=True)
class EarlyStream:
    """A stream of the peer's whose session is not there yet, and what it brought so far."""

    stream_id: int
    kind: StreamKind
    session_id: int
    header_bytes: int
    outlet: Outlet
    buffer: bytearray = field(default_factory=bytearray)
    is_finished: bool = False
    reset_with: tuple[int, int] | None = None
    stopped_with: int | None = None
    is_refused: bool = False

    def data(self, data: bytes, finished: bool) -> None:
        if self.is_refused:
            return
        self.buffer += data
        self.outlet.backpressure.hold(self.stream_id, len(data))
        self.is_finished = self.is_finished or finished
        if len(self.buffer) > self.outlet.rules.streams.early_stream_bytes():
            self.refuse(WT.BUFFERED_STREAM_REJECTED)

    def reset_arrived(self, code: int, final_size: int) -> None:
        self.reset_with = (code, final_size)

    def stopped(self, code: int) -> None:
        if self.outlet.rules.streams.minds_early_stops():
            raise ConnectionViolation(code, "a stop before the session")
        self.stopped_with = code

    def handed_over(self) -> bytes:
        """What it brought, for its session."""
        data = bytes(self.buffer)
        self.outlet.backpressure.release(self.stream_id, len(data))
        self.buffer.clear()
        return data

    def refuse(self, code: int) -> None:
        """Stop it, and end the direction that is ours."""
        self.is_refused = True
        self.handed_over()
        refuse_stream(self.outlet, self.stream_id, self.kind, code, ended=self._has_ended)

    @property
    def _has_ended(self) -> bool:
        return self.is_finished or self.reset_with is not None


def refuse_stream(
    outlet: Outlet, stream_id: int, kind: StreamKind, code: int, *, ended: bool = False
) -> None:
    """Abort a stream of the peer's that no session takes; `ended`: its direction already has."""
    if kind is StreamKind.BIDI:
        outlet.reset(stream_id, code)
    if not ended:
        outlet.stop(stream_id, code)


class EarlyArrivals:
    """The buffer of one connection."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._streams: dict[int, list[EarlyStream]] = {}
        self._datagrams: dict[int, list[bytes]] = {}

    def add_stream(self, stream: EarlyStream) -> None:
        """Keep it, or refuse it when too many are kept."""
        rules = self._outlet.rules.streams
        if rules.drops_early():
            stream.is_refused = True
        elif (code := rules.resets_early()) is not None:
            stream.refuse(code)
        elif sum(map(len, self._streams.values())) >= rules.early_streams():
            if rules.refuses_overflow():
                stream.refuse(rules.overflow_code(WT.BUFFERED_STREAM_REJECTED))
            else:
                stream.is_refused = True
        else:
            self._streams.setdefault(stream.session_id, []).append(stream)

    def add_datagram(self, session_id: int, payload: bytes) -> None:
        """Keep it, or drop it when too many are kept."""
        rules = self._outlet.rules.datagrams
        if sum(map(len, self._datagrams.values())) < rules.early_datagrams():
            self._datagrams.setdefault(session_id, []).append(payload)
        elif (code := rules.overflow_code()) is not None:
            raise ConnectionViolation(code, "too many datagrams before their session")

    def take_streams(self, session_id: int) -> Iterator[EarlyStream]:
        """The session is there: its streams in the order of their arrival."""
        streams = self._streams.pop(session_id, [])
        return (stream for stream in streams if not stream.is_refused)

    def take_datagrams(self, session_id: int) -> list[bytes]:
        return self._datagrams.pop(session_id, [])

    def refuse(self, session_id: int, code: int = WT.BUFFERED_STREAM_REJECTED) -> None:
        """There will be no such session."""
        self._datagrams.pop(session_id, None)
        orphans = self._streams.pop(session_id, [])
        if orphans and (cost := self._outlet.rules.streams.orphan_code()) is not None:
            self._outlet.close(cost, f"streams of session {session_id}, which is none")
        for stream in orphans:
            if not stream.is_refused:
                stream.refuse(code)
