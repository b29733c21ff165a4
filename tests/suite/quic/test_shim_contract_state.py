"""The private names of aioquic that the shim reads, calls or sets: one test a name."""

from collections.abc import Callable
from typing import Any

import pytest
from aioquic import tls
from aioquic.quic import configuration, connection, recovery
from aioquic.quic import events as library
from aioquic.quic.packet import QuicFrameType, QuicPacketType, QuicStreamFrame
from aioquic.quic.packet_builder import QuicDeliveryState, QuicPacketBuilder

from wtspec.suite.quic import events, identity, streams
from wtspec.suite.quic.configure import CONNECTION_ID_BYTES
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.shim import Engine, Own

Wired = Callable[..., Any]
SERVER = QuicOptions(identity=identity.ed25519())


def test_frame_handlers(wire: Any) -> None:
    handlers = vars(wire.server)["_QuicConnection__frame_handlers"]
    handler, epochs = handlers[QuicFrameType.RESET_STREAM]
    assert handler == wire.server._handle_reset_stream_frame
    assert epochs == handlers[0x24][1]
    bare = connection.QuicConnection(configuration=configuration.QuicConfiguration())
    assert 0x24 not in vars(bare)["_QuicConnection__frame_handlers"]


def test_streams(wire: Any) -> None:
    wire.client.send_stream_data(0, b"x", end_stream=True)
    wire.rounds(1)
    for engine in (wire.client, wire.server):
        created = engine._streams[0]
        assert type(created) is streams.Stream
        assert type(created.sender) is streams.Sender
        assert type(created.receiver) is streams.Receiver
        assert hash(created) == 0
    wire.server.send_stream_data(0, b"", end_stream=True)
    wire.rounds(4)
    assert 0 not in wire.client.streams
    assert wire.client.ended[0].sent_bytes == 1
    assert wire.server.ended[0].final_size == 1


def test_events(wire: Any) -> None:
    wire.client.send_stream_data(2, b"x")
    wire.client.send_datagram_frame(b"y")
    for data, address in wire.client.datagrams_to_send(wire.now):
        wire.server.receive_datagram(data, address, wire.now)
    wire.server._events.append(Own(events.PingAcknowledged(5)))
    waiting = list(wire.server._events)
    assert [type(event) for event in waiting[-3:]] == [
        library.DatagramFrameReceived,
        library.StreamDataReceived,
        Own,
    ]
    assert wire.server.next_event() is waiting[0]


def test_get_or_create_stream(wire: Any) -> None:
    created = wire.server._get_or_create_stream(0x24, 10)
    assert created is wire.server._streams[10]
    assert {2, 6, 10} <= set(wire.server._streams)
    with pytest.raises(connection.QuicConnectionError):
        wire.server._get_or_create_stream(0x24, 3)


def test_assert_stream_can_receive(wire: Any) -> None:
    wire.server._assert_stream_can_receive(0x24, 2)
    with pytest.raises(connection.QuicConnectionError) as caught:
        wire.server._assert_stream_can_receive(0x24, 3)
    assert (caught.value.error_code, caught.value.frame_type) == (0x5, 0x24)


def test_write_stream_frame(wire: Any) -> None:
    wire.client.send_stream_data(2, b"abcdef")
    used = wire.client._remote_max_data_used
    wire.client.streams.of(2).sender.abort_at(9, 4)
    assert wire.move(wire.client, wire.server) == 1
    assert wire.client._remote_max_data_used - used == 4
    assert wire.seen[wire.server][-1] == events.StreamReset(2, 9, 4, 4, 0x24)


def test_remote_max_data(wire: Any) -> None:
    assert wire.client._remote_max_data == SERVER.max_data


def test_remote_max_data_used(wire: Any) -> None:
    before = wire.client.connection_credit()
    wire.client.send_stream_data(2, bytes(100))
    wire.rounds(1)
    assert wire.client._remote_max_data_used == 100
    assert before - wire.client.connection_credit() == 100


def test_remote_max_streams_bidi(wired: Wired) -> None:
    wire = wired(server=QuicOptions(identity=identity.ed25519(), max_streams_bidi=7))
    wire.rounds()
    assert wire.client._remote_max_streams_bidi == wire.client.streams_allowed("bidi") == 7


def test_remote_max_streams_uni(wired: Wired) -> None:
    wire = wired(server=QuicOptions(identity=identity.ed25519(), max_streams_uni=7))
    wire.rounds()
    assert wire.client._remote_max_streams_uni == wire.client.streams_allowed("uni") == 7


def test_remote_max_datagram_frame_size(wired: Wired) -> None:
    for offered in (None, 100):
        server = QuicOptions(identity=identity.ed25519(), max_datagram_frame_size=offered)
        wire = wired(server=server)
        wire.rounds()
        assert wire.client._remote_max_datagram_frame_size == offered


def test_local_max_data(wire: Any) -> None:
    limit = wire.server._local_max_data
    assert (limit.value, limit.sent, limit.used) == (SERVER.max_data, SERVER.max_data, 0)
    wire.client.send_stream_data(2, bytes(100))
    wire.rounds(1)
    assert limit.used == 100
    limit.value = 50
    wire.client.send_stream_data(2, b"x")
    wire.rounds(1)
    assert wire.seen[wire.server][-1] == events.Closed(
        0x3, 0xE, "Over connection data limit", "local", is_application=False
    )


def close_streams_of(wire: Any, first_id: int) -> None:
    wire.client.send_stream_data(first_id, b"", end_stream=True)
    wire.rounds(2)
    if not first_id & 2:
        wire.server.send_stream_data(first_id, b"", end_stream=True)
    wire.rounds(3)


def test_local_max_streams_bidi(wire: Any) -> None:
    limit = wire.server._local_max_streams_bidi
    close_streams_of(wire, 0)
    assert (limit.name, limit.used, limit.sent, limit.value) == ("max_streams_bidi", 1, 128, 129)


def test_local_max_streams_uni(wire: Any) -> None:
    limit = wire.server._local_max_streams_uni
    close_streams_of(wire, 2)
    assert (limit.name, limit.used, limit.sent, limit.value) == ("max_streams_uni", 1, 128, 129)


def test_local_max_stream_data_uni(wire: Any) -> None:
    assert wire.server._local_max_stream_data_uni == SERVER.max_stream_data
    wire.server._local_max_stream_data_uni = 5
    wire.client.send_stream_data(2, b"x")
    wire.rounds(1)
    assert wire.server.streams.of(2).max_stream_data_local == 5


def lose_one_flight(wire: Any, engine: Engine) -> None:
    other = wire.server if engine is wire.client else wire.client
    wire.lost = True
    assert wire.move(engine, other)
    wire.lost = False
    wire.timers(engine)
    wire.rounds(6)


def test_on_connection_limit_delivery(wire: Any) -> None:
    wire.server.credit.grant_data(1 << 30)
    lose_one_flight(wire, wire.server)
    assert wire.client._remote_max_data == 1 << 30


def test_on_max_stream_data_delivery(wire: Any) -> None:
    wire.client.send_stream_data(2, b"x")
    wire.rounds(4)
    wire.server.streams.of(2).max_stream_data_local = 1 << 29
    lose_one_flight(wire, wire.server)
    assert wire.client.streams.of(2).max_stream_data_remote == 1 << 29


def test_max_datagram_size(wire: Any) -> None:
    wire.client.raise_udp_payload(1452)
    wire.client.send_stream_data(2, bytes(5000))
    assert max(len(data) for data, _ in wire.client.datagrams_to_send(wire.now)) == 1452


def test_peer_cid(wire: Any) -> None:
    assert wire.client._peer_cid.cid == wire.server.host_cid
    assert len(wire.client._peer_cid.cid) == CONNECTION_ID_BYTES
    announced = dict(wire.client.peer_parameters)
    assert wire.client._peer_cid.stateless_reset_token == announced[0x02]
    wire.client.send_ping(1)
    datagram = wire.client.datagrams_to_send(wire.now)[0][0]
    assert datagram[1:9] == wire.server.host_cid


def test_host_cids(wire: Any) -> None:
    assert wire.server._host_cids[0].cid == wire.server.host_cid
    assert wire.client.notice_stateless_reset(wire.server.stateless_reset())


def test_cryptos(wire: Any, wired: Wired) -> None:
    assert wire.client._cryptos[tls.Epoch.ONE_RTT].send.is_valid()
    fresh = wired().client
    assert not fresh._cryptos[tls.Epoch.ONE_RTT].send.is_valid()
    builder = QuicPacketBuilder(
        host_cid=b"", peer_cid=bytes(8), version=1, is_client=True, max_datagram_size=1200
    )
    builder.start_packet(QuicPacketType.ONE_RTT, wire.client._cryptos[tls.Epoch.ONE_RTT])
    assert builder.remaining_flight_space == wire.client.packet_room == 1173


def test_spaces(wire: Any) -> None:
    space = wire.server._spaces[tls.Epoch.ONE_RTT]
    wire.client.send_ping(1)
    assert space.ack_at is None
    wire.move(wire.client, wire.server)
    assert space.ack_at is not None
    assert len(space.ack_queue)


def test_close_event(wire: Any) -> None:
    assert wire.client._close_event is None
    wire.client.close(5, 6, "why")
    assert wire.client._close_event == library.ConnectionTerminated(5, 6, "why")


def test_close_end(wire: Any) -> None:
    wire.client.notice_stateless_reset(wire.server.stateless_reset())
    assert wire.client.get_timer() is None
    assert list(wire.news(wire.client))[-1] == events.Closed(
        0, 0, "stateless reset", "stateless-reset", is_application=False
    )


def test_loss(wired: Wired) -> None:
    wire = wired()
    assert wire.client.rtt_s is None
    wire.rounds()
    assert isinstance(wire.client._loss, recovery.QuicPacketRecovery)


def test_rtt_initialized(wired: Wired) -> None:
    wire = wired()
    assert not wire.client._loss._rtt_initialized
    wire.rounds()
    assert wire.client._loss._rtt_initialized


def test_rtt_smoothed(wire: Any) -> None:
    assert wire.client.rtt_s == wire.client._loss._rtt_smoothed
    assert wire.client._loss._rtt_smoothed == pytest.approx(0.002, abs=0.002)


def test_pacer(wire: Any) -> None:
    paced = recovery.QuicPacketPacer(max_datagram_size=1200)
    paced.update_rate(congestion_window=12000, smoothed_rtt=1.0)
    assert paced.next_send_time(now=0.0) is not None
    for _ in range(60):
        wire.client.send_ping(1)
        assert wire.move(wire.client, wire.server) == 1


def test_peer_certificate(wire: Any) -> None:
    assert wire.client.certificate_hash_sha256 == identity.ed25519().hash_sha256
    assert wire.server.certificate_hash_sha256 is None


def sender() -> streams.Sender:
    made = streams.Sender(2, writable=True)
    made.write(b"0123456789")
    return made


def test_pending() -> None:
    made = sender()
    made.abort_at(1, 4)
    assert list(made._pending) == [range(4)]
    made.abort_at(1, 0)
    assert len(made._pending) == 0
    assert made.buffer_is_empty


def test_pending_eof() -> None:
    made = streams.Sender(2, writable=True)
    made.write(b"", end_stream=True)
    assert made._pending_eof
    made.abort_at(1, 0)
    assert made.get_frame(100) is None


def test_buffer_fin() -> None:
    made = sender()
    assert not made.ends
    made.write(b"", end_stream=True)
    assert made.ends
    assert made._buffer_fin == 10
    made.abort_at(1, 10)
    frame = made.get_frame(100)
    assert frame is not None
    assert (frame.data, frame.fin) == (b"0123456789", False)


def test_buffer_start() -> None:
    made = sender()
    made.get_frame(4)
    made.on_data_delivery(QuicDeliveryState.ACKED, 0, 4, fin=False)
    assert made._buffer_start == 4
    receiver = streams.Receiver(2, readable=True)
    receiver.handle_frame(QuicStreamFrame(data=b"abc", offset=0))
    assert receiver._buffer_start == receiver.starting_offset() == 3


def test_buffer_stop() -> None:
    made = sender()
    assert made._buffer_stop == made.written == 10
    made.get_frame(4)
    assert made.unsent == 6


def test_reset_error_code() -> None:
    made = sender()
    made.reset(5)
    assert made._reset_error_code is None
    assert made.stopped_code == 5
    made.abort(6)
    assert made._reset_error_code == 6
    assert made.is_reset
    assert made.reset_pending


def test_final_size() -> None:
    receiver = streams.Receiver(2, readable=True)
    assert receiver._final_size is None
    receiver.handle_frame(QuicStreamFrame(data=b"abc", offset=0, fin=True))
    assert receiver._final_size == receiver.final_size == 3
