"""What the owner of a connection may do with its streams.

Nothing here sends: the frames leave at the next flush.
"""

from typing import Literal

from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.shim import Engine
from wtspec.suite.quic.streams import Stream

Kind = Literal["uni", "bidi"]


def is_uni(stream_id: int) -> bool:
    return bool(stream_id & 2)


class StreamCalls:
    """Streams by id; ids follow RFC 9000 section 2.1."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        server_bit = 0 if engine.is_client else 1
        self._next: dict[Kind, int] = {"bidi": server_bit, "uni": 2 | server_bit}

    def open(self, kind: Kind) -> int:
        stream_id = self._next[kind]
        self._next[kind] += 4
        return stream_id

    def left_to_open(self, kind: Kind) -> int:
        return self._engine.streams_allowed(kind) - self._next[kind] // 4

    def send(self, stream_id: int, data: bytes, *, finish: bool) -> None:
        stream = self._sending(stream_id)
        if stream is None:
            if not self._engine.ended[stream_id].was_stopped:
                raise QuicMisuse(f"stream {stream_id} has ended")
            return
        sender = stream.sender
        if sender.ends:
            if sender.stopped_code is None or not sender.is_reset:
                raise QuicMisuse(f"stream {stream_id} has its FIN or was reset: no more data")
            return
        sender.write(data, end_stream=finish)

    def reset(self, stream_id: int, code: int) -> None:
        stream = self._sending(stream_id)
        if stream is not None:
            stream.sender.abort(code)

    def reset_at(self, stream_id: int, code: int, reliable_size: int) -> None:
        if not self._engine.peer_resets_at:
            raise QuicMisuse("the peer did not announce RESET_STREAM_AT")
        stream = self._sending(stream_id)
        if stream is None:
            return
        sender = stream.sender
        promised = sender.written if sender.reliable_size is None else sender.reliable_size
        if not 0 <= reliable_size <= promised:
            raise QuicMisuse(f"stream {stream_id}: {reliable_size} reliable bytes of {promised}")
        sender.abort_at(code, reliable_size)

    def stop(self, stream_id: int, code: int) -> None:
        if self._is_ours(stream_id) and is_uni(stream_id):
            raise QuicMisuse(f"stream {stream_id} brings nothing that could be stopped")
        stream = self._find(stream_id)
        if stream is not None and not stream.receiver.is_finished:
            stream.receiver.stop(code)

    def is_open(self, stream_id: int) -> bool:
        return stream_id in self._engine.streams

    def final_size(self, stream_id: int) -> int | None:
        stream = self._engine.streams.find(stream_id)
        if stream is not None:
            return stream.receiver.final_size
        ended = self._engine.ended.get(stream_id)
        return None if ended is None else ended.final_size

    def received_bytes(self, stream_id: int) -> int:
        stream = self._engine.streams.find(stream_id)
        if stream is not None:
            return stream.receiver.highest_offset
        return self.final_size(stream_id) or 0

    def sent_bytes(self, stream_id: int) -> int:
        stream = self._engine.streams.find(stream_id)
        if stream is not None:
            return stream.sender.highest_offset
        ended = self._engine.ended.get(stream_id)
        return 0 if ended is None else ended.sent_bytes

    def send_credit(self, stream_id: int) -> int:
        stream = self._sending(stream_id)
        if stream is None or stream.is_blocked:
            return 0
        on_stream = stream.max_stream_data_remote - stream.sender.written
        on_connection = self._engine.connection_credit() - stream.sender.unsent
        return max(0, min(on_stream, on_connection))

    def grant(self, stream_id: int, maximum: int) -> None:
        stream = self._find(stream_id)
        if stream is not None:
            stream.max_stream_data_local = maximum

    def _is_ours(self, stream_id: int) -> bool:
        return (stream_id & 1 == 0) == self._engine.is_client

    def _sending(self, stream_id: int) -> Stream | None:
        if is_uni(stream_id) and not self._is_ours(stream_id):
            raise QuicMisuse(f"stream {stream_id} is the peer's, and has one direction")
        return self._find(stream_id)

    def _find(self, stream_id: int) -> Stream | None:
        """The stream, made known to the library if it is a new one of ours; None if it is over."""
        stream = self._engine.streams.find(stream_id)
        if stream is not None or stream_id in self._engine.ended:
            return stream
        if not self._is_ours(stream_id):
            raise QuicMisuse(f"the peer has not opened stream {stream_id}")
        self._create_up_to(stream_id)
        return self._engine.streams.of(stream_id)

    def _create_up_to(self, stream_id: int) -> None:
        """Create the stream and all lower ones of its kind, none of which shows on the wire.

        The library would take a lower one that is used later for a finished one.
        """
        first = self._engine.get_next_available_stream_id(is_unidirectional=is_uni(stream_id))
        for new_id in range(first, stream_id + 4, 4):
            self._engine.send_stream_data(new_id, b"")
        kind: Kind = "uni" if is_uni(stream_id) else "bidi"
        self._next[kind] = max(self._next[kind], stream_id + 4)
