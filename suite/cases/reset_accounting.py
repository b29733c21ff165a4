"""Session flow control: what streams count that are reset (draft section 5.4)."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Hold
from wtspec.suite.endpoint.configuration import TIGHT
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.limits import first_credit
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Absent, ConnectionClosed, Reaction, SessionError, Silence
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode

CODE = ApplicationCode(5)
TIMES, HEADER_BYTES = 4, 5
# A client needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)


@case(
    "flow-control/reset-within-limit",
    title="what a stream has brought before its reset counts once",
    requires=["flow-reset-uses-final-size", "flow-max-data-scope"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=TIGHT,
    control="flow-control/data-up-to-limit",
    expect=Expect(Absent()),
    faults={"counts-more-at-resets": SessionError(WT.FLOW_CONTROL_ERROR)},
)
async def reset_within_limit(peer: Peer) -> Reaction:
    session = await peer.open_session(Hold())
    # Whether a stream that is reset counts with its header is open (A22): there is room for them.
    size_bytes = first_credit(session, "data") // TIMES - HEADER_BYTES
    for _ in range(TIMES):
        stream = await session.open_uni()
        await stream.send(bytes(size_bytes))
        await peer.barrier()  # it has arrived
        await stream.reset(CODE)
    await peer.barrier()
    return await peer.absence(SessionError(), after=peer.api_barrier)


@case(
    "flow-control/excess-by-reset",
    title="a stream whose final size goes beyond the limit ends the session",
    requires=["flow-excess-data-error", "flow-reset-uses-final-size"],
    dialects=http3.since(15),
    roles=BOTH,
    configuration=TIGHT,
    control="flow-control/reset-within-limit",
    violates=True,
    expect=Expect(SessionError(WT.FLOW_CONTROL_ERROR), expected_beside=(GIVEN_UP,)),
    faults={"counts-what-arrives-alone": Silence(), "ignores-excess-data": Silence()},
)
async def excess_by_reset(peer: Peer) -> Reaction:
    session = await peer.open_session(Hold())
    stream = await session.open_uni()
    await stream.send(b"")
    await peer.barrier()  # its header has arrived
    header_bytes = len(stream.header)
    excess = header_bytes + 10 * first_credit(session, "data")
    why = "a final size that bytes which never came would make up"
    await stream.claim(CODE, final_size=excess, reliable_size=header_bytes, why=why)
    return await session.connect_stream.reaction()
