"""The Peer as cases see it, against the reference, with the same scripts in both roles."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.endpoint.application import (
    ChecksOrigin,
    Closes,
    Drains,
    Echo,
    Hold,
    Protocols,
    Rejects,
    Resets,
    Source,
    Stops,
)
from wtspec.suite.endpoint.configuration import FLOW_CONTROL, PROTOCOLS
from wtspec.suite.network.path import Direction, Drop, Path
from wtspec.suite.peer.interruption import Deadline, NotApplicable, PremiseMissing
from wtspec.suite.peer.peer import ANSWERS, QPACK_STREAMS, RESPONSE, SETTINGS, Peer, Raw
from wtspec.suite.peer.raw_streams import quic_frame
from wtspec.suite.signal import (
    Absent,
    CapsuleSeen,
    ConnectionClosed,
    Data,
    Datagram,
    Draining,
    Established,
    Fin,
    Observed,
    Opened,
    Reaction,
    Refused,
    Reported,
    Request,
    Reset,
    Response,
    SessionClosed,
    Silence,
    Stop,
)
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.capsule import CloseSession, DatagramCapsule, MaxStreams, UnknownCapsule
from wtspec.suite.wire.error_codes import H3, QUIC, WT, ApplicationCode
from wtspec.suite.wire.frames import Frame
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind, StreamType
from wtspec.suite.wire.transport_parameters import Parameter

Bout = Callable[..., Any]


# Sessions and what they carry


@pytest.mark.parametrize("draft", ["h3-02", "h3-04", "h3-07", "h3-09", "h3-12", "h3-14", "h3-16"])
def test_a_session_is_established_in_every_family_of_drafts(bout: Bout, draft: str) -> None:
    async def script(peer: Peer) -> Reaction:
        return await peer.begin_session(Hold()).establish()

    assert bout(script, draft=draft).value == Reaction("session", (Established(),))


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


# What a script may deviate in


def test_illegal_bytes_travel_as_they_are(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        stray = Raw(b"\0\1x", "data after the close capsule")
        await session.connect_stream.send(peer.encode(CloseSession(1)) + stray)
        return await session.connect_stream.reaction()

    assert Reset(H3.MESSAGE_ERROR, 0) in bout(script).signals


def test_capsules_in_one_frame_in_several_and_in_pieces(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        grease = UnknownCapsule(0x17, b"grease")
        await session.connect_stream.send_capsules(grease, grease)
        await session.connect_stream.send_capsules(grease, grease, in_one_frame=True)
        await session.connect_stream.send_in_pieces(peer.encode(grease), [0, 1, 2])
        assert await session.barrier()
        await session.connect_stream.send_in_pieces(peer.encode(CloseSession(5, b"why")), [3])
        return await session.observed_event("closed", "reason")

    assert bout(script).signals == (Observed("reason", "why"),)


def test_a_datagram_capsule_counts_as_a_datagram(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        await session.connect_stream.send_capsules(DatagramCapsule(b"by capsule"))
        return await session.datagrams()

    assert bout(script).signals == (Datagram(b"by capsule"),)


def test_edited_settings_are_what_the_endpoint_reads(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.announce(extra=((0x2, 1),))
        await peer.connect()
        return await peer.reaction()

    assert bout(script).signals == (ConnectionClosed(H3.SETTINGS_ERROR, transport=False),)


def test_a_second_control_stream(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        await peer.connect()
        await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.CONTROL))
        return await peer.reaction()

    assert bout(script).signals == (ConnectionClosed(H3.STREAM_CREATION_ERROR, transport=False),)


def test_any_header_on_a_stream(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        header = Raw(stream_header.encode(StreamKind.BIDI, 3), "session ID of a server's stream")
        await (await session.open_bidi(header=header)).send(b"")
        return await peer.reaction()

    assert bout(script).signals == (ConnectionClosed(H3.ID_ERROR, transport=False),)


def test_frames_of_quic(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Hold())
        stream = await session.open_bidi()
        await stream.send(b"abc")
        await peer.barrier()
        await peer.send_packet(quic_frame(4, stream.id, H3.NO_ERROR, 1))
        return await peer.reaction()

    assert bout(script).signals == (ConnectionClosed(QUIC.FINAL_SIZE_ERROR, transport=True),)


def test_reset_keeps_its_header_reliable_unless_told(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        for size, name in ((None, "RESET_STREAM_AT(3)"), (0, "RESET_STREAM "), (4, "_AT(4)")):
            stream = await session.open_uni()
            await stream.send(b"data")
            await stream.reset(ApplicationCode(9), reliable_size=size)
            assert name in peer.timeline.moments[-2].what or name in peer.timeline.moments[-1].what
        reports = [await session.reported("ended", kind="uni") for _ in range(3)]
        return [one.signals for one in reports]

    reports = bout(script).value
    assert (Reported("ended", "reset", 9),) in reports


def test_withheld_answers_leave_our_side_open(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(ANSWERS)
        session = await peer.open_session(Closes(1))
        await session.connect_stream.reaction()
        return session.connect_stream.our_side_ended, fins_of(peer, session.id)

    assert bout(script).value == (False, 0)


def test_the_end_of_a_session_is_answered_once(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Closes(1))
        await session.connect_stream.reaction()
        # A script that did not expect the end goes on; nothing more leaves.
        await session.connect_stream.send_capsules(MaxStreams(StreamKind.UNI, 1))
        return fins_of(peer, session.id)

    assert bout(script).value == 1


def fins_of(peer: Peer, stream_id: int) -> int:
    where = f"stream {stream_id}"
    sent = [m for m in peer.timeline.moments if m.where == where and m.direction == "sent"]
    return sum("FIN" in one.what.split() for one in sent)


def test_withheld_qpack_streams_are_not_missed(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.withhold(QPACK_STREAMS)
        session = await peer.open_session(Echo())
        first = await session.echo(b"without")
        await peer.release(QPACK_STREAMS)
        return first.signals + (await session.echo(b"with")).signals

    assert bout(script).value == (Fin(b"without"), Fin(b"with"))


def test_goaway_leaves_the_session(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        await peer.goaway(0)
        return await session.echo(b"x")

    assert bout(script).signals == (Fin(b"x"),)


def test_fates_hold_from_the_next_packet(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        began_s = peer.timeline.now_s
        peer.script(Drop(Direction.TO_ENDPOINT, 0))
        reaction = await session.echo(b"lost once")
        # The packet had to be sent again, after a probe timeout.
        assert peer.timeline.now_s - began_s > 0.02
        return reaction

    assert bout(script, path=Path(delay_s=0.01)).signals == (Fin(b"lost once"),)


def test_silence_of_the_whole_endpoint_is_a_deadline(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        await peer.open_session(Echo())
        peer.script(*(Drop(Direction.FROM_ENDPOINT, index) for index in range(200)))
        await peer.barrier()

    with pytest.raises(Deadline, match="PING"):
        bout(script)


# Reactions


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
        places = [stream, session.connect_stream, peer]
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


# Absence


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


# What is announced and reported


def test_what_the_endpoint_announces_can_be_asked_for(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        settings = await peer.announced(Setting.H3_DATAGRAM, Setting.MAX_FIELD_SECTION_SIZE)
        parameters = await peer.parameter(Parameter.RESET_STREAM_AT, Parameter.PREFERRED_ADDRESS)
        return settings.signals, parameters.signals

    settings, parameters = bout(script).value
    assert settings == (Observed("H3_DATAGRAM", 1), Observed("MAX_FIELD_SECTION_SIZE", None))
    assert parameters[0] == Observed("RESET_STREAM_AT", "empty")
    assert parameters[1] == Observed("PREFERRED_ADDRESS", None)


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


# One role only


def test_a_refused_path_and_a_status(with_server: Bout) -> None:
    async def script(peer: Peer) -> Any:
        refused = await peer.begin_session(Rejects(429)).establish()
        origin = ((b"origin", b"https://evil.test"),)
        return [refused, await peer.begin_session(ChecksOrigin(), fields=origin).establish()]

    refused, foreign = with_server(script).value
    assert Response(429) in refused.signals
    assert Response(403) in foreign.signals


def test_a_status_of_ours_refuses_a_client(with_client: Bout) -> None:
    async def script(peer: Peer) -> Any:
        return await peer.open_session(Echo(), status=404)

    assert Refused(404) in with_client(script).signals


@pytest.mark.parametrize("edit", [{"without": (b":status",)}, {"replaced": {b":status": b"x"}}])
def test_an_odd_response(with_client: Bout, edit: Any) -> None:
    async def script(peer: Peer) -> Any:
        return await peer.begin_session(Echo(), **edit).establish()

    signals = with_client(script).signals
    assert Reset(H3.MESSAGE_ERROR, 0) in signals
    assert any(isinstance(one, Refused) for one in signals)


def test_an_odd_request_and_its_whole_list(with_server: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = peer.begin_session(Echo(), exactly=((b":method", b"CONNECT"),))
        return await session.establish()

    assert Reset(H3.MESSAGE_ERROR, 0) in with_server(script).signals


def test_bytes_in_place_of_headers(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        raw = Raw(peer.encode(Frame(0x1, b"\0\0\xff\xff\x7f")), "an index beyond the static table")
        return await peer.begin_session(Echo(), raw=raw).establish()

    closed = ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED, transport=False)
    assert closed in bout(script).signals


def test_any_request(with_server: Bout) -> None:
    async def script(peer: Peer) -> Any:
        fields = (
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", b"x"),
            (b":path", b"/"),
        )
        stream = await peer.request(fields, finish=True)
        return await stream.reaction()

    outcome = with_server(script)
    assert isinstance(outcome.signals[0], Response)


def test_servers_send_no_requests(with_client: Bout) -> None:
    async def script(peer: Peer) -> Any:
        await peer.request((), finish=True)

    with pytest.raises(NotApplicable):
        with_client(script)


@pytest.mark.parametrize("application", [Rejects(404), ChecksOrigin()])
def test_clients_have_no_applications_of_servers(with_client: Bout, application: Any) -> None:
    async def script(peer: Peer) -> Any:
        peer.begin_session(application)

    with pytest.raises(NotApplicable, match=type(application).__name__):
        with_client(script)


def test_a_hasty_connect_waits_for_no_settings(with_server: Bout) -> None:
    async def script(peer: Peer) -> Any:
        peer.hurry()
        session = peer.begin_session(Echo())
        await session.send_opening()
        return session.connection.settings is None, await session.establish()

    unknown, reaction = with_server(script).value
    assert unknown
    assert reaction.signals == (Established(),)


# Evidence


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
