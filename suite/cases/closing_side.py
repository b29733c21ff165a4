"""Session termination: what a closing side may do beside its capsule."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Absent, Observed, Reaction
from wtspec.suite.wire.error_codes import WT


@case(
    "termination/stop-beside-close",
    title="whoever closes the session may ask for no more on its CONNECT stream",
    requires=["close-code-32-bit", "close-sender-stop-sending", "close-on-capsule"],
    dialects=http3.since(13),
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    # The frames of one packet have no order: to who sees the stop first the session has ended
    # without a code of the application's.
    expect=Expect(
        Observed("code", 7),
        readings={
            Absent("code"): "A27/stop-first",
            Observed("code", frozenset({0, WT.SESSION_GONE})): "A27/stop-first, shown by a number",
        },
    ),
    faults={"takes-a-stop-for-the-end": Absent("code")},
)
async def stop_beside_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    async with peer.one_flight():
        await session.close(7, b"bye")
        await session.connect_stream.stop(WT.SESSION_GONE)
    return await session.observed_event("closed", "code")
