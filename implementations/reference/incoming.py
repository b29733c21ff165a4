"""Streams that the peer opened, until their first bytes say what they are."""

from typing import Protocol

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.outlet import Outlet
from wtspec.suite.dialect import Side, SignalPosition
from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import HTTP2_TYPES, FrameType
from wtspec.suite.wire.stream_header import (
    BIDI_SIGNAL,
    UNI_TYPE,
    StreamHeader,
    StreamKind,
)

_KNOWN_FRAMES = frozenset(FrameType) | HTTP2_TYPES


class Sink(Protocol):
    """Whatever takes the events of one stream."""

    def data(self, data: bytes, finished: bool) -> None: ...
    def reset_arrived(self, code: int, final_size: int) -> None: ...
    def stopped(self, code: int) -> None: ...


class Discard:
    """A stream that means nothing to us: read and dropped."""

    def data(self, data: bytes, finished: bool) -> None:
        pass

    def reset_arrived(self, code: int, final_size: int) -> None:
        pass

    def stopped(self, code: int) -> None:
        pass


class Unknown:
    """A unidirectional stream of unknown type: dropped too, whatever becomes of it."""

    def __init__(self, rules: ControlRules) -> None:
        self._rules = rules

    def data(self, data: bytes, finished: bool) -> None:
        pass

    def reset_arrived(self, code: int, final_size: int) -> None:
        del final_size
        if self._rules.minds_unknown_reset():
            raise ConnectionViolation(H3.CLOSED_CRITICAL_STREAM, f"a reset with {code:#x}")

    def stopped(self, code: int) -> None:
        pass


class Sorter(Protocol):
    """The connection, as an undecided stream uses it: each call says what the stream is."""

    @property
    def outlet(self) -> Outlet: ...
    @property
    def side(self) -> Side: ...
    @property
    def signal_position(self) -> SignalPosition: ...
    def uni_stream(self, stream_id: int, stream_type: int) -> Sink: ...
    def request_stream(self, stream_id: int) -> Sink: ...
    def data_stream(self, stream_id: int, header: StreamHeader, header_bytes: int) -> Sink: ...
    def replace(self, stream_id: int, sink: Sink) -> None: ...


def _incomplete(sorter: Sorter, stream_id: int, finished: bool) -> None:
    """The header is not whole, and no more will come if the stream has `finished`."""
    rules = sorter.outlet.rules.streams
    code = rules.cut_header_code()
    if finished and code is not None:
        raise ConnectionViolation(code, f"stream {stream_id} ends inside its header")
    if not finished and not rules.waits_for_header():
        sorter.replace(stream_id, Discard())


class IncomingUni:
    """A unidirectional stream before its type, and its Session ID, are complete."""

    def __init__(self, stream_id: int, sorter: Sorter) -> None:
        self.stream_id = stream_id
        self._sorter = sorter
        self._buffer = b""

    def data(self, data: bytes, finished: bool) -> None:
        self._buffer += data
        first = varint.decode(self._buffer)
        if first is None:
            # RFC 9114 section 6.2: a stream may end before its type is complete.
            _incomplete(self._sorter, self.stream_id, finished)
            return
        if first[0] != UNI_TYPE:
            self._check_type(*first)
            sink, offset = self._sorter.uni_stream(self.stream_id, first[0]), first[1]
        else:
            found = stream_header.header(StreamKind.UNI, self._buffer)
            if found is None:
                _incomplete(self._sorter, self.stream_id, finished)
                return
            sink, offset = self._sorter.data_stream(self.stream_id, *found), found[1]
        self._sorter.replace(self.stream_id, sink)
        sink.data(self._buffer[offset:], finished)

    def _check_type(self, stream_type: int, size_bytes: int) -> None:
        if size_bytes > len(varint.encode(stream_type)):
            rules = self._sorter.outlet.rules.control
            code = rules.code_for_long_type(stream_type, size_bytes)
            if code is not None:
                raise ConnectionViolation(code, f"stream type {stream_type} in {size_bytes} bytes")

    def reset_arrived(self, code: int, final_size: int) -> None:
        """Without a header nobody is concerned."""
        del code, final_size
        _incomplete(self._sorter, self.stream_id, True)

    def stopped(self, code: int) -> None:
        """Not ours to send on."""


class IncomingBidi:
    """A bidirectional stream before it is known to be a request or a data stream."""

    def __init__(self, stream_id: int, sorter: Sorter) -> None:
        self.stream_id = stream_id
        self._sorter = sorter
        self._buffer = b""
        self._skipped = b""

    def data(self, data: bytes, finished: bool) -> None:
        self._buffer += data
        self._skip_frames()
        first = varint.decode(self._buffer)
        if first is None:
            _incomplete(self._sorter, self.stream_id, finished)
            if finished:
                self._cut_short()
            return
        if first[0] != BIDI_SIGNAL:
            if not self._may_still_be_signal(first[0]):
                # A request stream has rules of its own for what precedes HEADERS.
                self._buffer = self._skipped + self._buffer
                self._hand_over(self._not_a_data_stream(), 0, finished)
            return
        found = stream_header.header(StreamKind.BIDI, self._buffer)
        if found is not None:
            header, size = found
            sink = self._sorter.data_stream(self.stream_id, header, size + len(self._skipped))
            self._hand_over(sink, size, finished)
        else:
            _incomplete(self._sorter, self.stream_id, finished)
            if finished:
                self._refuse_incomplete()

    def reset_arrived(self, code: int, final_size: int) -> None:
        """Nothing was asked for; our half is of no use to anybody."""
        del code, final_size
        _incomplete(self._sorter, self.stream_id, True)
        self._sorter.outlet.reset(self.stream_id, H3.REQUEST_CANCELLED)

    def stopped(self, code: int) -> None:
        """The engine resets our half; the rest comes or not."""

    def _hand_over(self, sink: Sink, offset: int, finished: bool) -> None:
        self._sorter.replace(self.stream_id, sink)
        sink.data(self._buffer[offset:], finished)

    def _cut_short(self) -> None:
        if self._sorter.side is Side.SERVER:
            self._hand_over(self._sorter.request_stream(self.stream_id), 0, True)
        else:
            self._refuse_incomplete()

    def _refuse_incomplete(self) -> None:
        outlet = self._sorter.outlet
        outlet.reset(self.stream_id, H3.REQUEST_INCOMPLETE)
        outlet.life.error_signalled(outlet.rules)

    def _not_a_data_stream(self) -> Sink:
        if self._sorter.side is Side.SERVER:
            return self._sorter.request_stream(self.stream_id)
        # No request comes from a server, and only WebTransport gives it bidirectional streams.
        code = self._sorter.outlet.rules.streams.code_for_unsignalled(H3.STREAM_CREATION_ERROR)
        if code is not None:
            raise ConnectionViolation(code, f"stream {self.stream_id} of the server: no signal")
        return Discard()

    def _may_still_be_signal(self, frame_type: int) -> bool:
        """Until draft 04 the signal was a frame that others may precede: wait for those."""
        return (
            self._sorter.outlet.rules.streams.frames_before_signal()
            and self._sorter.signal_position is SignalPosition.ANY_FRAME
            and frame_type not in _KNOWN_FRAMES
        )

    def _skip_frames(self) -> None:
        while (first := varint.decode(self._buffer)) and self._may_still_be_signal(first[0]):
            length = varint.decode(self._buffer, first[1])
            if length is None or len(self._buffer) < length[0] + length[1]:
                return
            end = length[0] + length[1]
            self._skipped, self._buffer = self._skipped + self._buffer[:end], self._buffer[end:]
