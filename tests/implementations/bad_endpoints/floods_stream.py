"""Answers the first byte of a stream with bytes without end."""

import asyncio
import sys
from dataclasses import replace

from wtspec.implementations.reference import applications, contract_server, program
from wtspec.implementations.reference.place import Place
from wtspec.implementations.reference.stream_api import BidirectionalStream


async def flood(_: Place, stream: BidirectionalStream, __: str) -> None:
    while True:
        await stream.writable.write(bytes(65_536))
        await asyncio.sleep(0)


contract_server.PATHS["/echo"] = lambda _: replace(applications.ECHO, bidirectional=flood)
sys.exit(program.main())
