"""Sessions beside each other: what befalls one, or a request for one, is nothing to the others."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Hold, Nowhere, Source
from wtspec.suite.endpoint.configuration import FLOW_CONTROL, SCARCE, TIGHT
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import own_stream
from wtspec.suite.peer.limits import first_credit
from wtspec.suite.peer.peer import Peer, Raw, Session
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Reset,
    Signal,
    Silence,
)
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import CapsuleType, MaxStreams
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.stream_header import StreamKind

SHARES = http3.since(13)
ALIVE = b"alive"
GOES_ON = Expect(Fin(ALIVE))
GONE = Reset(WT.SESSION_GONE)
ESCALATED = "RFC 9114 section 8: a stream error may be treated as one of the connection"


async def two(peer: Peer) -> tuple[Session, Session]:
    return await peer.open_session(Echo()), await peer.open_session(Echo())


async def two_begun(peer: Peer) -> tuple[Session, Session]:
    first, second = peer.begin_session(Echo()), peer.begin_session(Echo())
    await first.begun()
    await second.begun()
    return first, second


# One of them ends


async def finish(session: Session) -> None:
    await session.connect_stream.finish()


async def reset(session: Session) -> None:
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)


async def stop(session: Session) -> None:
    await session.connect_stream.stop(H3.REQUEST_CANCELLED)


async def reset_and_stop(session: Session) -> None:
    await reset(session)
    await stop(session)


async def short_close(session: Session) -> None:
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"\0\0")
    await session.connect_stream.send(Raw(data, "no room for the code"))


async def cut_capsule(session: Session) -> None:
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"\0", announced_length=9)
    await session.connect_stream.send(Raw(data, "cut by the FIN"), finish=True)


End = Callable[[Session], Awaitable[None]]
ENDS: dict[str, End] = {
    "fin": finish,
    "reset": reset,
    "stop": stop,
    "reset-and-stop": reset_and_stop,
}
ERRORS: dict[str, End] = {"short-close": short_close, "cut-capsule": cut_capsule}


@case(
    "sessions/any-end",
    title="however one session ends, the other is left alone",
    requires=["ov-session-independent", "ov-session-error-scope"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    parameters=ENDS,
    expect=GOES_ON,
    faults={"one-end-ends-all": GONE},
)
async def any_end(peer: Peer, end: End) -> Reaction:
    first, second = await two(peer)
    await end(first)
    await peer.barrier()  # it has arrived
    return await second.echo(ALIVE)


@case(
    "sessions/error-apart",
    title="an error of one session leaves the other alone",
    requires=["ov-session-independent", "ov-session-error-scope"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    violates=True,
    parameters=ERRORS,
    expect=Expect(
        Fin(ALIVE),
        tolerated={
            ConnectionClosed(frozenset({H3.MESSAGE_ERROR, H3.DATAGRAM_ERROR})): ESCALATED,
            ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): ESCALATED,
        },
    ),
    faults={"one-end-ends-all": GONE},
)
async def error_apart(peer: Peer, end: End) -> Reaction:
    return await any_end(peer, end)


@case(
    "sessions/excess-apart",
    title="a session that exceeds its limit leaves the other alone",
    requires=["ov-session-independent", "flow-initial-bidi-all-sessions"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    violates=True,
    parameters={kind.value: kind for kind in StreamKind},
    expect=GOES_ON,
    faults={"one-end-ends-all": GONE},
)
async def excess_apart(peer: Peer, kind: StreamKind) -> Reaction:
    first, second = await two(peer)
    for _ in range(first_credit(first, kind.value) + 1):
        await (await first.open(kind)).send(b"x")
    await first.connect_stream.reaction()
    return await second.echo(ALIVE)


@case(
    "sessions/late-arrivals-apart",
    title="what comes late for a session that is over leaves the other alone",
    requires=["sid-closed-session-not-invalid", "ref-datagram-after-close"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=GOES_ON,
    faults={
        "one-end-ends-all": GONE,
        "closes-for-late-streams": ConnectionClosed(H3.ID_ERROR),
        "minds-datagrams-for-unknown-streams": ConnectionClosed(H3.ID_ERROR),
    },
)
async def late_arrivals_apart(peer: Peer) -> Reaction:
    first, second = await two(peer)
    await first.close(7)
    await first.connect_stream.reaction()
    for kind in StreamKind:
        await (await first.open(kind)).send(b"late", finish=True)
    await first.send_datagram(b"late")
    await peer.barrier()
    return await second.echo(ALIVE)


# How they begin

NAMES = (b"0", b"1", b"2", b"3")


@case(
    "sessions/four-at-once",
    title="each of four sessions has its own streams, whose bytes come in turns",
    requires=["setup-session-id-is-connect-stream", "sid-demultiplexes", "ov-multi-session"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=Expect(Both(tuple(Fin(name * 2) for name in NAMES))),
    faults={"knows-a-few-sessions-only": Both((Fin(), Silence()))},
)
async def four_at_once(peer: Peer) -> Reaction:
    streams = {}
    for name in NAMES:
        streams[name] = await (await peer.open_session(Echo())).open_bidi()
        await streams[name].send(name)
    for name in NAMES:
        await streams[name].send(name, finish=True)
    reactions = [await stream.reaction() for stream in streams.values()]
    return Reaction("streams", tuple(one for found in reactions for one in found.signals))


@case(
    "sessions/in-one-flight",
    title="two sessions may be asked for, or accepted, in one flight",
    requires=["setup-session-id-is-connect-stream", "ref-request-answered", "pool-optional"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="setup/echo",
    expect=Expect(Fin(b"two")),
    faults={"knows-one-session-only": Silence(), "forgets-requests-beside-another": Silence()},
)
async def in_one_flight(peer: Peer) -> Reaction:
    first, second = await two_begun(peer)
    async with peer.one_flight():
        await first.send_opening()
        await second.send_opening()
    await first.require()
    return await (await second.require()).echo(b"two")


@case(
    "sessions/answered-backwards",
    title="two requests for sessions may be answered in the other order",
    requires=["setup-session-id-is-connect-stream", "setup-established-client-side"],
    dialects=SHARES,
    roles=[Role.CLIENT],
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    needs=["pooling"],
    expect=Expect(Fin(b"one")),
    faults={"wants-answers-in-order": Silence()},
)
async def answered_backwards(peer: Peer) -> Reaction:
    first, second = await two_begun(peer)
    await second.require()
    await second.echo(b"two")
    return await (await first.require()).echo(b"one")


@case(
    "sessions/refusal-apart",
    title="a session that is refused leaves the one beside it alone",
    requires=["ov-session-independent"],
    roles=[Role.SERVER],
    control="setup/echo",
    expect=GOES_ON,
    faults={"closes-for-excess-sessions": ConnectionClosed(H3.REQUEST_REJECTED)},
)
async def refusal_apart(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    await peer.begin_session(Nowhere()).establish()
    return await first.echo(ALIVE)


async def give_up_at_once(peer: Peer, session: Session) -> None:
    async with peer.one_flight():
        await session.send_opening()
        await reset_and_stop(session)


async def give_up_later(peer: Peer, session: Session) -> None:
    await session.send_opening()
    await peer.barrier()
    await reset_and_stop(session)


@case(
    "sessions/abandoned-apart",
    title="a request for a session that is given up leaves the session beside it alone",
    requires=["ov-session-independent", "ref-frame-cut-by-reset"],
    roles=[Role.SERVER],
    control="setup/echo",
    parameters={"in-its-flight": give_up_at_once, "later": give_up_later},
    expect=GOES_ON,
    faults={"closes-for-excess-sessions": {"later": ConnectionClosed(H3.REQUEST_REJECTED)}},
)
async def abandoned_apart(
    peer: Peer, give_up: Callable[[Peer, Session], Awaitable[None]]
) -> Reaction:
    first = await peer.open_session(Echo())
    request = peer.begin_session(Echo())
    await request.begun()
    await give_up(peer, request)
    await peer.barrier()
    return await first.echo(ALIVE)


# Their limits


@case(
    "sessions/uni-limits-apart",
    title="unidirectional streams of one session use up nothing of the other's limit",
    requires=["flow-initial-uni-all-sessions"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=GOES_ON,
    faults={"shares-limits-between-sessions": Reset(WT.FLOW_CONTROL_ERROR)},
)
async def uni_limits_apart(peer: Peer) -> Reaction:
    first, second = await two(peer)
    for _ in range(first_credit(first, "uni")):
        await (await first.open_uni()).send(b"x")
    await peer.barrier()
    return await second.echo_uni(ALIVE)


@case(
    "sessions/data-limits-apart",
    title="bytes of one session use up nothing of the other's limit",
    requires=["flow-initial-data-all-sessions"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=TIGHT,
    control="sessions/two-at-once",
    expect=GOES_ON,
    faults={"shares-limits-between-sessions": GONE},
)
async def data_limits_apart(peer: Peer) -> Reaction:
    # What nobody reads need not come back, so that a common limit has no room left.
    first = await peer.open_session(Hold())
    second = await peer.open_session(Echo())
    await (await first.open_uni()).send(bytes(first_credit(first, "data")))
    await peer.barrier()
    return await second.echo(ALIVE)


OWN_STREAMS: dict[str, Signal] = {str(count): Observed("streams", count) for count in range(1, 4)}


@case(
    "sessions/raised-apart",
    title="a limit that is raised for one session leaves the other's where it is",
    requires=["flow-open-within-stream-limit", "flow-max-streams-cumulative"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=SCARCE,
    control="session-ids/own-streams",
    control_parameter="uni",
    expect=Expect(OWN_STREAMS["1"]),
    faults={
        "opens-beyond-limit": OWN_STREAMS["3"],
        "shares-limits-between-sessions": Observed("streams"),
        "refuses-every-max-streams": Reset(WT.FLOW_CONTROL_ERROR),
    },
)
async def raised_apart(peer: Peer) -> Reaction:
    first = await peer.open_session(Source(uni=3))
    second = await peer.open_session(Source(uni=3))
    await own_stream(second, StreamKind.UNI)
    await first.connect_stream.send_capsules(MaxStreams(StreamKind.UNI, 3))
    for _ in range(3):
        await own_stream(first, StreamKind.UNI)
    await peer.api_barrier()
    count = len(second.streams_of_endpoint(StreamKind.UNI))
    return Reaction("session", (Observed("streams", count),))
