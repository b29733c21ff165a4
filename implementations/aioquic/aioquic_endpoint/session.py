"""A session, of which aioquic knows nothing but the number on its streams and datagrams."""

import asyncio
from collections.abc import Callable, Mapping

from aioquic.h3.connection import H3Connection
from aioquic.quic.connection import QuicConnection

from aioquic_endpoint.streams import Stream
from contract.inbox import Inbox
from contract.stack import Closure, Ended, Failure, Halves, Over

CLOSED_BY_US = Closure(by="local", clean=True)


class Session:
    """One CONNECT stream with its streams; `established` is a response's status, or None."""

    def __init__(
        self,
        quic: QuicConnection,
        http: H3Connection,
        session_id: int,
        transmit: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._quic = quic
        self._http = http
        self._transmit = transmit
        self._streams: dict[int, Stream] = {}
        self._incoming: Inbox[Halves] = Inbox()
        self._datagrams: Inbox[bytes] = Inbox()
        self._closure: asyncio.Future[Closure] = loop.create_future()
        self.established: asyncio.Future[int | None] = loop.create_future()
        self.wire_id = session_id

    @property
    def is_established(self) -> bool:
        """There was a response, and a good one."""
        if not self.established.done():
            return False
        return (self.established.result() or 0) // 100 == 2

    @property
    def is_over(self) -> bool:
        return self._closure.done()

    # What the application asks for.

    async def accept(self) -> Halves:
        return await self._incoming.get()

    async def receive_datagram(self) -> bytes:
        return await self._datagrams.get()

    async def open(self, *, is_bidi: bool) -> Halves:
        self._check()
        stream_id = self._http.create_webtransport_stream(
            self.wire_id, is_unidirectional=not is_bidi
        )
        self._transmit()
        return self._stream(stream_id).halves(sends=True, receives=is_bidi)

    async def send_datagram(self, data: bytes) -> None:
        self._check()
        self._http.send_datagram(self.wire_id, data)
        self._transmit()

    async def close(self, code: int, reason: str) -> None:
        """The end of the CONNECT stream can carry neither: aioquic has no capsules."""
        self._check()
        self._finish()
        self.end(CLOSED_BY_US)

    async def drain(self) -> None:
        raise Failure("unsupported", "aioquic has no capsules")

    async def draining(self) -> None:
        await self._closure
        raise Over

    async def closed(self) -> Closure:
        return await asyncio.shield(self._closure)

    async def stats(self) -> Mapping[str, object]:
        raise Failure("unsupported", "aioquic has none")

    # What the connection shows.

    def responded(self, status: int) -> None:
        """The final one: interim responses precede it."""
        if status >= 200 and not self.established.done():
            self.established.set_result(status)

    def stream_data_received(self, stream_id: int, data: bytes, *, is_last: bool) -> None:
        if stream_id not in self._streams:
            is_bidi = stream_id % 4 < 2
            incoming = self._stream(stream_id)
            self._incoming.put(incoming.halves(sends=is_bidi, receives=True))
        self._streams[stream_id].data_received(data, is_last=is_last)

    def stream_of(self, stream_id: int) -> Stream | None:
        return self._streams.get(stream_id)

    def datagram_received(self, data: bytes) -> None:
        self._datagrams.put(data)

    def finished_by_peer(self) -> None:
        """The peer has ended the CONNECT stream: end it too."""
        if not self.is_over:
            self._finish()
            self.end(Closure(by="peer", clean=True))

    def end(self, closure: Closure, *, is_lost: bool = False) -> None:
        """Nothing more comes of it; the first end counts."""
        if self.is_over:
            return
        self._closure.set_result(closure)
        self._incoming.end(Over())
        self._datagrams.end(Over())
        for stream in self._streams.values():
            stream.ended(Ended("lost" if is_lost else "session"))
        if not self.established.done():
            self.established.set_result(None)

    def _finish(self) -> None:
        self._http.send_data(self.wire_id, b"", end_stream=True)
        self._transmit()

    def _check(self) -> None:
        if self.is_over:
            raise Failure("closed", "the session is over")

    def _stream(self, stream_id: int) -> Stream:
        stream = self._streams[stream_id] = Stream(self._quic, stream_id, self._transmit)
        return stream
