"""Two connections of ours, in virtual time, and what each of them reported."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.connection import Connection, Listener, connect
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.shim import Engine
from wtspec.suite.quic.translate import translate

E = TypeVar("E")

SERVER = QuicOptions(identity=identity.ed25519())
CLIENT = QuicOptions()


class Wire:
    """Two engines and nothing between them; time moves 1 ms a round."""

    def __init__(self, client: QuicOptions = CLIENT, server: QuicOptions = SERVER) -> None:
        self.now = 1.0
        self.client = Engine(client)
        self.client.connect(("server", 1), self.now)
        first = self.client.original_destination_connection_id
        self.server = Engine(server, original_destination_connection_id=first)
        self.seen: dict[Engine, list[events.Event]] = {self.client: [], self.server: []}
        self.lost = False

    def rounds(self, count: int = 8) -> None:
        for _ in range(count):
            self.move(self.client, self.server)
            self.move(self.server, self.client)
            self.now += 0.002

    def move(self, source: Engine, target: Engine) -> int:
        datagrams = [] if source.get_peer_address() is None else source.datagrams_to_send(self.now)
        for data, _ in datagrams:
            if not self.lost:
                target.receive_datagram(
                    data, ("client" if source.is_client else "server", 1), self.now
                )
        for engine in (source, target):
            self.seen[engine].extend(self.news(engine))
        return len(datagrams)

    def news(self, engine: Engine) -> Iterator[events.Event]:
        while (raw := engine.next_event()) is not None:
            event = translate(engine, raw)
            if event is not None:
                yield event

    def timers(self, engine: Engine) -> None:
        at = engine.get_timer()
        assert at is not None
        self.now = max(self.now, at) + 1e-6
        engine.handle_timer(self.now)


class Side:
    """A connection that keeps its events."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.seen: list[events.Event] = []
        self._news = asyncio.Event()
        connection.on_event = self._take

    def _take(self, event: events.Event) -> None:
        self.seen.append(event)
        self._news.set()

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.seen if isinstance(event, kind)]

    async def wait_for(self, kind: type[E], count: int = 1) -> E:
        """The event number `count` of its kind, seen already or to come within 5 s."""
        async with asyncio.timeout(5):
            while len(self.all(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.all(kind)[count - 1]

    def data(self, stream_id: int) -> bytes:
        parts = self.all(events.StreamData)
        return b"".join(part.data for part in parts if part.stream_id == stream_id)

    async def barrier(self) -> None:
        """All that left before this has been acknowledged, and so was handled, by the peer."""
        number = self.connection.ping()
        self.connection.flush()
        async with asyncio.timeout(5):
            while events.PingAcknowledged(number) not in self.seen:
                self._news.clear()
                await self._news.wait()


class Pair:
    def __init__(self, network: VirtualNetwork, listener: Listener, client: Side) -> None:
        self.network = network
        self.listener = listener
        self.client = client
        self.servers: list[Side] = []

    @property
    def server(self) -> Side:
        return self.servers[0]

    async def connected(self) -> None:
        await self.client.wait_for(events.HandshakeCompleted)
        await self.client.barrier()
        await self.server.barrier()
        await self.client.barrier()

    async def pass_time(self, seconds: float) -> None:
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, passed.set)
        await passed.wait()

    def crossed(self) -> int:
        return len(self.network.trace)


@pytest.fixture
def play() -> Callable[..., None]:
    """`play(script, client=, server=, path=)` runs `script(pair)` with both sides connected."""

    def run(
        script: Callable[[Any], Awaitable[None]],
        *,
        client: QuicOptions = CLIENT,
        server: QuicOptions = SERVER,
        path: Path = CLEAN,
        seed: int = 1,
        connected: bool = True,
    ) -> None:
        async def play_it() -> None:
            network = VirtualNetwork(seed)
            listener = Listener(network, server, lambda c: pair.servers.append(Side(c)))
            pair = Pair(
                network, listener, Side(connect(network, listener.address, client, path=path))
            )
            if connected:
                await pair.connected()
            await script(pair)
            for side in (pair.client, *pair.servers):
                assert side.connection.failure is None

        run_virtual(play_it())

    return run


@pytest.fixture
def wired() -> Callable[..., Wire]:
    """`wired(client, server)`: two engines, the handshake not begun."""
    return Wire


@pytest.fixture
def wire() -> Wire:
    """Two engines after the handshake."""
    wire = Wire()
    wire.rounds()
    return wire
