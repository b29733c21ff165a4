"""The container between the two: `python -m wtspec.implementations.interop_images.forwarder`.

Its addresses on the client's network are what `server4` and `server6` lead to there, and on both
networks it is `sim` and the gateway. So no packet has to leave its own network by itself: networks
that are closed to the outside drop what is not addressed to one of their own.
"""

import asyncio
import json
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from wtspec.implementations.interop_images.packet_log import PacketLog
from wtspec.implementations.pairing.links import LINKS
from wtspec.suite.network.link import Addr
from wtspec.suite.network.relay import Relay
from wtspec.suite.network.udp import UdpNetwork

DOOR = 57832  # TCP: clients wait until it opens
PORT = 443
_ASKS_EVERY_S = 0.1
# A server that answers nothing is met by the client all the same: that shows on the wire.
_MOST_QUESTIONS = 50
_UNKNOWN_VERSION = bytes((0xC0, 0x0A, 0x1A, 0x2A, 0x3A, 8, *range(8), 8)) + bytes(1185)


@dataclass(frozen=True, slots=True)
class Errand:
    """`routes`: our own host and the server's, for each family. Without any, the door is open."""

    routes: tuple[tuple[str, str], ...]
    link: str
    seed: int
    record: str

    def told(self) -> str:
        return json.dumps([self.routes, self.link, self.seed, self.record])

    @classmethod
    def heard(cls, text: str) -> "Errand":
        routes, link, seed, record = json.loads(text)
        return cls(tuple((here, there) for here, there in routes), link, seed, record)


async def forward(errand: Errand) -> None:
    """Until we are told to stop."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    network = UdpNetwork(errand.seed)
    log = PacketLog(Path(errand.record), time.time() - loop.time())
    with ExitStack() as open_ones:
        open_ones.callback(log.close)
        for here, there in errand.routes:
            relay = Relay(
                network,
                (there, PORT),
                path=LINKS[errand.link],
                local=(here, PORT),
                capture=log,
            )
            open_ones.enter_context(relay)
        if errand.routes:
            await _answered((errand.routes[0][1], PORT))
        async with await asyncio.start_server(_let_go, port=DOOR):
            await over.wait()


async def _answered(server: Addr) -> None:
    """Wait for an answer to a version that nobody knows, which opens no connection."""
    came = asyncio.Event()
    link = UdpNetwork().open(lambda _data, _source: came.set())
    try:
        for _ in range(_MOST_QUESTIONS):
            link.send(_UNKNOWN_VERSION, server)
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASKS_EVERY_S):
                    await came.wait()
                    return
    finally:
        link.close()


async def _let_go(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


if __name__ == "__main__":
    asyncio.run(forward(Errand.heard(sys.argv[1])))
