"""Answers a request with a frame of 2^62-1 bytes that comes byte by byte; argv: its type."""

import asyncio
import sys

from wtspec.implementations.reference import program
from wtspec.implementations.reference.request_stream import Fields, RequestStream
from wtspec.suite.wire import varint

LENGTH = (1 << 62) - 1


def send_headers(stream: RequestStream, section: Fields, *, finish: bool = False) -> None:
    del section, finish
    frame_type = int(sys.argv[1], 0)
    stream.outlet.send(stream.stream_id, varint.encode(frame_type) + varint.encode(LENGTH))
    stream.outlet.life.spawn(dribble(stream))


async def dribble(stream: RequestStream) -> None:
    while True:
        stream.outlet.send(stream.stream_id, b"\x00")
        await asyncio.sleep(0.05)


setattr(RequestStream, "send_headers", send_headers)  # noqa: B010 - to mypy a method is fixed
sys.exit(program.main())
