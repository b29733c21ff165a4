"""A request stream in both roles: frames in, frames out. What they mean is its exchange's."""

from typing import Protocol

from wtspec.implementations.reference.control import pass_over
from wtspec.implementations.reference.errors import ConnectionViolation, RequestViolation
from wtspec.implementations.reference.frame_order import (
    ON_REQUESTS,
    Kind,
    RequestPhase,
    kind_of,
)
from wtspec.implementations.reference.outlet import Outlet
from wtspec.suite.dialect import Side
from wtspec.suite.wire import fields
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.errors import LateSignal, QpackDecompressionFailed, WireError
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import Data, Frame, FrameDecoder, FrameEvent

Fields = tuple[Field, ...]


class Exchange(Protocol):
    """Who gives the frames of a request stream their meaning."""

    def headers(self, section: Fields) -> None: ...
    def body(self, data: bytes) -> None: ...
    def finished(self, *, saw_headers: bool) -> None: ...
    def settle(self) -> None:
        """All that arrived together has been read: now react."""
        ...

    def reset_arrived(self, code: int) -> None: ...
    def stop_arrived(self, code: int) -> None: ...
    def failed(self, code: int) -> None:
        """The peer broke a rule: the stream is to be aborted with this code."""
        ...


class RequestStream:
    """Reads whole chunks before anything is answered, so that no answer hides a violation."""

    def __init__(self, stream_id: int, reader: Side, outlet: Outlet, exchange: Exchange) -> None:
        self.stream_id = stream_id
        self.exchange = exchange
        self.outlet = outlet
        self.peer_ended = False
        self.we_ended = False
        self._reader = reader
        self._phase = RequestPhase.NOTHING
        self._decoder = FrameDecoder(outlet.rules.requests.max_frame_bytes())
        self._section_decoder = fields.FieldDecoder()

    # In.

    def data(self, data: bytes, finished: bool) -> None:
        if self.peer_ended:
            return
        self.peer_ended = finished
        try:
            for event in self._events(self.outlet.rules.requests.taken(data)):
                self._frame(event)
            self._check_end(len(data), finished)
            if finished:
                self.exchange.finished(saw_headers=self._phase is not RequestPhase.NOTHING)
        except RequestViolation as violation:
            self.exchange.failed(violation.code)
            self.outlet.life.error_signalled(self.outlet.rules)
            return
        except WireError as error:
            raise ConnectionViolation(error.code, str(error)) from error
        self.exchange.settle()

    def reset_arrived(self, code: int, final_size: int) -> None:
        del final_size
        if not self.peer_ended:
            self.peer_ended = True
            if self.outlet.rules.requests.minds_reset_inside_headers():
                self._decoder.finish()
            self.exchange.reset_arrived(code)

    def stopped(self, code: int) -> None:
        self.we_ended = True
        self.exchange.stop_arrived(code)

    def _check_end(self, size_bytes: int, finished: bool) -> None:
        """FIN inside a frame."""
        rules = self.outlet.rules.requests
        before_headers = self._phase is RequestPhase.NOTHING
        if finished and (rules.minds_cut_headers() if before_headers else rules.minds_cut_frame()):
            self._decoder.finish()
        if not finished and before_headers and not rules.may_wait_behind(size_bytes):
            self._decoder.finish()

    def _events(self, data: bytes) -> list[FrameEvent]:
        try:
            return self._decoder.feed(data)
        except WireError as error:
            for event in error.before:
                if isinstance(event, Data | Frame):
                    self._frame(event)
            rules = self.outlet.rules
            ignored = isinstance(error, LateSignal) and not rules.streams.minds_late_signal()
            if ignored or not rules.requests.minds_frame_error(error.code):
                return []
            raise

    def _frame(self, event: FrameEvent) -> None:
        kind = kind_of(event)
        step = ON_REQUESTS[self._reader][self._phase, kind]
        if isinstance(step, H3):
            if self.outlet.rules.requests.minds_frame(kind.name, step):
                raise ConnectionViolation(step, f"{kind.name} on request stream {self.stream_id}")
            return
        self._check_place(kind)
        self._phase = step
        match event:
            case Data(payload):
                self.exchange.body(payload)
            case Frame(_, payload) if kind is Kind.HEADERS:
                self._headers(payload)
            case Frame(_, payload) if self.outlet.rules.requests.reserved_frames_are_data():
                self.exchange.body(payload)
            case _:
                pass_over(event, self.outlet.rules.requests)

    def _check_place(self, kind: Kind) -> None:
        is_first = kind is Kind.UNKNOWN and self._phase is RequestPhase.NOTHING
        if is_first and not self.outlet.rules.requests.frames_may_precede_headers():
            raise ConnectionViolation(H3.FRAME_UNEXPECTED, "an unknown frame before HEADERS")

    def _headers(self, encoded: bytes) -> None:
        rules = self.outlet.rules.requests
        if rules.overlooks_section(len(encoded)):
            return
        try:
            section = self._section_decoder.decode(rules.encoded_section(encoded))
        except QpackDecompressionFailed as error:
            if rules.undecodable_costs_connection():
                raise
            raise RequestViolation(rules.undecodable_code(error.code), str(error)) from error
        self.exchange.headers(rules.read_section(section))

    # Out.

    def send_headers(self, section: Fields, *, finish: bool = False) -> None:
        section = self.outlet.rules.requests.section(section)
        frame = self.outlet.rules.requests.headers_frame(fields.encode(section))
        self._send(frame, finish=finish)

    def send_data(self, payload: bytes, *, finish: bool = False) -> None:
        self._send(self.outlet.rules.capsules.data_frames(payload), finish=finish)

    def finish(self) -> None:
        self._send(b"", finish=True)

    def abort(self, code: int) -> None:
        """Reset our half and ask the peer to stop its own."""
        self.we_ended = True
        self.outlet.reset(self.stream_id, code)
        if not self.peer_ended:
            self.outlet.stop(self.stream_id, code)

    def stop(self, code: int) -> None:
        if not self.peer_ended:
            self.outlet.stop(self.stream_id, code)

    def _send(self, data: bytes, *, finish: bool) -> None:
        if not self.we_ended:
            self.we_ended = finish
            self.outlet.send(self.stream_id, data, finish=finish)
