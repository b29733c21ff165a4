"""Windows and stream limits: fixed, held, released and granted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.network.path import Direction, Drop
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import varint

Play = Callable[..., None]
SERVER = QuicOptions(identity=identity.ed25519())


def test_windows_grow_by_themselves(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.send(2, bytes(50_000), finish=True)
        pair.client.connection.flush()
        while not pair.server.all(events.StreamData) or pair.client.connection.is_open(2):
            await pair.server.barrier()
        assert pair.server.data(2) == bytes(50_000)

    play(script, server=replace(SERVER, max_data=2000, max_stream_data=1000))


@pytest.mark.parametrize("windows", [(16384, 1 << 20), (1 << 20, 16384)])
def test_fixed_windows_move_only_when_granted(play: Play, windows: tuple[int, int]) -> None:
    stream_window, connection_window = windows

    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        assert client.send_credit(2) == 16384
        client.send(2, bytes(50_000))
        client.flush()
        for _ in range(5):
            await pair.client.barrier()
            await pair.server.barrier()
        assert server.received_bytes(2) == client.sent_bytes(2) == 16384
        assert client.send_credit(2) == 0
        if stream_window == 16384:
            server.grant_stream_data(2, 20_000)
        else:
            server.grant_data(20_000)
        server.flush()
        await pair.server.barrier()
        await pair.client.barrier()
        assert server.received_bytes(2) == 20_000

    options = replace(
        SERVER, max_stream_data=stream_window, max_data=connection_window, fixed_windows=True
    )
    play(script, server=options)


def test_a_lost_grant_is_repeated(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        client.send(2, bytes(5000))
        client.send(6, b"x")
        await pair.client.barrier()
        client.link.script(Drop(Direction.FROM_ENDPOINT, 0))
        server.grant_data(6000)
        server.grant_stream_data(2, 6000)
        server.grant_streams("uni", 3)
        server.flush()
        for _ in range(4):
            await pair.server.barrier()
        await pair.client.barrier()
        assert server.received_bytes(2) == 5000
        assert client.streams_left("uni") == 1

    options = replace(
        SERVER,
        max_stream_data=100,
        max_data=200,
        fixed_windows=True,
        max_streams_uni=2,
        grants_streams=False,
    )
    play(script, server=options)


def test_credit_of_one_stream_is_held_and_the_other_flows(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        server.hold_stream_credit(2)
        for stream_id in (2, 6):
            client.send(stream_id, bytes(50_000))
        client.flush()
        for _ in range(20):
            await pair.server.barrier()
        assert (server.received_bytes(2), server.received_bytes(6)) == (1000, 50_000)
        server.hold_stream_credit(2, hold=False)
        for _ in range(20):
            await pair.server.barrier()
        assert server.received_bytes(2) == 50_000

    play(script, server=replace(SERVER, max_stream_data=1000))


def test_credit_of_the_connection_is_held(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        server.hold_connection_credit()
        client.send(2, bytes(50_000))
        client.flush()
        for _ in range(10):
            await pair.server.barrier()
        assert server.received_bytes(2) == 1000
        server.hold_connection_credit(hold=False)
        for _ in range(20):
            await pair.server.barrier()
        assert server.received_bytes(2) == 50_000

    play(script, server=replace(SERVER, max_data=1000))


def close_streams(pair: Any, count: int) -> None:
    client = pair.client.connection
    for _ in range(count):
        client.send(client.open_stream("uni"), b"", finish=True)
    client.flush()


def test_stream_limits_follow_closed_streams(play: Play) -> None:
    async def script(pair: Any) -> None:
        close_streams(pair, 12)
        for _ in range(20):
            await pair.client.barrier()
            await pair.server.barrier()
        assert len(pair.server.all(events.StreamData)) == 12
        assert pair.client.connection.streams_left("uni") >= 1

    play(script, server=replace(SERVER, max_streams_uni=2))


@pytest.mark.parametrize("way", ["option", "call"])
def test_held_stream_limits_are_granted_or_released(play: Play, way: str) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        if way == "call":
            server.hold_stream_limits()
        close_streams(pair, 12)
        for _ in range(6):
            await pair.client.barrier()
            await pair.server.barrier()
        assert len(pair.server.all(events.StreamData)) == 2
        assert client.streams_left("uni") == -10
        assert client.send_credit(46) == 0
        server.grant_streams("uni", 5)
        server.flush()
        for _ in range(6):
            await pair.client.barrier()
            await pair.server.barrier()
        assert len(pair.server.all(events.StreamData)) == 5
        server.hold_stream_limits(hold=False)
        for _ in range(20):
            await pair.client.barrier()
            await pair.server.barrier()
        assert len(pair.server.all(events.StreamData)) == 12

    options = replace(SERVER, max_streams_uni=2, grants_streams=way == "call")
    play(script, server=options)


def test_streams_over_a_held_limit_break_it(play: Play) -> None:
    async def script(pair: Any) -> None:
        close_streams(pair, 2)
        await pair.client.barrier()
        await pair.server.barrier()
        pair.client.connection.send_packet(b"\x0a" + varint.encode(10) + b"\x00")
        pair.client.connection.flush()
        assert (await pair.server.wait_for(events.Closed)).code == 0x4

    play(script, server=replace(SERVER, max_streams_uni=2, grants_streams=False))


def test_limits_are_announced(play: Play) -> None:
    async def script(pair: Any) -> None:
        announced = dict(pair.client.connection.peer_parameters)
        values = [varint.decode(announced[key]) for key in (4, 5, 6, 7, 8, 9)]
        assert [value[0] for value in values if value] == [70, 60, 60, 30, 50, 40]

    options = replace(
        SERVER,
        max_data=70,
        max_stream_data=60,
        max_stream_data_uni=30,
        max_streams_bidi=50,
        max_streams_uni=40,
    )
    play(script, server=options)
