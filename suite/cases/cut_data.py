"""What the application is told of a stream that the end of its session cut."""

from collections.abc import Awaitable, Callable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Sink
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import Reaction, Reported, Silence
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamKind

End = Callable[[Peer, Session], Awaitable[None]]


async def close(_: Peer, session: Session) -> None:
    await session.close(7, b"bye")


async def finish(_: Peer, session: Session) -> None:
    await session.connect_stream.finish()


async def reset(_: Peer, session: Session) -> None:
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)


async def close_connection(peer: Peer, _: Session) -> None:
    await peer.close(H3.NO_ERROR)


ENDS: dict[str, End] = {
    "close": close,
    "fin": finish,
    "reset": reset,
    "connection": close_connection,
}
Cut = tuple[StreamKind, End]


@case(
    "ending/cut-data-is-no-end",
    title="a stream that is cut by the end of its session is never told as one that ended cleanly",
    requires=["ov-ev-recv-aborted", "close-aborts-receive-sides"],
    roles=BOTH,
    control="streams/echo",
    needs=["closed"],
    parameters={
        f"{kind}-{end}": (StreamKind(kind), ENDS[end])
        for kind, end in product(("uni", "bidi"), ENDS)
    },
    expect=Expect(
        *(Reported("ended", how) for how in ("session", "reset", "lost", "stopped")),
        tolerated={Silence(): "the API may tell of the session alone"},
    ),
    faults={"takes-the-end-of-sessions-for-fin": Reported("ended", "fin")},
)
async def cut_data_is_no_end(peer: Peer, cut: Cut) -> Reaction:
    kind, end = cut
    session = await peer.open_session(Sink())
    stream = await session.open(kind)
    await stream.send(bytes(3000))
    await peer.barrier()
    await end(peer, session)
    return await session.reported("ended", by="peer")
