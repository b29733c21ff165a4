"""The halves of pywebtransport's streams."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from pywebtransport import (
    WebTransportBidirectionalStream,
    WebTransportError,
    WebTransportReceiveStream,
    WebTransportSendStream,
)

from contract.stack import Ended, Failure, Over

Sending: TypeAlias = WebTransportSendStream | WebTransportBidirectionalStream
Receiving: TypeAlias = WebTransportReceiveStream | WebTransportBidirectionalStream


@contextmanager
def calling() -> Iterator[None]:
    """The library's error as the contract's."""
    try:
        yield
    except WebTransportError as error:
        raise Failure(type(error).__name__, error) from error


class Signals:
    """What the library tells of a stream by events; `over`: it ended with the session, and how."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.stop_code: asyncio.Future[int | None] = loop.create_future()
        self.reset: Ended | None = None
        self.over: Ended | None = None

    def on_stop(self, code: int | None) -> None:
        if not self.stop_code.done():
            self.stop_code.set_result(code)


class Sender:
    def __init__(self, stream: Sending, signals: Signals) -> None:
        self._stream = stream
        self._signals = signals
        self.wire_id = stream.stream_id

    async def write(self, data: bytes) -> None:
        with calling():
            await self._stream.write_all(data=data)

    async def finish(self) -> None:
        with calling():
            await self._stream.write(data=b"", end_stream=True)

    async def reset(self, code: int) -> None:
        with calling():
            await self._stream.reset(error_code=code)

    async def stopped(self) -> int | None:
        code = await asyncio.shield(self._signals.stop_code)
        if self._signals.over is not None:
            raise Over  # the end of a session stops its streams too
        return code


class Receiver:
    def __init__(self, stream: Receiving, signals: Signals) -> None:
        self._stream = stream
        self._signals = signals
        self.wire_id = stream.stream_id

    async def read(self) -> bytes:
        try:
            data: bytes = await self._stream.read()
        except WebTransportError as error:
            # The events came before: the library's own task stands between its error and us.
            raise self._signals.reset or self._signals.over or Ended("session") from error
        if not data:
            raise Ended("fin")
        return data

    async def stop(self, code: int) -> None:
        with calling():
            await self._stream.stop_receiving(error_code=code)
