"""Session termination: what a closing side may do beside its capsule."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Reaction, Reported
from wtspec.suite.wire.error_codes import WT


@case(
    "termination/stop-beside-close",
    title="whoever closes the session may ask for no more on its CONNECT stream",
    requires=["close-on-capsule", "close-sender-stop-sending"],
    dialects=http3.since(13),
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(Reported("closed", None, 7)),
    faults={"takes-a-stop-for-the-end": Reported("closed")},
)
async def stop_beside_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    async with peer.one_flight():
        await session.close(7, b"bye")
        await session.connect_stream.stop(WT.SESSION_GONE)
    return await session.reported("closed")
