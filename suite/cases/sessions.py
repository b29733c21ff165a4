"""Several sessions: at once where flow control allows it, and one after another."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.limits import first_credit
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    ConnectionClosed,
    Established,
    Fin,
    Observed,
    Reaction,
    Refused,
    Reset,
    Response,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import H3, WT

POOLING = (Role.CLIENT,)
SHARES = http3.since(13)


@case(
    "sessions/two-at-once",
    title="two sessions share a connection",
    requires=["setup-session-id-is-connect-stream", "pool-optional", "ov-multi-session"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="setup/echo",
    expect=Expect(Fin(b"two")),
    faults={"knows-one-session-only": Silence()},
)
async def two_at_once(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    second = await peer.open_session(Echo())
    await first.echo(b"one")
    return await second.echo(b"two")


@case(
    "sessions/one-ends",
    title="the end of one session leaves the other alone",
    requires=["setup-session-id-is-connect-stream"],
    dialects=SHARES,
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=Expect(Fin(b"alive")),
    faults={"one-end-ends-all": Reset(WT.SESSION_GONE)},
)
async def one_ends(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    second = await peer.open_session(Echo())
    await first.close(7, b"bye")
    await first.connect_stream.reaction()
    return await second.echo(b"alive")


@case(
    "sessions/limits-apart",
    title="streams of one session use up nothing of the other's limit",
    requires=["flow-initial-bidi-all-sessions"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=Expect(Fin(b"room")),
    faults={"shares-limits-between-sessions": Reset(WT.SESSION_GONE)},
)
async def limits_apart(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    second = await peer.open_session(Echo())
    for _ in range(first_credit(first, "bidi")):
        await (await first.open_bidi()).send(b"x")
    return await second.echo(b"room")


@case(
    "sessions/excess-refused",
    title="without flow control a second session is reset as not processed",
    requires=[
        "flow-off-server-rejects-excess",
        "pool-single-session-if-unsupported",
        "flow-required-when-shared",
        "security-implement-flow-control",
        "pool-request-rejected",
        "legacy-max-sessions-reset-excess",
        "legacy-max-sessions-no-connection-close",
    ],
    dialects=SHARES,
    roles=[Role.SERVER],
    control="setup/echo",
    violates=True,
    expect=Expect(
        Reset(H3.REQUEST_REJECTED),
        Stop(H3.REQUEST_REJECTED),
        readings={Response(429): "A26/status-429"},
    ),
    faults={
        "takes-sessions-without-flow-control": Established(),
        "closes-for-excess-sessions": ConnectionClosed(H3.REQUEST_REJECTED),
    },
)
async def excess_refused(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    return await peer.begin_session(Echo()).refusal()


@case(
    "sessions/again-after-close",
    title="after one session has ended on both sides the next may begin",
    requires=["pool-optional"],
    dialects=http3.since(14),
    roles=[Role.SERVER],
    control="setup/echo",
    # When the first is over for the server is open (A42), and so is whether it takes another.
    expect=Expect(
        Established(),
        readings={
            Reset(H3.REQUEST_REJECTED): "A42/refused",
            Response(429): "A42/status-429",
        },
    ),
    faults={"one-session-a-connection": Reset(H3.REQUEST_REJECTED)},
)
async def again_after_close(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    await first.close()
    await first.connect_stream.reaction()
    return await peer.begin_session(Echo()).establish()


@case(
    "sessions/client-keeps-to-one",
    title="without flow control a client asks for a second session on a connection of its own",
    requires=[
        "flow-off-client-single-session",
        "flow-required-when-shared",
        "security-implement-flow-control",
    ],
    dialects=SHARES,
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["pooling"],
    expect=Expect(Observed("connection", "its own"), Refused()),
    faults={"pools-without-flow-control": Observed("connection", "shared")},
)
async def client_keeps_to_one(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    second = peer.begin_session(Echo())
    await second.begun()
    where = {True: "shared", False: "its own"}[second.connection is first.connection]
    return Reaction("session", (Observed("connection", where),))


# More than QUIC's first limit on streams allows with one stream for each.
IN_A_ROW = 70


@case(
    "sessions/in-a-row",
    title="sessions that are opened and closed by the dozen leave room for the next one",
    requires=["pool-optional", "ov-stream-creation-flow-controlled"],
    dialects=SHARES,
    roles=[Role.SERVER],
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    expect=Expect(
        Fin(b"still"),
        readings={
            Reset(H3.REQUEST_REJECTED): "A42/refused",
            Response(429): "A42/status-429",
        },
    ),
    faults={"never-grants-streams": Silence()},
)
async def in_a_row(peer: Peer) -> Reaction:
    for _ in range(IN_A_ROW):
        session = await peer.open_session(Echo())
        await session.echo(b"x")
        await session.close()
        await session.connect_stream.reaction()
    return await (await peer.open_session(Echo())).echo(b"still")
