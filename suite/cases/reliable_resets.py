"""Resets that keep a part of their stream: RESET_STREAM_AT, sent and received."""

from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Resets, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction, Drop, Fate, Swap
from wtspec.suite.peer.answers import own_stream
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import ConnectionClosed, Reaction, Reported, Reset, Signal, Silence
from wtspec.suite.wire.error_codes import QUIC, ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

# A stream's header has three bytes at least and sixteen at most; Resets writes four more.
KEEPS_HEADER = range(3, 21)


@case(
    "reliable-resets/own-reset",
    title="the endpoint resets its streams by RESET_STREAM_AT, and keeps their headers reliable",
    requires=["reset-stream-at-used"],
    dialects=http3.since(10),
    roles=BOTH,
    control="session-ids/own-streams",
    expect=Expect(Reset(ApplicationCode(7), KEEPS_HEADER)),
    faults={
        "resets-own-streams-plainly": Reset(ApplicationCode(7), 0),
        "promises-less-than-the-header": Reset(ApplicationCode(7), 1),
        "sends-codes-unmapped": Reset(7),
    },
)
async def own_reset(peer: Peer) -> Reaction:
    session = await peer.open_session(Resets(7))
    return await own_stream(session, StreamKind.UNI)


@case(
    "reliable-resets/own-reset-of-old",
    title="before draft 10 the endpoint resets its streams in one way or the other",
    requires=["reset-code-mapped", "legacy-reset-best-effort"],
    dialects=http3.until(9),
    roles=BOTH,
    control="session-ids/own-streams",
    expect=Expect(Reset(ApplicationCode(7))),
    faults={"sends-codes-unmapped": Reset(7)},
)
async def own_reset_of_old(peer: Peer) -> Reaction:
    return await own_reset(peer)


FOUR_BYTES = b"four"


@case(
    "reliable-resets/reliable-part",
    title="a reset tells its code whatever part of the stream it keeps reliable",
    requires=["reset-code-delivered-unchanged", "reset-header-reliably-delivered"],
    dialects=http3.since(10),
    roles=BOTH,
    control="streams/echo",
    needs=["reset-code"],
    parameters={"header": 0, "inside": 2, "all": 4},
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
    },
)
async def reliable_part(peer: Peer, size_bytes: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_uni()
    await stream.send(FOUR_BYTES)
    await peer.barrier()
    await stream.reset(ApplicationCode(7), reliable_size=len(stream.header) + size_bytes)
    return await session.reported("ended")


KINDS = {kind.value: kind for kind in StreamKind}


@case(
    "reliable-resets/at-once",
    title="a stream that is reset in the flight of its header is shown to the application",
    requires=["reset-header-reliably-delivered", "reset-code-delivered-unchanged"],
    dialects=http3.since(10),
    roles=BOTH,
    control="streams/echo",
    needs=["reset-code"],
    parameters=KINDS,
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
        "hides-streams-reset-early": Silence(),
    },
)
async def at_once(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    async with peer.one_flight():
        await stream.send(FOUR_BYTES)
        await stream.reset(ApplicationCode(7), reliable_size=len(stream.header))
    return await session.reported("ended")


# The packet with the header comes first, that with the reset second.
FATES: dict[str, Fate] = {
    "swapped": Swap(Direction.TO_ENDPOINT, 0),
    "header-lost": Drop(Direction.TO_ENDPOINT, 0),
    "reset-lost": Drop(Direction.TO_ENDPOINT, 1),
}
Crossing = tuple[StreamKind, Fate]
CROSSINGS = {f"{kind}-{what}": (KINDS[kind], FATES[what]) for kind, what in product(KINDS, FATES)}


def lost_with_the_header(crossing: Crossing) -> Signal | None:
    return None if crossing[1] is FATES["reset-lost"] else Silence()


@case(
    "reliable-resets/overtakes-header",
    title="a reset that overtakes the header of its stream still belongs to its session",
    requires=["reset-header-reliably-delivered", "reset-code-delivered-unchanged"],
    dialects=http3.since(10),
    roles=BOTH,
    control="streams/echo",
    needs=["reset-code"],
    parameters=CROSSINGS,
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
        "hides-streams-reset-early": lost_with_the_header,
        "takes-reset-stream-at-for-reset-stream": lost_with_the_header,
    },
)
async def overtakes_header(peer: Peer, crossing: Crossing) -> Reaction:
    kind, fate = crossing
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    peer.script(fate)
    await stream.send(FOUR_BYTES)
    await stream.reset(ApplicationCode(7), reliable_size=len(stream.header))
    return await session.reported("ended")


@case(
    "reliable-resets/plain-reset",
    title="a direction without a header may be reset plainly",
    requires=["reset-code-delivered-unchanged", "reset-and-stop-sending-allowed"],
    roles=BOTH,
    control="session-ids/own-streams",
    control_parameter="bidi",
    needs=["reset-code"],
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
    },
)
async def plain_reset(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(bidi=1))
    stream = await session.accept_bidi()
    await stream.reset(ApplicationCode(7), reliable_size=0)
    return await session.reported("ended")


@case(
    "reliable-resets/reliable-above-final",
    title="a Reliable Size above the Final Size ends the connection",
    requires=["ref-rsa-reliable-above-final"],
    dialects=http3.since(10),
    roles=BOTH,
    control="streams/echo",
    violates=True,
    expect=Expect(ConnectionClosed(QUIC.FRAME_ENCODING_ERROR, transport=True)),
    faults={"takes-reset-stream-at-for-reset-stream": Silence()},
)
async def reliable_above_final(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_uni()
    await stream.send(FOUR_BYTES)
    await peer.barrier()
    size_bytes = len(stream.header) + len(FOUR_BYTES)
    sizes = {"final_size": size_bytes, "reliable_size": size_bytes + 1}
    await stream.claim(ApplicationCode(7), **sizes, why="reliable above final")
    return await peer.reaction()


@case(
    "reliable-resets/early",
    title="a stream that was reset before its session is there tells its code then",
    requires=["buffer-streams", "reset-code-delivered-unchanged"],
    roles=BOTH,
    control="buffering/uni-before-session",
    needs=["reset-code"],
    expect=Expect(Reported("ended", "reset", 7), tolerated={Silence(): "buffer-streams"}),
    faults={
        "reports-codes-one-off": Reported("ended", "reset", 8),
        "forgets-early-resets": Silence(),
        "drops-early-streams": Silence(),
        "resets-early-streams-with-no-code": Silence(),
    },
)
async def early(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    stream = await session.open_uni()
    await stream.send(FOUR_BYTES)
    await peer.barrier()
    await stream.reset(ApplicationCode(7))
    await peer.barrier()
    await session.establish()
    return await session.reported("ended")


@case(
    "reliable-resets/reduced",
    title="a second RESET_STREAM_AT may promise less, and one that promises more is ignored",
    requires=["ref-rsa-reliable-size-falls", "reset-code-delivered-unchanged"],
    dialects=http3.since(10),
    roles=BOTH,
    control="streams/echo",
    needs=["reset-code"],
    # How much behind the header is promised: first, then. None of it is ever sent.
    parameters={"less": (100, 0), "more": (0, 100)},
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
    },
)
async def reduced(peer: Peer, promised: tuple[int, int]) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_uni()
    await stream.send(b"")
    header = len(stream.header)
    for size_bytes in promised:
        await peer.api_barrier()  # who reads the stream waits for more of it
        sizes = {"final_size": header + 100, "reliable_size": header + size_bytes}
        await stream.claim(ApplicationCode(7), **sizes, why="one of two promises")
    return await session.reported("ended")


@case(
    "reliable-resets/answer-to-stop",
    title="what we ask to stop is reset plainly",
    requires=["ref-rsa-reply-to-stop-sending"],
    dialects=http3.since(10),
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Reset(None, 0), tolerated={Reset(): "ref-rsa-reply-to-stop-sending"}),
    faults={"answers-stops-reliably": Reset(None, 1)},
)
async def answer_to_stop(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.stop(ApplicationCode(7))
    return await stream.reaction()
