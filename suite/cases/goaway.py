"""GOAWAYs: what a client's may name, and how several follow each other (RFC 9114 section 5.2)."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import ENDED, carried
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Refused, Signal, Silence
from wtspec.suite.wire.error_codes import H3

FAR, NEAR = 400, 40
GONE: dict[Signal, str] = {
    ConnectionClosed(H3.NO_ERROR): "RFC 9114 section 5.3: who is asked to wind down may be gone"
}
# It may go on; whoever ends it as soon as he is asked to does what is expected of him.
GOES_ON = Expect(Fin(b"on"), readings={ENDED: "ended at once"}, tolerated=GONE)


@case(
    "shutdown/goaway-again",
    title="a GOAWAY may come again, with the same identifier or a lower one",
    requires=["ref-goaway-not-growing", "ref-goaway-keeps-connection"],
    roles=BOTH,
    control="setup/echo",
    parameters={"same": (FAR, FAR), "lower": (FAR, NEAR)},
    expect=GOES_ON,
    faults={
        "closes-on-goaway": {Role.SERVER: ConnectionClosed(H3.NO_ERROR)},
        "takes-one-goaway-only": ConnectionClosed(H3.ID_ERROR),
        "goaway-ends-sessions": ENDED,
    },
)
async def goaway_again(peer: Peer, identifiers: tuple[int, int]) -> Reaction:
    session = await peer.open_session(Echo())
    for one in identifiers:
        await peer.goaway(one)
    await peer.barrier()
    return await carried(session, session.echo(b"on"))


@case(
    "shutdown/goaway-growing",
    title="a GOAWAY with a larger identifier than the one before costs the connection",
    requires=["ref-goaway-not-growing"],
    roles=BOTH,
    control="shutdown/goaway-again",
    violates=True,
    expect=Expect(ConnectionClosed(H3.ID_ERROR, transport=False), tolerated=GONE),
    faults={"takes-growing-goaways": Silence()},
)
async def goaway_growing(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await peer.goaway(NEAR)
    await peer.goaway(FAR)
    return await peer.reaction()


@case(
    "control-stream/goaway-of-a-client",
    title="a client's GOAWAY may name any push and ends nothing by itself",
    requires=["ref-goaway-from-client", "ref-goaway-keeps-connection"],
    roles=[Role.SERVER],
    control="setup/echo",
    parameters=[0, 1, 2, 3],
    expect=GOES_ON,
    faults={
        "goaway-ends-sessions": ENDED,
        "reads-a-clients-goaway-as-a-request": dict.fromkeys(
            ("0x1", "0x2", "0x3"), ConnectionClosed(H3.ID_ERROR)
        ),
        "closes-on-goaway": ConnectionClosed(H3.NO_ERROR),
    },
)
async def goaway_of_a_client(peer: Peer, push_id: int) -> Reaction:
    session = await peer.open_session(Echo())
    await peer.goaway(push_id)
    return await carried(session, session.echo(b"on"))


@case(
    "shutdown/goaway-before-the-response",
    title="a GOAWAY that is not about the request leaves it to be answered",
    requires=["ref-goaway-keeps-connection"],
    roles=[Role.CLIENT],
    control="setup/echo",
    expect=GOES_ON,
    faults={"goaway-ends-sessions": Refused()},
)
async def goaway_before_the_response(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    await peer.goaway(session.id + FAR)
    await peer.barrier()
    await session.require()
    return await carried(session, session.echo(b"on"))
