"""Every way in which a script may leave the honest path."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.endpoint.application import (
    ChecksOrigin,
    Closes,
    Echo,
    Hold,
    Rejects,
)
from wtspec.suite.network.path import Direction, Drop, Path
from wtspec.suite.peer.interruption import Deadline, NotApplicable
from wtspec.suite.peer.peer import ANSWERS, QPACK_STREAMS, Peer, Raw
from wtspec.suite.peer.raw_streams import quic_frame
from wtspec.suite.signal import (
    ConnectionClosed,
    Datagram,
    Established,
    Fin,
    Goaway,
    Observed,
    Refused,
    Reported,
    Reset,
    Response,
    Silence,
)
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.capsule import CloseSession, DatagramCapsule, MaxStreams, UnknownCapsule
from wtspec.suite.wire.error_codes import H3, QUIC, ApplicationCode
from wtspec.suite.wire.frames import Frame
from wtspec.suite.wire.stream_header import StreamKind, StreamType

Bout = Callable[..., Any]


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


def test_a_goaway_before_the_close_is_passed_over(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        (await peer.connect()).inbox.put(Goaway(0))
        assert (await peer.reaction(within_s=0)).signals == (Silence(),)
        peer.connection.inbox.put(Goaway(0))
        await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.CONTROL))
        return await peer.reaction()

    assert bout(script).signals == (ConnectionClosed(H3.STREAM_CREATION_ERROR, transport=False),)


def test_no_room_for_another_stream(bout: Bout) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        quic = peer.connection.quic
        while quic.streams_left("uni") > 0:
            quic.open_stream("uni")
        with pytest.raises(NotApplicable, match="no further uni stream"):
            await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.CONTROL))
        with pytest.raises(NotApplicable, match="no further uni stream"):
            await session.open_uni()
        return (await session.echo(b"x")).signals

    assert bout(script).value == (Fin(b"x"),)


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
    assert reaction.signals == (Established(""),)
