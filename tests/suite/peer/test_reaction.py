"""What a script is told: reactions, absence, announcements, events, evidence."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.endpoint.application import (
    Closes,
    Echo,
    Hold,
    Resets,
)
from wtspec.suite.peer.interruption import Deadline, PremiseMissing
from wtspec.suite.peer.peer import QPACK_STREAMS, RESPONSE, SETTINGS, Peer, Raw
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Data,
    Datagram,
    Established,
    Fin,
    Observed,
    Opened,
    Reaction,
    Reported,
    Request,
    Reset,
    SessionClosed,
    Silence,
    Stop,
)
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.wire.transport_parameters import Parameter

Bout = Callable[..., Any]


def test_a_reaction_is_told_once(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        stream = await session.open_bidi()
        await stream.send(b"one")
        waiting = await stream.reaction(within_s=0.1)
        await stream.send(b"two", finish=True)
        return [waiting, await stream.reaction(), await stream.reaction(within_s=0.1)]

    waiting, ended, nothing = bout(script).value
    assert waiting == Reaction("bidi stream", (Data(b"one"),))
    assert ended.signals == (Fin(b"two"),)
    assert nothing.signals == (Silence(),)


def test_the_end_of_the_connection_shows_everywhere(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Hold())
        stream = await session.open_bidi()
        await stream.send(b"x")
        header = Raw(stream_header.encode(StreamKind.BIDI, 3), "session ID of a server's stream")
        await (await session.open_bidi(header=header)).send(b"")
        places: list[Any] = [stream, session.connect_stream, peer]
        return [await place.reaction() for place in places] + [await session.datagrams()]

    closed = ConnectionClosed(H3.ID_ERROR, transport=False)
    assert all(closed in one.signals for one in bout(script).value)


def test_reading_waits_for_bytes_and_tells_of_an_end(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        stream = await session.open_bidi()
        await stream.send(b"abc", finish=True)
        assert await stream.read(3) == b"abc"
        await stream.read(4)

    assert bout(script).value == Reaction("bidi stream", (Fin(b"abc"),))


def test_a_stream_of_the_endpoint_that_never_comes(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Hold())
        await session.accept_uni()

    with pytest.raises(Deadline, match="uni stream"):
        bout(script)


def test_accepting_in_a_session_that_ends_ends_the_script(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Closes(2))
        await session.accept_uni()

    assert SessionClosed(2, b"") in bout(script).signals


@pytest.mark.parametrize("draft", ["h3-07", "h3-16"])
def test_a_client_asks_for_nothing_before_our_settings(with_client: Bout, draft: str) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(SETTINGS)
        peer.begin_session(Hold())
        return await peer.absence(Request(), release=SETTINGS)

    outcome = with_client(script, draft=draft)
    assert outcome.signals == (Absent("Request"),)
    (quiet,) = [one for one in outcome.peer.timeline.moments if "nothing for" in one.what]
    assert quiet.time_s >= outcome.peer._bench.patience.quiet_s


def test_a_server_answers_nothing_before_our_settings(with_server: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(SETTINGS)
        await peer.begin_session(Hold()).send_opening()
        return await peer.absence(Established(), release=SETTINGS)

    assert with_server(script).signals == (Absent("Established"),)


def test_a_withheld_response_is_what_a_client_waits_for(with_client: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(RESPONSE)
        await peer.begin_session(Hold()).begun()
        return await peer.absence(Established(), release=RESPONSE)

    assert with_client(script).signals == (Absent("Established"),)


def test_what_does_happen_is_not_absent(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        mark = peer.mark()
        quiet = await peer.absence(Opened(), since=mark, after=session.barrier)
        await (await session.open_uni()).send(b"x", finish=True)
        return quiet.signals, (
            await peer.absence(Opened(), since=mark, after=session.barrier)
        ).signals

    assert bout(script).value == ((Absent("Opened"),), (Opened("uni"),))


def test_an_absence_that_never_ends_proves_nothing(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(QPACK_STREAMS)
        await peer.open_session(Hold())
        await peer.absence(Datagram(), release=QPACK_STREAMS)

    with pytest.raises(PremiseMissing, match="Datagram"):
        bout(script)


def test_what_the_endpoint_announces_can_be_asked_for(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        settings = await peer.announced(Setting.H3_DATAGRAM, Setting.MAX_FIELD_SECTION_SIZE)
        parameters = await peer.parameter(Parameter.RESET_STREAM_AT, Parameter.PREFERRED_ADDRESS)
        return settings.signals, parameters.signals

    settings, parameters = bout(script).value
    assert settings == (Observed("H3_DATAGRAM", 1), Absent("MAX_FIELD_SECTION_SIZE"))
    assert parameters[0] == Observed("RESET_STREAM_AT", "empty")
    assert parameters[1] == Absent("PREFERRED_ADDRESS")


def test_events_are_told_once_and_found_by_their_fields(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        for kind in StreamKind:
            stream = await session.open(kind)
            await stream.send(b"x")
            await peer.barrier()
            await stream.reset(ApplicationCode(7))
        bidi = await session.reported("ended", kind="bidi")
        uni = await session.reported("ended", kind="uni")
        again = await session.reported("ended", within_s=0.1)
        return bidi.signals, uni.signals, again.signals

    ended = (Reported("ended", "reset", 7),)
    assert bout(script).value == (ended, ended, (Silence(),))


def test_unreported_is_proved_by_a_barrier_of_the_api(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Hold())
        assert await peer.api_barrier()
        open_yet = session.unreported("closed")
        await session.close(3)
        await session.connect_stream.reaction()
        assert await peer.api_barrier()
        return open_yet.signals, session.unreported("closed").signals[0]

    open_yet, closed = bout(script).value
    assert open_yet == (Absent("closed"),)
    assert isinstance(closed, Reported)
    assert closed.code == 3


def test_the_same_script_leaves_the_same_timeline(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Resets(1))
        await session.echo(b"x")
        await session.close(1)
        return await session.connect_stream.reaction()

    first, second = bout(script).peer, bout(script).peer
    assert first.timeline.moments == second.timeline.moments
    assert len(first.timeline.moments) > 30


def test_the_timeline_has_every_layer(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        await session.echo(b"x")

    outcome = bout(script)
    text = "\n".join(map(str, outcome.peer.timeline.moments))
    for word in ("packet", "SETTINGS", "HEADERS", ":path", "session", "ended", "FIN", "WT_ENABLED"):
        assert word in text
    assert outcome.peer.packets().startswith(b"\x0a\x0d\x0d\x0a")
    assert "CLIENT_TRAFFIC_SECRET_0" in outcome.peer.key_log
    assert [one.name for one in outcome.peer.api_events].count("session") == 1


def test_a_dying_connection_is_seen_by_both_sides(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Hold())
        assert peer.is_alive()
        await peer.close(H3.NO_ERROR)
        assert not peer.is_alive()
        return await session.reported("closed")

    assert isinstance(bout(script).signals[0], Reported)


def test_session_gone_resets_our_streams(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        stream = await session.open_bidi()
        await stream.send(b"x")
        await stream.read(1)
        await session.close()
        return await stream.reaction()

    codes = {one.code for one in bout(script).signals if isinstance(one, Reset | Stop)}
    assert codes == {WT.SESSION_GONE}


def test_connections_are_told_apart(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        await peer.open_session(Echo())
        await peer.another().open_session(Echo())

    places = {one.where for one in bout(script).peer.timeline.moments}
    assert {"stream 0", "stream 0 of connection 2", "control stream of connection 2"} <= places
