"""Origin enforcement."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import ChecksOrigin
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Established, Reaction, Reset, Response

ALLOWED = ((b"origin", b"https://allowed.test"),)
FOREIGN = ((b"origin", b"https://evil.test"),)


@case(
    "origin/allowed",
    title="an allowed origin gets its session",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Established()),
    faults={"refuses-every-origin": Response(403)},
)
async def allowed(peer: Peer) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=ALLOWED).establish()


@case(
    "origin/refused",
    title="a foreign origin is refused with 403",
    requires=["origin-server-verifies", "origin-reject-403"],
    roles=[Role.SERVER],
    control="origin/allowed",
    violates=True,
    expect=Expect(
        Response(403),
        tolerated={Response(range(300, 600)): "origin-reject-403", Reset(): "origin-reject-403"},
    ),
    faults={"accepts-any-origin": Established()},
)
async def refused(peer: Peer) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=FOREIGN).establish()
