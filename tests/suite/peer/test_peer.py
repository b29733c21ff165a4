"""Sessions of every Application and what they carry, with the same scripts in both roles."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.endpoint.application import (
    Closes,
    Drains,
    Echo,
    Hold,
    Protocols,
    Resets,
    Source,
    Stops,
)
from wtspec.suite.endpoint.configuration import FLOW_CONTROL, PROTOCOLS
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    CapsuleSeen,
    Data,
    Datagram,
    Draining,
    Established,
    Fin,
    Reaction,
    Reset,
    SessionClosed,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import ApplicationCode

Bout = Callable[..., Any]


@pytest.mark.parametrize("draft", ["h3-02", "h3-04", "h3-07", "h3-09", "h3-12", "h3-14", "h3-16"])
def test_a_session_is_established_in_every_family_of_drafts(bout: Bout, draft: str) -> None:
    async def script(peer: Peer) -> Reaction:
        return await peer.begin_session(Hold()).establish()

    assert bout(script, draft=draft).value == Reaction("session", (Established(""),))


def test_everything_an_echo_returns(bout: Bout) -> None:
    async def script(peer: Peer) -> list[Reaction]:
        session = await peer.open_session(Echo())
        assert await session.barrier()
        return [
            await session.echo(b"x"),
            await session.echo(bytes(50_000)),
            await session.echo_uni(b"y"),
            await session.echo_datagram(b"z"),
        ]

    outcome = bout(script)
    assert [one.signals for one in outcome.value] == [
        (Fin(b"x"),),
        (Fin(bytes(50_000)),),
        (Fin(b"y"),),
        (Datagram(b"z"),),
    ]
    assert outcome.peer.violations == []


def test_a_stream_may_come_before_its_session(bout: Bout) -> None:
    async def script(peer: Peer) -> Reaction:
        session = peer.begin_session(Echo())
        stream = await session.open_bidi()
        await stream.send(b"early", finish=True)
        await peer.barrier()
        await session.establish()
        return await stream.reaction()

    assert bout(script).signals == (Fin(b"early"),)


def test_one_flight_is_one_packet(bout: Bout) -> None:
    async def script(peer: Peer) -> Reaction:
        session = peer.begin_session(Echo())
        await session.begun()
        stream = await session.open_bidi()
        await peer.barrier()
        before = len(packets_sent(peer))
        async with peer.one_flight():
            await session.send_opening()
            await stream.send(b"together", finish=True)
        assert len(packets_sent(peer)) == before + 1
        await session.establish()
        return await stream.reaction()

    assert bout(script).signals == (Fin(b"together"),)


def packets_sent(peer: Peer) -> list[object]:
    moments = peer.timeline.moments
    return [one for one in moments if one.where == "packet" and one.direction == "sent"]


def test_sources_open_what_they_are_asked_for(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Source(bidi=2, uni=1, datagrams=1, size_bytes=3))
        bidi, uni = await session.accept_bidi(), await session.accept_uni()
        second = await session.accept_bidi()
        assert second is not bidi
        datagrams = await session.datagrams()
        assert session.datagram_count == 1
        assert len(session.streams_of_endpoint()) == 3
        return [await bidi.reaction(), await uni.reaction(), await second.reaction(), datagrams]

    pattern = bytes(range(3))
    signals = [one.signals for one in bout(script, configuration=FLOW_CONTROL).value]
    assert signals == [(Fin(pattern),)] * 3 + [(Datagram(pattern),)]


@pytest.mark.parametrize("after", ["accept", "stream"])
def test_closes_at_once_or_on_the_first_stream(bout: Bout, after: Any) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Closes(7, "bye", after=after))
        if after == "stream":
            assert session.is_open()
            await (await session.open_uni()).send(b"x")
        reaction = await session.connect_stream.reaction()
        assert not session.is_open()
        return reaction

    assert bout(script).signals == (SessionClosed(7, b"bye"), Fin(b""))


def test_drains_and_goes_on(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Drains())
        return [await session.connect_stream.reaction(), await session.echo(b"after")]

    draining, after = bout(script).value
    assert draining.signals == (Draining(),)
    assert after.signals == (Fin(b"after"),)


def test_resets_its_side_and_a_stream_of_its_own(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Resets(0x1E))
        stream = await session.open_bidi()
        await stream.send(b"x")
        own = await session.accept_uni()
        return [await stream.reaction(), await own.reaction()]

    answer, own = bout(script).value
    assert any(
        isinstance(one, Reset) and one.code == ApplicationCode(0x1E) for one in answer.signals
    )
    assert own.signals == (Data(bytes(range(4))), Reset(ApplicationCode(0x1E), 3))


def test_stops_what_it_is_sent(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Stops(3))
        stream = await session.open_bidi()
        await stream.send(b"x")
        return await stream.reaction()

    assert Stop(ApplicationCode(3)) in bout(script).signals


def test_application_protocols_are_negotiated(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        return await peer.begin_session(Protocols(("x", "chat-v1"))).establish()

    (established,) = bout(script, configuration=PROTOCOLS).signals
    assert isinstance(established, Established)
    assert established.protocol in {"x", "chat-v1"}


def test_several_sessions_and_connections(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        first, second = await peer.open_session(Echo()), await peer.open_session(Echo())
        assert first.connection is second.connection
        other = await peer.another().open_session(Echo())
        assert other.connection is not first.connection
        return [
            (await one.echo(bytes([at]))).signals for at, one in enumerate((first, second, other))
        ]

    outcome = bout(script, configuration=FLOW_CONTROL)
    assert outcome.value == [(Fin(bytes([at])),) for at in range(3)]
    assert len(outcome.peer.connections) == 2


def test_credit_is_read_from_settings_and_capsules(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        return dict((await peer.open_session(Echo())).credit)

    assert bout(script, configuration=FLOW_CONTROL).value == {"data": 50_000, "uni": 5, "bidi": 7}


def test_capsules_are_passed_over_and_can_be_asked_for(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        for _ in range(7):
            await session.echo(b"x")
        granted = await session.capsule("MaxStreams bidi")
        return granted, await session.connect_stream.reaction(within_s=0.1)

    granted, reaction = bout(script, configuration=FLOW_CONTROL).value
    assert all(isinstance(one, CapsuleSeen) for one in granted.signals)
    assert reaction.signals == (Silence(),)
