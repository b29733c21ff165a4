"""Streams between two connections of ours: data, ends, resets, stops, and misuse."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.network.path import Delay, Direction
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.events import RESET_STREAM
from wtspec.suite.quic.options import QuicOptions

Play = Callable[..., None]

SERVER = QuicOptions(identity=identity.ed25519())


def test_stream_data_and_fin_both_ways(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client, pair.server
        stream_id = client.connection.open_stream("bidi")
        client.connection.send(stream_id, b"question", finish=True)
        client.connection.flush()
        await server.wait_for(events.StreamData)
        server.connection.send(stream_id, b"answer", finish=True)
        server.connection.flush()
        got = await client.wait_for(events.StreamData)
        assert got == events.StreamData(stream_id, b"answer", finished=True)
        assert server.data(stream_id) == b"question"
        assert server.connection.final_size(stream_id) == 8
        await server.barrier()
        await client.barrier()
        assert not client.connection.is_open(stream_id)
        assert client.connection.final_size(stream_id) == 6
        assert client.connection.sent_bytes(stream_id) == 8
        assert client.connection.received_bytes(stream_id) == 6

    play(script)


def test_empty_write_with_fin_and_header_only_write(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        header_only, empty = client.open_stream("uni"), client.open_stream("uni")
        client.send(header_only, b"\x40\x54\x00")
        client.send(empty, b"", finish=True)
        client.flush()
        await pair.client.barrier()
        assert pair.server.all(events.StreamData) == [
            events.StreamData(header_only, b"\x40\x54\x00", finished=False),
            events.StreamData(empty, b"", finished=True),
        ]
        assert pair.server.connection.final_size(empty) == 0

    play(script)


def test_lower_ids_may_be_used_after_higher_ones(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send(8, b"third")
        client.flush()
        client.send(0, b"first")
        client.reset(4, 9)
        client.flush()
        await pair.client.barrier()
        assert pair.server.data(8) == b"third"
        assert pair.server.data(0) == b"first"
        reset = events.StreamReset(4, 9, 0, 0, RESET_STREAM)
        assert pair.server.all(events.StreamReset) == [reset]
        assert client.open_stream("bidi") == 12

    play(script)


def test_reset_reports_code_and_final_size(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        stream_id = client.open_stream("uni")
        client.send(stream_id, b"12345")
        client.flush()
        client.reset(stream_id, 0x52E4A40FA8DB)
        client.reset(stream_id, 1)
        client.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert reset == events.StreamReset(stream_id, 0x52E4A40FA8DB, 5, 0, RESET_STREAM)
        assert pair.server.connection.final_size(stream_id) == 5
        with pytest.raises(QuicMisuse, match="no more data"):
            client.send(stream_id, b"more")

    play(script)


def test_stop_is_reported_once_and_answered_with_its_code(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        stream_id = client.open_stream("bidi")
        client.send(stream_id, b"abc")
        client.flush()
        await pair.client.barrier()
        server.stop(stream_id, 11)
        server.flush()
        server.stop(stream_id, 11)
        server.flush()
        await pair.server.barrier()
        assert pair.client.all(events.StopSending) == [events.StopSending(stream_id, 11)]
        reset = events.StreamReset(stream_id, 11, 3, 0, RESET_STREAM)
        assert pair.server.all(events.StreamReset) == [reset]
        client.send(stream_id, b"dropped", finish=True)
        client.flush()
        await pair.client.barrier()
        assert pair.server.data(stream_id) == b"abc"

    play(script)


def test_data_for_a_stopped_stream_that_is_all_over_is_dropped(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        stream_id = client.open_stream("uni")
        client.send(stream_id, b"abc")
        client.flush()
        await pair.client.barrier()
        server.stop(stream_id, 11)
        server.flush()
        await pair.server.barrier()
        await pair.client.barrier()
        await pair.client.barrier()
        assert not client.is_open(stream_id)
        client.send(stream_id, b"dropped")
        other = client.open_stream("uni")
        client.send(other, b"", finish=True)
        await pair.client.barrier()
        await pair.client.barrier()
        assert not client.is_open(other)
        with pytest.raises(QuicMisuse, match="has ended"):
            client.send(other, b"late")

    play(script)


def test_owner_answers_a_stop_its_own_way(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection

        def answer(event: events.Event) -> None:
            if isinstance(event, events.StopSending):
                client.reset_at(event.stream_id, 99, 2)

        client.on_event = answer
        stream_id = client.open_stream("uni")
        client.send(stream_id, b"abc")
        client.flush()
        await pair.server.wait_for(events.StreamData)
        server.stop(stream_id, 11)
        server.flush()
        reset = await pair.server.wait_for(events.StreamReset)
        assert (reset.code, reset.reliable_size) == (99, 2)

    play(script)


def test_a_stop_may_be_left_unanswered(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        stream_id = client.open_stream("uni")
        client.send(stream_id, b"abc")
        client.flush()
        await pair.client.barrier()
        server.stop(stream_id, 11)
        server.flush()
        await pair.client.wait_for(events.StopSending)
        client.send(stream_id, b"def", finish=True)
        await pair.client.barrier()
        assert pair.server.data(stream_id) == b"abcdef"
        assert pair.server.all(events.StreamReset) == []

    play(script, client=QuicOptions(answers_stops=False))


def test_stop_of_our_stream_that_was_never_written(play: Play) -> None:
    async def script(pair: Any) -> None:
        stream_id = pair.client.connection.open_stream("bidi")
        pair.client.connection.stop(stream_id, 5)
        pair.client.connection.flush()
        assert await pair.server.wait_for(events.StopSending) == events.StopSending(stream_id, 5)
        reset = await pair.client.wait_for(events.StreamReset)
        assert (reset.code, reset.final_size) == (5, 0)

    play(script)


def test_misuse_of_streams_is_refused_and_changes_nothing(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        with pytest.raises(QuicMisuse, match="has not opened"):
            client.stop(1, 0)
        with pytest.raises(QuicMisuse, match="has not opened"):
            client.send(5, b"x")
        with pytest.raises(QuicMisuse, match="one direction"):
            client.send(3, b"x")
        with pytest.raises(QuicMisuse, match="brings nothing"):
            client.stop(2, 0)
        before = pair.crossed()
        client.flush()
        assert pair.crossed() == before

    play(script)


def test_stop_after_the_end_is_silent(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        client.send(0, b"x", finish=True)
        client.flush()
        await pair.server.wait_for(events.StreamData)
        server.stop(0, 3)
        await pair.server.barrier()
        assert pair.client.all(events.StopSending) == []

    play(script)


def test_data_held_by_the_network_is_delivered_in_order(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.link.script(Delay(Direction.TO_ENDPOINT, 0, 0.01))
        for part in (b"a", b"b", b"c"):
            client.send(0, part)
            client.flush()
        await pair.client.barrier()
        assert pair.server.data(0) == b""
        await pair.server.wait_for(events.StreamData)
        assert pair.server.data(0) == b"abc"

    play(script)


def test_calls_on_a_stream_that_is_all_over_do_nothing(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        client.send(2, b"x", finish=True)
        await pair.client.barrier()
        await pair.server.barrier()
        await pair.client.barrier()
        assert not client.is_open(2)
        assert not server.is_open(2)
        client.reset(2, 1)
        client.reset_at(2, 1, 0)
        server.stop(2, 1)
        server.grant_stream_data(2, 1 << 40)
        before = pair.crossed()
        client.flush()
        server.flush()
        assert pair.crossed() == before
        assert (client.send_credit(2), client.sent_bytes(2), client.sent_bytes(6)) == (0, 1, 0)
        assert (server.received_bytes(2), server.final_size(6)) == (1, None)

    play(script)
