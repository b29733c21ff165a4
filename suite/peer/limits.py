"""Limits on sessions, and of sessions: what the endpoint was asked to grant, and what it grants."""

from typing import TYPE_CHECKING

from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.peer.connect_stream import ConnectStream
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.interruption import NotApplicable, PremiseMissing
from wtspec.suite.peer.setup import Setup
from wtspec.suite.signal import Reaction, Reset, Response, Stop
from wtspec.suite.wire.error_codes import H3

if TYPE_CHECKING:
    from wtspec.suite.peer.session import Session

_NAMES = {
    "data": "initial_max_data",
    "uni": "initial_max_streams_uni",
    "bidi": "initial_max_streams_bidi",
}
# No server has to accept a session that it is asked for (section 3.2), and pooling is optional.
_REFUSED = (Response(range(400, 600)), Reset(H3.REQUEST_REJECTED), Stop(H3.REQUEST_REJECTED))


def asked(configuration: Configuration, what: str) -> int | None:
    """The first credit that a configuration asks of the endpoint: "data", "uni" or "bidi"."""
    found: int | None = getattr(configuration.limits, _NAMES[what])
    return found


def check_flow_control(setup: Setup, connection: Http3Connection) -> None:
    """NotApplicable when the configuration asks for session flow control and the wire has none.

    An endpoint that says that its limits are in force is held to that instead.
    """
    wanted, in_force = setup.configuration.limits, setup.endpoint.hello.limits
    if not any(getattr(wanted, name) for name in _NAMES.values()):
        return
    if any(getattr(in_force, name) for name in _NAMES.values()):
        return
    ours, theirs = dict(connection.our_settings), connection.settings or {}
    if not setup.dialect.flow_control_on(ours, theirs):
        raise NotApplicable("session flow control is off on the wire")


def check_room(connection: Http3Connection, reaction: Reaction) -> None:
    """NotApplicable when a server refuses a session beside another one of its connection."""
    carried = sum(isinstance(one, ConnectStream) for one in connection.streams.values())
    refused = any(one.matches(seen) for one in _REFUSED for seen in reaction.signals)
    if carried > 1 and refused:
        raise NotApplicable("the server takes no further session on this connection")


def first_credit(session: "Session", what: str) -> int:
    """What the endpoint grants, where that is what it was asked to grant.

    NotApplicable otherwise: to go up to another limit, or beyond it, may take for ever.
    """
    granted = session.credit[what]
    if granted != session.asked(what):
        raise NotApplicable(f"the endpoint grants {granted} of {what}, not {session.asked(what)}")
    return granted


def require_beyond(session: "Session", what: str, used: int) -> None:
    """PremiseMissing where the endpoint has granted as much in the meantime, as it always may."""
    if session.is_open() and session.credit[what] >= used:
        raise PremiseMissing(f"{used} of {what} are within the limit by now")
