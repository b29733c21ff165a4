"""What we allow the peer to send: windows that grow, windows that are held, and what is granted.

RFC 9000 section 4. A held or fixed limit moves only when it is granted; a grant is written at the
next flush and repeated by the library when its packet is lost.
"""

from collections.abc import Callable

from aioquic.buffer import UINT_VAR_MAX, UINT_VAR_MAX_SIZE
from aioquic.quic.connection import Limit
from aioquic.quic.packet import QuicFrameType
from aioquic.quic.packet_builder import QuicPacketBuilder

from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.streams import Stream

_CONNECTION_FRAME_CAPACITY = 1 + UINT_VAR_MAX_SIZE
_STREAM_FRAME_CAPACITY = 1 + 2 * UINT_VAR_MAX_SIZE


class Credit:
    """The limits of one connection. `data`, `bidi` and `uni` are the library's own objects."""

    def __init__(self, options: QuicOptions, data: Limit, bidi: Limit, uni: Limit) -> None:
        self._holds_data = options.fixed_windows
        self._held_streams: set[int] = set()
        self._fixed_stream_windows = options.fixed_windows
        self._holds_streams = not options.grants_streams
        self._data = data
        self._streams = {"bidi": bidi, "uni": uni}
        bidi.value = bidi.sent = options.max_streams_bidi
        uni.value = uni.sent = options.max_streams_uni
        self._pinned = {limit.name: limit.value for limit in (bidi, uni)}
        self._owed = dict.fromkeys(self._pinned, 0)
        self._granted: set[str] = set()

    def hold_data(self, hold: bool) -> None:
        self._holds_data = hold

    def hold_stream(self, stream_id: int, hold: bool) -> None:
        if hold:
            self._held_streams.add(stream_id)
        else:
            self._held_streams.discard(stream_id)

    def hold_streams(self, hold: bool) -> None:
        """While held, closed streams are counted; their credit is given when the hold ends."""
        self.pin()
        self._holds_streams = hold
        if not hold:
            for limit in self._streams.values():
                limit.value += self._owed[limit.name]
                self._owed[limit.name] = 0

    def grant_data(self, maximum: int) -> None:
        self._data.value = maximum

    def grant_streams(self, kind: str, maximum: int) -> None:
        self.pin()
        limit = self._streams[kind]
        limit.value = self._pinned[limit.name] = maximum
        self._granted.add(limit.name)

    def pin(self) -> None:
        """Undo what the library added for closed streams while the number of streams is held."""
        for limit in self._streams.values():
            if self._holds_streams:
                self._owed[limit.name] += limit.value - self._pinned[limit.name]
                limit.value = self._pinned[limit.name]
            else:
                self._pinned[limit.name] = limit.value

    def write_connection(self, builder: QuicPacketBuilder, delivery: Callable[..., None]) -> None:
        """Write MAX_DATA and MAX_STREAMS where due; `delivery` learns what became of each."""
        self.pin()
        data = self._data
        if not self._holds_data and data.used * 2 > data.value:
            data.value = min(2 * data.value, UINT_VAR_MAX)
        for limit in (data, *self._streams.values()):
            if limit.value == limit.sent or self._waits(limit):
                continue
            buf = builder.start_frame(
                limit.frame_type, _CONNECTION_FRAME_CAPACITY, delivery, (limit,)
            )
            buf.push_uint_var(limit.value)
            limit.sent = limit.value
            self._granted.discard(limit.name)

    def write_stream(
        self, builder: QuicPacketBuilder, stream: Stream, delivery: Callable[..., None]
    ) -> None:
        """Write MAX_STREAM_DATA where due; a stream of which the end is known needs none."""
        if stream.receiver.is_finished:
            return
        held = self._fixed_stream_windows or stream.stream_id in self._held_streams
        if not held and stream.receiver.highest_offset * 2 > stream.max_stream_data_local:
            stream.max_stream_data_local = min(2 * stream.max_stream_data_local, UINT_VAR_MAX)
        if stream.max_stream_data_local == stream.max_stream_data_local_sent:
            return
        buf = builder.start_frame(
            QuicFrameType.MAX_STREAM_DATA, _STREAM_FRAME_CAPACITY, delivery, (stream,)
        )
        buf.push_uint_var(stream.id)
        buf.push_uint_var(stream.max_stream_data_local)
        stream.max_stream_data_local_sent = stream.max_stream_data_local

    def _waits(self, limit: Limit) -> bool:
        """Few large MAX_STREAMS instead of many small ones: wait while the peer has more left than
        the update would add. What was granted goes at once.
        """
        if limit is self._data or limit.name in self._granted:
            return False
        return limit.sent - limit.used >= limit.value - limit.sent
