"""Much on streams: long transfers of the endpoint's, and streams given up by the hundred."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import answer
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.stream import Stream
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Reset, Silence
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
A_CHUNK_BYTES = 50_000
DOWNLOAD_BYTES = 300_000
# The contract's filler.
DOWNLOAD = bytes(place % 251 for place in range(DOWNLOAD_BYTES))


@case(
    "streams/download",
    title="more bytes than a common window leave as they were written",
    requires=["uni-layout", "bidi-layout", "ov-stream-data-flow-controlled"],
    roles=BOTH,
    control="streams/own-payload",
    parameters=KINDS,
    expect=Expect(Fin(DOWNLOAD)),
    faults={"cuts-long-writes": Fin(DOWNLOAD[: 1 << 16])},
)
async def download(peer: Peer, kind: StreamKind) -> Reaction:
    source = Source(**{kind.value: 1}, size_bytes=DOWNLOAD_BYTES)
    stream = await (await peer.open_session(source)).accept_stream(kind)
    for end in range(A_CHUNK_BYTES, DOWNLOAD_BYTES + 1, A_CHUNK_BYTES):
        await stream.read(end)
    return await stream.reaction()


BATCHES, A_BATCH = 3, 50
AN_ABORT = ApplicationCode(5)
Abort = tuple[StreamKind, Callable[[Stream], Awaitable[None]]]


async def reset(stream: Stream) -> None:
    await stream.reset(AN_ABORT)


async def give_up(stream: Stream) -> None:
    await stream.stop(AN_ABORT)
    await stream.reset(AN_ABORT)


async def send_and_abort(peer: Peer, session: Session, parameter: Abort) -> None:
    """A batch of streams that the endpoint knows before each is given up."""
    kind, abort = parameter
    streams = [await session.open(kind) for _ in range(A_BATCH)]
    async with peer.one_flight():
        for stream in streams:
            await stream.send(b"x")
    await session.barrier()
    async with peer.one_flight():
        for stream in streams:
            await abort(stream)
    await session.barrier()


ABORTS: dict[str, Abort] = {
    "uni-reset": (StreamKind.UNI, reset),
    "bidi-given-up": (StreamKind.BIDI, give_up),
}


@case(
    "streams/many-aborted",
    title="more streams than the first limit of QUIC may be given up, and the next comes back",
    requires=["ov-stream-creation-flow-controlled", "ov-stream-quic-states"],
    dialects=http3.since(13),
    roles=BOTH,
    control="streams/echo",
    parameters=ABORTS,
    expect=Expect(
        Fin(b"after"),
        tolerated={ConnectionClosed(H3.EXCESSIVE_LOAD): "draft section 8: it may look suspicious"},
    ),
    faults={
        "takes-resets-for-ends": {"uni-reset": Fin()},
        "minds-resets-of-stopped-streams": {"bidi-given-up": Reset(WT.SESSION_GONE)},
        "never-grants-streams": Silence(),
    },
)
async def many_aborted(peer: Peer, parameter: Abort) -> Reaction:
    session = await peer.open_session(Echo())
    for _ in range(BATCHES):
        await send_and_abort(peer, session, parameter)
    stream = await session.open(parameter[0])
    await stream.send(b"after", finish=True)
    return await answer(session, stream)
