"""Session flow control: limits only grow, and nobody goes beyond them."""

from collections.abc import Awaitable, Callable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Hold, Sink
from wtspec.suite.endpoint.configuration import FLOW_CONTROL, ONE_SIDED, TIGHT
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import CAME_BACK, CHANGED, SILENT, UNASKED, came_back
from wtspec.suite.peer.limits import first_credit, require_beyond
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.raw import Raw
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.stream import Stream
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Reported,
    Reset,
    SessionError,
    Silence,
)
from wtspec.suite.wire import capsule, varint
from wtspec.suite.wire.capsule import (
    CapsuleType,
    CloseSession,
    DataBlocked,
    MaxData,
    MaxStreams,
    StreamsBlocked,
)
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
# The first limit is above any initial one: whether SETTINGS count as a limit stays open (A21).
SECOND = {"equal": 100, "lower": 99}
SECOND_BYTES = {"equal": 1_000_000, "lower": 999_999}
BOUND = 1 << 60
Limits = tuple[MaxStreams | MaxData, ...]
LOWER: dict[str, Limits] = {
    "uni": (MaxStreams(StreamKind.UNI, 100), MaxStreams(StreamKind.UNI, 99)),
    "bidi": (MaxStreams(StreamKind.BIDI, 100), MaxStreams(StreamKind.BIDI, 99)),
    "data": (MaxData(2_000_000), MaxData(1_999_999)),
}
EQUAL = {kind: (limits[0], limits[0]) for kind, limits in LOWER.items()}
MORE_THAN_LIMITED = 10
# Nobody needs a connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
ESCALATED = "RFC 9114 section 8: a stream error may be treated as one of the connection"
FLOW_ERROR = Expect(
    SessionError(WT.FLOW_CONTROL_ERROR),
    tolerated={ConnectionClosed(WT.FLOW_CONTROL_ERROR): ESCALATED},
    expected_beside=(GIVEN_UP,),
)
# What our reference ends a session with for an excess; before draft 14 no code is named for one.
EXCESS_CODES = frozenset({WT.FLOW_CONTROL_ERROR, H3.EXCESSIVE_LOAD})
TOO_FEW = {"bidi": Reset(WT.SESSION_GONE), "uni": SessionError(EXCESS_CODES)}
FORBIDDEN = {
    "max-stream-data": CapsuleType.MAX_STREAM_DATA,
    "stream-data-blocked": CapsuleType.STREAM_DATA_BLOCKED,
}


def over_bound(kind: int) -> Raw:
    return Raw(capsule.encode_raw(kind, varint.encode(BOUND + 1)), "a count above 2^60")


async def answer_on_same(_: Session, stream: Stream) -> Reaction:
    return await stream.reaction()


async def answer_on_new(session: Session, _: Stream) -> Reaction:
    return await (await session.accept_uni()).reaction()


Answer = Callable[[Session, Stream], Awaitable[Reaction]]
ANSWERS: dict[str, tuple[StreamKind, Answer]] = {
    "bidi": (StreamKind.BIDI, answer_on_same),
    "uni": (StreamKind.UNI, answer_on_new),
}


@case(
    "flow-control/max-streams-increasing",
    title="growing limits are taken",
    requires=["flow-max-streams-format", "flow-max-streams-must-increase"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    parameters=KINDS,
    expect=Expect(Fin(b"after")),
    control="setup/echo",
    faults={"refuses-every-max-streams": Reset(WT.SESSION_GONE)},
)
async def increasing(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxStreams(kind, 100), MaxStreams(kind, 101))
    return await session.echo(b"after")


@case(
    "flow-control/max-streams-not-increasing",
    title="a limit on streams that does not grow ends the session",
    requires=["flow-max-streams-must-increase"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-increasing",
    violates=True,
    parameters={
        f"{kind}-{how}": (KINDS[kind], SECOND[how]) for kind, how in product(KINDS, SECOND)
    },
    expect=FLOW_ERROR,
    faults={"takes-any-max-streams": Silence()},
)
async def not_increasing(peer: Peer, parameter: tuple[StreamKind, int]) -> Reaction:
    kind, second = parameter
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxStreams(kind, 100), MaxStreams(kind, second))
    return await session.connect_stream.reaction()


@case(
    "flow-control/max-data-increasing",
    title="growing data limits are taken",
    requires=["flow-max-data-format", "flow-max-data-must-increase"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    expect=Expect(Fin(b"after")),
    control="setup/echo",
    faults={"refuses-every-max-data": Reset(WT.SESSION_GONE)},
)
async def data_increasing(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    limits = MaxData(2_000_000), MaxData(2_000_001)
    await session.connect_stream.send_capsules(*limits)
    return await session.echo(b"after")


@case(
    "flow-control/max-data-not-increasing",
    title="a data limit that does not grow ends the session",
    requires=["flow-max-data-must-increase"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-data-increasing",
    violates=True,
    parameters={"equal": 2_000_000, "lower": 1_999_999},
    expect=FLOW_ERROR,
    faults={"takes-any-max-data": Silence()},
)
async def data_not_increasing(peer: Peer, second: int) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxData(2_000_000), MaxData(second))
    return await session.connect_stream.reaction()


@case(
    "flow-control/max-streams-at-bound",
    title="a limit of 2^60 streams is taken",
    requires=["flow-max-streams-format"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-increasing",
    parameters=KINDS,
    expect=Expect(Fin(b"after")),
    faults={"minds-2-60-streams": Reset(WT.SESSION_GONE)},
)
async def at_bound(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxStreams(kind, BOUND))
    return await session.echo(b"after")


@case(
    "flow-control/max-streams-over-bound",
    title="a limit above 2^60 streams ends the session",
    requires=["flow-max-streams-over-2-60-error"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-at-bound",
    violates=True,
    parameters={"bidi": CapsuleType.MAX_STREAMS_BIDI, "uni": CapsuleType.MAX_STREAMS_UNI},
    expect=FLOW_ERROR,
    faults={"takes-limits-over-2-60": Silence()},
)
async def limit_over_bound(peer: Peer, kind: int) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(over_bound(kind))
    return await session.connect_stream.reaction()


@case(
    "flow-control/blocked-informs",
    title="capsules that tell of being blocked change nothing",
    requires=["flow-streams-blocked-opens-nothing", "flow-data-blocked-format"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="setup/echo",
    parameters={
        "data": DataBlocked(0),
        "bidi": StreamsBlocked(StreamKind.BIDI, 0),
        "uni": StreamsBlocked(StreamKind.UNI, BOUND),
    },
    expect=Expect(Fin(b"after")),
    faults={
        "refuses-blocked-capsules": Reset(WT.SESSION_GONE),
        "minds-2-60-streams": {"uni": Reset(WT.SESSION_GONE)},
    },
)
async def blocked_informs(peer: Peer, blocked: DataBlocked | StreamsBlocked) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(blocked)
    return await session.echo(b"after")


@case(
    "flow-control/streams-blocked-over-bound",
    title="being blocked at more than 2^60 streams ends the session",
    requires=["flow-streams-blocked-over-2-60-error"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/blocked-informs",
    violates=True,
    parameters={"bidi": CapsuleType.STREAMS_BLOCKED_BIDI, "uni": CapsuleType.STREAMS_BLOCKED_UNI},
    expect=FLOW_ERROR,
    faults={"takes-blocked-over-2-60": Silence()},
)
async def blocked_over_bound(peer: Peer, kind: int) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(over_bound(kind))
    return await session.connect_stream.reaction()


@case(
    "flow-control/forbidden-capsule",
    title="a capsule of WebTransport over HTTP/2's stream limits ends the session",
    requires=["flow-h2-capsules-error"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/blocked-informs",
    violates=True,
    parameters=FORBIDDEN,
    # Which code, and by which way, the draft does not say (A02).
    expect=Expect(
        SessionError(), tolerated={ConnectionClosed(): ESCALATED}, expected_beside=(GIVEN_UP,)
    ),
    faults={"skips-forbidden-capsules": Silence()},
)
async def forbidden_capsule(peer: Peer, kind: int) -> Reaction:
    session = await peer.open_session(Echo())
    forbidden = Raw(capsule.encode_raw(kind, b"\x00\x05"), "a capsule of HTTP/2 alone")
    await session.connect_stream.send_capsules(forbidden)
    return await session.connect_stream.reaction()


@case(
    "flow-control/streams-up-to-limit",
    title="as many streams as granted carry data, beside the CONNECT stream",
    requires=["flow-connect-stream-excluded", "flow-limit-not-stream-id"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="streams/beside-an-open-one",
    parameters=ANSWERS,
    expect=Expect(Fin(b"xy")),
    faults={"grants-one-less-than-announced": TOO_FEW},
)
async def up_to_limit(peer: Peer, parameter: tuple[StreamKind, Answer]) -> Reaction:
    kind, answer = parameter
    session = await peer.open_session(Echo())
    streams = [await session.open(kind) for _ in range(first_credit(session, kind.value))]
    for stream in streams:
        await stream.send(b"x")
    await streams[-1].send(b"y", finish=True)
    return await answer(session, streams[-1])


@case(
    "flow-control/excess-stream",
    title="a stream beyond the limit ends the session",
    requires=["flow-excess-stream-error"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/streams-up-to-limit",
    violates=True,
    parameters=KINDS,
    expect=FLOW_ERROR,
    faults={"ignores-excess-streams": Silence()},
)
async def excess_stream(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    excess = first_credit(session, kind.value) + 1
    async with peer.one_flight():
        for _ in range(excess):
            await (await session.open(kind)).send(b"x")
    reaction = await session.connect_stream.reaction()
    require_beyond(session, kind.value, excess)
    return reaction


@case(
    "flow-control/data-up-to-limit",
    title="as many bytes as granted are taken, stream headers not counted",
    requires=["flow-max-data-scope", "flow-data-limit-exclusions"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=TIGHT,
    control="setup/echo",
    expect=Expect(Absent()),
    faults={"counts-headers-as-data": SessionError(EXCESS_CODES)},
)
async def data_up_to_limit(peer: Peer) -> Reaction:
    session = await peer.open_session(Hold())
    credit = first_credit(session, "data")
    await (await session.open_uni()).send(bytes(credit // 2))
    await (await session.open_uni()).send(bytes(credit - credit // 2))
    await peer.barrier()
    return await peer.absence(SessionError(), after=peer.api_barrier)


@case(
    "flow-control/excess-data",
    title="data beyond the limit ends the session",
    requires=["flow-excess-data-error", "iana-err-flow-control"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=TIGHT,
    control="flow-control/data-up-to-limit",
    violates=True,
    expect=FLOW_ERROR,
    faults={"ignores-excess-data": Silence()},
)
async def excess_data(peer: Peer) -> Reaction:
    # One packet of ten times the limit, to an application that reads: credit that comes back as
    # bytes are consumed cannot make room for it, and nobody can say that he has not looked yet.
    session = await peer.open_session(Sink())
    await (await session.open_uni()).send(bytes(10 * first_credit(session, "data")))
    return await session.connect_stream.reaction()


# What the two drafts before 16 had instead


@case(
    "flow-control/limit-lower-before-16",
    title="a limit that falls ends the session in drafts 14 and 15",
    requires=["legacy-flow-decrease-error"],
    dialects=http3.between(14, 15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-increasing",
    violates=True,
    parameters=LOWER,
    expect=FLOW_ERROR,
    faults={
        "takes-any-max-streams": {"uni": Silence(), "bidi": Silence()},
        "takes-any-max-data": {"data": Silence()},
    },
)
async def limit_lower_before_16(peer: Peer, limits: Limits) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(*limits)
    return await session.connect_stream.reaction()


@case(
    "flow-control/limit-equal-in-14",
    title="a limit that stays as it was is no error in draft 14",
    requires=["legacy-flow-decrease-error"],
    dialects=http3.between(14, 14),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="setup/echo",
    parameters=EQUAL,
    expect=Expect(Fin(b"after")),
    faults={
        "refuses-every-max-streams": {
            "uni": Reset(WT.SESSION_GONE),
            "bidi": Reset(WT.SESSION_GONE),
        },
        "refuses-every-max-data": {"data": Reset(WT.SESSION_GONE)},
    },
)
async def limit_equal_in_14(peer: Peer, limits: Limits) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(*limits)
    return await session.echo(b"after")


@case(
    "flow-control/max-streams-over-bound-in-15",
    title="a limit above 2^60 streams is H3_DATAGRAM_ERROR in draft 15",
    requires=["legacy-flow-over-2-60-datagram-error"],
    dialects=http3.between(15, 15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-at-bound",
    violates=True,
    parameters={"bidi": CapsuleType.MAX_STREAMS_BIDI, "uni": CapsuleType.MAX_STREAMS_UNI},
    # Of the connection or of the stream, the draft leaves open; nor can 15 be told from 16.
    expect=Expect(
        ConnectionClosed(H3.DATAGRAM_ERROR),
        Reset(H3.DATAGRAM_ERROR),
        readings={SessionError(WT.FLOW_CONTROL_ERROR): "A06/as-in-16"},
    ),
    faults={"takes-limits-over-2-60": Silence()},
)
async def limit_over_bound_in_15(peer: Peer, kind: int) -> Reaction:
    return await limit_over_bound(peer, kind)


@case(
    "flow-control/data-up-to-limit-read",
    title="one packet may bring all bytes that are granted, its stream header not counted",
    requires=["flow-data-limit-exclusions", "flow-max-data-scope"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=TIGHT,
    control="setup/echo",
    expect=Expect(Absent()),
    faults={"counts-headers-as-data": SessionError(EXCESS_CODES)},
)
async def data_up_to_limit_read(peer: Peer) -> Reaction:
    # An application that reads shows what is counted by an endpoint that counts what was read.
    session = await peer.open_session(Sink())
    await (await session.open_uni()).send(bytes(first_credit(session, "data")))
    await peer.barrier()
    return await peer.absence(SessionError(), after=peer.api_barrier)


@case(
    "flow-control/one-side-alone",
    title="limits of one side alone bind nobody",
    requires=["flow-enabled-iff-both-nonzero"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=ONE_SIDED,
    # Where they bind, our silence about limits is a limit of 0: nothing comes back at all.
    control="setup/session-opens",
    parameters=KINDS,
    expect=Expect(Observed(CAME_BACK, MORE_THAN_LIMITED)),
    faults={
        "names-the-session-one-off": {"uni": Observed(SILENT)},
        "opens-streams-of-type-55": {"uni": Observed(SILENT)},
        "answers-twice": {"uni": Both((Observed(CAME_BACK), Observed(UNASKED)))},
        "frames-own-payload": {"uni": Observed(CHANGED)},
        "resets-every-stream": {"bidi": Reset(ApplicationCode(0))},
        "limits-by-its-own-settings-alone": {
            "uni": Observed(SILENT),
            "bidi": Reset(WT.SESSION_GONE),
        },
    },
)
async def one_side_alone(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    streams = {await session.open(kind): b"%d" % one for one in range(MORE_THAN_LIMITED)}
    for stream, data in streams.items():
        await stream.send(data, finish=True)
    return await came_back(session, streams)


@case(
    "flow-control/limit-then-close",
    title="a DATA frame may bring a limit and, behind it, the close",
    requires=["ref-data-stream-framing"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(Reported("closed", None, 7)),
    faults={
        "reads-one-known-capsule-of-a-frame": Silence(),
        "refuses-every-max-data": Reported("closed", "local"),
    },
)
async def limit_then_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Hold())
    capsules = MaxData(2_000_000), CloseSession(7, b"bye")
    await session.connect_stream.send_capsules(*capsules, in_one_frame=True)
    return await session.reported("closed")
