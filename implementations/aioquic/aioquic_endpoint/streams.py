"""WebTransport streams as aioquic shows them; codes are QUIC's own numbers, unmapped."""

import asyncio
from collections.abc import Callable

from aioquic.quic.connection import QuicConnection

from contract.inbox import Inbox
from contract.stack import Ended, Failure, Halves


class Stream:
    """Both halves of one stream; `transmit` sends what the calls before it have queued."""

    def __init__(self, quic: QuicConnection, stream_id: int, transmit: Callable[[], None]) -> None:
        self._quic = quic
        self._transmit = transmit
        self._received: Inbox[bytes] = Inbox()
        self._stop_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.wire_id = stream_id

    def halves(self, *, sends: bool, receives: bool) -> Halves:
        return Halves(self if sends else None, self if receives else None)

    # What the application asks for.

    async def write(self, data: bytes) -> None:
        self._send(data, end_stream=False)

    async def finish(self) -> None:
        self._send(b"", end_stream=True)

    async def reset(self, code: int) -> None:
        self._quic.reset_stream(self.wire_id, code)
        self._transmit()

    async def stop(self, code: int) -> None:
        try:
            self._quic.stop_stream(self.wire_id, code)
        except ValueError as error:
            raise Failure("ValueError", error) from error
        self._transmit()

    async def read(self) -> bytes:
        return await self._received.get()

    async def stopped(self) -> int:
        return await asyncio.shield(self._stop_code)

    # What the connection shows.

    def data_received(self, data: bytes, *, is_last: bool) -> None:
        if data:
            self._received.put(data)
        if is_last:
            self._received.end(Ended("fin"))

    def ended(self, ended: Ended) -> None:
        self._received.end(ended)

    def stop_received(self, code: int) -> None:
        if not self._stop_code.done():
            self._stop_code.set_result(code)

    def _send(self, data: bytes, *, end_stream: bool) -> None:
        try:
            self._quic.send_stream_data(self.wire_id, data, end_stream)
        except (RuntimeError, ValueError) as error:
            raise Failure(type(error).__name__, error) from error
        self._transmit()
