"""Streams as a script holds them."""

from collections.abc import Callable, Sequence

from wtspec.suite.peer import readback
from wtspec.suite.peer.inbox import Inbox
from wtspec.suite.peer.interruption import EndScript, NotApplicable
from wtspec.suite.peer.outlet import Outlet
from wtspec.suite.peer.raw import Raw, plain
from wtspec.suite.quic.events import RESET_STREAM_AT
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Fin,
    Goaway,
    Reaction,
    Reset,
    Signal,
    Silence,
)
from wtspec.suite.wire import varint
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.stream_header import StreamKind


class Stream:
    """One stream of either side. `header` goes out with the first `send`, which may be of b"".

    `received` are the endpoint's bytes behind its header, whatever scripts were told of them;
    `sent_bytes` counts ours.
    """

    def __init__(
        self, outlet: Outlet, stream_id: int, kind: StreamKind, header: bytes | Raw = b""
    ) -> None:
        self.id = stream_id
        self.kind = kind
        self.header = plain(header)
        self.place = f"{kind.value} stream"
        self.received = bytearray()
        self.sent_bytes = 0
        self.inbox = Inbox()
        self.session_id: int | None = None
        self.our_side_ended = False
        self.on_bytes: list[Callable[[Stream], None]] = []
        self._outlet = outlet
        self._owed_header = self.header

    def __repr__(self) -> str:
        return f"<{self.place} {self.id}>"

    @property
    def where(self) -> str:
        """How the timeline calls it."""
        return f"stream {self.id}"

    @property
    def has_ended(self) -> bool:
        """The endpoint's direction is over, by FIN or reset."""
        return any(isinstance(one, Fin | Reset) for one in self.inbox.seen)

    async def send(self, data: bytes | Raw, *, finish: bool = False) -> None:
        """Bytes as they are, behind the header if it is still owed."""
        owed, self._owed_header = self._owed_header, b""
        self.sent_bytes += len(plain(data))
        self._write(owed + plain(data), finish=finish)

    def _write(self, data: bytes, *, finish: bool = False, what: str = "") -> None:
        self.our_side_ended = self.our_side_ended or finish
        self._outlet.send(self.id, data, finish=finish, what=what)

    async def finish(self) -> None:
        """FIN, unless our side has ended."""
        if not self.our_side_ended:
            await self.send(b"", finish=True)

    async def reset(self, code: int, *, reliable_size: int | None = None) -> None:
        """Reset our direction; by default what an honest side does: its header stays reliable.

        0 asks for a plain RESET_STREAM; any other size is NotApplicable where the endpoint takes no
        RESET_STREAM_AT. `ApplicationCode(n)` is the code of an application.
        """
        if reliable_size and not self._outlet.can_reset_at:
            raise NotApplicable("the endpoint does not announce RESET_STREAM_AT")
        if self._owed_header:
            await self.send(b"")
        size = len(self.header) if reliable_size is None else reliable_size
        if reliable_size is None and not self._outlet.can_reset_at:
            size = 0
        self.our_side_ended = True
        self._outlet.reset(self.id, code, size or None)

    async def claim(self, code: int, *, final_size: int, reliable_size: int, why: str) -> None:
        """One RESET_STREAM_AT of these numbers, true or not, in a packet of its own; our side of
        the stream goes on. NotApplicable where the endpoint takes no RESET_STREAM_AT.
        """
        if not self._outlet.can_reset_at:
            raise NotApplicable("the endpoint does not announce RESET_STREAM_AT")
        numbers = (RESET_STREAM_AT, self.id, code, final_size, reliable_size)
        self._outlet.packet(Raw(b"".join(map(varint.encode, numbers)), why))

    async def stop(self, code: int) -> None:
        """STOP_SENDING."""
        self._outlet.stop(self.id, code)

    def hold_credit(self) -> None:
        """No MAX_STREAM_DATA for this stream until `grant`."""
        self._outlet.quic.hold_stream_credit(self.id)

    async def grant(self, maximum: int) -> None:
        """MAX_STREAM_DATA of this total."""
        self._outlet.quic.grant_stream_data(self.id, maximum)
        self._outlet.flush()

    async def read(self, size_bytes: int) -> bytes:
        """At least that many bytes of the endpoint's, all it sent; raises Deadline.

        A stream that ends before ends the script.
        """
        patience = self._outlet.bench.patience

        def enough() -> bytes | None:
            return bytes(self.received) if len(self.received) >= size_bytes else None

        def over() -> bool | None:
            found = enough() is not None or self.has_ended or self._outlet.closed is not None
            return True if found else None

        await self._outlet.bench.bell.until(over, patience.step_s)
        data = enough()
        if data is not None:
            return data
        if self.has_ended or self._outlet.closed is not None:
            raise EndScript(await self.reaction())
        raise self._outlet.bench.overdue(f"{size_bytes} bytes on a {self.place}")

    async def reaction(
        self, *, until: Signal | None = None, within_s: float | None = None
    ) -> Reaction:
        """What was seen here since the last call, up to one round trip after its first signal.

        Bytes alone are waited over; `Silence`, or the bytes, after the step's deadline. `until`:
        what is waited for where signals of an endpoint need not leave in one flight.
        """
        signals = await collect(self._outlet, self.inbox, until=until, within_s=within_s)
        return Reaction(self.place, signals)

    def put(self, signal: Signal) -> None:
        """Something was seen here."""
        self.inbox.put(signal)
        self._outlet.bench.saw(self.place, signal)


class MessageStream(Stream):
    """A stream of HTTP/3 frames: a request, or our control stream.

    `fields`: the request, or the final response, once the endpoint has sent it.
    """

    def __init__(self, outlet: Outlet, stream_id: int, kind: StreamKind, place: str) -> None:
        super().__init__(outlet, stream_id, kind)
        self.place = place
        self.fields: tuple[Field, ...] = ()

    async def send_headers(self, fields: Sequence[Field], *, finish: bool = False) -> None:
        """A HEADERS frame with these fields, however odd they are."""
        shown = ", ".join(f"{name.decode('latin-1')}: {value!r}" for name, value in fields)
        data = readback.frame(FrameType.HEADERS, readback.section(fields))
        self._write(data, finish=finish, what=f"HEADERS {shown}")

    async def send_frames(self, *frames: Frame | Raw, finish: bool = False) -> None:
        """Frames, and Raw bytes between them, in one write."""
        data, shown = b"", []
        for frame in frames:
            if isinstance(frame, Raw):
                data += frame.data
                shown.append(f"Raw({frame.why}) {len(frame)} bytes")
            else:
                data += readback.frame(frame.type, frame.payload)
                shown.append(f"{readback.frame_name(frame.type)} {len(frame.payload)} bytes")
        self._write(data, finish=finish, what=" + ".join(shown))


def is_goaway(signal: Signal) -> bool:
    """GOAWAY closes nothing by itself (RFC 9114 section 7.2.6), and may come before a close."""
    return isinstance(signal, Goaway)


async def collect(
    outlet: Outlet,
    inbox: Inbox,
    passes_over: Callable[[Signal], bool] = lambda _: False,
    *,
    until: Signal | None = None,
    within_s: float | None = None,
) -> tuple[Signal, ...]:
    """Wait for a signal that is not passed over, then for one round trip, and tell everything.

    With `until`: wait for that one, or for each part of Both.
    """
    bench = outlet.bench
    within_s = bench.patience.step_s if within_s is None else within_s
    parts = until.parts if isinstance(until, Both) else () if until is None else (until,)

    def is_there() -> bool:
        if parts:
            return all(inbox.has(part.matches) for part in parts)
        return inbox.has(lambda one: not passes_over(one))

    def news() -> bool | None:
        return True if outlet.closed is not None or is_there() else None

    seen = await bench.bell.until(news, within_s)
    if outlet.closed is None:
        await outlet.barrier(bench.patience.step_s)
    signals = inbox.take(passes_over)
    # An idle timeout is silence, and no more: nobody closed anything.
    if isinstance(outlet.closed, ConnectionClosed) and not (inbox.told_of_close and signals):
        inbox.told_of_close = True
        signals = (*signals, outlet.closed)
    if not seen:
        bench.timeline.note(f"nothing decisive for {within_s:g} s")
    return signals or (Silence(),)
