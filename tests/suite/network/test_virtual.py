import asyncio
from collections.abc import Sequence

import pytest

from wtspec.suite.network.lane import Crossing
from wtspec.suite.network.link import Addr, Link
from wtspec.suite.network.path import CLEAN, Direction, Drop, Path, Swap
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual

TO = Direction.TO_ENDPOINT
FROM = Direction.FROM_ENDPOINT
ROUGH = Path(delay_s=0.02, jitter_s=0.01, loss=0.05, duplicate=0.05, corrupt=0.05, reorder=0.05)
LETTERS = [bytes([letter]) for letter in b"abcdefgh"]


def ignore(data: bytes, source: Addr) -> None:
    """Receive and forget."""


def echo_on(network: VirtualNetwork, local: Addr | None = None) -> Link:
    def echo(data: bytes, source: Addr) -> None:
        link.send(data, source)

    link = network.open(echo, local)
    return link


async def echoed(
    network: VirtualNetwork, path: Path, packets: Sequence[bytes] = LETTERS
) -> list[tuple[float, bytes]]:
    loop = asyncio.get_running_loop()
    answers: list[tuple[float, bytes]] = []
    server = echo_on(network)
    link = network.open(lambda data, _: answers.append((loop.time(), data)), path=path)
    for data in packets:
        link.send(data, server.local)
    await asyncio.sleep(60.0)
    link.close()
    server.close()
    return answers


def test_a_clean_network_keeps_everything_in_order_and_takes_no_time() -> None:
    packets = [index.to_bytes(2, "big") for index in range(1000)]
    answers = run_virtual(echoed(VirtualNetwork(), CLEAN, packets))
    assert [data for _, data in answers] == packets
    assert answers[-1][0] < 1e-5


def test_the_delay_counts_in_both_directions() -> None:
    answers = run_virtual(echoed(VirtualNetwork(), Path(delay_s=0.02)))
    assert [data for _, data in answers] == LETTERS
    assert all(0.04 < time_s < 0.04001 for time_s, _ in answers)


def traced(seed: int) -> tuple[list[tuple[float, bytes]], list[Crossing]]:
    network = VirtualNetwork(seed)
    packets = [index.to_bytes(2, "big") for index in range(300)]
    return run_virtual(echoed(network, ROUGH, packets)), list(network.trace)


def test_the_same_seed_gives_the_same_packets_at_the_same_times() -> None:
    assert traced(1) == traced(1)


def test_another_seed_gives_other_fates() -> None:
    assert traced(1)[0] != traced(2)[0]


def test_the_trace_shows_each_direction_of_the_impaired_link() -> None:
    network = VirtualNetwork()
    run_virtual(echoed(network, Path(fates=(Drop(TO, 1), Drop(FROM, 0)))))
    lost = [each for each in network.trace if not each.deliveries]
    assert [(each.link, each.direction, each.index) for each in lost] == [(1, TO, 1), (1, FROM, 0)]


def test_scripted_fates_apply_in_both_directions() -> None:
    path = Path(fates=(Drop(TO, 0), Swap(FROM, 0)))
    answers = run_virtual(echoed(VirtualNetwork(), path))
    assert [data for _, data in answers] == [b"c", b"b", *LETTERS[3:]]


def test_fates_are_armed_at_run_time() -> None:
    async def script() -> list[bytes]:
        network = VirtualNetwork()
        answers: list[bytes] = []
        server = echo_on(network)
        link = network.open(lambda data, _: answers.append(data))
        link.send(b"set-up", server.local)
        await asyncio.sleep(1.0)
        link.script(Drop(TO, 1), Drop(FROM, 1))
        for data in LETTERS:
            link.send(data, server.local)
        await asyncio.sleep(1.0)
        return answers

    assert run_virtual(script()) == [b"set-up", b"a", *LETTERS[3:]]


def test_size_limit_and_black_hole() -> None:
    path = Path(size_limit_bytes=3)
    answers = run_virtual(echoed(VirtualNetwork(), path, [b"abc", b"abcd", b"d"]))
    assert [data for _, data in answers] == [b"abc", b"d"]
    assert run_virtual(echoed(VirtualNetwork(), Path(blackhole_s=((0.0, 1.0),)))) == []


@pytest.mark.parametrize("by_path", [True, False])
def test_after_a_rebinding_the_old_port_is_forgotten(by_path: bool) -> None:
    async def script() -> None:
        refused: list[Addr] = []
        network = VirtualNetwork(on_refused=refused.append)
        sources: list[Addr] = []
        answers: list[bytes] = []
        server = network.open(lambda _, source: sources.append(source))
        path = Path(rebind_after_packets=1) if by_path else CLEAN
        link = network.open(lambda data, _: answers.append(data), path=path)
        first = link.local
        link.send(b"", server.local)
        if not by_path:
            link.rebind()
        link.send(b"", server.local)
        await asyncio.sleep(1.0)
        assert sources == [first, link.local]
        assert link.local != first
        server.send(b"old", first)
        server.send(b"new", link.local)
        await asyncio.sleep(1.0)
        assert answers == [b"new"]
        assert refused == []

    run_virtual(script())


def test_a_packet_to_nowhere_is_refused() -> None:
    async def script() -> None:
        refused: list[Addr] = []
        network = VirtualNetwork(on_refused=refused.append)
        gone = network.open(ignore)
        gone.close()
        link = network.open(ignore)
        link.send(b"", gone.local)
        await asyncio.sleep(1.0)
        assert refused == [gone.local]
        # Whoever closed its link no longer wants to know.
        link.send(b"", gone.local)
        link.close()
        await asyncio.sleep(1.0)
        assert refused == [gone.local]

    run_virtual(script())


def test_a_packet_to_nowhere_is_harmless_when_nobody_asks() -> None:
    async def script() -> None:
        link = VirtualNetwork().open(ignore)
        link.send(b"", ("192.0.2.77", 1))
        await asyncio.sleep(1.0)

    run_virtual(script())


def test_closing_stops_what_comes_and_not_what_has_left() -> None:
    async def script() -> tuple[list[bytes], list[bytes]]:
        network = VirtualNetwork()
        at_server: list[bytes] = []
        at_client: list[bytes] = []

        def answer(data: bytes, source: Addr) -> None:
            at_server.append(data)
            server.send(data, source)

        server = network.open(answer)
        link = network.open(lambda data, _: at_client.append(data), path=Path(delay_s=0.02))
        link.send(b"first", server.local)
        await asyncio.sleep(0.03)  # the answer is on the last, delayed stretch
        link.send(b"last", server.local)
        link.close()
        link.close()
        link.rebind()
        link.send(b"too late", server.local)
        await asyncio.sleep(1.0)
        return at_server, at_client

    assert run_virtual(script()) == ([b"first", b"last"], [])


def test_addresses_are_literals_and_used_once() -> None:
    async def script() -> None:
        network = VirtualNetwork()
        first = network.open(ignore, ("2001:db8::1", 443))
        assert first.local == ("2001:db8::1", 443)
        with pytest.raises(OSError, match="taken"):
            network.open(ignore, first.local)
        with pytest.raises(ValueError, match="localhost"):
            network.open(ignore, ("localhost", 443))
        network.open(ignore, ("192.0.2.1", 49152))
        others = {network.open(ignore).local for _ in range(10)}
        assert len(others | {("192.0.2.1", 49152)}) == 11
        first.close()
        assert network.open(ignore, first.local).local == first.local

    run_virtual(script())
