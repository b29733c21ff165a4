"""The sending half of one connection: what leaves, in which flight, and the PING barrier."""

from collections.abc import Iterator
from contextlib import contextmanager

from wtspec.suite.peer import readback
from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.raw import Raw
from wtspec.suite.peer.timeline import Labelled
from wtspec.suite.quic.connection import Connection
from wtspec.suite.signal import ConnectionClosed, IdledOut
from wtspec.suite.wire.error_codes import name as code_name

SHOWN_BYTES = 24


class Outlet:
    """Every call leaves at once, as a packet of its own, unless a flight is open.

    After the endpoint closed the connection nothing is sent, and that is noted: a script goes on to
    ask for the reaction, which is the close.
    """

    def __init__(
        self, quic: Connection, bench: Bench, timeline: Labelled, *, resets_at: bool
    ) -> None:
        self.quic = quic
        self.bench = bench
        self._timeline = timeline
        self.closed: ConnectionClosed | IdledOut | None = None
        self.acknowledged: set[int] = set()
        self.answered: set[int] = set()
        self._flights = 0
        self._resets_at = resets_at

    @property
    def can_reset_at(self) -> bool:
        """The dialect knows RESET_STREAM_AT and the endpoint announced it."""
        return self._resets_at and self.quic.peer_resets_at

    @contextmanager
    def flight(self) -> Iterator[None]:
        """What is sent inside leaves together at its end, in as few packets as it fits."""
        self._flights += 1
        try:
            yield
        finally:
            self._flights -= 1
            self.flush()

    def flush(self) -> None:
        if not self._flights and self.closed is None:
            self.quic.flush()

    def send(self, stream_id: int, data: bytes, *, finish: bool = False, what: str = "") -> None:
        """Write; `what` is how the timeline shows it."""
        shown = what or f"{len(data)} bytes {data[:SHOWN_BYTES].hex()}"
        if not self._may_send(f"stream {stream_id}", shown + (" FIN" if finish else "")):
            return
        if stream_id in self.answered:
            self._timeline.note("not sent, our FIN has answered", where=f"stream {stream_id}")
            return
        self.quic.send(stream_id, data, finish=finish)
        self.flush()

    def answer_end(self, stream_id: int) -> None:
        """FIN in answer to the end of a session; what a script still sends there is left out."""
        if stream_id not in self.answered:
            self.send(stream_id, b"", finish=True, what="nothing, in answer")
            self.answered.add(stream_id)

    def send_frame(self, stream_id: int, frame_type: int, payload: bytes, shown: str = "") -> None:
        """A frame that the witness has read again."""
        data = readback.frame(frame_type, payload)
        name = readback.frame_name(frame_type)
        self.send(stream_id, data, what=f"{name} {shown or f'{len(payload)} bytes'}")

    def reset(self, stream_id: int, code: int, reliable_size: int | None = None) -> None:
        """RESET_STREAM; RESET_STREAM_AT when a Reliable Size is given."""
        kind = "RESET_STREAM" if reliable_size is None else f"RESET_STREAM_AT({reliable_size})"
        if not self._may_send(f"stream {stream_id}", f"{kind} {code_name(code)}"):
            return
        if reliable_size is None:
            self.quic.reset(stream_id, code)
        else:
            self.quic.reset_at(stream_id, code, reliable_size)
        self.flush()

    def stop(self, stream_id: int, code: int) -> None:
        if self._may_send(f"stream {stream_id}", f"STOP_SENDING {code_name(code)}"):
            self.quic.stop(stream_id, code)
            self.flush()

    def datagram(self, data: bytes) -> bool:
        """False: the endpoint takes none of this size, and nothing was sent."""
        if not self._may_send("datagram", f"{len(data)} bytes {data[:SHOWN_BYTES].hex()}"):
            return False
        taken = self.quic.send_datagram(data)
        if not taken:
            self._timeline.note(f"no room for a datagram of {len(data)} bytes")
        self.flush()
        return taken

    def packet(self, *frames: bytes | Raw) -> None:
        """One 1-RTT packet of exactly these QUIC frames."""
        raw = [frame.data if isinstance(frame, Raw) else frame for frame in frames]
        if self._may_send("packet", " | ".join(frame.hex() for frame in raw)):
            self.quic.send_packet(*raw)
            self.flush()

    def close(self, code: int, reason: str = "", *, transport: bool = False) -> None:
        if self._may_send("connection", f"CONNECTION_CLOSE {code_name(code)}"):
            self.quic.close(code, reason, transport=transport)

    async def barrier(self, within_s: float) -> bool:
        """A PING that the endpoint acknowledges: it has what was sent before. False: it did not."""
        if self.closed is not None:
            return False
        number = self.quic.ping()
        self.flush()

        def over() -> bool | None:
            if number in self.acknowledged:
                return True
            return None if self.closed is None else False

        passed = await self.bench.bell.until(over, within_s)
        self._timeline.note("PING acknowledged" if passed else "no answer to PING")
        return bool(passed)

    def _may_send(self, where: str, what: str) -> bool:
        if self.closed is not None:
            self._timeline.note(f"not sent, the connection is closed: {what}", where=where)
            return False
        self._timeline.sent(where, what)
        return True
