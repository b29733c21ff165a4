"""What honest endpoints never do: raw packets, edited parameters, silence, no acknowledgement."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.quic import events, identity
from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire.transport_parameters import Parameter

Play = Callable[..., None]
SERVER = QuicOptions(identity=identity.ed25519())
PING = b"\x01"


def stream_frame(stream_id: int, data: bytes) -> bytes:
    return bytes([0x0A, stream_id, len(data)]) + data


def test_one_packet_of_exactly_these_frames(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        client.send(0, b"queued")
        before = pair.crossed()
        client.send_packet(stream_frame(2, b"raw"), b"\x04\x06\x07\x00", PING)
        client.flush()
        assert pair.crossed() - before == 2
        await pair.client.barrier()
        assert [type(event) for event in pair.server.seen[-3:]] == [
            events.StreamData,
            events.StreamReset,
            events.StreamData,
        ]
        assert pair.server.data(2) == b"raw"
        # header, connection ID, packet number, the frames, the tag
        assert pair.network.trace[before].size_bytes == 1 + 8 + 2 + 6 + 4 + 1 + 16

    play(script)


@pytest.mark.parametrize("frame", [b"\x3f", b"\x40\x3f", b"\x80\x00\x00\x3f"])
def test_unknown_frame_in_any_length_of_type(play: Play, frame: bytes) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.send_packet(frame)
        pair.client.connection.flush()
        closed = await pair.server.wait_for(events.Closed)
        assert (closed.code, closed.frame_type, closed.by) == (0x7, 0x3F, "local")
        seen = await pair.client.wait_for(events.Closed)
        assert seen == replace(closed, by="peer")

    play(script)


def test_raw_packets_keep_their_order_and_number(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        before = pair.crossed()
        for stream_id in (2, 6, 10):
            client.send_packet(stream_frame(stream_id, b"x"))
        client.flush()
        assert pair.crossed() - before == 3
        await pair.client.barrier()
        assert [event.stream_id for event in pair.server.all(events.StreamData)] == [2, 6, 10]

    play(script)


def test_raw_packets_wait_for_the_congestion_window(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        before = pair.crossed()
        for stream_id in range(2, 62, 4):
            client.send_packet(stream_frame(stream_id, b"x"), bytes(1150))
        client.flush()
        assert 5 < pair.crossed() - before < 15
        for _ in range(4):
            await pair.client.barrier()
        got = [event.stream_id for event in pair.server.all(events.StreamData)]
        assert got == list(range(2, 62, 4))

    play(script)


def test_frames_that_cannot_be_sent_are_refused(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        for frames in ((), (b"",), (bytes(1174),), (bytes(1000), bytes(174)), (b"\x40",)):
            with pytest.raises(QuicMisuse):
                client.send_packet(*frames)
        client.send_packet(bytes(1173))
        before = pair.crossed()
        client.flush()
        assert pair.network.trace[before].size_bytes == 1200

    play(script)


def test_parameters_are_replaced_withheld_appended_and_doubled(play: Play) -> None:
    async def script(pair: Any) -> None:
        closed = await pair.client.wait_for(events.Closed)
        assert (closed.code, closed.by, closed.is_application) == (0x8, "peer", False)

    twice = ((int(Parameter.INITIAL_MAX_DATA), b"\x01"),)
    play(script, client=QuicOptions(extra_parameters=twice), connected=False)

    async def edited(pair: Any) -> None:
        got = dict(pair.server.connection.peer_parameters)
        assert got[Parameter.INITIAL_MAX_DATA] == b"\x40\x05"
        assert Parameter.MAX_DATAGRAM_FRAME_SIZE not in got
        assert got[0x1B] == b"grease"
        assert pair.server.connection.peer_parameters[-1] == (0x1B, b"grease")
        assert pair.server.connection.datagram_room() < 0

    options = QuicOptions(
        parameters={
            Parameter.INITIAL_MAX_DATA: b"\x40\x05",
            Parameter.MAX_DATAGRAM_FRAME_SIZE: None,
        },
        extra_parameters=((0x1B, b"grease"),),
    )
    play(edited, client=options)


def test_malformed_parameter_closes(play: Play) -> None:
    async def script(pair: Any) -> None:
        assert (await pair.client.wait_for(events.Closed)).code == 0x8

    bad = QuicOptions(parameters={Parameter.MAX_IDLE_TIMEOUT: b"\x40"})
    play(script, client=bad, connected=False)


def test_acknowledgements_are_held_and_then_given(play: Play) -> None:
    async def script(pair: Any) -> None:
        client, server = pair.client.connection, pair.server.connection
        server.hold_acknowledgements()
        number = client.ping()
        client.send(2, b"x", finish=True)
        client.flush()
        await pair.server.wait_for(events.StreamData)
        await pair.pass_time(2)
        assert events.PingAcknowledged(number) not in pair.client.seen
        assert client.is_open(2)
        server.hold_acknowledgements(hold=False)
        server.flush()
        await pair.pass_time(0.01)
        assert not client.is_open(2)

    play(script)


def test_silence_answers_nothing_and_keeps_the_port(play: Play) -> None:
    async def script(pair: Any) -> None:
        refused: list[Any] = []
        pair.network.on_refused = refused.append
        client = pair.client.connection
        client.abandon()
        before = len(pair.client.seen)
        pair.server.connection.ping()
        pair.server.connection.flush()
        client.send(2, b"x")
        client.flush()
        await pair.pass_time(3)
        assert len(pair.client.seen) == before
        assert pair.server.all(events.StreamData) == []
        assert refused == []
        client.release()
        await pair.pass_time(10)
        assert refused

    play(script)


def test_stateless_reset_is_seen(play: Play) -> None:
    async def script(pair: Any) -> None:
        server = pair.server.connection
        server.forget()
        closed = await pair.client.wait_for(events.Closed)
        reason = "stateless reset"
        assert closed == events.Closed(0, 0, reason, "stateless-reset", is_application=False)
        pair.client.connection.send_udp_payload(bytes(40))
        with pytest.raises(QuicMisuse, match="no stateless reset token"):
            pair.client.connection.forget()

    play(script)


def test_any_bytes_may_be_sent_and_garbage_is_ignored(play: Play) -> None:
    async def script(pair: Any) -> None:
        for garbage in (b"", b"\x40", bytes(50), b"\xff" * 1200):
            pair.client.connection.send_udp_payload(garbage)
            pair.server.connection.send_udp_payload(garbage)
        await pair.client.barrier()
        await pair.server.barrier()

    play(script)
