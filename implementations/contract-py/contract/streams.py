"""Streams of either kind, opened by either side, with what is to be reported of them."""

import asyncio
import hashlib
from dataclasses import dataclass, field

from contract.events import Events
from contract.stack import Ended, Failure, ReceiveHalf, SendHalf

# Keeps a `data` line under the contract's 64 KiB of bytes.
PIECE_BYTES = 48 << 10


class Reader:
    """A reading half; `ended` is printed once, when `next` first raises Ended."""

    def __init__(
        self, half: ReceiveHalf, stream: str, events: Events, reading: asyncio.Event
    ) -> None:
        self._half = half
        self._stream = stream
        self._events = events
        self._reading = reading
        self._size_bytes = 0
        self._digest = hashlib.sha256()
        self._pending: asyncio.Task[bytes] | None = None
        self._stop_code: int | None = None
        self._ended: Ended | None = None

    async def next(self) -> bytes:
        """Some bytes; raises Ended."""
        if self._ended is not None:
            raise self._ended
        try:
            piece = await self._read()
        except Ended as ended:
            self._end(ended)
            raise
        self._size_bytes += len(piece)
        self._digest.update(piece)
        return piece

    async def drain(self) -> Ended:
        """Read and drop what is left."""
        while True:
            try:
                await self.next()
            except Ended as ended:
                return ended

    async def stop(self, code: int) -> None:
        """Ask the peer to stop; overtakes a read that waits. Raises Failure."""
        if self._ended is not None or self._stop_code is not None:
            raise Failure("closed", "the reading side is over")
        self._stop_code = code
        await self._half.stop(code)
        if self._pending is not None:
            self._pending.cancel()

    async def _read(self) -> bytes:
        if self._stop_code is not None:
            raise Ended("stopped", self._stop_code)
        self._pending = asyncio.ensure_future(self._read_when_on())
        try:
            return await self._pending
        except (asyncio.CancelledError, Ended):
            if self._stop_code is None:
                raise
            raise Ended("stopped", self._stop_code) from None
        finally:
            self._pending = None

    async def _read_when_on(self) -> bytes:
        await self._reading.wait()
        return await self._half.read()

    def _end(self, ended: Ended) -> None:
        self._ended = ended
        self._events.emit(
            "ended",
            stream=self._stream,
            bytes=self._size_bytes,
            sha256=self._digest.hexdigest(),
            how=ended.how,
            code=ended.code,
            wire_id=self._half.wire_id,
        )


@dataclass(slots=True)
class Stream:
    """A stream that was announced; `writing` keeps what is written in order. `stop_asked` is set
    when the peer asks to stop, with `stop_code`.
    """

    name: str
    sender: SendHalf | None
    reader: Reader | None
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    stop_asked: asyncio.Event = field(default_factory=asyncio.Event)
    stop_code: int | None = None

    def writer(self) -> SendHalf:
        """Raises Failure for a stream of the peer's that goes one way."""
        if self.sender is None:
            raise Failure("bad-command", "the stream has no sending side")
        return self.sender

    async def send(self, data: bytes | None, *, finish: bool) -> None:
        """Write, unless data is None, and end the sending side if told; raises Failure."""
        sender = self.writer()
        async with self.writing:
            if data is not None:
                await sender.write(data)
            if finish:
                await sender.finish()

    async def stop(self, code: int) -> None:
        """Raises Failure, also for a stream of ours that goes one way."""
        if self.reader is None:
            raise Failure("bad-command", "the stream has no reading side")
        await self.reader.stop(code)
