"""What a bystander reads of two engines that talk: all that they report, whatever the path did."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from aioquic.quic.packet import encode_quic_retry
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.network.pcapng import Packet
from wtspec.suite.quic import identity
from wtspec.suite.quic.events import StreamData
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.passive import frames, packets
from wtspec.suite.quic.passive.events import (
    Acknowledged,
    Agreed,
    Closed,
    Datagram,
    Offered,
    Parameters,
    Seen,
    StopSending,
    StreamBytes,
    StreamReset,
)
from wtspec.suite.quic.passive.handshake import Messages
from wtspec.suite.quic.passive.inflow import Inflow
from wtspec.suite.quic.passive.keys import KeyLog
from wtspec.suite.quic.passive.tap import Tap

CLIENT, SERVER = ("client", 1), ("server", 1)
Wired = Callable[..., Any]


def record(wire: Any) -> list[Packet]:
    """What the engines send from now on, as captured in the middle."""
    taken: list[Packet] = []

    def tap(engine: Any, source: Any, destination: Any) -> None:
        send = engine.datagrams_to_send

        def sending(now: float) -> list[Any]:
            found: list[Any] = send(now)
            taken.extend(Packet(now, source, destination, data) for data, _ in found)
            return found

        engine.datagrams_to_send = sending

    tap(wire.client, CLIENT, SERVER)
    tap(wire.server, SERVER, CLIENT)
    return taken


def keys(engine: Any) -> bytes:
    return "\n".join(engine.key_log_lines).encode()


def tapped(taken: list[Packet], secrets: bytes) -> tuple[list[Seen], Tap]:
    tap = Tap(secrets)
    seen = [event for packet in taken for event in tap.datagram(packet)]
    return [*seen, *tap.finish()], tap


def undecided(tap: Tap) -> list[dict[str, int]]:
    return [half.undecided for one in tap.connections for half in one.halves.values()]


def stream(seen: list[Seen], sender: str, stream_id: int) -> bytes:
    return b"".join(
        one.what.data
        for one in seen
        if isinstance(one.what, StreamBytes)
        and (one.sender, one.what.stream_id) == (sender, stream_id)
    )


def every(seen: list[Seen], kind: type) -> list[tuple[str, Any]]:
    return [(one.sender, one.what) for one in seen if isinstance(one.what, kind)]


def talk(wire: Any) -> bytes:
    """A handshake, streams, a datagram and ends; returns what stream 0 carried."""
    wire.rounds()
    data = random.Random(1).randbytes(50_000)
    wire.client.send_stream_data(0, data, end_stream=True)
    wire.client.send_datagram_frame(b"datagram")
    wire.rounds()
    wire.server.send_stream_data(0, data[:100])
    wire.rounds()
    wire.server.streams.find(0).sender.abort(7)
    wire.client.send_stream_data(2, b"uni")
    wire.rounds()
    wire.server.stop_stream(2, 9)
    wire.rounds()
    wire.client.close(error_code=0x100, reason_phrase="done")
    wire.rounds()
    return data


def test_everything_is_seen_in_order(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    data = talk(wire)
    seen, tap = tapped(taken, keys(wire.client))
    assert undecided(tap) == [{}, {}]
    assert tap.passed_over == {}
    assert every(seen, Offered) == [("client", Offered(("h3",)))]
    assert every(seen, Agreed) == [("server", Agreed("h3"))]
    offers = [tuple(one.pairs) for _, one in every(seen, Parameters)]
    assert offers == [wire.server.peer_parameters, wire.client.peer_parameters]
    assert stream(seen, "client", 0) == data
    assert stream(seen, "server", 0) == data[:100]
    assert every(seen, Datagram) == [("client", Datagram(b"datagram"))]
    assert every(seen, StopSending) == [("server", StopSending(2, 9))]
    assert every(seen, Closed) == [("client", Closed(0x100, None, b"done"))]
    assert every(seen, StreamReset)[0] == ("server", StreamReset(0, 7, 100, None))
    assert [one.what.finished for one in seen if isinstance(one.what, StreamBytes)].count(True) == 1
    assert [one.time_s for one in seen] == sorted(one.time_s for one in seen)


def test_the_tap_reports_what_the_engine_does(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    talk(wire)
    seen, _ = tapped(taken, keys(wire.server))
    told = [one for one in wire.seen[wire.server] if isinstance(one, StreamData)]
    for stream_id in (0, 2):
        assert stream(seen, "client", stream_id) == b"".join(
            one.data for one in told if one.stream_id == stream_id
        )


@pytest.mark.parametrize("seed", range(5))
def test_repeated_and_overtaken_packets_say_nothing_new(seed: int, wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    data = talk(wire)
    chance = random.Random(seed)
    twice = [one for one in taken for _ in range(chance.choice((1, 1, 2)))]
    # Each packet may move a few places, the first one stays: nothing begins without it.
    places = {id(one): place + chance.random() * 4 for place, one in enumerate(twice[1:])}
    moved = [twice[0], *sorted(twice[1:], key=lambda one: places[id(one)])]
    seen, tap = tapped(moved, keys(wire.client))
    assert undecided(tap) == [{}, {}]
    assert stream(seen, "client", 0) == data
    assert len(every(seen, Datagram)) == len(every(seen, Closed)) == 1


def test_key_updates_are_followed(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    wire.rounds()
    late: list[Packet] = []
    for number in range(4):
        wire.client.send_stream_data(0, bytes([number]) * 100)
        wire.rounds(2)
        late.append(taken[-1])
        wire.client.request_key_update()
        wire.client.send_ping(number)
        wire.rounds(4)
    seen, tap = tapped(taken, keys(wire.client))
    assert undecided(tap) == [{}, {}]
    assert stream(seen, "client", 0) == b"".join(bytes([number]) * 100 for number in range(4))
    updates = [
        max(one.updates for one in half.keys.values())
        for half in tap.connections[0].halves.values()
    ]
    assert updates == [4, 4]


def test_a_packet_of_the_keys_before_may_come_late(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    wire.rounds()
    wire.client.send_stream_data(0, b"before")
    wire.move(wire.client, wire.server)
    late = taken.pop()
    wire.rounds(2)
    wire.client.request_key_update()
    wire.client.send_stream_data(0, b"after")
    wire.move(wire.client, wire.server)
    seen, tap = tapped([*taken, late], keys(wire.client))
    assert stream(seen, "client", 0) == b"beforeafter"
    assert undecided(tap) == [{}, {}]


def test_connection_ids_and_ports_may_change(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    wire.rounds()
    wire.client.change_connection_id()
    wire.client.send_stream_data(0, b"elsewhere")
    begun = len(taken)
    wire.rounds()
    moved = [
        one
        if number < begun or one.source == SERVER
        else Packet(one.time_s, ("c", 7), SERVER, one.data)
        for number, one in enumerate(taken)
    ]
    seen, tap = tapped(moved, keys(wire.client))
    assert stream(seen, "client", 0) == b"elsewhere"
    assert len(tap.connections) == 1


def test_a_retry_leads_to_the_same_connection(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    (first, _), *_ = wire.client.datagrams_to_send(wire.now)
    original = wire.client.original_destination_connection_id
    (packet,) = [one for one in packets.split(first) if isinstance(one, packets.LongPacket)]
    retry = encode_quic_retry(
        version=1,
        source_cid=b"retrieds",
        destination_cid=packet.source_id,
        original_destination_cid=original,
        retry_token=b"token",
    )
    taken.append(Packet(wire.now, SERVER, CLIENT, retry))
    wire.client.receive_datagram(retry, SERVER, wire.now)
    parameters = {0x0: original, 0x10: b"retrieds"}
    options = QuicOptions(identity=identity.ed25519(), parameters=parameters)
    wire.server = type(wire.server)(options, original_destination_connection_id=b"retrieds")
    wire.seen[wire.server] = []
    del wire.client.datagrams_to_send
    more = record(wire)
    wire.rounds()
    wire.client.send_stream_data(0, b"at last")
    wire.rounds()
    seen, tap = tapped([*taken, *more], keys(wire.client))
    assert len(tap.connections) == 1
    assert tap.passed_over == {"retry": 1}
    assert stream(seen, "client", 0) == b"at last"
    assert undecided(tap) == [{}, {}]


def test_packets_wait_for_the_message_that_brings_their_keys(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    data = talk(wire)
    place = next(number for number, one in enumerate(taken) if one.source == SERVER)
    answer = taken.pop(place)
    taken.insert(place + 3, answer)
    seen, tap = tapped(taken, keys(wire.client))
    assert stream(seen, "client", 0) == data
    assert undecided(tap) == [{}, {}]


def test_acknowledgements_prove_what_was_received(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    wire.rounds()
    wire.client.send_stream_data(0, b"lost")
    wire.lost = True
    wire.move(wire.client, wire.server)
    wire.lost = False
    wire.client.send_stream_data(0, b"found")
    wire.move(wire.client, wire.server)
    wire.rounds(2)
    seen, _ = tapped(taken, keys(wire.client))
    number = next(one.number for one in seen if isinstance(one.what, StreamBytes))
    proofs = [what.number for sender, what in every(seen, Acknowledged) if sender == "server"]
    assert all(proof < number for proof in proofs)


def test_one_sides_secrets_leave_the_other_undecided(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    data = talk(wire)
    mine = b"\n".join(line for line in keys(wire.client).splitlines() if line[:6] == b"CLIENT")
    seen, tap = tapped(taken, mine)
    assert stream(seen, "client", 0) == data
    assert stream(seen, "server", 0) == b""
    client, server = undecided(tap)
    assert client == {}
    assert set(server) == {"no key"}


def test_spoiled_datagrams_never_raise(wired: Wired) -> None:
    wire = wired()
    taken = record(wire)
    talk(wire)
    chance = random.Random(3)
    for _ in range(20):
        spoiled = []
        for one in taken:
            data = bytearray(one.data)
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            cut = data[: chance.randrange(len(data) + 1)] if chance.random() < 0.2 else data
            spoiled.append(Packet(one.time_s, one.source, one.destination, bytes(cut)))
        tapped(spoiled, keys(wire.client))


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_garbage_never_raises(data: bytes, secrets: bytes) -> None:
    list(packets.split(data))
    list(frames.read(data))
    list(Messages().feed(data))
    KeyLog(secrets)
    tapped([Packet(0, CLIENT, SERVER, data), Packet(0, SERVER, CLIENT, data)], secrets)


@given(st.data())
def test_pieces_in_any_order_give_the_stream(data: st.DataObject) -> None:
    whole = data.draw(st.binary(max_size=60))
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8))), len(whole)]
    pieces = [(low, whole[low:high]) for low, high in pairwise(cuts)]
    more = data.draw(st.lists(st.sampled_from(pieces), max_size=5))
    inflow, out, ends = Inflow(), b"", 0
    for offset, piece in data.draw(st.permutations([*pieces, *more])):
        finished = offset + len(piece) == len(whole)
        fresh, is_end = inflow.take(offset, piece, finished=finished)
        out += fresh
        ends += is_end
    assert (out, ends) == (whole, 1)


def test_what_waits_behind_a_hole_is_bounded() -> None:
    inflow = Inflow(max_held_bytes=1000)
    for number in range(1, 12):
        inflow.take(number * 100, bytes(100))
    assert inflow.is_broken
    assert inflow.take(0, bytes(100)) == (b"", False)
