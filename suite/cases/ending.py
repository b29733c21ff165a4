"""How sessions end otherwise, what becomes of their streams, and what the application is told."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Closes, Echo, Resets, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction
from wtspec.suite.network.path import Hold as HeldBack
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Data,
    Fin,
    Observed,
    Opened,
    Reaction,
    Reported,
    Reset,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import CapsuleType, CloseSession
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

CLOSE = CloseSession(7, b"bye")
# A client needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
ALL_CLOSED: dict[Signal, str] = {
    GIVEN_UP: "RFC 9114 section 5.3: the connection may be closed, and all streams with it"
}
ESCALATED = "RFC 9114 section 8: a stream error may be treated as one of the connection"
NOT_CLEAN = Expect(Observed("clean", value=False), Absent("clean"))
# STOP_SENDING closes one direction: "closed on either side" may mean that, or both.
STOP_ALONE = Expect(*NOT_CLEAN.patterns, readings={Silence(): "A27/stop-is-no-end"})
# An API may ask what an end says, not how it came.
WITHOUT_ERROR = Expect(
    *NOT_CLEAN.patterns, readings={Observed("clean", value=True): "A27/ended-without-an-error"}
)


@case(
    "ending/clean-fin",
    title="a FIN without the capsule is reported as a close with code 0",
    requires=["close-clean-fin-equals-0"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(Reported("closed", None, 0)),
    faults={"knows-no-code-without-capsule": Reported("closed", None, 0xFF)},
)
async def clean_fin(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.finish()
    return await session.reported("closed")


@case(
    "ending/clean-fin-reason",
    title="a FIN without the capsule is reported without a reason, as a clean end",
    requires=["close-clean-fin-equals-0"],
    roles=BOTH,
    control="ending/clean-fin",
    needs=["closed", "close-code"],
    parameters={"reason": ("reason", ""), "clean": ("clean", True)},
    expect=lambda told: Expect(Observed(*told), Absent(told[0])),
    faults={"knows-no-clean-end": {"clean": Observed("clean", value=False)}},
)
async def clean_fin_reason(peer: Peer, told: tuple[str, object]) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.finish()
    return await session.observed_event("closed", told[0])


async def reset(session: Session) -> None:
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)


async def reset_with_no_error(session: Session) -> None:
    await session.connect_stream.reset(H3.NO_ERROR)


async def reset_inside_a_capsule(session: Session) -> None:
    await session.connect_stream.send(Raw(capsule.encode(CLOSE)[:6], "cut by the reset"))
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)


async def stop(session: Session) -> None:
    await session.connect_stream.stop(H3.REQUEST_CANCELLED)


async def finish(session: Session) -> None:
    await session.connect_stream.finish()


async def close(session: Session) -> None:
    await session.close(CLOSE.code, CLOSE.reason)


async def break_a_rule(session: Session) -> None:
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"\0\0")
    await session.connect_stream.send(Raw(data, "no room for the code"))


async def cut_a_capsule(session: Session) -> None:
    data = Raw(capsule.encode(CLOSE)[:6], "cut by the FIN")
    await session.connect_stream.send(data, finish=True)


End = Callable[[Session], Awaitable[None]]
ABRUPT: dict[str, End] = {
    "reset": reset,
    "reset-with-no-error": reset_with_no_error,
    "reset-inside-a-capsule": reset_inside_a_capsule,
    "stop": stop,
}
HOW_CLEAN = {reset_with_no_error: WITHOUT_ERROR, stop: STOP_ALONE}
ENDS: dict[str, End] = {"close": close, "fin": finish, "reset": reset, "stop": stop}


@case(
    "ending/abrupt-is-not-clean",
    title="an abrupt end is not reported as a clean one",
    requires=["close-on-connect-stream-closed"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed"],
    parameters=ABRUPT,
    expect=lambda end: HOW_CLEAN.get(end, NOT_CLEAN),
    faults={"takes-every-end-for-clean": Observed("clean", value=True)},
)
async def abrupt_is_not_clean(peer: Peer, end: End) -> Reaction:
    session = await peer.open_session(Echo())
    await end(session)
    return await session.observed_event("closed", "clean")


@case(
    "ending/error-is-not-clean",
    title="an end by a malformed capsule is not reported as a clean one",
    requires=["ref-capsule-truncated-at-fin", "ref-capsule-exact-payload"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed"],
    violates=True,
    parameters={"cut-capsule": cut_a_capsule, "short-close": break_a_rule},
    expect=NOT_CLEAN,
    faults={
        "takes-truncated-capsules": {"cut-capsule": Observed("clean", value=True)},
        "takes-every-end-for-clean": Observed("clean", value=True),
        "takes-malformed-capsules": {"short-close": Silence()},
        "takes-any-close-message": {"short-close": Observed("clean", value=True)},
    },
)
async def error_is_not_clean(peer: Peer, end: End) -> Reaction:
    return await abrupt_is_not_clean(peer, end)


@case(
    "ending/connection-lost",
    title="the end of the connection is reported as the end of its session, and not as a clean one",
    requires=["ov-ev-terminated"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed"],
    parameters={"no-error": H3.NO_ERROR, "error": H3.INTERNAL_ERROR},
    expect=lambda code: NOT_CLEAN if code is H3.INTERNAL_ERROR else WITHOUT_ERROR,
    faults={"takes-every-end-for-clean": Observed("clean", value=True)},
)
async def connection_lost(peer: Peer, code: H3) -> Reaction:
    session = await peer.open_session(Echo())
    await peer.close(code)
    return await session.observed_event("closed", "clean")


@case(
    "ending/reported-once",
    title="an end is reported once, however many there were",
    requires=["ov-ev-terminated"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed"],
    expect=Expect(Observed("closed events", 1)),
    faults={"reports-ends-twice": Observed("closed events", 2)},
)
async def reported_once(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.close(CLOSE.code, CLOSE.reason)
    await session.event("closed")
    await peer.close()
    await peer.api_barrier()
    count = sum(event.name == "closed" for event in session.api.events)
    return Reaction("session's API", (Observed("closed events", count),))


# What becomes of the streams


def ended_with(signal: Signal, end: End) -> Expect:
    """What shows that the session is over, on one of its streams."""
    alone = {Data(): "A27/stop-is-no-end", Silence(): "A27/stop-is-no-end"}
    readings = alone if end is stop else {}
    return Expect(signal, readings=readings, tolerated=ALL_CLOSED, expected_beside=(GIVEN_UP,))


def still_read(parameter: tuple[StreamKind, End]) -> Signal | None:
    """What shows that receive sides were left open; None where another reading allows it."""
    kind, end = parameter
    if kind is StreamKind.BIDI:
        return Reset(WT.SESSION_GONE)
    return None if end is stop else Silence()


@case(
    "ending/send-sides-reset",
    title="the end of a session resets what the endpoint still sends on its streams",
    requires=["close-resets-send-sides", "iana-err-session-gone"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    parameters=ENDS,
    expect=lambda end: ended_with(Reset(WT.SESSION_GONE), end),
    faults={
        "leaves-send-sides-open": Stop(WT.SESSION_GONE),
        "ends-streams-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def send_sides_reset(peer: Peer, end: End) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await end(session)
    return await stream.reaction(until=Reset())


@case(
    "ending/receive-sides-stopped",
    title="the end of a session asks the peer to stop sending on its streams",
    requires=["close-aborts-receive-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    parameters={
        f"{kind}-{end}": (StreamKind(kind), ENDS[end]) for kind in ("bidi", "uni") for end in ENDS
    },
    expect=lambda parameter: ended_with(Stop(WT.SESSION_GONE), parameter[1]),
    faults={
        "leaves-receive-sides-open": still_read,
        "ends-streams-with-no-error": Stop(H3.NO_ERROR),
    },
)
async def receive_sides_stopped(peer: Peer, parameter: tuple[StreamKind, End]) -> Reaction:
    kind, end = parameter
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(b"x")
    await session.barrier()
    await end(session)
    return await stream.reaction(until=Stop())


@case(
    "ending/streams-reset",
    title="the end of a session resets its streams",
    requires=["legacy-close-reset-no-code"],
    dialects=http3.until(2),
    roles=BOTH,
    control="setup/echo",
    parameters=ENDS,
    expect=lambda end: ended_with(Reset(), end),
    faults={"leaves-send-sides-open": Stop()},
)
async def streams_reset(peer: Peer, end: End) -> Reaction:
    return await send_sides_reset(peer, end)


@case(
    "ending/own-uni-reset",
    title="the end of a session resets a stream that the endpoint opened and still sends on",
    requires=["close-resets-send-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="session-ids/own-streams",
    expect=Expect(
        Reset(WT.SESSION_GONE),
        readings={Reset(ApplicationCode(5)): "the application was faster"},
        tolerated=ALL_CLOSED,
        expected_beside=(GIVEN_UP,),
    ),
    faults={
        "leaves-send-sides-open": Data(b"\0\1\2\3"),
        "ends-streams-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def own_uni_reset(peer: Peer) -> Reaction:
    # This application opens a stream and resets it: as soon as its bytes have arrived, where the
    # API tells when that is, else 200 ms later.
    session = await peer.open_session(Resets(5))
    stream = await session.accept_uni()
    await stream.read(4)
    await session.close(CLOSE.code)
    return await stream.reaction(until=Reset())


@case(
    "ending/own-bidi-stopped",
    title="the end of a session asks the peer to stop on a stream that the endpoint opened",
    requires=["close-aborts-receive-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="session-ids/own-streams",
    control_parameter="bidi",
    expect=Expect(Stop(WT.SESSION_GONE), tolerated=ALL_CLOSED, expected_beside=(Fin(), GIVEN_UP)),
    faults={"leaves-receive-sides-open": Fin(), "ends-streams-with-no-error": Stop(H3.NO_ERROR)},
)
async def own_bidi_stopped(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(bidi=1))
    stream = await session.accept_bidi()
    await stream.read(10)
    await session.close(CLOSE.code)
    return await stream.reaction(until=Stop())


@case(
    "ending/blocked-stream",
    title="the end of a session resets a stream that waits for credit",
    requires=["close-resets-send-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="session-ids/own-streams",
    expect=Expect(
        Reset(WT.SESSION_GONE),
        readings={Data(): "A28/finished-left-alone"},
        tolerated=ALL_CLOSED,
        expected_beside=(GIVEN_UP,),
    ),
    faults={
        "cuts-what-exceeds-our-credit": Fin(),
        "ends-streams-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def blocked_stream(peer: Peer) -> Reaction:
    peer.shape(max_stream_data=2000, fixed_windows=True)
    session = await peer.open_session(Source(uni=1, size_bytes=50_000))
    stream = await session.accept_uni()
    await stream.read(1000)
    await session.close(CLOSE.code)
    return await stream.reaction()


ENDED_BY_ENDPOINT: dict[StreamKind, Signal] = {
    StreamKind.UNI: Stop(WT.SESSION_GONE),
    StreamKind.BIDI: Both((Reset(WT.SESSION_GONE), Stop(WT.SESSION_GONE))),
}


@case(
    "ending/own-close-ends-streams",
    title="an endpoint that closes a session resets and stops its streams",
    requires=["close-resets-send-sides", "close-aborts-receive-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="termination/close-format",
    parameters={kind.value: kind for kind in StreamKind},
    expect=lambda kind: Expect(
        ENDED_BY_ENDPOINT[kind], tolerated=ALL_CLOSED, expected_beside=(GIVEN_UP,)
    ),
    faults={
        "resets-every-stream": {"bidi": Reset(ApplicationCode(0))},
        "ends-streams-with-no-error": Stop(H3.NO_ERROR),
        "leaves-send-sides-open": {"bidi": Stop(WT.SESSION_GONE)},
        "leaves-receive-sides-open": {"uni": Silence(), "bidi": Reset(WT.SESSION_GONE)},
    },
)
async def own_close_ends_streams(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Closes(7, "bye", after="stream"))
    stream = await session.open(kind)
    await stream.send(b"x")
    return await stream.reaction(until=ENDED_BY_ENDPOINT[kind])


@case(
    "ending/error-ends-streams",
    title="an error on the CONNECT stream ends the streams of its session",
    requires=["close-resets-send-sides", "close-aborts-receive-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    violates=True,
    parameters={kind.value: kind for kind in StreamKind},
    # Which code the error should have had is the question of another case.
    expect=lambda kind: Expect(
        ENDED_BY_ENDPOINT[kind],
        tolerated={ConnectionClosed(): ESCALATED},
        expected_beside=(GIVEN_UP,),
    ),
    faults={
        "ends-streams-with-no-error": Stop(H3.NO_ERROR),
        "leaves-send-sides-open": {"bidi": Stop(WT.SESSION_GONE)},
        "leaves-receive-sides-open": {"uni": Silence(), "bidi": Reset(WT.SESSION_GONE)},
        "takes-malformed-capsules": {"uni": Silence(), "bidi": Data(b"x")},
    },
)
async def error_ends_streams(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(b"x")
    await session.barrier()
    await break_a_rule(session)
    return await stream.reaction(until=ENDED_BY_ENDPOINT[kind])


@case(
    "ending/no-streams-after",
    title="nothing that comes after the end makes the endpoint open a stream for the session",
    requires=["close-no-streams-after"],
    roles=BOTH,
    control="setup/echo",
    parameters={"close": close, "fin": finish, "reset": reset},
    # Whether a late stream may cost the connection is asked elsewhere, of the drafts that say.
    expect=Expect(
        Absent("Opened"), GIVEN_UP, tolerated={ConnectionClosed(): "it opens no stream either"}
    ),
    faults={
        "answers-late-streams": Opened("uni"),
        "closes-for-late-streams": ConnectionClosed(H3.ID_ERROR),
    },
)
async def no_streams_after(peer: Peer, end: End) -> Reaction:
    session = await peer.open_session(Echo())
    await end(session)
    await session.connect_stream.reaction()
    seen = peer.mark()
    late = await session.open_uni()
    await late.send(b"answer me", finish=True)
    return await peer.absence(Opened(), since=seen)


REFUSED_LATE = Expect(
    Stop(WT.SESSION_GONE),
    Reset(WT.SESSION_GONE),
    GIVEN_UP,
    readings={
        Stop(WT.BUFFERED_STREAM_REJECTED): "A12/rejected",
        Reset(WT.BUFFERED_STREAM_REJECTED): "A12/rejected",
        Stop(): "A12/another-code",
        Reset(): "A12/another-code",
        Silence(): "A12/ignored",
    },
    expected_beside=(GIVEN_UP,),
)


@case(
    "ending/late-stream",
    title="a stream for a session that is over is refused, and no error of the connection",
    requires=["sid-closed-session-not-invalid"],
    dialects=http3.since(15),
    roles=BOTH,
    control="termination/recipient-ends-stream",
    parameters={kind.value: kind for kind in StreamKind},
    expect=REFUSED_LATE,
    faults={"closes-for-late-streams": ConnectionClosed(H3.ID_ERROR)},
)
async def late_stream(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    await session.close(CLOSE.code)
    await session.connect_stream.reaction()
    stream = await session.open(kind)
    await stream.send(b"late")
    return await stream.reaction()


@case(
    "ending/overtaken-stream",
    title="a stream that the close overtook on its way is no error of the connection",
    requires=["sid-closed-session-not-invalid"],
    dialects=http3.since(15),
    roles=BOTH,
    control="termination/recipient-ends-stream",
    expect=REFUSED_LATE,
    faults={"closes-for-late-streams": ConnectionClosed(H3.ID_ERROR)},
)
async def overtaken_stream(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    peer.script(HeldBack(Direction.TO_ENDPOINT, 0, until_index=1))
    stream = await session.open_bidi()
    await stream.send(b"overtaken")
    await session.close(CLOSE.code)
    return await stream.reaction()
