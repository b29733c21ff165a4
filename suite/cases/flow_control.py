"""Session flow control: limits only grow."""

from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Fin, Reaction, SessionError, Silence
from wtspec.suite.wire.capsule import MaxStreams
from wtspec.suite.wire.error_codes import WT
from wtspec.suite.wire.stream_header import StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
# The first limit is above any initial one: whether SETTINGS count as a limit stays open (A21).
SECOND = {"equal": 100, "lower": 99}


@case(
    "flow-control/max-streams-increasing",
    title="growing limits are taken",
    requires=["flow-max-streams-must-increase"],
    dialects=http3.since(14),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    parameters=KINDS,
    expect=Expect(Fin(b"after")),
    control="setup/echo",
    faults={"refuses-every-max-streams": Silence()},
)
async def increasing(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxStreams(kind, 100), MaxStreams(kind, 101))
    return await session.echo(b"after")


@case(
    "flow-control/max-streams-not-increasing",
    title="a limit that does not grow ends the session",
    requires=["flow-max-streams-must-increase"],
    dialects=http3.since(16),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="flow-control/max-streams-increasing",
    violates=True,
    parameters={
        f"{kind}-{how}": (KINDS[kind], SECOND[how]) for kind, how in product(KINDS, SECOND)
    },
    expect=Expect(SessionError(WT.FLOW_CONTROL_ERROR)),
    faults={"takes-any-max-streams": Silence()},
)
async def not_increasing(peer: Peer, parameter: tuple[StreamKind, int]) -> Reaction:
    kind, second = parameter
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(MaxStreams(kind, 100), MaxStreams(kind, second))
    return await session.connect_stream.reaction()
