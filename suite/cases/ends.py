"""How sessions end: many streams at once, and what a server may not say of it."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import ends_of
from wtspec.suite.peer.peer import Peer, Session
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Fin,
    Reaction,
    Reset,
    SessionClosed,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import H3, WT

# A client needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
ALL_CLOSED: dict[Signal, str] = {
    GIVEN_UP: "RFC 9114 section 5.3: the connection may be closed, and all streams with it"
}
MANY = 30


@case(
    "ending/many-streams",
    title="the end of a session resets all of its streams, however many",
    requires=["close-resets-send-sides"],
    dialects=http3.since(3),
    roles=BOTH,
    control="ending/send-sides-reset",
    control_parameter="close",
    expect=Expect(
        Reset(WT.SESSION_GONE),
        tolerated=ALL_CLOSED,
        expected_beside=(Stop(WT.SESSION_GONE),),
    ),
    faults={"ends-ten-streams-of-a-session": Both((Reset(WT.SESSION_GONE), Silence()))},
)
async def many_streams(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    streams = [await session.open_bidi() for _ in range(MANY)]
    for stream in streams:
        await stream.send(b"x")
        await stream.read(1)
    await session.close(7)
    await session.connect_stream.reaction()
    return await ends_of(session, streams)


REJECTED = int(H3.REQUEST_REJECTED)
OTHER_CODES = (range(REJECTED), range(REJECTED + 1, 1 << 62))
End = Callable[[Session], Awaitable[None]]


async def reset(session: Session) -> None:
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)


async def stop(session: Session) -> None:
    await session.connect_stream.stop(H3.REQUEST_CANCELLED)


@case(
    "ending/not-rejected",
    title="a session that was served is never said to have been rejected unprocessed",
    requires=["ref-rejected-means-unprocessed"],
    roles=[Role.SERVER],
    control="setup/echo",
    parameters={"reset": reset, "stop": stop},
    expect=Expect(
        *(signal(codes) for signal in (Reset, Stop) for codes in OTHER_CODES),
        Fin(),
        Silence(),
        SessionClosed(),
        ConnectionClosed(),
    ),
    # The answer to a STOP_SENDING has the code of that.
    faults={"calls-abandoned-sessions-rejected": {"reset": Reset(H3.REQUEST_REJECTED)}},
)
async def not_rejected(peer: Peer, end: End) -> Reaction:
    session = await peer.open_session(Echo())
    await session.echo(b"x")
    await end(session)
    return await session.connect_stream.reaction()
