"""QUIC credit follows what applications read, so that a peer cannot fill our memory.

RFC 9000 section 4.2. The engine's windows are fixed; they move when half of one has been read. What
is held is what waits for an application; everything else counts as read on arrival.
"""

from dataclasses import dataclass

from wtspec.suite.quic.connection import Connection as QuicConnection


@dataclass(slots=True)
class _Window:
    size_bytes: int
    limit: int
    arrived: int = 0
    held: int = 0

    def due(self) -> int | None:
        """The new limit, if it is time to announce one."""
        limit = self.arrived - self.held + self.size_bytes
        if limit - self.limit < self.size_bytes // 2:
            return None
        self.limit = limit
        return limit


class Backpressure:
    """The receive windows of one connection."""

    def __init__(self, quic: QuicConnection) -> None:
        self._quic = quic
        options = quic.options
        self._connection = _Window(options.max_data, options.max_data)
        self._stream_bytes = options.max_stream_data
        self._streams: dict[int, _Window] = {}

    def arrived(self, stream_id: int, size_bytes: int, *, ended: bool) -> None:
        """Bytes of a stream have come, its headers and frames included."""
        stream = self._stream(stream_id)
        stream.arrived += size_bytes
        self._connection.arrived += size_bytes
        self._grant(stream_id, stream, ended=ended)

    def ended_at(self, stream_id: int, final_size: int) -> None:
        """A reset: what never arrived has used up credit all the same."""
        missing = max(final_size - self._stream(stream_id).arrived, 0)
        self.arrived(stream_id, missing, ended=True)

    def hold(self, stream_id: int, size_bytes: int) -> None:
        """So many of the bytes wait for an application."""
        self._stream(stream_id).held += size_bytes
        self._connection.held += size_bytes

    def release(self, stream_id: int, size_bytes: int) -> None:
        """So many of those that waited do so no longer."""
        stream = self._stream(stream_id)
        stream.held -= size_bytes
        self._connection.held -= size_bytes
        self._grant(stream_id, stream, ended=False)

    def _stream(self, stream_id: int) -> _Window:
        size_bytes = self._stream_bytes
        return self._streams.setdefault(stream_id, _Window(size_bytes, size_bytes))

    def _grant(self, stream_id: int, stream: _Window, *, ended: bool) -> None:
        if (limit := self._connection.due()) is not None:
            self._quic.grant_data(limit)
        if not ended and (limit := stream.due()) is not None:
            self._quic.grant_stream_data(stream_id, limit)
