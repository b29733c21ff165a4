"""RESET_STREAM_AT between two engines of ours: promise, delivery, loss, shrinking, and errors."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.network.path import Direction, Drop, Hold, Path
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.events import RESET_STREAM, RESET_STREAM_AT
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import varint

Play = Callable[..., None]
SERVER = QuicOptions(identity=identity.ed25519())
TO = Direction.TO_ENDPOINT


def frame(*values: int, kind: int = RESET_STREAM_AT) -> bytes:
    return b"".join(varint.encode(value) for value in (kind, *values))


def stream_frame(stream_id: int, offset: int, data: bytes, *, fin: bool = False) -> bytes:
    head = (0x0E | fin, stream_id, offset, len(data))
    return b"".join(varint.encode(value) for value in head) + data


def test_data_and_reset_leave_in_one_packet_and_arrive_in_order(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        stream_id = client.open_stream("uni")
        before = pair.crossed()
        client.send(stream_id, b"headerbody")
        client.reset_at(stream_id, 77, 6)
        client.flush()
        assert pair.crossed() - before == 1
        reset = await pair.server.wait_for(events.StreamReset)
        assert pair.server.data(stream_id) == b"header"
        assert reset == events.StreamReset(stream_id, 77, 6, 6, RESET_STREAM_AT)
        assert pair.server.all(events.StreamResetAnnounced) == []
        assert pair.server.connection.final_size(stream_id) == 6
        await pair.server.barrier()
        await pair.client.barrier()
        assert not client.is_open(stream_id)

    play(script)


def test_final_size_is_what_was_sent_before(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send(2, b"headerbody")
        client.flush()
        client.send(2, b"never sent")
        client.reset_at(2, 1, 0)
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.final_size, reset.reliable_size) == (10, 0)
        assert pair.server.data(2) == b"headerbody"

    play(script)


def test_reset_may_come_before_the_data_it_protects(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Hold(TO, 0, 1))
        client.send(2, b"header")
        client.flush()
        client.reset_at(2, 5, 6)
        client.flush()
        announced = await pair.server.wait_for(events.StreamResetAnnounced)
        assert announced == events.StreamResetAnnounced(2, 5, 6, 6)
        await pair.server.wait_for(events.StreamReset)
        kinds = [
            type(e) for e in pair.server.seen[2:] if not isinstance(e, events.PingAcknowledged)
        ]
        assert kinds == [events.StreamResetAnnounced, events.StreamData, events.StreamReset]
        assert not pair.server.all(events.StreamData)[0].finished

    play(script)


def test_lost_data_below_the_size_is_repeated_and_lost_reset_too(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Drop(TO, 0), Drop(TO, 2))
        client.send(2, b"header")
        client.flush()
        client.send(2, b"-more")
        client.flush()
        client.reset_at(2, 5, 6)
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.final_size, reset.reliable_size) == (11, 6)
        assert pair.server.data(2)[:6] == b"header"
        assert len(pair.server.all(events.StreamReset)) == 1

    play(script)


@pytest.mark.parametrize("seed", range(6))
def test_promise_is_kept_on_a_bad_path(play: Play, seed: int) -> None:
    payload = bytes(i % 251 for i in range(36_000))

    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send(2, payload)
        client.flush()
        client.reset_at(2, 9, 6000)
        client.flush()
        async with asyncio.timeout(60):
            while not pair.server.all(events.StreamReset):
                await pair.server.barrier()
        got = pair.server.data(2)
        assert len(got) >= 6000
        assert got == payload[: len(got)]
        assert len(pair.server.all(events.StreamReset)) == 1
        assert len(pair.server.all(events.StreamResetAnnounced)) <= 1
        await pair.client.barrier()
        assert pair.client.all(events.Closed) == []

    play(script, path=Path(delay_s=0.02, jitter_s=0.02, loss=0.15), seed=seed)


def test_fin_that_was_sent_is_overtaken_by_the_reset(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Drop(TO, 0))
        client.send(2, b"header", finish=True)
        client.flush()
        client.reset_at(2, 5, 3)
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.final_size, reset.reliable_size) == (6, 3)
        assert pair.server.data(2)[:3] == b"hea"
        assert not any(data.finished for data in pair.server.all(events.StreamData))

    play(script)


def test_promise_may_shrink_but_not_grow(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Drop(TO, 0), Hold(TO, 1, 2))
        client.send(2, b"0123456789")
        client.flush()
        client.reset_at(2, 5, 8)
        client.flush()
        client.reset_at(2, 5, 4)
        with pytest.raises(QuicMisuse, match="reliable bytes"):
            client.reset_at(2, 5, 6)
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.final_size, reset.reliable_size) == (10, 4)
        announced = pair.server.all(events.StreamResetAnnounced)
        assert [one.reliable_size for one in announced] == [4]
        await pair.server.barrier()
        await pair.client.barrier()
        assert not client.is_open(2)

    play(script)


def test_misuse_is_refused(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send(2, b"abc")
        with pytest.raises(QuicMisuse, match="4 reliable bytes of 3"):
            client.reset_at(2, 1, 4)
        with pytest.raises(QuicMisuse, match="-1 reliable"):
            client.reset_at(2, 1, -1)
        client.reset_at(2, 1, 3)
        with pytest.raises(QuicMisuse, match="no more data"):
            client.send(2, b"more")
        client.reset(2, 9)
        client.flush()
        assert (await pair.server.wait_for(events.StreamReset)).code == 1

    play(script)


@pytest.mark.parametrize("numbers", [(0x1D,), (0x17F7586D2CB571,), (0x1D, 0x17F7586D2CB571)])
def test_either_number_announces_it(play: Play, numbers: tuple[int, ...]) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        assert client.peer_resets_at
        announced = [key for key, value in client.peer_parameters if value == b""]
        assert announced == list(numbers)
        client.send(2, b"abc")
        client.reset_at(2, 1, 3)
        client.flush()
        assert await pair.server.wait_for(events.StreamReset)

    play(script, server=replace(SERVER, reset_stream_at=numbers))


def test_without_the_parameter_it_is_neither_sent_nor_taken(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        assert not client.peer_resets_at
        client.send(2, b"abc")
        client.flush()
        with pytest.raises(QuicMisuse, match="did not announce"):
            client.reset_at(2, 1, 3)
        client.send_packet(frame(2, 1, 3, 3))
        client.flush()
        closed = await pair.client.wait_for(events.Closed)
        assert (closed.code, closed.frame_type, closed.by) == (0x7, 0x24, "peer")

    play(script, server=replace(SERVER, reset_stream_at=()))


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((frame(2, 1, 3, 4),), 0x7),  # reliable over final
        ((frame(3, 1, 0, 0),), 0x5),  # the receiver's own stream
        ((frame(2 + 4 * 200, 1, 0, 0),), 0x4),  # over the number of streams
        ((frame(2, 1, 1 << 40, 0),), 0x3),  # over the stream's window
        ((frame(2, 1, 5, 5), frame(2, 1, 6, 5)), 0x6),  # another final size
        ((frame(2, 1, 5, 5), stream_frame(2, 4, b"xy")), 0x6),  # data beyond it
        ((frame(2, 1, 5, 5), stream_frame(2, 0, b"xy", fin=True)), 0x6),  # FIN elsewhere
        ((stream_frame(2, 0, b"123456"), frame(2, 1, 5, 2)), 0x6),  # below what was sent
    ],
)
def test_violations_close_the_connection(play: Play, frames: tuple[bytes, ...], code: int) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.send_packet(*frames)
        pair.client.connection.flush()
        closed = await pair.server.wait_for(events.Closed)
        assert (closed.code, closed.by) == (code, "local")

    play(script)


@pytest.mark.parametrize("last", [frame(2, 1, 5, kind=RESET_STREAM), frame(2, 1, 5, 0)])
def test_a_smaller_promise_completes_an_announced_reset(play: Play, last: bytes) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send_packet(frame(2, 1, 5, 5), frame(2, 1, 5, 5))
        client.flush()
        await pair.client.barrier()
        assert len(pair.server.all(events.StreamResetAnnounced)) == 1
        assert pair.server.all(events.StreamReset) == []
        client.send_packet(last, frame(2, 1, 5, 5), stream_frame(2, 0, b"12345"))
        client.flush()
        await pair.client.barrier()
        reset = events.StreamReset(2, 1, 5, 0, last[0])
        assert pair.server.all(events.StreamReset) == [reset]
        assert pair.server.data(2) == b""

    play(script)


def test_fin_at_the_final_size_does_not_finish_a_reset_stream(play: Play) -> None:
    async def script(pair: Any) -> None:
        frames = frame(2, 1, 5, 5), stream_frame(2, 0, b"12345", fin=True)
        pair.client.connection.send_packet(*frames)
        pair.client.connection.flush()
        await pair.server.wait_for(events.StreamReset)
        assert pair.server.all(events.StreamData) == [
            events.StreamData(2, b"12345", finished=False)
        ]

    play(script)


def test_stop_after_a_reliable_reset_changes_nothing(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Drop(TO, 0), Drop(TO, 1))
        client.send(2, b"abc")
        client.flush()
        client.reset_at(2, 1, 3)
        client.flush()
        client.send_packet(b"\x01")
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.code, reset.reliable_size) == (1, 3)

    play(script)


def test_reliable_part_waits_for_credit_and_so_does_the_frame(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        client.send(2, bytes(500))
        client.reset_at(2, 1, 300)
        client.flush()
        await pair.client.barrier()
        assert pair.server.data(2) == bytes(100)
        assert pair.server.all(events.StreamResetAnnounced) == []
        server.grant_stream_data(2, 400)
        server.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.final_size, reset.reliable_size) == (300, 300)
        assert pair.server.data(2) == bytes(300)

    play(script, server=replace(SERVER, max_stream_data=100, fixed_windows=True))


def test_a_reset_of_a_stream_over_the_limit_waits(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        for stream_id, act in ((2, client.reset), (6, client.reset)):
            act(stream_id, 3)
        client.stop(0, 4)
        client.stop(4, 4)
        client.flush()
        await pair.client.barrier()
        assert [reset.stream_id for reset in pair.server.all(events.StreamReset)] == [2]
        assert [stop.stream_id for stop in pair.server.all(events.StopSending)] == [0]
        server.grant_streams("uni", 2)
        server.grant_streams("bidi", 2)
        server.flush()
        await pair.server.barrier()
        await pair.client.barrier()
        assert [reset.stream_id for reset in pair.server.all(events.StreamReset)] == [2, 6]
        assert [stop.stream_id for stop in pair.server.all(events.StopSending)] == [0, 4]

    server = replace(SERVER, max_streams_uni=1, max_streams_bidi=1, grants_streams=False)
    play(script, server=server)


def test_plain_reset_is_of_its_own_kind(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.send(2, b"abc")
        pair.client.connection.flush()
        pair.client.connection.reset(2, 8)
        pair.client.connection.reset_at(2, 8, 2)
        pair.client.connection.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.announced_by, reset.reliable_size) == (RESET_STREAM, 0)

    play(script)
