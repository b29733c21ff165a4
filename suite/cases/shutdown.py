"""Winding down: GOAWAY for the connection, the drain capsule for one session."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Drains, Echo
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import ENDED, carried
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import (
    ConnectionClosed,
    Datagram,
    Draining,
    Fin,
    Observed,
    Reaction,
    Refused,
    Reported,
    Signal,
    Silence,
)
from wtspec.suite.wire.capsule import CloseSession, DrainSession
from wtspec.suite.wire.error_codes import H3

Carrier = tuple[Callable[[Session, bytes], Awaitable[Reaction]], type[Fin | Datagram]]
CARRIERS: dict[str, Carrier] = {
    "bidi": (Session.echo, Fin),
    "uni": (Session.echo_uni, Fin),
    "datagram": (Session.echo_datagram, Datagram),
}


GONE: dict[Signal, str] = {
    ConnectionClosed(H3.NO_ERROR): "RFC 9114 section 5.3: with its session the connection may go"
}


def goes_on(carrier: Carrier) -> Expect:
    # It may go on; whoever ends it as soon as he is asked to does what is expected of him.
    return Expect(carrier[1](b"on"), readings={ENDED: "ended at once"}, tolerated=GONE)


@case(
    "shutdown/drain-goes-on",
    title="a session that is asked to drain still carries everything",
    requires=[
        "drain-either-side",
        "drain-session-continues",
        "drain-new-streams-ok",
        "drain-new-datagrams-ok",
    ],
    dialects=http3.since(7),
    roles=BOTH,
    control="session-ids/own-streams",
    parameters=CARRIERS,
    expect=goes_on,
    faults={
        "frames-own-payload": {"uni": Fin()},
        "drops-datagrams": {"datagram": Silence()},
        "cuts-the-last-byte-of-datagrams": {"datagram": Datagram()},
        "takes-drain-for-close": ENDED,
    },
)
async def drain_goes_on(peer: Peer, carrier: Carrier) -> Reaction:
    echo, _ = carrier
    session = await peer.open_session(Echo())
    await session.drain()
    await peer.barrier()
    return await carried(session, echo(session, b"on"))


@case(
    "shutdown/drain-again",
    title="a session may be asked to drain more than once",
    requires=["drain-session-continues", "drain-either-side"],
    dialects=http3.since(7),
    roles=BOTH,
    control="shutdown/drain-goes-on",
    control_parameter="bidi",
    expect=Expect(Fin(b"on"), readings={ENDED: "ended at once"}, tolerated=GONE),
    faults={"minds-a-second-drain": ENDED, "takes-drain-for-close": ENDED},
)
async def drain_again(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    for _ in range(3):
        await session.drain()
    await peer.barrier()
    return await carried(session, session.echo(b"on"))


@case(
    "shutdown/drain-then-close",
    title="the close behind a drain, in one frame with it, is what the application learns",
    requires=["close-on-capsule", "ref-data-stream-framing"],
    dialects=http3.since(7),
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(Reported("closed", None, 7)),
    faults={
        "takes-drain-for-close": Reported("closed"),
        "reads-one-known-capsule-of-a-frame": Reported("closed", None, 0),
    },
)
async def drain_then_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    capsules = DrainSession(), CloseSession(7, b"bye")
    await session.connect_stream.send_capsules(*capsules, in_one_frame=True, finish=True)
    return await session.reported("closed")


@case(
    "shutdown/drain-with-the-response",
    title="the response and the request to drain may come in one flight",
    requires=["drain-app-winds-down", "ov-ev-draining"],
    dialects=http3.since(7),
    roles=[Role.CLIENT],
    control="shutdown/drain-goes-on",
    needs=["drain"],
    expect=Expect(Reported("draining")),
    faults={"hides-drain": Silence()},
)
async def drain_with_the_response(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    async with peer.one_flight():
        await session.send_opening()
        await session.drain()
    await session.require()
    return await session.reported("draining")


@case(
    "shutdown/drain-reported",
    title="the application learns that it is asked to drain",
    requires=["drain-app-winds-down", "ov-ev-draining"],
    dialects=http3.since(7),
    roles=BOTH,
    control="shutdown/drain-goes-on",
    needs=["drain"],
    expect=Expect(Reported("draining")),
    faults={"hides-drain": Silence()},
)
async def drain_reported(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.drain()
    return await session.reported("draining")


@case(
    "shutdown/drain-capsule",
    title="an application that drains sends the empty drain capsule",
    requires=["drain-capsule-format", "ov-op-drain"],
    dialects=http3.since(7),
    roles=BOTH,
    control="setup/echo",
    needs=["drain"],
    expect=Expect(Draining()),
    faults={"sends-no-drain": Silence()},
)
async def drain_capsule(peer: Peer) -> Reaction:
    session = await peer.open_session(Drains())
    return await session.connect_stream.reaction()


@case(
    "shutdown/goaway-goes-on",
    title="GOAWAY leaves the sessions that there are alone",
    requires=["drain-session-continues", "ref-goaway-keeps-connection"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    parameters=CARRIERS,
    expect=goes_on,
    faults={"goaway-ends-sessions": ENDED},
)
async def goaway_goes_on(peer: Peer, carrier: Carrier) -> Reaction:
    echo, _ = carrier
    session = await peer.open_session(Echo())
    # As client this is a push ID, as server the id of a request that will never come.
    await peer.goaway(400)
    await peer.barrier()
    return await carried(session, echo(session, b"on"))


@case(
    "shutdown/goaway-new-connection",
    title="after GOAWAY a client asks for sessions on another connection",
    requires=["goaway-new-connection", "ref-goaway-no-new-requests", "goaway-http3"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    needs=["pooling"],
    expect=Expect(Observed("connection", "another"), Refused()),
    faults={"ignores-goaway": Observed("connection", "the same")},
)
async def goaway_new_connection(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    await peer.goaway(400)
    await first.barrier()  # it is read, not only received
    second = peer.begin_session(Echo())
    await second.begun()
    where = {True: "the same", False: "another"}[second.connection is first.connection]
    return Reaction("session", (Observed("connection", where),))
