"""DATAGRAM frames: room, refusal, fate."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.network.path import Direction, Drop
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.options import QuicOptions

Play = Callable[..., None]

SERVER = QuicOptions(identity=identity.ed25519())


def test_datagrams_with_room_numbers_and_fates(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        assert client.datagram_room() == 1170
        assert not client.send_datagram(bytes(1171))
        assert client.send_datagram(bytes(1170))
        assert client.send_datagram(b"second")
        client.flush()
        await pair.client.barrier()
        got = [event.data for event in pair.server.all(events.DatagramReceived)]
        assert got == [bytes(1170), b"second"]
        fates = [
            events.DatagramFate(0, acknowledged=True),
            events.DatagramFate(1, acknowledged=True),
        ]
        assert pair.client.all(events.DatagramFate) == fates

    play(script)


@pytest.mark.parametrize(
    ("offered", "room"),
    [(None, -2), (0, -2), (1, -1), (2, 0), (65, 63), (66, 63), (67, 64), (500, 497)],
)
def test_datagram_room_counts_the_whole_frame(play: Play, offered: int | None, room: int) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        assert client.datagram_room() == room
        assert not client.send_datagram(bytes(max(room + 1, 0)))
        if room >= 0:
            assert client.send_datagram(bytes(room))
            client.flush()
            assert (await pair.server.wait_for(events.DatagramReceived)).data == bytes(room)

    play(script, server=replace(SERVER, max_datagram_frame_size=offered))


def test_a_lost_datagram_is_told_and_not_repeated(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.link.script(Drop(Direction.TO_ENDPOINT, 0))
        pair.client.connection.send_datagram(b"lost")
        pair.client.connection.flush()
        await pair.client.barrier()
        assert await pair.client.wait_for(events.DatagramFate) == events.DatagramFate(
            0, acknowledged=False
        )
        await pair.client.barrier()
        assert pair.server.all(events.DatagramReceived) == []

    play(script)


def test_larger_packets_after_the_handshake(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.raise_udp_payload(1452)
        assert client.datagram_room() == 1422
        client.send_datagram(bytes(1422))
        client.flush()
        assert len((await pair.server.wait_for(events.DatagramReceived)).data) == 1422
        assert pair.network.trace[-1].size_bytes <= 1452

    play(script)
