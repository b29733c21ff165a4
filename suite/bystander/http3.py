"""HTTP/3 as a bystander reads it: both sides' streams to observations."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from wtspec.suite.bystander.observed import (
    BodyRead,
    CapsuleRead,
    CriticalBegun,
    DatagramRead,
    DataRead,
    DataStreamBegun,
    Finished,
    FrameRead,
    Observed,
    Place,
    SectionRead,
    SettingsRead,
    Unreadable,
    What,
)
from wtspec.suite.bystander.sections import Sections, Unknown
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive import events
from wtspec.suite.quic.passive.events import Seen, Undecided
from wtspec.suite.wire import datagram, settings, stream_header, varint
from wtspec.suite.wire.capsule import CapsuleDecoder
from wtspec.suite.wire.errors import ExcessiveLoad, FrameError, WireError
from wtspec.suite.wire.frames import Data, Frame, FrameDecoder, FrameEvent, FrameType, Skipped
from wtspec.suite.wire.stream_header import BIDI_SIGNAL, StreamKind, StreamType

_HELD_BYTES = 1 << 16
_CRITICAL = {StreamType.CONTROL, StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER}
_TOKENS = (b"webtransport", b"webtransport-h3")

Said: TypeAlias = tuple[int | None, What]
"""What was said, and on which stream."""


@dataclass(slots=True)
class _Flow:
    """One side of one stream. `kind` is what its beginning showed; None: not yet."""

    stream_id: int
    kind: str | None = None
    head: bytes = b""
    frames: FrameDecoder = field(default_factory=FrameDecoder)
    capsules: CapsuleDecoder = field(default_factory=CapsuleDecoder)
    sections: int = 0
    frames_read: int = 0
    is_over: bool = False
    ticket: int | None = None
    held: list[FrameEvent] = field(default_factory=list)
    held_bytes: int = 0


class Http3Reader:
    """One connection; `take` never raises for what it reads."""

    def __init__(self) -> None:
        self._flows: dict[tuple[Side, int], _Flow] = {}
        self._begun: set[tuple[Side, int]] = set()
        self._data_streams: set[int] = set()
        self._connects: set[int] = set()
        self._accepted: set[int] = set()
        self._sections = {side: Sections() for side in Side}

    def take(self, seen: Seen) -> Iterator[Observed]:
        side = Side(seen.sender)
        for stream_id, what in self._read(side, seen.what):
            yield Observed(seen.time_s, seen.connection, side, seen.number, stream_id, what)

    def _read(self, side: Side, what: events.What) -> Iterator[Said]:
        match what:
            case events.StreamBytes(stream_id, data, finished):
                if (flow := self._flows.get((side, stream_id))) is None:
                    flow = self._flows[side, stream_id] = _Flow(stream_id)
                yield from self._guarded(side, flow, data, finished)
            case events.StreamReset(stream_id) | events.StopSending(stream_id):
                yield stream_id, what
            case events.Datagram(data):
                try:
                    yield None, DatagramRead(*datagram.decode(data))
                except WireError as why:
                    yield None, Unreadable("datagram", why)
            case _:
                yield None, what

    def _guarded(self, side: Side, flow: _Flow, data: bytes, finished: bool) -> Iterator[Said]:
        if not flow.is_over:
            try:
                yield from self._feed(side, flow, data)
                if finished:
                    self._check_end(flow)
            except ExcessiveLoad as why:  # our own bound, which no draft knows
                flow.is_over = True
                yield flow.stream_id, Undecided(str(why))
            except WireError as why:
                flow.is_over = True
                yield flow.stream_id, Unreadable(_place(flow), why)
        if finished:
            yield flow.stream_id, Finished()

    def _feed(self, side: Side, flow: _Flow, data: bytes) -> Iterator[Said]:
        if flow.kind is None:
            flow.head += data
            data = b""
            yield from _on(flow, self._begin(side, flow))
            if flow.kind is not None:
                data, flow.head = flow.head, b""
        match flow.kind:
            case "data" if data:
                yield flow.stream_id, DataRead(data)
            case "control" | "request":
                yield from _on(flow, self._frames(side, flow, data))
            case "encoder":
                yield from self._unblock(side, data)
            case _:
                pass

    def _begin(self, side: Side, flow: _Flow) -> Iterator[What]:
        """Find out what the stream is, and take what says so from its head."""
        is_uni = bool(flow.stream_id & 2)
        is_own = (flow.stream_id & 1 == 1) == (side is Side.SERVER)
        if not is_own:
            flow.kind = "data" if flow.stream_id in self._data_streams else "request"
            return
        first = varint.decode(flow.head)
        if first is None:
            return
        if first[0] == (StreamType.WEBTRANSPORT if is_uni else BIDI_SIGNAL):
            kind = StreamKind.UNI if is_uni else StreamKind.BIDI
            found = stream_header.header(kind, flow.head)
            if found is not None:
                flow.kind, flow.head = "data", flow.head[found[1] :]
                self._data_streams.add(flow.stream_id)
                yield DataStreamBegun(kind, found[0].session_id, found[1])
            return
        if not is_uni:
            flow.kind = "request" if side is Side.CLIENT else "unknown"
            return
        flow.head = flow.head[first[1] :]
        flow.kind = _UNI_KINDS.get(first[0], "unknown")
        if first[0] in _CRITICAL:
            is_second = (side, first[0]) in self._begun
            self._begun.add((side, first[0]))
            yield CriticalBegun(StreamType(first[0]), is_second)
            if is_second:
                flow.kind = "unknown"

    def _frames(self, side: Side, flow: _Flow, data: bytes) -> Iterator[What]:
        try:
            found = flow.frames.feed(data)
        except WireError as why:
            for item in why.before:
                assert isinstance(item, Frame | Data | Skipped)
                yield from self._frame(side, flow, item)
            raise
        for one in found:
            yield from self._frame(side, flow, one)

    def _frame(self, side: Side, flow: _Flow, item: FrameEvent) -> Iterator[What]:
        if flow.ticket is not None:
            # Behind a section that waits for the dynamic table.
            flow.held.append(item)
            flow.held_bytes += 0 if isinstance(item, Skipped) else len(item.payload)
            if flow.held_bytes > _HELD_BYTES:
                flow.is_over = True
                yield Undecided("frames behind a field section that was never readable")
            return
        is_first = not flow.frames_read
        flow.frames_read += 1
        match item:
            case Data(payload):
                yield BodyRead(_place(flow), len(payload), not flow.sections)
                if flow.kind == "request" and self._carries_capsules(side, flow):
                    for received in flow.capsules.feed(payload):
                        yield CapsuleRead(received)
            case Skipped(kind):
                yield FrameRead(_place(flow), kind, b"", is_first)
            case Frame(kind, payload):
                yield FrameRead(_place(flow), kind, payload, is_first)
                if flow.kind == "control" and kind == FrameType.SETTINGS:
                    yield self._settings(side, payload)
                if flow.kind == "request" and kind == FrameType.HEADERS:
                    yield from self._section(side, flow, payload)

    def _carries_capsules(self, side: Side, flow: _Flow) -> bool:
        is_open = side is Side.CLIENT or flow.stream_id in self._accepted
        return is_open and flow.stream_id in self._connects

    def _settings(self, side: Side, payload: bytes) -> SettingsRead:
        try:
            pairs = settings.pairs(payload)
        except FrameError:
            return SettingsRead(None)
        self._sections[side.other].allow(dict(pairs))
        return SettingsRead(pairs)

    def _section(self, side: Side, flow: _Flow, payload: bytes) -> Iterator[What]:
        read = self._sections[side].read(flow, payload)
        if isinstance(read, Unknown):
            flow.is_over = True
            yield Undecided(read.why)
        elif isinstance(read, int):
            flow.ticket = read
        else:
            yield self._heads(side, flow, SectionRead(read, flow.sections))

    def _heads(self, side: Side, flow: _Flow, section: SectionRead) -> SectionRead:
        flow.sections += 1
        if side is Side.CLIENT and section.value(b":protocol") in _TOKENS:
            self._connects.add(flow.stream_id)
        if side is Side.SERVER and (section.value(b":status") or b"").startswith(b"2"):
            self._accepted.add(flow.stream_id)
        return section

    def _unblock(self, side: Side, data: bytes) -> Iterator[Said]:
        for flow, fields in self._sections[side].feed_encoder(data):
            assert isinstance(flow, _Flow)
            flow.ticket = None
            held, flow.held, flow.held_bytes = flow.held, [], 0
            yield flow.stream_id, self._heads(side, flow, SectionRead(fields, flow.sections))
            for item in held:
                yield from _on(flow, self._frame(side, flow, item))

    def _check_end(self, flow: _Flow) -> None:
        if flow.kind in {"control", "request"}:
            flow.frames.finish()
        if flow.kind == "request" and flow.stream_id in self._connects:
            flow.capsules.finish()


_UNI_KINDS = {
    int(StreamType.CONTROL): "control",
    int(StreamType.QPACK_ENCODER): "encoder",
}


def _on(flow: _Flow, said: Iterator[What]) -> Iterator[Said]:
    for what in said:
        yield flow.stream_id, what


def _place(flow: _Flow) -> Place:
    match flow.kind:
        case "control":
            return "control"
        case "encoder":
            return "encoder"
        case "data":
            return "data"
        case _:
            return "request"
