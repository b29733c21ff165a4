"""The control stream and the QPACK streams of a connection, both ways (RFC 9114 section 6.2.1)."""

from typing import Protocol

from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.frame_order import (
    ON_CONTROL,
    ControlPhase,
    Kind,
    kind_of,
)
from wtspec.implementations.reference.outlet import Outlet
from wtspec.suite.dialect import Side
from wtspec.suite.wire import frames, settings, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.errors import LateSignal, WireError
from wtspec.suite.wire.frames import Data, Frame, FrameDecoder, FrameEvent, FrameType, Skipped
from wtspec.suite.wire.stream_header import StreamKind, StreamType


class ControlListener(Protocol):
    """The connection, as the peer's control stream uses it."""

    def settings_arrived(self, pairs: tuple[tuple[int, int], ...]) -> None: ...
    def goaway_arrived(self, identifier: int) -> None: ...


class CriticalSink:
    """Our own critical streams, as the peer can act on them: it may not end them."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def data(self, data: bytes, finished: bool) -> None:
        """Nothing can arrive on a stream that only we send on."""

    def reset_arrived(self, code: int, final_size: int) -> None:
        """Likewise."""

    def stopped(self, code: int) -> None:
        del code
        if self._outlet.rules.control.minds_closed_critical("ours", "stop"):
            raise ConnectionViolation(H3.CLOSED_CRITICAL_STREAM, "our critical stream was stopped")


class ControlSender:
    """Our control stream; it and the QPACK streams are opened together."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self.stream_id = -1

    def start(self, pairs: tuple[tuple[int, int], ...]) -> list[int]:
        """Open our critical streams; their IDs. SETTINGS come first, and once."""
        rules = self._outlet.rules.control
        self.stream_id = self._outlet.open_stream(StreamKind.UNI)
        first = varint.encode(StreamType.CONTROL)
        self._outlet.send(self.stream_id, first + rules.first_frames(settings.encode(pairs)))
        opened = [self.stream_id]
        for stream_type in (StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER):
            if rules.opens_qpack_streams():
                stream_id = self._outlet.open_stream(StreamKind.UNI)
                content = varint.encode(stream_type) + rules.qpack_instructions(stream_type.name)
                self._outlet.send(stream_id, content, finish=rules.finishes_qpack_streams())
                opened.append(stream_id)
        for content in rules.extra_streams():
            self._outlet.send(self._outlet.open_stream(StreamKind.UNI), content, finish=True)
        return opened

    def goaway(self, identifier: int) -> None:
        self._outlet.send(
            self.stream_id, frames.encode(FrameType.GOAWAY, varint.encode(identifier))
        )


class ControlReader:
    """The peer's control stream."""

    def __init__(self, reader: Side, outlet: Outlet, listener: ControlListener) -> None:
        self._reader = reader
        self._outlet = outlet
        self._rules = outlet.rules.control
        self._listener = listener
        self._phase = ControlPhase.NOTHING
        self._decoder = FrameDecoder()
        self._goaway: int | None = None
        self._max_push_id = -1

    def data(self, data: bytes, finished: bool) -> None:
        for event in self._events(self._rules.taken(data)):
            self._frame(event)
        is_early = self._phase is ControlPhase.NOTHING
        if is_early and not self._rules.waits_for_rest(is_early):
            raise ConnectionViolation(H3.MISSING_SETTINGS, "SETTINGS are not complete")
        if not is_early and not self._rules.waits_for_rest(is_early):
            self._decoder.finish()
        if finished and self._rules.minds_closed_critical("control", "FIN"):
            raise ConnectionViolation(self._code_at_end(), "FIN on the control stream")

    def _code_at_end(self) -> int:
        code = H3.CLOSED_CRITICAL_STREAM
        try:
            self._decoder.finish()
        except WireError:
            return self._rules.cut_code(code)
        return code

    def reset_arrived(self, code: int, final_size: int) -> None:
        del code, final_size
        if self._rules.minds_closed_critical("control", "reset"):
            raise ConnectionViolation(H3.CLOSED_CRITICAL_STREAM, "reset of the control stream")

    def stopped(self, code: int) -> None:
        """Not ours to send on."""

    def _events(self, data: bytes) -> list[FrameEvent]:
        try:
            return self._decoder.feed(data)
        except WireError as error:
            for event in error.before:
                if isinstance(event, Data | Frame | Skipped):
                    self._frame(event)
            rules = self._outlet.rules.streams
            if isinstance(error, LateSignal) and not rules.minds_late_signal():
                return []
            if self._phase is ControlPhase.NOTHING:
                # Whatever stands there, it stands before SETTINGS.
                raise ConnectionViolation(H3.MISSING_SETTINGS, str(error)) from error
            raise ConnectionViolation(error.code, str(error)) from error

    def _frame(self, event: FrameEvent) -> None:
        kind = kind_of(event)
        step = ON_CONTROL[self._reader][self._phase, kind]
        if isinstance(step, H3):
            if self._rules.minds_frame(kind.name, step):
                raise ConnectionViolation(step, f"{kind.name} on the control stream")
            return
        self._phase = step
        if kind is Kind.UNKNOWN:
            pass_over(event, self._rules)
        elif isinstance(event, Frame):
            self._meaning(kind, event)

    def _meaning(self, kind: Kind, frame: Frame) -> None:
        match kind:
            case Kind.SETTINGS:
                self._settings(frame.payload)
            case Kind.GOAWAY:
                self._go_away(self._number(frame))
            case Kind.CANCEL_PUSH:
                # We promise nothing, and allow no promise: any Push ID is out of range.
                self._id_error("CANCEL_PUSH", self._number(frame))
            case Kind.MAX_PUSH_ID:
                self._allow_pushes(self._number(frame))
            case Kind.PRIORITY_UPDATE:
                self._priority(frame)
            case _:
                pass

    def _settings(self, payload: bytes) -> None:
        pairs = tuple(self._rules.settings_in(payload))
        for number, _ in pairs:
            code = self._rules.code_for_unknown_setting(number)
            if number not in set(settings.Setting) and code is not None:
                raise ConnectionViolation(code, f"setting {number:#x} is unknown")
        self._listener.settings_arrived(pairs)

    def _go_away(self, identifier: int) -> None:
        """A client reads a request stream's ID, a server a Push ID; neither may ever grow."""
        identifier = self._rules.goaway_read(identifier)
        is_request = self._reader is Side.SERVER or identifier % 4 == 0
        if not is_request or (self._goaway is not None and identifier > self._goaway):
            self._id_error("GOAWAY", identifier)
        if self._goaway is not None and self._rules.minds_second_goaway():
            raise ConnectionViolation(H3.ID_ERROR, "a second GOAWAY")
        self._goaway = identifier
        self._listener.goaway_arrived(identifier)

    def _allow_pushes(self, identifier: int) -> None:
        identifier = self._rules.max_push_id_read(identifier)
        if identifier < self._max_push_id:
            self._id_error("MAX_PUSH_ID", identifier)
        self._max_push_id = identifier

    def _priority(self, frame: Frame) -> None:
        """RFC 9218 section 7.2: the value is a hint, the element must be one."""
        if self._rules.minds_priorities():
            raise ConnectionViolation(H3.FRAME_UNEXPECTED, "PRIORITY_UPDATE")
        element = varint.decode(frame.payload)
        if element is None:
            if not self._rules.minds_frame_payload(Kind.PRIORITY_UPDATE.name):
                return
            raise ConnectionViolation(H3.FRAME_ERROR, "PRIORITY_UPDATE without an element")
        pushes = frame.type == FrameType.PRIORITY_UPDATE_PUSH
        if pushes or element[0] % 4:
            self._id_error("PRIORITY_UPDATE", element[0])

    def _id_error(self, what: str, identifier: int) -> None:
        if self._rules.minds_id(what, identifier):
            raise ConnectionViolation(H3.ID_ERROR, f"{what} of {identifier}")

    def _number(self, frame: Frame) -> int:
        """A payload that is one varint and nothing else."""
        read = varint.decode(frame.payload)
        is_exact = read is not None and read[1] == len(frame.payload)
        if not is_exact and self._rules.minds_frame_payload(kind_of(frame).name):
            raise ConnectionViolation(H3.FRAME_ERROR, f"payload of frame {frame.type:#x}")
        return 0 if read is None else read[0]


class PassesOver(Protocol):
    """Both kinds of streams that have frames decide on unknown ones in the same way."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None: ...


def pass_over(event: FrameEvent, rules: PassesOver) -> None:
    """A frame without a meaning, whole or too large to keep."""
    if isinstance(event, Data):
        return
    size_bytes = event.size_bytes if isinstance(event, Skipped) else len(event.payload)
    code = rules.code_for_unknown_frame(event.type, size_bytes)
    if code is not None:
        raise ConnectionViolation(code, f"frame {event.type:#x} is unknown")
