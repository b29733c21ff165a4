"""Connections of ours against each other: what leaves, what arrives, who closed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.path import Direction, Drop, Path
from wtspec.suite.network.udp import UdpLink, UdpNetwork
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.connection import Listener, connect
from wtspec.suite.quic.driver import State
from wtspec.suite.quic.options import QuicOptions, Verify

Play = Callable[..., None]

SERVER = QuicOptions(identity=identity.ed25519())


def test_handshake_reports_parameters_before_completion_on_both_sides(play: Play) -> None:
    async def script(pair: Any) -> None:
        for side in (pair.client, pair.server):
            kinds = [type(event) for event in side.seen[:2]]
            assert kinds == [events.PeerParameters, events.HandshakeCompleted]
            assert side.all(events.HandshakeCompleted)[0].alpn == "h3"
            assert side.connection.state is State.CONNECTED
        assert pair.client.connection.is_client
        assert not pair.server.connection.is_client
        assert pair.client.connection.peer_address == pair.listener.address
        assert pair.server.connection.peer_address == pair.client.connection.local_address

    play(script)


def test_data_survives_a_lossy_reordering_path(play: Play) -> None:
    payload = bytes(range(256)) * 400

    async def script(pair: Any) -> None:
        stream_id = pair.client.connection.open_stream("uni")
        pair.client.connection.send(stream_id, payload, finish=True)
        pair.client.connection.flush()
        async with asyncio.timeout(60):
            while not (got := pair.server.all(events.StreamData)) or not got[-1].finished:
                await pair.server.barrier()
        assert pair.server.data(stream_id) == payload

    play(script, path=Path(delay_s=0.02, jitter_s=0.01, loss=0.05, duplicate=0.02), seed=7)


def test_same_seed_gives_the_same_trace(play: Play) -> None:
    traces = []

    async def script(pair: Any) -> None:
        client = pair.client.connection
        for stream_id in [client.open_stream("uni") for _ in range(8)]:
            client.send(stream_id, bytes(20_000), finish=True)
        client.flush()
        while sum(event.finished for event in pair.server.all(events.StreamData)) < 8:
            await pair.server.barrier()
        order = [(event.stream_id, len(event.data)) for event in pair.server.all(events.StreamData)]
        sent = [(c.time_s, c.direction, c.index, c.size_bytes) for c in pair.network.trace]
        traces.append((order, sent))

    for _ in range(3):
        play(script, path=Path(delay_s=0.02, jitter_s=0.01, loss=0.05), seed=3)
    assert traces[0] == traces[1] == traces[2]


def test_writes_flushed_together_share_a_packet(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        first, second = client.open_stream("bidi"), client.open_stream("uni")
        before = pair.crossed()
        client.send(first, b"one")
        client.send(second, b"two", finish=True)
        client.reset(client.open_stream("uni"), 7)
        client.flush()
        assert pair.crossed() - before == 1

    play(script)


def test_each_flush_is_a_packet_of_its_own(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        stream_id = client.open_stream("bidi")
        before = pair.crossed()
        for _ in range(40):
            client.send(stream_id, b"x")
            client.flush()
        assert pair.crossed() - before == 40
        client.flush()
        assert pair.crossed() - before == 40

    play(script)


def test_writes_of_an_event_handler_leave_by_themselves(play: Play) -> None:
    async def script(pair: Any) -> None:
        server = pair.server.connection
        take = server.on_event

        def echo(event: events.Event) -> None:
            take(event)
            if isinstance(event, events.StreamData):
                server.send(event.stream_id, event.data, finish=event.finished)

        server.on_event = echo
        pair.client.connection.send(0, b"back", finish=True)
        pair.client.connection.flush()
        assert (await pair.client.wait_for(events.StreamData)).data == b"back"

    play(script)


@pytest.mark.parametrize("transport", [False, True])
def test_close_tells_both_sides_at_once_who_closed(play: Play, transport: bool) -> None:
    async def script(pair: Any) -> None:
        started = asyncio.get_running_loop().time()
        pair.client.connection.close(0x10A, "why", transport=transport)
        frame_type = 0 if transport else None
        ours = events.Closed(0x10A, frame_type, "why", "local", is_application=not transport)
        assert pair.client.all(events.Closed) == [ours]
        theirs = await pair.server.wait_for(events.Closed)
        assert theirs == replace(ours, by="peer")
        assert asyncio.get_running_loop().time() - started < 0.001
        assert pair.client.connection.state is pair.server.connection.state is State.CLOSED

    play(script)


def test_idle_timeout_is_nobodys_close(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.server.connection.abandon()
        closed = await pair.client.wait_for(events.Closed)
        assert (closed.by, closed.is_application) == ("idle", False)

    play(script, client=QuicOptions(idle_timeout_s=3))


def test_a_lost_close_is_repeated_to_whoever_still_talks(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.link.script(Drop(Direction.TO_ENDPOINT, 0))
        pair.client.connection.close(7)
        pair.server.connection.ping()
        pair.server.connection.flush()
        assert (await pair.server.wait_for(events.Closed)).code == 7

    play(script)


def test_connections_end_and_free_their_routes_and_links(play: Play) -> None:
    async def script(pair: Any) -> None:
        pair.client.connection.close()
        await pair.server.wait_for(events.Closed)
        refused: list[Any] = []
        pair.network.on_refused = refused.append
        probe = pair.network.open(lambda _, __: None)
        client_address = pair.client.connection.local_address
        probe.send(b"closing", client_address)
        await pair.pass_time(0.01)
        assert refused == []
        await pair.pass_time(1)
        probe.send(b"over", client_address)
        await pair.pass_time(0.01)
        assert refused == [client_address]
        pair.client.connection.release()
        pair.servers[0].connection.release()
        pair.listener.close()
        pair.listener.close()

    play(script)


@pytest.mark.asyncio
async def test_a_connection_that_cannot_leave_keeps_no_socket() -> None:
    opened: list[UdpLink] = []

    class Walled(UdpNetwork):
        def open(self, *given: Any) -> UdpLink:
            opened.append(super().open(*given))
            return opened[-1]

    # Port 0 takes no datagram, whatever the system.
    with pytest.raises(OSError, match="Invalid argument"):
        connect(Walled(), ("127.0.0.1", 0), QuicOptions())
    other = UdpNetwork().open(lambda _data, _source: None, opened[0].local)
    other.close()


def test_an_exception_of_the_owner_surfaces_and_is_kept(play: Play) -> None:
    reported: list[Any] = []

    async def script(pair: Any) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
        server = pair.server.connection
        take, error = server.on_event, ValueError("the owner's mistake")

        def fail(event: events.Event) -> None:
            take(event)
            if isinstance(event, events.StreamData):
                raise error

        server.on_event = fail
        pair.client.connection.send(0, b"x")
        await pair.client.barrier()
        assert reported == [error]
        assert server.failure is error
        pair.servers.clear()

    play(script)


def test_events_wait_for_an_owner(play: Play) -> None:
    async def script(pair: Any) -> None:
        server = pair.server.connection
        take, server.on_event = server.on_event, None
        pair.client.connection.send(0, b"early")
        await pair.client.barrier()
        assert pair.server.data(0) == b""
        server.on_event = take
        pair.client.connection.send(0, b" and late")
        await pair.client.barrier()
        assert pair.server.data(0) == b"early and late"

    play(script)


def test_listener_negotiates_the_version(play: Play) -> None:
    async def script(pair: Any) -> None:
        answers: list[bytes] = []
        link = pair.network.open(lambda data, _: answers.append(data))
        unknown = bytes.fromhex("c01a2a3a4a08") + b"destinat" + b"\x06source" + bytes(1200)
        link.send(unknown, pair.listener.address)
        link.send(unknown[:1000], pair.listener.address)
        link.send(b"\xc0", pair.listener.address)
        link.send(b"", pair.listener.address)
        await pair.client.barrier()
        assert len(answers) == 1
        assert answers[0][1:5] == bytes(4)
        assert answers[0][5:] == b"\x06source\x08destinat" + bytes.fromhex("00000001")
        assert len(pair.servers) == 1

    play(script)


def test_several_connections_on_one_listener(play: Play) -> None:
    async def script(pair: Any) -> None:
        done = asyncio.Event()
        second = connect(pair.network, pair.listener.address, QuicOptions(alpn=("h3",)))
        second.on_event = lambda e: done.set() if isinstance(e, events.HandshakeCompleted) else None
        async with asyncio.timeout(5):
            await done.wait()
        second.send(0, b"two", finish=True)
        second.flush()
        pair.client.connection.send(0, b"one", finish=True)
        pair.client.connection.flush()
        await pair.servers[1].wait_for(events.StreamData)
        await pair.client.barrier()
        assert [side.data(0) for side in pair.servers] == [b"one", b"two"]

    play(script)


def test_no_common_alpn_closes_with_the_tls_alert(play: Play) -> None:
    async def script(pair: Any) -> None:
        closed = await pair.client.wait_for(events.Closed)
        assert (closed.code, closed.by, closed.is_application) == (0x178, "peer", False)

    play(script, client=QuicOptions(alpn=("other",)), connected=False)


def test_pinned_hash_decides(play: Play) -> None:
    async def accepted(pair: Any) -> None:
        assert pair.client.connection.peer_certificate_hash == identity.ed25519().hash_sha256

    play(
        accepted,
        client=QuicOptions(verify=Verify.hashes(bytes(32), identity.ed25519().hash_sha256)),
    )

    async def refused(pair: Any) -> None:
        closed = await pair.client.wait_for(events.Closed)
        assert (closed.code, closed.by) == (0x12A, "local")
        assert pair.client.all(events.HandshakeCompleted) == []

    play(refused, client=QuicOptions(verify=Verify.hashes(bytes(32))), connected=False)


def test_own_authority_decides(play: Play) -> None:
    mine, other = identity.p256(), identity.p256()
    server = replace(SERVER, identity=mine)
    trusting = QuicOptions(verify=Verify.ca(mine.certificate_pem), server_name="localhost")

    async def accepted(pair: Any) -> None:
        assert pair.client.connection.state is State.CONNECTED

    async def refused(pair: Any) -> None:
        assert (await pair.client.wait_for(events.Closed)).by == "local"
        assert pair.client.all(events.HandshakeCompleted) == []

    play(accepted, client=trusting, server=server)
    play(refused, client=trusting, server=replace(SERVER, identity=other), connected=False)
    elsewhere = replace(trusting, server_name="elsewhere.test")
    play(refused, client=elsewhere, server=server, connected=False)


def test_key_log_and_capture_see_everything() -> None:
    async def script() -> None:
        network = UdpNetwork()
        lines: list[str] = []
        capture, done = Capture(), asyncio.Event()
        listener = Listener(network, SERVER, lambda _: None, local=("127.0.0.1", 0))
        options = QuicOptions(key_log=lines.append)
        client = connect(network, listener.address, options, capture=capture)
        client.on_event = lambda e: done.set() if isinstance(e, events.HandshakeCompleted) else None
        async with asyncio.timeout(5):
            await done.wait()
        assert [line.split()[0] for line in lines] == [line.split()[0] for line in client.key_log]
        assert {line.split()[0] for line in lines} == {
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
        }
        assert client.capture is capture
        assert client.options is options
        ends = {(packet.source, packet.destination) for packet in capture.packets}
        ours = client.local_address
        assert ends == {(ours, listener.address), (listener.address, ours)}
        client.close()
        client.release()
        listener.close()

    asyncio.run(script())


def test_round_trip_time_is_known_after_the_handshake(play: Play) -> None:
    async def script(pair: Any) -> None:
        assert pair.client.connection.rtt_s == pytest.approx(0.1, abs=0.01)

    play(script, path=Path(delay_s=0.05))


def test_close_from_within_an_event_is_told_after_it(play: Play) -> None:
    async def script(pair: Any) -> None:
        server = pair.server.connection
        order: list[type] = []

        def take(event: events.Event) -> None:
            order.append(type(event))
            if isinstance(event, events.StreamData):
                server.close(3)
                order.append(State)

        server.on_event = take
        pair.client.connection.send(0, b"x")
        pair.client.connection.flush()
        assert (await pair.client.wait_for(events.Closed)).code == 3
        assert order == [events.StreamData, State, events.Closed]

    play(script)


def test_datagrams_of_one_wake_up_are_answered_by_one_flush(play: Play) -> None:
    async def script(pair: Any) -> None:
        server = pair.server.connection
        before = pair.crossed()
        for stream_id in (server.open_stream("uni"), server.open_stream("uni")):
            server.send(stream_id, b"x")
            server._driver.receive(b"", pair.client.connection.local_address)
        assert pair.crossed() == before
        await pair.pass_time(0)
        assert pair.crossed() - before == 1
        await pair.client.wait_for(events.StreamData, 2)

    play(script)


def test_routes_follow_connection_ids(play: Play) -> None:
    async def script(pair: Any) -> None:
        client = pair.client.connection
        routes = set(pair.listener._routes)
        for _ in range(3):
            client._engine.change_connection_id()
            await pair.client.barrier()
        assert set(pair.listener._routes) != routes
        assert len(pair.listener._routes) <= len(routes) + 3
        client.send(0, b"still here")
        await pair.client.barrier()
        assert pair.server.data(0) == b"still here"

    play(script)
