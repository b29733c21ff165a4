"""A session as applications use it, after the WebTransport interface of the W3C API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from wtspec.implementations.reference.data_stream import DataStream
from wtspec.implementations.reference.errors import SessionEnded
from wtspec.implementations.reference.session_core import Closure, SessionCore
from wtspec.implementations.reference.states import ReceiveState
from wtspec.implementations.reference.stream_api import (
    BidirectionalStream,
    ReceiveStream,
    SendStream,
)
from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.stream_header import StreamKind


class Datagrams:
    """The datagrams of a session; neither order nor arrival is certain."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    @property
    def max_size(self) -> int:
        """The longest payload that fits now."""
        quarter_stream_id = varint.encode(self._core.session_id // 4)
        return max(self._core.outlet.quic.datagram_room() - len(quarter_stream_id), 0)

    def send(self, data: bytes) -> bool:
        """Send one; False when it does not fit or the peer takes none."""
        return self._core.send_datagram(data)

    async def receive(self) -> bytes:
        """The next one; SessionEnded when no more can come."""
        while not self._core.datagrams:
            if self._core.is_over:
                raise SessionEnded("the session is over")
            await self._core.changed.wait()
        return self._core.datagrams.popleft()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield await self.receive()
        except SessionEnded:
            return


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the handshake of a session told: the other side's headers, and the status if any."""

    status: int | None
    protocol: str | None
    headers: tuple[tuple[str, str], ...]


class Session:
    """An established session; leaving it as a context manager closes it with code 0."""

    def __init__(self, core: SessionCore, facts: SessionFacts) -> None:
        self._core = core
        self._facts = facts
        self.datagrams = Datagrams(core)

    @property
    def session_id(self) -> int:
        """The stream ID of the CONNECT stream."""
        return self._core.session_id

    @property
    def protocol(self) -> str | None:
        """The application protocol that was agreed."""
        return self._facts.protocol

    @property
    def status(self) -> int | None:
        """The status of the response; None on a server."""
        return self._facts.status

    @property
    def response_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers of the response; empty on a server."""
        return self._facts.headers

    @property
    def dialect(self) -> str:
        """The name of the dialect in force, like "h3-16"."""
        return self._core.dialect.name

    async def create_bidirectional_stream(self) -> BidirectionalStream:
        """A new stream; waits while the session has no credit for one."""
        stream = await self._create(StreamKind.BIDI)
        if self._core.rules.streams.repeats_signal():
            header = stream_header.encode(StreamKind.BIDI, self.session_id)
            self._core.outlet.send(self.session_id, header)
        return BidirectionalStream(ReceiveStream(stream), SendStream(stream, self._core.credit))

    async def create_unidirectional_stream(self) -> SendStream:
        """A new stream to send on; waits while the session has no credit for one."""
        return SendStream(await self._create(StreamKind.UNI), self._core.credit)

    async def _create(self, kind: StreamKind) -> DataStream:
        while (stream := self._core.streams.open_stream(kind)) is None:
            await self._core.credit.wait()
        return stream

    async def accept_bidirectional_stream(self) -> BidirectionalStream:
        """The next stream that the peer opened; SessionEnded when no more can come."""
        stream = await self._accept(StreamKind.BIDI)
        return BidirectionalStream(ReceiveStream(stream), SendStream(stream, self._core.credit))

    async def accept_unidirectional_stream(self) -> ReceiveStream:
        """Likewise, to read from."""
        return ReceiveStream(await self._accept(StreamKind.UNI))

    async def _accept(self, kind: StreamKind) -> DataStream:
        waiting = self._core.streams.incoming[kind]
        while not waiting:
            if self._core.is_over:
                raise SessionEnded("the session is over")
            await self._core.changed.wait()
        stream = waiting.popleft()
        is_reset = stream.receive_state is ReceiveState.RESET
        if is_reset and not self._core.rules.streams.shows_reset_streams():
            return await self._accept(kind)
        return stream

    @property
    async def incoming_bidirectional_streams(self) -> AsyncIterator[BidirectionalStream]:
        """Every stream that the peer opens, until the session ends."""
        try:
            while True:
                yield await self.accept_bidirectional_stream()
        except SessionEnded:
            return

    @property
    async def incoming_unidirectional_streams(self) -> AsyncIterator[ReceiveStream]:
        """Likewise, to read from."""
        try:
            while True:
                yield await self.accept_unidirectional_stream()
        except SessionEnded:
            return

    def forget_waiting_streams(self) -> None:
        """Streams that the peer has opened and nobody has accepted are lost (a fault)."""
        for waiting in self._core.streams.incoming.values():
            waiting.clear()

    async def closed(self) -> Closure:
        """Wait for the end, and how it came."""
        while self._core.closure is None:
            await self._core.changed.wait()
        return self._core.closure

    async def draining(self) -> None:
        """Wait until the peer asks to wind down; SessionEnded if it never will."""
        while not self._core.is_draining:
            if self._core.is_over:
                raise SessionEnded("the session is over")
            await self._core.changed.wait()

    @property
    def is_draining(self) -> bool:
        """Whether the peer has asked to wind down."""
        return self._core.is_draining

    def close(self, code: int = 0, reason: str = "") -> None:
        """End the session; the reason is cut to 1024 bytes of UTF-8."""
        self._core.close(code, reason)

    def drain(self) -> None:
        """Ask the peer to wind down."""
        self._core.drain()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
