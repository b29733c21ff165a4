import asyncio
from collections.abc import Callable, Sequence

import pytest

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.lane import Crossing
from wtspec.suite.network.link import Addr, Link, Network
from wtspec.suite.network.path import (
    CLEAN,
    Corrupt,
    Direction,
    Drop,
    Duplicate,
    Hold,
    Path,
    Swap,
)
from wtspec.suite.network.relay import Relay
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual

TO = Direction.TO_ENDPOINT
FROM = Direction.FROM_ENDPOINT
LETTERS = [bytes([letter]) for letter in b"abcdefgh"]
DEADLINE_S = 10.0


class Program:
    """A program of someone else: a socket that sends, and keeps what arrives."""

    def __init__(self, network: Network, *, echoes: bool = False) -> None:
        self.arrived: list[tuple[bytes, Addr]] = []
        self._echoes = echoes
        self._news = asyncio.Event()
        self.link: Link = network.open(self._take)

    def _take(self, data: bytes, source: Addr) -> None:
        self.arrived.append((data, source))
        self._news.set()
        if self._echoes:
            self.link.send(data, source)

    async def until(self, done: Callable[[list[bytes]], bool]) -> list[bytes]:
        async with asyncio.timeout(DEADLINE_S):
            while not done([data for data, _ in self.arrived]):
                self._news.clear()
                await self._news.wait()
        return [data for data, _ in self.arrived]


async def relayed(
    network: Network, path: Path, packets: Sequence[bytes] = LETTERS
) -> tuple[list[bytes], list[bytes]]:
    """What reached the server and what came back, up to a last packet."""
    server, client = Program(network, echoes=True), Program(network)
    with Relay(network, server.link.local, path=path) as relay:
        for data in (*packets, b"last"):
            client.link.send(data, relay.address)
        answers = await client.until(lambda data: b"last" in data)
    server.link.close()
    client.link.close()
    return [data for data, _ in server.arrived if data != b"last"], answers[:-1]


@pytest.mark.parametrize(
    ("path", "reached", "answers"),
    [
        (CLEAN, LETTERS, LETTERS),
        (Path(delay_s=0.02), LETTERS, LETTERS),
        (Path(size_limit_bytes=4), LETTERS, LETTERS),
        (Path(fates=(Drop(TO, 0),)), LETTERS[1:], LETTERS[1:]),
        (Path(fates=(Drop(FROM, 0),)), LETTERS, LETTERS[1:]),
        (Path(fates=(Swap(TO, 0),)), [b"b", b"a", *LETTERS[2:]], [b"b", b"a", *LETTERS[2:]]),
        (Path(fates=(Hold(FROM, 0, 2),)), LETTERS, [b"b", b"c", b"a", *LETTERS[3:]]),
        (Path(fates=(Duplicate(FROM, 1),)), LETTERS, [b"a", b"b", b"b", *LETTERS[2:]]),
        (Path(fates=(Corrupt(FROM, 0, 0),)), LETTERS, [b"`", *LETTERS[1:]]),
    ],
)
def test_each_impairment(path: Path, reached: list[bytes], answers: list[bytes]) -> None:
    assert asyncio.run(relayed(UdpNetwork(), path)) == (reached, answers)
    assert run_virtual(relayed(VirtualNetwork(), path)) == (reached, answers)


def test_too_long_for_the_path_is_dropped() -> None:
    packets = [b"1234", b"12345", b"4321"]
    reached, _ = asyncio.run(relayed(UdpNetwork(), Path(size_limit_bytes=4), packets))
    assert reached == [b"1234", b"4321"]


def test_a_black_hole_begins_with_the_flow() -> None:
    async def script() -> list[bytes]:
        network = VirtualNetwork()
        server, client = Program(network), Program(network)
        relay = Relay(network, server.link.local, path=Path(blackhole_s=((1.0, 2.0),)))
        await asyncio.sleep(100.0)
        for data in LETTERS[:3]:
            client.link.send(data, relay.address)
            await asyncio.sleep(1.0)
        relay.close()
        return [data for data, _ in server.arrived]

    assert run_virtual(script()) == [b"a", b"c"]


ROUGH = Path(jitter_s=0.002, loss=0.1, duplicate=0.1, corrupt=0.1, reorder=0.05)
PACKETS = [index.to_bytes(2, "big") for index in range(100)]


def decisions(trace: Sequence[Crossing], link: int) -> list[object]:
    return [
        (each.index, each.size_bytes, each.deliveries)
        for each in trace
        if each.link == link and each.direction is TO
    ]


async def behind_a_relay(network: UdpNetwork | VirtualNetwork) -> list[object]:
    target, client, another = Program(network), Program(network), Program(network)
    with Relay(network, target.link.local, path=ROUGH) as relay:
        for data in PACKETS:
            client.link.send(data, relay.address)
        # What comes later through the same front says that the relay has seen all of it.
        for _ in range(10):
            another.link.send(b"later", relay.address)
        await target.until(lambda data: b"later" in data)
    for program in (target, client, another):
        program.link.close()
    return decisions(network.trace, 4)  # after three programs and the front


async def on_a_link(network: VirtualNetwork) -> list[object]:
    target = Program(network)
    link = network.open(lambda *_: None, path=ROUGH)
    for data in PACKETS:
        link.send(data, target.link.local)
    return decisions(network.trace, 1)


def test_the_same_seed_decides_the_same_in_relay_and_link() -> None:
    link = run_virtual(on_a_link(VirtualNetwork(7)))
    assert len(link) == 100
    assert asyncio.run(behind_a_relay(UdpNetwork(7))) == link
    assert run_virtual(behind_a_relay(VirtualNetwork(7))) == link
    assert run_virtual(on_a_link(VirtualNetwork(8))) != link


def test_every_client_has_a_flow_of_its_own() -> None:
    async def script() -> None:
        network = UdpNetwork()
        server = Program(network, echoes=True)
        clients = [Program(network) for _ in range(3)]
        with Relay(network, server.link.local, path=Path(fates=(Drop(TO, 0),))) as relay:
            for number, client in enumerate(clients):
                client.link.send(b"dropped", relay.address)
                client.link.send(b"%d" % number, relay.address)
            for number, client in enumerate(clients):
                assert await client.until(bool) == [b"%d" % number]
                assert client.arrived[0][1] == relay.address
            assert set(relay.clients) == {client.link.local for client in clients}
        assert len({source for _, source in server.arrived}) == 3
        for program in (server, *clients):
            program.link.close()

    asyncio.run(script())


@pytest.mark.parametrize("by_path", [True, False])
def test_a_rebinding_shows_the_target_another_port(by_path: bool) -> None:
    async def script() -> None:
        network = UdpNetwork()
        server, client = Program(network, echoes=True), Program(network)
        path = Path(rebind_after_packets=1) if by_path else CLEAN
        with Relay(network, server.link.local, path=path) as relay:
            client.link.send(b"1", relay.address)
            await client.until(lambda data: data == [b"1"])
            if not by_path:
                relay.rebind()
            client.link.send(b"2", relay.address)
            await client.until(lambda data: data == [b"1", b"2"])
        assert len({source for _, source in server.arrived}) == 2
        assert len({source for _, source in client.arrived}) == 1
        server.link.close()
        client.link.close()

    asyncio.run(script())


def test_fates_are_armed_on_the_flows_there_are() -> None:
    async def script() -> list[bytes]:
        network = VirtualNetwork()
        server, client = Program(network, echoes=True), Program(network)
        relay = Relay(network, server.link.local)
        client.link.send(b"set-up", relay.address)
        await client.until(bool)
        relay.script(Drop(TO, 0), Drop(FROM, 0))
        for data in LETTERS:
            client.link.send(data, relay.address)
        return await client.until(lambda data: b"h" in data)

    assert run_virtual(script()) == [b"set-up", *LETTERS[2:]]


def test_the_capture_shows_the_clients_side() -> None:
    async def script() -> tuple[Capture, Addr, Addr]:
        network = VirtualNetwork()
        capture = Capture()
        server, client = Program(network, echoes=True), Program(network)
        path = Path(delay_s=1.0, fates=(Drop(TO, 1), Drop(FROM, 1)))
        relay = Relay(network, server.link.local, path=path, capture=capture)
        for data in LETTERS[:3]:
            client.link.send(data, relay.address)
        await client.until(bool)
        return capture, client.link.local, server.link.local

    capture, client, server = run_virtual(script())
    seen = [(round(each.time_s), each.source, each.data) for each in capture.packets]
    assert seen == [(0, client, b"a"), (0, client, b"b"), (0, client, b"c"), (2, server, b"a")]
    assert {each.destination for each in capture.packets} == {client, server}


def test_a_flood_of_clients_is_turned_away() -> None:
    async def script() -> tuple[int, int]:
        network = VirtualNetwork()
        server = Program(network)
        relay = Relay(network, server.link.local)
        for _ in range(300):
            Program(network).link.send(b"", relay.address)
        await asyncio.sleep(1.0)
        return len(relay.clients), relay.turned_away

    assert run_virtual(script()) == (256, 44)
