"""What is seen of sessions of the reference, behind every kind of path."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from wtspec.implementations.reference.session import Session
from wtspec.suite.bystander.exchange import read
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.bystander.negotiation import State
from wtspec.suite.bystander.observed import Finished
from wtspec.suite.dialect import Side, http3
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.quic.passive.events import StreamReset
from wtspec.suite.wire.capsule import CloseSession
from wtspec.suite.wire.stream_header import StreamKind

Talk = Callable[..., Any]
DATA = bytes(range(256)) * 100
ROUGH = Path(delay_s=0.01, loss=0.05, reorder=0.05, duplicate=0.1)


async def everything(session: Session) -> None:
    stream = await session.create_bidirectional_stream()

    async def send() -> None:
        await stream.writable.write(DATA)
        await stream.writable.finish()

    sending = asyncio.create_task(send())
    assert await stream.readable.read_all() == DATA
    await sending
    uni = await session.create_unidirectional_stream()
    await uni.write(b"uni")
    await passed(1)
    uni.reset(7)
    session.datagrams.send(b"datagram")
    session.close(9, "bye")
    await session.closed()


async def nothing(session: Session) -> None:
    session.close()


async def passed(seconds: float) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_everything(exchange: Exchange) -> None:
    (session,) = exchange.sessions
    assert (session.status, session.is_established) == (200, True)
    assert session.closes == {Side.CLIENT: CloseSession(9, b"bye")}
    assert isinstance(session.endings[Side.CLIENT], Finished)
    both = [stream for stream in session.streams.values() if stream.kind is StreamKind.BIDI]
    for flow in both[0].flows.values():
        assert (flow.size_bytes, flow.sha256) == (len(DATA), digest(DATA))
        assert isinstance(flow.ending, Finished)
    (uni,) = [stream for stream in session.streams.values() if stream.kind is StreamKind.UNI]
    assert isinstance(uni.flows[Side.CLIENT].ending, StreamReset)
    assert uni.flows[Side.CLIENT].application_code == 7
    assert exchange.findings == ()


@pytest.mark.parametrize("name", [one.name for one in http3.all])
def test_every_dialect_is_read_and_nobody_blamed(name: str, talks: Talk) -> None:
    captured = talks(everything, name=name)
    exchange = captured.exchange
    assert captured.wrong == []
    check_everything(exchange)
    (session,) = exchange.sessions
    assert session.datagrams[Side.CLIENT][0].sha256 == digest(b"datagram")
    negotiation = exchange.connections[0].negotiation
    assert negotiation.state is State.AGREED
    assert name in negotiation.names
    assert exchange.undecided == {}


@pytest.mark.parametrize("seed", range(6))
def test_rough_paths_change_nothing_but_times(seed: int, talks: Talk) -> None:
    captured = talks(everything, path=ROUGH, seed=seed)
    assert captured.wrong == []
    check_everything(captured.exchange)


def test_keys_of_either_side_are_enough(talks: Talk) -> None:
    captured = talks(everything)
    check_everything(read(captured.packets, captured.server_keys))
    check_everything(read(captured.packets, captured.client_keys + b"\n" + captured.server_keys))


def test_a_client_may_come_from_another_port(talks: Talk) -> None:
    captured = talks(everything)
    middle = len(captured.packets) // 2
    moved = [
        packet if number < middle else type(packet)(*_moved(packet))
        for number, packet in enumerate(captured.packets)
    ]
    assert moved != captured.packets
    check_everything(read(moved, captured.client_keys))


def _moved(packet: Any) -> tuple[Any, ...]:
    server = ("127.0.0.1", 49152)
    source, destination = packet.source, packet.destination
    if source == server:
        destination = (destination[0], 9)
    else:
        source = (source[0], 9)
    return packet.time_s, source, destination, packet.data


def test_without_keys_all_is_undecided_and_nobody_blamed(talks: Talk) -> None:
    captured = talks(everything)
    exchange = read(captured.packets, b"")
    assert (exchange.sessions, exchange.findings) == ((), ())
    assert {why for _, _, why in exchange.undecided} == {"no key"}
    counted = sum(exchange.undecided.values())
    assert len(captured.packets) - 4 <= counted <= 2 * len(captured.packets)


def test_cut_captures_are_read_up_to_their_end(talks: Talk) -> None:
    captured = talks(everything)
    for end in range(0, len(captured.packets), 5):
        exchange = read(captured.packets[:end], captured.client_keys)
        assert exchange.findings == ()


def test_no_capture_at_all() -> None:
    exchange = read([], b"nonsense\n\xff\xff \0 \0")
    assert (exchange.connections, exchange.lines, exchange.findings) == ((), (), ())


def test_several_connections_in_one_capture(talks: Talk) -> None:
    first, second = talks(everything), talks(everything)
    later = [type(one)(one.time_s + 100, *_elsewhere(one)) for one in second.packets]
    keys = first.client_keys + b"\n" + second.client_keys
    exchange = read([*first.packets, *later], keys)
    assert [connection.index for connection in exchange.connections] == [0, 1]
    assert [session.closes[Side.CLIENT].code for session in exchange.sessions] == [9, 9]
    assert any("[1]" in one.where for one in exchange.lines)


def _elsewhere(packet: Any) -> tuple[Any, ...]:
    return ("10.0.0.1", packet.source[1]), ("10.0.0.1", packet.destination[1]), packet.data


def test_lines_say_who_said_what(talks: Talk) -> None:
    lines = [str(one).split(" ms ")[1] for one in talks(everything).exchange.lines]
    assert lines[0] == ">> connection: ClientHello h3"
    assert "<< stream 0: HEADERS :status=200" in lines
    assert ">> stream 0: CloseSession 9 bye" in lines
    assert any(one.startswith(">> stream 14: RESET_STREAM_AT 3 of") for one in lines)


def test_no_common_dialect_is_not_broken(talks: Talk) -> None:
    captured = talks(nothing, name="h3-07", server_name="h3-16")
    (connection,) = captured.exchange.connections
    assert captured.wrong
    assert connection.negotiation.state is State.NONE
    assert connection.negotiation.offered[Side.SERVER] == ("h3-15", "h3-16")
    assert captured.exchange.findings == ()
    assert not connection.is_broken


def test_negotiated_protocol(talks: Talk) -> None:
    captured = talks(nothing, protocols=("chat",))
    (session,) = captured.exchange.sessions
    assert session.protocol == "chat"
    assert captured.exchange.findings == ()


FAULTY: dict[str, tuple[str, str, str]] = {
    "client-settings-twice": ("client", "announces-a-setting-twice", "ref-settings-no-duplicates"),
    "server-settings-twice": ("server", "announces-a-setting-twice", "ref-settings-no-duplicates"),
    "client-http2-settings": ("client", "announces-settings-of-http2", "ref-http2-settings"),
    "server-http2-settings": ("server", "announces-settings-of-http2", "ref-http2-settings"),
    "two-control-streams": ("server", "opens-two-control-streams", "ref-one-control-stream"),
    "connects-early": ("client", "connects-before-settings", "setup-client-waits-server-settings"),
    "another-scheme": ("client", "asks-with-another-scheme", "setup-scheme-https"),
    "upper-case": ("client", "sends-upper-case-names", "ref-field-names-lower-case"),
    "unmapped": ("client", "sends-codes-unmapped", "reset-code-mapped"),
    "plain-reset": ("client", "resets-own-streams-plainly", "reset-stream-at-used"),
    "short-promise": ("client", "promises-less-than-the-header", "reset-stream-at-used"),
}


@pytest.mark.parametrize("doctored", FAULTY)
@pytest.mark.parametrize("path", [CLEAN, ROUGH], ids=["clean", "rough"])
def test_faults_of_the_reference_are_blamed_on_their_side(
    doctored: str, path: Path, talks: Talk
) -> None:
    side, fault, requirement = FAULTY[doctored]
    captured = talks(everything, path=path, **{f"{side}_fault": fault})
    found = {(str(one.side), one.requirement) for one in captured.exchange.findings}
    assert found == {(side, requirement)}


@pytest.mark.parametrize("path", [CLEAN, ROUGH], ids=["clean", "rough"])
def test_a_close_without_fin(path: Path, talks: Talk) -> None:
    """The tap is in front of all loss on the client's way, so no packet of its own is missing."""
    captured = talks(everything, path=path, client_fault="forgets-fin-after-close")
    (finding,) = captured.exchange.findings
    assert (finding.side, finding.requirement) == (Side.CLIENT, "close-sender-fins")
    (session,) = captured.exchange.sessions
    assert Side.CLIENT not in session.endings


def test_a_close_without_fin_in_a_capture_with_a_gap(talks: Talk) -> None:
    captured = talks(everything, client_fault="forgets-fin-after-close")
    mine = [one for one in captured.packets if one.source == captured.packets[0].source]
    captured.packets.remove(mine[len(mine) // 2])
    assert captured.exchange.findings == ()


def test_a_protocol_that_nobody_offered(talks: Talk) -> None:
    captured = talks(nothing, server_fault="chooses-what-nobody-offers", protocols=("chat",))
    (finding,) = captured.exchange.findings
    assert (finding.side, finding.requirement) == (Side.SERVER, "subproto-response-listed")
