"""Stream states: what is done to a stream twice, in any order, or while it still sends."""

from collections.abc import Awaitable, Callable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Sink, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.stream import Stream
from wtspec.suite.signal import (
    Data,
    Fin,
    Observed,
    Reaction,
    Reported,
    Reset,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import ApplicationCode
from wtspec.suite.wire.stream_header import StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
ANOTHER_CODE: dict[Signal, str] = {Reset(): "ref-quic-stop-code-copied"}
Act = Callable[[Stream], Awaitable[None]]


async def finish(stream: Stream) -> None:
    await stream.finish()


async def reset(stream: Stream) -> None:
    await stream.reset(ApplicationCode(5))


async def stop(stream: Stream) -> None:
    await stream.stop(ApplicationCode(7))


Acts = tuple[Act, Act]
ACTS: dict[str, Acts] = {
    "finish-stop": (finish, stop),
    "finish-reset": (finish, reset),
    "reset-stop": (reset, stop),
    "stop-finish": (stop, finish),
    "stop-reset": (stop, reset),
    "stop-stop": (stop, stop),
}


async def together(peer: Peer, stream: Stream, acts: Acts) -> None:
    async with peer.one_flight():
        for act in acts:
            await act(stream)


async def apart(peer: Peer, stream: Stream, acts: Acts) -> None:
    for act in acts:
        await act(stream)
        await peer.barrier()


Way = Callable[[Peer, Stream, Acts], Awaitable[None]]
WAYS: dict[str, Way] = {"together": together, "apart": apart}
Twice = tuple[Acts, Way]


def in_both_ways(acts: dict[str, Acts]) -> dict[str, Twice]:
    return {f"{what}-{how}": (acts[what], WAYS[how]) for what, how in product(acts, WAYS)}


async def done_twice(peer: Peer, twice: Twice) -> tuple[Session, Stream]:
    """A session, and a stream in it that was open both ways before the two acts."""
    acts, way = twice
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await way(peer, stream, acts)
    return session, stream


@case(
    "stream-states/two-signals",
    title="a stream may be finished, reset and stopped in any order: its session goes on",
    requires=["ov-stream-error-scope", "reset-and-stop-sending-allowed"],
    roles=BOTH,
    control="setup/echo",
    parameters=in_both_ways(ACTS),
    expect=Expect(Fin(b"after")),
    faults={
        "minds-resets-of-stopped-streams": {
            "stop-reset-apart": Reset(),
            "stop-finish-apart": Reset(),
            "stop-stop-together": Reset(),
            "stop-stop-apart": Reset(),
        },
    },
)
async def two_signals(peer: Peer, twice: Twice) -> Reaction:
    session, _ = await done_twice(peer, twice)
    await peer.barrier()
    return await session.echo(b"after")


# What becomes of the endpoint's side without a STOP_SENDING is left to its application.
STOPPING_ACTS = {what: acts for what, acts in ACTS.items() if stop in acts}
AT_ONCE = "RFC 9000 section 3.5: a stream whose data is all sent need not be reset"


def end_of(twice: Twice) -> Expect:
    """What is stopped first is reset; what ended before may also have come back whole."""
    whole = Fin(b"x")
    if twice[0][0] is not stop:
        return Expect(Reset(), whole, expected_beside=(Stop(),))
    at_once: dict[Signal, str] = {whole: AT_ONCE} if twice[1] is together else {}
    return Expect(Reset(), tolerated=at_once, expected_beside=(Stop(),))


@case(
    "stream-states/both-end-it",
    title="a stream that is ended twice over ends, one way or another",
    requires=["ref-quic-stop-sending-answered", "reset-surfaced-to-app"],
    roles=BOTH,
    control="setup/echo",
    parameters=in_both_ways(STOPPING_ACTS),
    expect=end_of,
    faults={
        "ignores-stops": {
            "stop-finish-together": Fin(),
            "stop-finish-apart": Fin(),
            "stop-stop-together": Data(),
            "stop-stop-apart": Data(),
        }
    },
)
async def both_end_it(peer: Peer, twice: Twice) -> Reaction:
    _, stream = await done_twice(peer, twice)
    return await stream.reaction()


ENDING_ACTS = {what: acts for what, acts in ACTS.items() if what != "stop-stop"}


@case(
    "stream-states/told-once",
    title="the end of a stream is told once, however many signals there were",
    requires=["ov-ev-recv-aborted"],
    roles=BOTH,
    control="setup/echo",
    needs=["reset"],
    parameters=ENDING_ACTS,
    expect=Expect(Observed("ended events", 1)),
    faults={"tells-ends-of-streams-twice": Observed("ended events", 2)},
)
async def told_once(peer: Peer, acts: Acts) -> Reaction:
    session, _ = await done_twice(peer, (acts, apart))
    await session.event("ended", by="peer")
    await peer.barrier()
    await peer.api_barrier()
    count = sum(event.name == "ended" for event in session.api.events)
    return Reaction("session's API", (Observed("ended events", count),))


# Streams that the endpoint opened and still sends on

LONG_BYTES, WINDOW_BYTES = 50_000, 2000
SOURCES = {
    StreamKind.UNI: Source(uni=1, size_bytes=LONG_BYTES),
    StreamKind.BIDI: Source(bidi=1, size_bytes=LONG_BYTES),
}
CODE = 0x1E


async def own_stream_in_the_middle(peer: Peer, kind: StreamKind) -> tuple[Session, Stream]:
    """A stream of the endpoint's that our windows keep from its end."""
    peer.shape(max_stream_data=WINDOW_BYTES, fixed_windows=True)
    session = await peer.open_session(SOURCES[kind])
    stream = await session.accept_stream(kind)
    await stream.read(WINDOW_BYTES // 2)
    return session, stream


@case(
    "stream-states/own-stopped",
    title="STOP_SENDING ends a stream that the endpoint opened and still sends on",
    requires=["ref-quic-stop-sending-answered", "ref-quic-stop-code-copied"],
    roles=BOTH,
    control="session-ids/own-streams",
    parameters=KINDS,
    expect=Expect(Reset(ApplicationCode(CODE)), tolerated=ANOTHER_CODE),
    faults={
        "ignores-stops": Data(),
        "answers-stops-with-another-code": Reset(),
        "cuts-what-exceeds-our-credit": Fin(),
    },
)
async def own_stopped(peer: Peer, kind: StreamKind) -> Reaction:
    _, stream = await own_stream_in_the_middle(peer, kind)
    await stream.stop(ApplicationCode(CODE))
    return await stream.reaction()


@case(
    "stream-states/own-stop-reported",
    title="the code that stops a stream of the endpoint's reaches its application as it was",
    requires=["reset-surfaced-to-app", "reset-code-inverse"],
    roles=BOTH,
    control="session-ids/own-streams",
    needs=["stop-code"],
    parameters=KINDS,
    expect=Expect(Reported("stopped", None, CODE)),
    faults={
        "reports-codes-one-off": Reported("stopped", None, CODE + 1),
        "maps-back-without-gaps": Reported("stopped"),
        "tells-nobody-of-stops": Silence(),
        "ignores-stops": Silence(),
    },
)
async def own_stop_reported(peer: Peer, kind: StreamKind) -> Reaction:
    session, stream = await own_stream_in_the_middle(peer, kind)
    await stream.stop(ApplicationCode(CODE))
    return await session.reported("stopped")


@case(
    "stream-states/reset-in-the-middle",
    title="a stream that is reset in the middle is told as reset, never as ended",
    requires=["reset-surfaced-to-app", "reset-code-delivered-unchanged"],
    roles=BOTH,
    control="streams/echo",
    needs=["reset-code"],
    parameters=KINDS,
    expect=Expect(Reported("ended", "reset", 7)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": Reported("ended", "reset", 8),
    },
)
async def reset_in_the_middle(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Sink())
    stream = await session.open(kind)
    await stream.send(bytes(3000))
    await peer.barrier()
    await stream.reset(ApplicationCode(7))
    return await session.reported("ended", by="peer")


# Codes whose bytes all differ, and around the later gaps of the mapping

FURTHER_CODES = (0x3C, 0x1020304, 0xFFFFFFFE)
Path = tuple[Callable[[Peer], Awaitable[tuple[Session, Stream]]], int]


def kept_in_a_byte(code: int, event: str, how: str | None) -> Signal | None:
    """What is told of a code by who keeps its last byte; None where that is all of it."""
    return Reported(event, how, code & 0xFF) if code > 0xFF else None


async def our_uni(peer: Peer) -> tuple[Session, Stream]:
    session = await peer.open_session(Sink())
    stream = await session.open_uni()
    await stream.send(b"x")
    await peer.barrier()
    return session, stream


async def our_bidi(peer: Peer) -> tuple[Session, Stream]:
    session = await peer.open_session(Sink())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await peer.barrier()
    return session, stream


async def our_side_of_theirs(peer: Peer) -> tuple[Session, Stream]:
    session = await peer.open_session(Source(bidi=1))
    return session, await session.accept_bidi()


PATHS = {"uni": our_uni, "bidi": our_bidi, "theirs": our_side_of_theirs}


@case(
    "stream-states/any-code-on-any-stream",
    title="a reset's code reaches the application whatever the stream, whatever the code",
    requires=["reset-code-inverse", "reset-code-delivered-unchanged", "reset-code-32-bit"],
    dialects=http3.since(6),
    roles=BOTH,
    control="session-ids/own-streams",
    control_parameter="bidi",
    needs=["reset-code"],
    parameters={
        f"{path}-{code:#x}": (PATHS[path], code) for path, code in product(PATHS, FURTHER_CODES)
    },
    expect=lambda path: Expect(Reported("ended", "reset", path[1])),
    faults={
        "reports-codes-one-off": lambda path: Reported("ended", "reset", path[1] + 1),
        "maps-back-without-gaps": Reported("ended", "reset"),
        "takes-resets-for-ends": Reported("ended", "fin"),
        "keeps-one-byte-of-codes": lambda path: kept_in_a_byte(path[1], "ended", "reset"),
    },
)
async def any_code_on_any_stream(peer: Peer, path: Path) -> Reaction:
    begin, code = path
    session, stream = await begin(peer)
    await stream.reset(ApplicationCode(code))
    return await session.reported("ended")


@case(
    "stream-states/any-code-of-a-stop",
    title="a STOP_SENDING's code of up to 32 bits reaches the application as it was",
    requires=["reset-surfaced-to-app", "reset-code-inverse", "reset-code-32-bit"],
    dialects=http3.since(6),
    roles=BOTH,
    control="setup/echo",
    needs=["stop-code"],
    parameters=FURTHER_CODES,
    expect=lambda code: Expect(Reported("stopped", None, code)),
    faults={
        "reports-codes-one-off": lambda code: Reported("stopped", None, code + 1),
        "maps-back-without-gaps": Reported("stopped"),
        "keeps-one-byte-of-codes": lambda code: kept_in_a_byte(code, "stopped", None),
        "tells-nobody-of-stops": Silence(),
        "ignores-stops": Silence(),
    },
)
async def any_code_of_a_stop(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.stop(ApplicationCode(code))
    await stream.send(b"y")  # some APIs tell of it when they are next asked to write
    return await session.reported("stopped")
