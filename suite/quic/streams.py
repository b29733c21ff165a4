"""The library's stream objects, made to keep a promise: RESET_STREAM_AT, and a stable order.

The library builds its own `QuicStream` objects and puts them into one table. `StreamTable` stands
in for that table and gives each new object, and its two halves, the classes below.
"""

from collections.abc import Callable
from typing import cast

from aioquic.quic.events import StreamDataReceived
from aioquic.quic.events import StreamReset as LibraryReset
from aioquic.quic.packet import QuicErrorCode, QuicStreamFrame
from aioquic.quic.packet_builder import QuicDeliveryState
from aioquic.quic.stream import (
    FinalSizeError,
    QuicStream,
    QuicStreamReceiver,
    QuicStreamSender,
)

from wtspec.suite.quic.events import RESET_STREAM


class Sender(QuicStreamSender):
    """Sends what lies below the Reliable Size until it is acknowledged, and nothing above it.

    draft-ietf-quic-reliable-stream-reset section 4. The library itself calls `reset` only when a
    STOP_SENDING arrives; our own reset is `abort`, so that the owner may choose the answer.
    """

    reliable_size: int | None = None
    reset_code = 0
    stopped_code: int | None = None
    stop_is_reported = False
    _reset_acknowledged = False

    @property
    def written(self) -> int:
        return self._buffer_stop

    @property
    def unsent(self) -> int:
        """Bytes that were written and have never been in a packet."""
        return self._buffer_stop - self.highest_offset

    @property
    def ends(self) -> bool:
        """FIN written, or reset: nothing more may be written."""
        return self.is_reset or self._buffer_fin is not None

    @property
    def is_reset(self) -> bool:
        return self._reset_error_code is not None or self.reliable_size is not None

    def reset(self, error_code: int) -> None:
        """Note the STOP_SENDING."""
        if self.stopped_code is None:
            self.stopped_code = error_code

    def abort(self, code: int) -> None:
        """RESET_STREAM; without effect on a sender that was reset before."""
        if not self.is_reset:
            super().reset(code)

    def abort_at(self, code: int, reliable_size: int) -> None:
        """RESET_STREAM_AT; once more with a smaller size shrinks the promise."""
        if self.is_finished or self._reset_error_code is not None:
            return
        self.reset_code = code
        self.reliable_size = reliable_size
        if self._buffer_stop > reliable_size:
            self._pending.subtract(reliable_size, self._buffer_stop)
        self._pending_eof = False
        self._buffer_fin = None
        self.buffer_is_empty = len(self._pending) == 0
        self.reset_pending = True

    def get_reliable_reset_frame(self) -> tuple[int, int, int]:
        """Code, Final Size and Reliable Size; all that is reliable must have been sent once."""
        assert self.reliable_size is not None
        self.reset_pending = False
        return self.reset_code, self.highest_offset, self.reliable_size

    def on_data_delivery(
        self, delivery: QuicDeliveryState, start: int, stop: int, fin: bool
    ) -> None:
        if self.reliable_size is None:
            super().on_data_delivery(delivery, start, stop, fin)
            return
        if delivery == QuicDeliveryState.LOST:
            stop = min(stop, self.reliable_size)
        if delivery == QuicDeliveryState.ACKED or stop > start:
            # A FIN that was sent before the reset is never repeated: the reset carries the size.
            super().on_data_delivery(delivery, start, stop, fin=False)
        self._finish_if_delivered()

    def on_reliable_reset_delivery(self, delivery: QuicDeliveryState, reliable_size: int) -> None:
        if reliable_size != self.reliable_size:
            return  # an older, larger promise; the newer frame is on its way
        if delivery == QuicDeliveryState.ACKED:
            self._reset_acknowledged = True
            self._finish_if_delivered()
        else:
            self.reset_pending = True

    def _finish_if_delivered(self) -> None:
        assert self.reliable_size is not None
        if self._reset_acknowledged and self._buffer_start >= self.reliable_size:
            self.is_finished = True


class Receiver(QuicStreamReceiver):
    """Delivers up to the Reliable Size before it lets a reset end the stream (section 5)."""

    announced_by = RESET_STREAM
    reliable_size = 0
    announced: LibraryReset | None = None

    @property
    def final_size(self) -> int | None:
        return self._final_size

    def expect_reset(self, frame_type: int, reliable_size: int) -> bool:
        """Prepare for the reset that is handled next; False when it promises no less than before.

        A promise may only shrink, a later frame that promises more is a reordered older one.
        """
        is_repeat = self.announced is not None and reliable_size >= self.reliable_size
        if self.is_finished or is_repeat:
            return False
        self.announced_by = frame_type
        self.reliable_size = reliable_size
        return True

    def handle_reset(
        self, *, final_size: int, error_code: int = QuicErrorCode.NO_ERROR
    ) -> LibraryReset | None:
        event = super().handle_reset(final_size=final_size, error_code=error_code)
        if event is None or self._buffer_start >= self.reliable_size:
            self.announced = None
            return event
        self.is_finished = False
        self.announced = event
        return None

    def handle_frame(self, frame: QuicStreamFrame) -> StreamDataReceived | None:
        if self.announced is None:
            return super().handle_frame(frame)
        final_size = cast(int, self._final_size)
        end = frame.offset + len(frame.data)
        if end > final_size or (frame.fin and end != final_size):
            raise FinalSizeError("Data received beyond final size")
        # The size is known, but reaching it is no FIN: the library must not end the stream here.
        frame.fin, self._final_size = False, None
        try:
            event = super().handle_frame(frame)
        finally:
            self._final_size = final_size
        self.is_finished = self.is_finished or self._buffer_start >= self.reliable_size
        return event

    def take_completed(self) -> LibraryReset | None:
        """The announced reset, once, as soon as all that is reliable was delivered."""
        if self.announced is None or not self.is_finished:
            return None
        event, self.announced = self.announced, None
        return event


class Stream(QuicStream):
    """Hashed by its id: the library serves streams in the order of a set, which is else that of
    their addresses in memory and differs in every run.
    """

    sender: Sender
    receiver: Receiver

    @property
    def id(self) -> int:
        return cast(int, self.stream_id)

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return self is other


class StreamTable(dict[int, QuicStream]):
    """The library's table of streams whose state it still keeps."""

    def __init__(self, on_discard: Callable[[Stream], None]) -> None:
        super().__init__()
        self._on_discard = on_discard

    def __setitem__(self, stream_id: int, stream: QuicStream) -> None:
        stream.__class__ = Stream
        stream.sender.__class__ = Sender
        stream.receiver.__class__ = Receiver
        super().__setitem__(stream_id, stream)

    def pop(self, stream_id: int, *_: object) -> QuicStream:
        stream = self.of(stream_id)
        del self[stream_id]
        self._on_discard(stream)
        return stream

    def of(self, stream_id: int) -> Stream:
        return cast(Stream, self[stream_id])

    def find(self, stream_id: int) -> Stream | None:
        return cast("Stream | None", self.get(stream_id))
