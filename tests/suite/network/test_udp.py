import asyncio
import pathlib
import socket
import sys
from collections.abc import Callable, Sequence

import pytest

from wtspec.suite.network import udp_socket
from wtspec.suite.network.lane import Crossing
from wtspec.suite.network.link import Addr, Network
from wtspec.suite.network.path import CLEAN, Corrupt, Delay, Direction, Drop, Path, Swap
from wtspec.suite.network.udp import Counts, UdpNetwork
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual

TO = Direction.TO_ENDPOINT
FROM = Direction.FROM_ENDPOINT
LETTERS = [bytes([letter]) for letter in b"abcdefgh"]
DEADLINE_S = 10.0
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


class Inbox:
    """What arrived at a link, and a way to wait for it."""

    def __init__(self) -> None:
        self.packets: list[tuple[bytes, Addr]] = []
        self._news = asyncio.Event()

    def put(self, data: bytes, source: Addr) -> None:
        self.packets.append((data, source))
        self._news.set()

    async def until(self, done: Callable[[list[bytes]], bool]) -> list[bytes]:
        async with asyncio.timeout(DEADLINE_S):
            while not done(self.data):
                self._news.clear()
                await self._news.wait()
        return self.data

    @property
    def data(self) -> list[bytes]:
        return [data for data, _ in self.packets]


async def echoed(network: Network, path: Path, packets: Sequence[bytes] = LETTERS) -> list[bytes]:
    """Answers to the packets, up to the answer to one more that follows in peace."""
    inbox = Inbox()

    def echo(data: bytes, source: Addr) -> None:
        server.send(data, source)

    server = network.open(echo)
    link = network.open(inbox.put, path=path)
    for data in packets:
        link.send(data, server.local)
    link.send(b"last", server.local)
    answers = await inbox.until(lambda data: b"last" in data)
    link.close()
    server.close()
    return [data for data in answers if data != b"last"]


@pytest.mark.asyncio
async def test_loopback_echo() -> None:
    network = UdpNetwork()
    assert await echoed(network, CLEAN) == LETTERS
    assert network.counts() == Counts(sent=18, received=18)


@pytest.mark.asyncio
async def test_more_packets_than_one_wake_up_reads() -> None:
    packets = [index.to_bytes(2, "big") for index in range(200)]
    assert await echoed(UdpNetwork(), CLEAN, packets) == packets


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "answers"),
    [
        (Path(fates=(Drop(TO, 0), Drop(FROM, 2))), [b"b", b"c", *LETTERS[4:]]),
        (Path(fates=(Swap(TO, 0), Swap(FROM, 2))), [b"b", b"a", b"d", b"c", *LETTERS[4:]]),
        (Path(fates=(Corrupt(TO, 0, bit=0),)), [b"`", *LETTERS[1:]]),
        (Path(fates=(Corrupt(FROM, 0, bit=1),)), [b"c", *LETTERS[1:]]),
        (Path(size_limit_bytes=4), LETTERS),
        (Path(duplicate=1.0), None),
        (Path(delay_s=0.02), LETTERS),
    ],
)
async def test_the_path_applies_at_our_own_socket(path: Path, answers: list[bytes] | None) -> None:
    if answers is None:
        assert (await echoed(UdpNetwork(), path))[:4] == [b"a"] * 4
    else:
        assert await echoed(UdpNetwork(), path) == answers


@pytest.mark.asyncio
async def test_too_long_for_the_path_is_dropped() -> None:
    packets = [b"1234", b"12345", b"4321"]
    assert await echoed(UdpNetwork(), Path(size_limit_bytes=4), packets) == [b"1234", b"4321"]


@pytest.mark.asyncio
async def test_a_delay_takes_its_time() -> None:
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    await echoed(UdpNetwork(), Path(delay_s=0.03))
    assert loop.time() - started_s >= 0.06


@pytest.mark.asyncio
async def test_a_late_packet_is_overtaken() -> None:
    inbox = Inbox()
    network = UdpNetwork()
    server = network.open(inbox.put)
    link = network.open(inbox.put, path=Path(fates=(Delay(TO, 0, 0.02),)))
    for data in LETTERS:
        link.send(data, server.local)
    assert await inbox.until(lambda data: len(data) == 8) == [*LETTERS[1:], b"a"]
    link.close()
    server.close()


@pytest.mark.asyncio
async def test_fates_are_armed_at_run_time() -> None:
    inbox = Inbox()
    network = UdpNetwork()
    server = network.open(inbox.put)
    link = network.open(inbox.put)
    link.send(b"set-up", server.local)
    link.script(Drop(TO, 1))
    for data in LETTERS:
        link.send(data, server.local)
    assert await inbox.until(lambda data: b"h" in data) == [b"set-up", b"a", *LETTERS[2:]]
    link.close()
    server.close()


def decisions(trace: Sequence[Crossing], direction: Direction) -> list[object]:
    """Those of the impaired link, the second that was opened."""
    return [
        (each.index, each.size_bytes, each.deliveries)
        for each in trace
        if each.link == 1 and each.direction is direction
    ]


def test_the_same_seed_decides_the_same_as_on_the_virtual_network() -> None:
    path = Path(jitter_s=0.002, loss=0.1, duplicate=0.1, corrupt=0.1, reorder=0.05)
    packets = [index.to_bytes(2, "big") for index in range(100)]

    async def send(network: UdpNetwork | VirtualNetwork) -> list[object]:
        server = network.open(Inbox().put)
        link = network.open(Inbox().put, path=path)
        for data in packets:
            link.send(data, server.local)
        link.close()
        server.close()
        return decisions(network.trace, TO)

    real = asyncio.run(send(UdpNetwork(7)))
    assert real == run_virtual(send(VirtualNetwork(7)))
    assert real != asyncio.run(send(UdpNetwork(8)))
    assert len(real) == 100


@pytest.mark.asyncio
async def test_a_rebound_link_leaves_from_another_port() -> None:
    inbox, answers = Inbox(), Inbox()
    network = UdpNetwork()
    server = network.open(inbox.put)
    link = network.open(answers.put, path=Path(rebind_after_packets=1))
    first = link.local
    link.send(b"1", server.local)
    link.send(b"2", server.local)
    await inbox.until(lambda data: len(data) == 2)
    assert [source for _, source in inbox.packets] == [first, link.local]
    assert link.local != first
    server.send(b"old", first)
    server.send(b"new", link.local)
    assert await answers.until(lambda data: b"new" in data) == [b"new"]
    assert network.counts().refused == 0
    link.close()
    link.rebind()
    server.close()


async def unused_port(host: str) -> Addr:
    """An address that was free a moment ago."""
    link = UdpNetwork().open(Inbox().put, (host, 0))
    link.close()
    return link.local


def has_ipv6() -> bool:
    try:
        udp_socket.open_socket(("::1", 0)).close()
    except OSError:
        return False
    return True


HOSTS = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
]


@pytest.mark.asyncio
@on_linux
@pytest.mark.parametrize("host", HOSTS)
async def test_a_refusal_names_the_address_it_is_about(host: str) -> None:
    refused: list[Addr] = []
    told = asyncio.Event()

    def on_refused(destination: Addr) -> None:
        refused.append(destination)
        told.set()

    network = UdpNetwork(on_refused=on_refused)
    inbox = Inbox()
    nowhere = await unused_port(host)
    server = network.open(inbox.put, (host, 0))
    link = network.open(inbox.put)
    for _ in range(2):
        told.clear()
        link.send(b"anyone?", nowhere)
        async with asyncio.timeout(DEADLINE_S):
            await told.wait()
    assert refused == [nowhere] * 2
    # The link is none the worse for it.
    link.send(b"still here", server.local)
    await inbox.until(lambda data: data == [b"still here"])
    assert link.counts() == Counts(sent=3, refused=2)
    link.close()
    server.close()


@pytest.mark.asyncio
@on_linux
async def test_a_refusal_is_reported_at_the_latest_by_close() -> None:
    refused: list[Addr] = []
    network = UdpNetwork(on_refused=refused.append)
    nowhere = await unused_port("127.0.0.1")
    link = network.open(Inbox().put)
    for _ in range(5):
        link.send(b"anyone?", nowhere)
    link.close()
    assert refused == [nowhere] * len(refused)
    assert network.counts().refused == len(refused) > 0


@pytest.mark.asyncio
@pytest.mark.parametrize("host", HOSTS)
async def test_a_link_moves_to_where_its_first_packet_can_leave_from(host: str) -> None:
    inbox = Inbox()
    network = UdpNetwork()
    server = network.open(inbox.put, (host, 0))
    link = network.open(inbox.put)
    link.send(b"hello", server.local)
    await inbox.until(lambda data: data == [b"hello"])
    assert inbox.packets == [(b"hello", link.local)]
    assert link.local[0] == host
    link.close()
    server.close()


@pytest.mark.asyncio
async def test_a_link_that_leaves_the_machine_leaves_loopback() -> None:
    network = UdpNetwork()
    link = network.open(Inbox().put)
    assert link.local[0] == "127.0.0.1"
    # Dropped by the path: nothing is really sent to that address.
    link.script(Drop(TO, 0))
    link.send(b"", ("192.0.2.1", 443))
    assert link.local[0] == "0.0.0.0"
    link.close()


@pytest.mark.asyncio
async def test_names_are_not_looked_up() -> None:
    network = UdpNetwork()
    with pytest.raises(ValueError, match="localhost"):
        network.open(Inbox().put, ("localhost", 0))
    link = network.open(Inbox().put, ("127.0.0.1", 0))
    with pytest.raises(ValueError, match="localhost"):
        link.send(b"", ("localhost", 443))
    link.close()


@pytest.mark.asyncio
async def test_a_taken_address_is_an_error_and_leaks_no_socket() -> None:
    network = UdpNetwork()
    link = network.open(Inbox().put)
    with pytest.raises(OSError, match="in use"):
        network.open(Inbox().put, link.local)
    link.close()


@pytest.mark.asyncio
async def test_what_no_datagram_can_hold_counts_as_unsent() -> None:
    link = UdpNetwork().open(Inbox().put)
    link.send(bytes(70_000), link.local)
    assert link.counts() == Counts(unsent=1)
    link.close()


@pytest.mark.asyncio
async def test_closing_lets_delayed_packets_go_in_order() -> None:
    inbox = Inbox()
    network = UdpNetwork()
    server = network.open(inbox.put)
    link = network.open(inbox.put, path=Path(delay_s=60.0, fates=(Delay(TO, 0, 1.0),)))
    for data in LETTERS:
        link.send(data, server.local)
    link.close()
    link.close()
    link.send(b"too late", server.local)
    assert await inbox.until(lambda data: len(data) >= 8) == [*LETTERS[1:], b"a"]
    server.close()


@pytest.mark.asyncio
async def test_a_link_may_be_closed_by_its_own_packet() -> None:
    network = UdpNetwork()
    received: list[bytes] = []
    closed = asyncio.Event()

    def once(data: bytes, _: Addr) -> None:
        received.append(data)
        server.close()
        closed.set()

    server = network.open(once)
    link = network.open(Inbox().put)
    for data in LETTERS:
        link.send(data, server.local)
    async with asyncio.timeout(DEADLINE_S):
        await closed.wait()
    assert received == [b"a"]
    link.close()


@pytest.mark.asyncio
@on_linux
async def test_packets_that_the_kernel_dropped_are_counted() -> None:
    network = UdpNetwork()
    server = network.open(Inbox().put)
    link = network.open(Inbox().put)
    for _ in range(1200):  # without ever giving the loop a turn to read them
        link.send(bytes(1200), server.local)
    assert link.counts().sent + link.counts().unsent == 1200
    assert network.counts().overflowed > 0
    server.close()
    assert network.counts().overflowed > 0
    link.close()


@on_linux
def test_the_receive_buffer_is_enlarged() -> None:
    limit = int(pathlib.Path("/proc/sys/net/core/rmem_max").read_text(encoding="ascii"))
    granted = min(limit, udp_socket.RECEIVE_BUFFER_BYTES)
    made = udp_socket.open_socket(("127.0.0.1", 0))
    with made:
        # Linux doubles the number for its own bookkeeping.
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * granted
