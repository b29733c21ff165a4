"""Fields that are legal and seldom seen, in our CONNECT or in our response."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Established, Reaction, Reset
from wtspec.suite.wire.error_codes import H3

MALFORMED = Reset(H3.MESSAGE_ERROR)


@case(
    "messages/te-trailers",
    title="TE is the one field of connections that a request may have, if it says trailers",
    requires=["ref-connection-fields-malformed"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Established()),
    faults={"knows-no-te": MALFORMED},
)
async def te_trailers(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), fields=((b"te", b"trailers"),)).establish()


@case(
    "messages/priority-field",
    title="a Priority field is a hint, whatever stands in it",
    requires=["ref-priority-field-taken", "priority-header-allowed"],
    dialects=http3.since(8),
    roles=BOTH,
    control="setup/session-opens",
    parameters={
        "usual": b"u=1, i",
        "empty": b"",
        "out-of-range": b"u=9",
        "another-type": b"u=now",
        "unknown": b"u=2, x=5;y",
    },
    expect=Expect(Established()),
    faults={"checks-priorities": MALFORMED},
)
async def priority_field(peer: Peer, value: bytes) -> Reaction:
    return await peer.begin_session(Echo(), fields=((b"priority", value),)).establish()
