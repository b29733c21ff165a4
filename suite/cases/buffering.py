"""Early arrival: what comes before its session."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Fin, Reaction, Reset, Silence, Stop
from wtspec.suite.wire.error_codes import WT


@case(
    "buffering/stream-before-session",
    title="a stream that arrives before its session is kept",
    requires=["buffer-streams", "buffer-overflow-stream-rejected"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(
        Fin(b"early"),
        tolerated={
            Reset(WT.BUFFERED_STREAM_REJECTED): "buffer-streams",
            Stop(WT.BUFFERED_STREAM_REJECTED): "buffer-streams",
        },
    ),
    faults={"drops-early-streams": Silence(), "resets-early-streams-with-no-code": Reset(0x100)},
)
async def stream_before_session(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"early", finish=True)
    await peer.barrier()  # it has arrived
    await session.establish()
    return await stream.reaction()
