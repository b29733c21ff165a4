"""The whole program: play the role that the environment names until told to end."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine, Mapping

from contract import settings
from contract.client import Client
from contract.commands import parse
from contract.events import Events
from contract.server import Server
from contract.settings import NotOffered, Settings
from contract.stack import Failure, Offer, Stack

# Tells that the role, or each of the dialects asked for, is not offered.
NOT_OFFERED = 127
# Far above what a command can be: 16 MiB in base64.
LINE_BYTES = 32 << 20
CLOSING_S = 1.0


def run(stack: Stack, variables: Mapping[str, str] = os.environ) -> int:
    """The exit status."""
    try:
        wanted = settings.read(variables)
        offer = stack.offer(wanted)
        if not wanted.asks_for(offer.dialects):
            raise NotOffered(f"WT_DIALECTS is {' '.join(wanted.dialects)}")
        asyncio.run(_until_terminated(_play(stack, wanted, offer)))
    except NotOffered as error:
        sys.stderr.write(f"endpoint: {error}\n")
        return NOT_OFFERED
    except Failure as failure:
        sys.stderr.write(f"endpoint: {failure}\n")
        return 1
    return 0


async def _until_terminated(role: Coroutine[object, object, None]) -> None:
    """SIGTERM ends it, and is a clean end; never returns but by a failure to start.

    Nothing is waited for then: a library's own tasks or threads may take longer than the contract
    gives, or hang.
    """
    playing = asyncio.ensure_future(role)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await playing
    sys.stderr.flush()
    os._exit(0)


async def _play(stack: Stack, wanted: Settings, offer: Offer) -> None:
    events = Events(_write)
    if wanted.role == "server":
        await stack.listen(wanted, Server(events, wanted, offer.unsupported).take)
        events.hello(stack, offer)
        await asyncio.Event().wait()
        return
    client = Client(stack, wanted, offer, events)
    events.hello(stack, offer)
    reading = asyncio.ensure_future(_read_commands(client, events))
    await client.is_shut_down.wait()
    reading.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await stack.close()


async def _read_commands(client: Client, events: Events) -> None:
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await reader.readline():
        try:
            command = parse(line)
        except Failure as failure:
            events.fail(None, failure)
            continue
        client.execute(command)
    await client.close_all()


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
