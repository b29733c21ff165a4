"""The streams of a session as applications use them, after WebTransportSendStream and its kin."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from wtspec.implementations.reference.data_stream import CHUNK_BYTES, DataStream
from wtspec.implementations.reference.errors import StreamStopped
from wtspec.implementations.reference.states import SendState
from wtspec.implementations.reference.wakeup import Wakeup


class SendStream:
    """The sending direction of a stream; codes are application codes, 0 to 2^32-1."""

    def __init__(self, stream: DataStream, credit: Wakeup) -> None:
        self._stream = stream
        self._credit = credit

    @property
    def stream_id(self) -> int:
        """The QUIC stream ID."""
        return self._stream.stream_id

    async def write(self, data: bytes) -> None:
        """Hand `data` over; waits while the session has no credit.

        Raises StreamStopped, SessionEnded or StreamMisuse when the direction is over.
        """
        rest = memoryview(data)
        while True:
            rest = rest[self._stream.write(rest) :]
            if not rest:
                return
            await self._credit.wait()

    async def finish(self) -> None:
        """End the direction cleanly."""
        self._stream.finish()

    def reset(self, code: int = 0) -> None:
        """Abandon the direction; the peer's application gets the code."""
        self._stream.reset(code)

    async def stopped(self) -> int | None:
        """Wait until the peer asks us to stop; its code, None if it has no application code.

        Raises when the direction ended otherwise.
        """
        while self._stream.send_state is SendState.OPEN or (
            self._stream.send_state is SendState.FINISHED
        ):
            await self._stream.changed.wait()
        failure = self._stream.send_failure()
        if isinstance(failure, StreamStopped):
            return failure.code
        raise failure


class ReceiveStream:
    """The receiving direction of a stream, an async iterator of chunks.

    `stop_code` is the code that we asked the peer to stop with, None before that.
    """

    def __init__(self, stream: DataStream) -> None:
        self._stream = stream
        self.stop_code: int | None = None

    @property
    def stream_id(self) -> int:
        """The QUIC stream ID."""
        return self._stream.stream_id

    async def read(self, limit: int = CHUNK_BYTES) -> bytes:
        """At least one byte and at most `limit`; b"" at the clean end.

        Raises StreamReset, SessionEnded, ConnectionLost, or StreamMisuse after `stop`.
        """
        while (data := self._stream.take(limit)) is None:
            await self._stream.changed.wait()
        return data

    async def read_all(self) -> bytes:
        """Everything up to the clean end."""
        return b"".join([chunk async for chunk in self])

    def stop(self, code: int = 0) -> None:
        """Ask the peer to stop sending."""
        if self.stop_code is None:
            self.stop_code = code
        self._stream.stop(code)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data


@dataclass(frozen=True, slots=True)
class BidirectionalStream:
    """Both directions of one stream."""

    readable: ReceiveStream
    writable: SendStream

    @property
    def stream_id(self) -> int:
        """The QUIC stream ID."""
        return self.writable.stream_id
