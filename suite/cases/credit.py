"""Credit: what the endpoint does with ours, and how it gives its own back."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Source
from wtspec.suite.endpoint.configuration import DEFAULT, FLOW_CONTROL, NO_CREDIT, SCARCE
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import own_stream
from wtspec.suite.peer.limits import first_credit
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import (
    Both,
    CapsuleSeen,
    Data,
    Datagram,
    Fin,
    Observed,
    Reaction,
    Reset,
    Signal,
    Silence,
)
from wtspec.suite.wire.capsule import DataBlocked, MaxData, MaxStreams, StreamsBlocked
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

Several = tuple[StreamKind, Source]
KINDS = {kind.value: kind for kind in StreamKind}
PATTERN = bytes(i % 251 for i in range(250))
SEVERAL: dict[str, Several] = {
    "bidi": (StreamKind.BIDI, Source(bidi=4)),
    "uni": (StreamKind.UNI, Source(uni=3)),
}
# What SCARCE grants: different numbers, so that a mix-up of the kinds shows.
GRANTED = {StreamKind.BIDI: 2, StreamKind.UNI: 1}


def opened(session: Session, kind: StreamKind) -> Reaction:
    return Reaction("session", (Observed("streams", len(session.streams_of_endpoint(kind))),))


def as_granted(parameter: Several) -> Signal:
    """What shows that no more was taken than the first limit."""
    return Observed("streams", GRANTED[parameter[0]])


def arrived(session: Session) -> Reaction:
    received = sum(len(stream.received) for stream in session.streams_of_endpoint())
    return Reaction("session", (Observed("payload bytes", received),))


@case(
    "credit/opens-within-limit",
    title="the endpoint opens no more streams than granted, closed ones counted",
    requires=[
        "flow-open-within-stream-limit",
        "flow-closed-streams-count",
        "flow-session-and-connection-limit",
        "flow-max-streams-cumulative",
    ],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="session-ids/own-streams",
    parameters=SEVERAL,
    expect=lambda parameter: Expect(Observed("streams", GRANTED[parameter[0]])),
    faults={"opens-beyond-limit": {"bidi": Observed("streams", 4), "uni": Observed("streams", 3)}},
)
async def opens_within_limit(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = await peer.open_session(source)
    for _ in range(GRANTED[kind]):
        await (await session.accept_stream(kind)).reaction()
    await peer.api_barrier()
    return opened(session, kind)


@case(
    "credit/opens-when-granted",
    title="a raised limit lets the endpoint open the streams that waited",
    requires=["flow-max-streams-format", "flow-max-streams-per-type"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="credit/opens-within-limit",
    parameters=SEVERAL,
    expect=lambda parameter: Expect(Observed("streams", GRANTED[parameter[0]] + 1)),
    faults={
        "ignores-raised-stream-limits": as_granted,
        "takes-one-limit-for-both-kinds": {
            "bidi": Observed("streams", 4),
            "uni": Observed("streams", 3),
        },
        "refuses-every-max-streams": Reset(WT.FLOW_CONTROL_ERROR),
    },
)
async def opens_when_granted(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = await peer.open_session(source)
    await session.accept_stream(kind)
    # The other kind's limit is raised further, and must not count.
    others = [MaxStreams(one, 9) for one in StreamKind if one is not kind]
    await session.connect_stream.send_capsules(MaxStreams(kind, GRANTED[kind] + 1), *others)
    for _ in range(GRANTED[kind]):
        await own_stream(session, kind)  # when it opens the last one is its own affair
    await peer.api_barrier()
    return opened(session, kind)


@case(
    "credit/sends-within-limit",
    title="the endpoint sends no more payload than granted",
    requires=["flow-send-within-data-limit", "flow-max-data-scope"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="session-ids/own-streams",
    # A sender may keep back a part that is not worth a packet.
    expect=Expect(Observed("payload bytes", range(101))),
    faults={
        "frames-own-payload": Observed("payload bytes"),
        "ignores-data-limit": Observed("payload bytes", 250),
    },
)
async def sends_within_limit(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(uni=1, size_bytes=250))
    await (await session.accept_uni()).read(1)
    await peer.barrier()
    await peer.api_barrier()
    return arrived(session)


@case(
    "credit/sends-when-granted",
    title="a raised limit lets the endpoint send the rest",
    requires=["flow-max-data-format", "flow-max-data-counts"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="credit/sends-within-limit",
    expect=Expect(Fin(PATTERN)),
    faults={
        "ignores-raised-data-limits": Data(PATTERN[:100]),
        "refuses-every-max-data": Reset(WT.SESSION_GONE),
    },
)
async def sends_when_granted(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(uni=1, size_bytes=250))
    stream = await session.accept_uni()
    await stream.read(1)
    await session.connect_stream.send_capsules(MaxData(250))
    return await stream.reaction()


@case(
    "credit/zero-means-none",
    title="without credit the endpoint opens no stream",
    requires=["flow-open-within-stream-limit", "flow-initial-uni-zero", "flow-initial-bidi-zero"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=NO_CREDIT,
    control="setup/echo",
    parameters=SEVERAL,
    expect=Expect(Observed("streams", 0)),
    faults={
        "takes-zero-for-unlimited": {"bidi": Observed("streams", 4), "uni": Observed("streams", 3)},
        "opens-beyond-limit": {"bidi": Observed("streams", 4), "uni": Observed("streams", 3)},
    },
)
async def zero_means_none(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = await peer.open_session(source)
    await peer.barrier()
    await peer.api_barrier()
    return opened(session, kind)


@case(
    "credit/datagrams-need-none",
    title="datagrams are outside session flow control",
    requires=["flow-data-limit-exclusions"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=NO_CREDIT,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Datagram(PATTERN)),
    faults={
        "drops-datagrams": Silence(),
        "cuts-the-last-byte-of-datagrams": Datagram(PATTERN[:-1]),
        "counts-datagrams-as-data": Silence(),
    },
)
async def datagrams_need_none(peer: Peer) -> Reaction:
    return await (await peer.open_session(Echo())).echo_datagram(PATTERN)


@case(
    "credit/tells-streams-blocked",
    title="an endpoint that cannot open a stream says at which limit",
    requires=[
        "flow-streams-blocked-value",
        "flow-streams-blocked-sent",
        "flow-streams-blocked-format",
    ],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="credit/opens-within-limit",
    parameters=SEVERAL,
    expect=Expect(
        CapsuleSeen("StreamsBlocked bidi", 2),
        CapsuleSeen("StreamsBlocked uni", 1),
        tolerated={Silence(): "flow-streams-blocked-sent"},
    ),
    faults={
        "tells-wrong-limit": {"bidi": CapsuleSeen(None, 3), "uni": CapsuleSeen(None, 2)},
        "never-tells-blocked": Silence(),
    },
)
async def tells_streams_blocked(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = await peer.open_session(source)
    await session.accept_stream(kind)
    return await session.capsule(f"StreamsBlocked {kind.value}")


@case(
    "credit/tells-data-blocked",
    title="an endpoint that cannot send says at which limit",
    requires=["flow-data-blocked-format", "flow-data-blocked-sent"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=SCARCE,
    control="credit/sends-within-limit",
    expect=Expect(CapsuleSeen("DataBlocked", 100), tolerated={Silence(): "flow-data-blocked-sent"}),
    faults={"tells-wrong-limit": CapsuleSeen(None, 101), "never-tells-blocked": Silence()},
)
async def tells_data_blocked(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(uni=1, size_bytes=250))
    await (await session.accept_uni()).read(1)
    return await session.capsule("DataBlocked")


@case(
    "credit/streams-come-back",
    title="credit for streams comes back as they close, without being asked for",
    requires=["flow-credit-not-gated-on-blocked", "flow-credit-as-consumed"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/streams-up-to-limit",
    expect=Expect(CapsuleSeen("MaxStreams bidi"), tolerated={Silence(): "flow-credit-as-consumed"}),
    faults={
        "grants-only-when-asked": Both((Silence(), CapsuleSeen("MaxStreams bidi"))),
        "never-grants": Silence(),
    },
)
async def streams_come_back(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    limit = first_credit(session, "bidi")
    for _ in range(limit):
        await session.echo(b"x")
    unasked = await session.capsule("MaxStreams bidi")
    await session.connect_stream.send_capsules(StreamsBlocked(StreamKind.BIDI, limit))
    await peer.barrier()
    asked = await session.capsule("MaxStreams bidi")
    return Reaction("CONNECT stream", unasked.signals + asked.signals)


@case(
    "credit/data-comes-back",
    title="credit for data comes back as it is consumed, without being asked for",
    requires=["flow-credit-not-gated-on-blocked", "flow-credit-as-consumed"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/data-up-to-limit",
    expect=Expect(CapsuleSeen("MaxData"), tolerated={Silence(): "flow-credit-as-consumed"}),
    faults={
        "grants-only-when-asked": Both((Silence(), CapsuleSeen("MaxData"))),
        "never-grants": Silence(),
    },
)
async def data_comes_back(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    limit = first_credit(session, "data")
    await session.echo(bytes(limit))
    unasked = await session.capsule("MaxData")
    await session.connect_stream.send_capsules(DataBlocked(limit))
    await peer.barrier()
    asked = await session.capsule("MaxData")
    return Reaction("CONNECT stream", unasked.signals + asked.signals)


# The rule against these says nothing of flow control being on.
LOWERED = {
    "max-data-lowered": (MaxData(5), MaxData(3)),
    "max-streams-lowered": (MaxStreams(StreamKind.BIDI, 5), MaxStreams(StreamKind.BIDI, 3)),
}


@case(
    "credit/off-means-ignored",
    title="without session flow control its capsules are ignored",
    requires=["flow-off-capsules-ignored", "flow-enabled-iff-both-nonzero"],
    dialects=http3.since(13),
    roles=BOTH,
    configuration=DEFAULT,
    control="setup/echo",
    parameters={
        "max-data": (MaxData(3), MaxData(5)),
        "max-streams": (MaxStreams(StreamKind.BIDI, 3), MaxStreams(StreamKind.BIDI, 5)),
        "blocked": (DataBlocked(0), StreamsBlocked(StreamKind.UNI, 0)),
        **LOWERED,
    },
    expect=lambda sent: Expect(
        Fin(PATTERN),
        readings={Reset(WT.SESSION_GONE): "A24/minds-them"} if sent in LOWERED.values() else {},
    ),
    faults={
        "obeys-limits-when-off": dict.fromkeys(LOWERED, Reset(WT.SESSION_GONE)),
        "refuses-flow-control-when-off": Reset(WT.SESSION_GONE),
    },
)
async def off_means_ignored(
    peer: Peer, parameter: tuple[MaxData | MaxStreams | DataBlocked | StreamsBlocked, ...]
) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(*parameter)
    return await session.echo(PATTERN)


OF_RESETS = Expect(CapsuleSeen("MaxStreams bidi"), tolerated={Silence(): "flow-credit-as-consumed"})


@case(
    "credit/reset-streams-come-back",
    title="credit for streams comes back when they are reset, as when they are finished",
    requires=["flow-credit-as-consumed", "flow-closed-streams-count"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/streams-up-to-limit",
    expect=OF_RESETS,
    faults={"never-grants": Silence(), "grants-nothing-for-resets": Silence()},
)
async def reset_streams_come_back(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    for _ in range(session.credit["bidi"]):
        stream = await session.open_bidi()
        await stream.send(b"x")
        await stream.read(1)
        await stream.reset(ApplicationCode(7))
        await stream.reaction()
    return await session.capsule("MaxStreams bidi")


FROM_NOTHING: dict[str, Several] = {
    "bidi": (StreamKind.BIDI, Source(bidi=3)),
    "uni": (StreamKind.UNI, Source(uni=3)),
}
FIRST_GRANT = 2


async def used_grant(peer: Peer, session: Session, kind: StreamKind) -> Reaction:
    for _ in range(FIRST_GRANT):
        await own_stream(session, kind)
    await peer.api_barrier()
    return opened(session, kind)


@case(
    "credit/from-nothing",
    title="a session that began without any credit uses what it is granted later",
    requires=["flow-max-streams-format", "flow-initial-uni-zero", "flow-initial-bidi-zero"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=NO_CREDIT,
    control="credit/zero-means-none",
    parameters=FROM_NOTHING,
    expect=Expect(Observed("streams", FIRST_GRANT)),
    faults={
        "ignores-raised-stream-limits": Observed("streams", 0),
        "refuses-every-max-streams": Reset(WT.FLOW_CONTROL_ERROR),
    },
)
async def from_nothing(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = await peer.open_session(source)
    await peer.api_barrier()  # it has found out that it may open none
    await session.connect_stream.send_capsules(MaxData(1000), MaxStreams(kind, FIRST_GRANT))
    return await used_grant(peer, session, kind)


@case(
    "credit/with-the-opening",
    title="credit may come in the flight that opens the session",
    requires=["flow-max-streams-format", "flow-initial-uni-zero", "flow-initial-bidi-zero"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=NO_CREDIT,
    control="credit/zero-means-none",
    parameters=FROM_NOTHING,
    expect=Expect(Observed("streams", FIRST_GRANT)),
    faults={
        "ignores-raised-stream-limits": Observed("streams", 0),
        "refuses-every-max-streams": Reset(WT.FLOW_CONTROL_ERROR),
        "refuses-early-bytes": {Role.SERVER: Reset(H3.EXCESSIVE_LOAD)},
        # What came before the response is read as one frame's.
        "reads-one-known-capsule-of-a-frame": {Role.SERVER: Observed("streams", 0)},
    },
)
async def with_the_opening(peer: Peer, parameter: Several) -> Reaction:
    kind, source = parameter
    session = peer.begin_session(source)
    await session.begun()
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send_capsules(MaxData(1000), MaxStreams(kind, FIRST_GRANT))
    await session.require()
    return await used_grant(peer, session, kind)
