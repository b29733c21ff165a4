"""Setup: what must have arrived before a session is asked for."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo, Hold
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import SETTINGS, Peer
from wtspec.suite.signal import Absent, Established, Fin, Reaction, Request, Reset, Silence


@case(
    "setup/session-opens",
    title="a session opens",
    requires=["setup-accept-2xx"],
    roles=BOTH,
    expect=Expect(Established()),
    faults={"never-answers": Silence()},
)
async def session_opens(peer: Peer) -> Reaction:
    return await peer.begin_session(Hold()).establish()


@case(
    "setup/echo",
    title="a stream that nobody resets comes back and ends with FIN",
    requires=["bidi-layout"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Fin(b"x")),
    faults={"resets-every-stream": Reset()},
)
async def echo(peer: Peer) -> Reaction:
    return await (await peer.open_session(Echo())).echo(b"x")


@case(
    "setup/connect-waits-for-settings",
    title="no session attempt before the server's SETTINGS",
    requires=["setup-client-waits-for-wt-setting", "setup-client-waits-server-settings"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Absent("Request")),
    faults={"connects-before-settings": Request()},
)
async def connect_waits_for_settings(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS)
    peer.begin_session(Hold())
    return await peer.absence(Request(), release=SETTINGS)
