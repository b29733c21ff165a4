"""Early arrival: what comes before its session."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Nowhere
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction, Swap
from wtspec.suite.peer.answers import CAME_BACK, CHANGED, SILENT, UNASKED, answer, came_back
from wtspec.suite.peer.peer import Peer, Raw, Session
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Datagram,
    Fin,
    Observed,
    Reaction,
    Reset,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
REJECTED: dict[Signal, str] = {
    Reset(WT.BUFFERED_STREAM_REJECTED): "buffer-streams",
    Stop(WT.BUFFERED_STREAM_REJECTED): "buffer-streams",
}
KEPT = Expect(Fin(b"early"), tolerated=REJECTED)
SUSPICIOUS: dict[Signal, str] = {
    ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: it may mind what looks like abuse"
}
IDLE_CLIENT = "a client may give up a connection that carries no session"


@case(
    "buffering/stream-before-session",
    title="a stream that arrives before its session is kept",
    requires=[
        "buffer-streams",
        "buffer-overflow-stream-rejected",
        "buffer-server-early-arrival",
        "buffer-client-early-arrival",
    ],
    roles=BOTH,
    control="setup/echo",
    expect=KEPT,
    faults={
        "drops-early-streams": Silence(),
        "misses-streams-before-it-listens": Silence(),
        "resets-early-streams-with-no-code": Reset(0x100),
    },
)
async def stream_before_session(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"early", finish=True)
    await peer.barrier()  # it has arrived
    await session.establish()
    return await stream.reaction()


@case(
    "buffering/uni-before-session",
    title="a unidirectional stream that arrives before its session is kept",
    requires=["buffer-streams", "buffer-overflow-stream-rejected"],
    roles=BOTH,
    control="streams/echo",
    parameters={"uni-in-part": False, "uni-whole": True},
    expect=KEPT,
    faults={
        "drops-early-streams": Silence(),
        "misses-streams-before-it-listens": Silence(),
        "resets-early-streams-with-no-code": {"uni-in-part": Stop(0x100)},
    },
)
async def uni_before_session(peer: Peer, whole: bool) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open_uni()
    await stream.send(b"early", finish=whole)
    await peer.barrier()
    await session.establish()
    await stream.finish()
    return await answer(session, stream)


@case(
    "buffering/datagram-before-session",
    title="a datagram that arrives before its session is kept",
    requires=["buffer-datagrams"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Datagram(b"early"), tolerated={Silence(): "buffer-datagrams"}),
    faults={"drops-early-datagrams": Silence()},
)
async def datagram_before_session(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    for _ in range(3):
        await session.send_datagram(b"early")
    await peer.barrier()
    await session.establish()
    return await session.datagrams()


@case(
    "buffering/same-flight",
    title="a stream may come in the same flight as what opens its session",
    requires=["buffer-streams", "buffer-overflow-stream-rejected"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=KEPT,
    faults={
        "drops-early-streams": {Role.SERVER: Silence()},
        "misses-streams-before-it-listens": Silence(),
    },
)
async def same_flight(peer: Peer, kind: StreamKind) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open(kind)
    async with peer.one_flight():
        await session.send_opening()
        await stream.send(b"early", finish=True)
    await session.establish()
    return await answer(session, stream)


@case(
    "buffering/overtaken",
    title="a stream may overtake the packet that opens its session",
    requires=["buffer-streams", "buffer-overflow-stream-rejected"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=KEPT,
    faults={
        "drops-early-streams": Silence(),
        "misses-streams-before-it-listens": Silence(),
    },
)
async def overtaken(peer: Peer, kind: StreamKind) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open(kind)
    peer.script(Swap(Direction.TO_ENDPOINT, 0))
    await session.send_opening()
    await stream.send(b"early", finish=True)
    await session.establish()
    return await answer(session, stream)


MANY = 90


@case(
    "buffering/many-streams",
    title="each of many early streams is kept or refused by its code, none is lost",
    requires=["buffer-overflow-stream-rejected", "buffer-bounded", "iana-err-buffered"],
    roles=BOTH,
    control="buffering/same-flight",
    parameters=KINDS,
    expect=Expect(
        Observed(CAME_BACK),
        Stop(WT.BUFFERED_STREAM_REJECTED),
        Reset(WT.BUFFERED_STREAM_REJECTED),
        tolerated=SUSPICIOUS,
        expected_beside=(Observed(CAME_BACK), *REJECTED),
    ),
    faults={
        "drops-early-streams": Observed(SILENT),
        "misses-streams-before-it-listens": Observed(SILENT),
        "mixes-streams": Observed(SILENT),
        "answers-twice": {"uni": Both((Observed(CHANGED), Observed(UNASKED)))},
        "resets-early-streams-with-no-code": {"uni": Stop(0x100), "bidi": Reset(0x100)},
        "loses-excess-early-streams": Both((Observed(CAME_BACK), Observed(SILENT))),
        "refuses-excess-early-streams-by-another-code": {
            "uni": Both((Observed(CAME_BACK), Stop(H3.REQUEST_REJECTED))),
            "bidi": Both((Observed(CAME_BACK), Reset(H3.REQUEST_REJECTED))),
        },
    },
)
async def many_streams(peer: Peer, kind: StreamKind) -> Reaction:
    session = peer.begin_session(Echo())
    streams = {await session.open(kind): b"%d" % number for number in range(MANY)}
    async with peer.one_flight():
        for stream, data in streams.items():
            await stream.send(data)  # without FIN: what is whole can no longer be refused
    await peer.barrier()
    await session.establish()
    async with peer.one_flight():
        for stream in streams:
            await stream.finish()
    return await came_back(session, streams)


@case(
    "buffering/many-datagrams",
    title="early datagrams beyond what is kept are dropped, and cost nothing else",
    requires=["buffer-overflow-datagram-dropped", "buffer-bounded"],
    dialects=http3.since(3),
    roles=BOTH,
    control="buffering/datagram-before-session",
    needs=["datagrams"],
    expect=Expect(Fin(b"after"), tolerated=SUSPICIOUS),
    faults={"closes-for-excess-datagrams": ConnectionClosed(H3.EXCESSIVE_LOAD)},
)
async def many_datagrams(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    async with peer.one_flight():
        for number in range(300):
            await session.send_datagram(b"%d" % number)
    await peer.barrier()
    await session.establish()
    return await session.echo(b"after")


REFUSED = Expect(
    Stop(WT.BUFFERED_STREAM_REJECTED),
    Reset(WT.BUFFERED_STREAM_REJECTED),
    readings={
        Stop(): "A13/another-code",
        Reset(): "A13/another-code",
        Silence(): "A13/not-told",
    },
    tolerated={ConnectionClosed(H3.NO_ERROR): IDLE_CLIENT},
)


@case(
    "buffering/session-refused",
    title="a stream whose session the endpoint refuses ends with it",
    requires=["buffer-streams"],
    roles=[Role.SERVER],
    control="setup/echo",
    parameters=KINDS,
    expect=REFUSED,
    faults={"closes-for-streams-of-refused-sessions": ConnectionClosed(H3.ID_ERROR)},
)
async def session_refused(peer: Peer, kind: StreamKind) -> Reaction:
    return await refused(peer, peer.begin_session(Nowhere()), kind)


@case(
    "buffering/session-refused-by-us",
    title="a stream whose session we refuse ends with it",
    requires=["buffer-streams"],
    roles=[Role.CLIENT],
    control="setup/echo",
    parameters=KINDS,
    expect=REFUSED,
    faults={"closes-for-streams-of-refused-sessions": ConnectionClosed(H3.ID_ERROR)},
)
async def session_refused_by_us(peer: Peer, kind: StreamKind) -> Reaction:
    return await refused(peer, peer.begin_session(Echo(), status=404), kind)


async def refused(peer: Peer, session: Session, kind: StreamKind) -> Reaction:
    """An early stream, and what becomes of it when its session is refused."""
    stream = await session.open(kind)
    await stream.send(b"early")
    await peer.barrier()
    await session.establish()
    return await stream.reaction()


@case(
    "buffering/datagram-in-the-same-flight",
    title="a datagram may come in the same flight as what opens its session",
    requires=["buffer-datagrams"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Datagram(b"early"), tolerated={Silence(): "buffer-datagrams"}),
    faults={"drops-early-datagrams": {Role.SERVER: Silence()}, "drops-datagrams": Silence()},
)
async def datagram_in_the_same_flight(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    async with peer.one_flight():
        await session.send_opening()
        await session.send_datagram(b"early")
    await session.establish()
    return await session.datagrams()


@case(
    "buffering/two-sessions",
    title="streams of two sessions that arrive before either are kept for the right one",
    requires=["buffer-streams", "sid-demultiplexes"],
    dialects=http3.since(13),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=Expect(
        Both((Fin(b"one"), Fin(b"two"))),
        tolerated={
            Both((some, other)): "buffer-streams"
            for some in (Fin(), *REJECTED)
            for other in REJECTED
        },
    ),
    faults={
        "drops-early-streams": Silence(),
        "misses-streams-before-it-listens": Silence(),
        "resets-early-streams-with-no-code": Reset(0x100),
    },
)
async def two_sessions(peer: Peer) -> Reaction:
    first, second = peer.begin_session(Echo()), peer.begin_session(Echo())
    await first.begun()
    await second.begun()
    streams = [await second.open_bidi(), await first.open_bidi()]
    for stream, data in zip(streams, (b"two", b"one"), strict=True):
        await stream.send(data, finish=True)
    await peer.barrier()  # they have arrived
    await second.require()
    await first.require()
    signals = [one for stream in streams for one in (await stream.reaction()).signals]
    return Reaction("streams", tuple(signals))


@case(
    "buffering/stopped-before-session",
    title="a stream that is stopped before its session is there costs nothing but itself",
    requires=["buffer-streams", "ov-stream-error-scope"],
    roles=BOTH,
    control="setup/echo",
    parameters={"stopped": False, "given-up": True},
    expect=Expect(Fin(b"after"), tolerated=SUSPICIOUS),
    faults={"minds-early-stops": ConnectionClosed(H3.NO_ERROR)},
)
async def stopped_before_session(peer: Peer, given_up: bool) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"early", finish=given_up)
    await stream.stop(H3.NO_ERROR)
    await peer.barrier()  # it has arrived
    await session.require()
    return await session.echo(b"after")


@case(
    "buffering/half-a-header",
    title="a stream may have brought half of its header when its session is there",
    requires=["buffer-streams", "sid-varint"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=Expect(Fin(b"late"), tolerated=REJECTED),
    faults={"forgets-headers-in-pieces": Silence()},
)
async def half_a_header(peer: Peer, kind: StreamKind) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    header = peer.encode(StreamHeader(kind, session.id))
    stream = await session.open(kind, header=Raw(header[:1], "cut, for now"))
    await stream.send(b"")
    await peer.barrier()  # it has arrived
    await session.require()
    await stream.send(header[1:])
    await stream.send(b"late", finish=True)
    return await answer(session, stream)
