"""Resets and stops: how an application's code travels, and what they end."""

from collections.abc import Iterable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Resets, Sink, Stops
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import told_in_words
from wtspec.suite.peer.peer import Peer
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
from wtspec.suite.wire import varint
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode

# Around the first reserved codepoint (0x1d, 0x1e), and the end of the range that 02 to 05 know.
CODES = (0, 1, 0x1D, 0x1E, 0xFF)
LAST_BEFORE_A_GAP = 0x1D
WIDE_CODES = (0x100, 0x12345678, 0x7FFFFFFF, 0xFFFFFFFF)
ABORTS: dict[str, tuple[type[Resets | Stops], type[Reset | Stop]]] = {
    "reset": (Resets, Reset),
    "stop": (Stops, Stop),
}
Abort = tuple[type[Resets | Stops], type[Reset | Stop], int]


def aborts(codes: Iterable[int]) -> dict[str, Abort]:
    return {f"{how}-{code:#x}": (*ABORTS[how], code) for how, code in product(ABORTS, codes)}


def mapped(parameter: Abort) -> Expect:
    _, signal, code = parameter
    beside = (Fin(), Reset(ApplicationCode(code)), Stop(ApplicationCode(code)))
    return Expect(signal(ApplicationCode(code)), expected_beside=beside)


def unmapped(parameter: Abort) -> Signal:
    _, signal, code = parameter
    return signal(code)


def without_gaps(parameter: Abort) -> Signal | None:
    """What a mapping gives that leaves no reserved codepoint out; None where that is right."""
    _, signal, code = parameter
    return signal(ApplicationCode(0) + code) if code > LAST_BEFORE_A_GAP else None


@case(
    "resets/code-mapping",
    title="an application's code is mapped on the wire",
    requires=[
        "reset-code-mapped",
        "reset-code-skips-reserved",
        "reset-app-gives-code",
        "legacy-reset-8bit",
        "ov-op-abort-send",
        "ov-op-abort-recv",
    ],
    roles=BOTH,
    control="setup/echo",
    parameters=aborts(CODES),
    expect=mapped,
    faults={"sends-codes-unmapped": unmapped, "maps-codes-without-gaps": without_gaps},
)
async def code_mapping(peer: Peer, parameter: Abort) -> Reaction:
    application, signal, code = parameter
    session = await peer.open_session(application(code))
    stream = await session.open_bidi()
    await stream.send(b"x")
    return await stream.reaction(until=signal())


@case(
    "resets/wide-code-mapping",
    title="an application's code of up to 32 bits is mapped on the wire",
    requires=[
        "reset-code-mapped",
        "reset-code-skips-reserved",
        "reset-code-32-bit",
        "iana-err-app-range",
    ],
    dialects=http3.since(6),
    roles=BOTH,
    control="setup/echo",
    parameters=aborts(WIDE_CODES),
    expect=mapped,
    faults={"sends-codes-unmapped": unmapped, "maps-codes-without-gaps": without_gaps},
)
async def wide_code_mapping(peer: Peer, parameter: Abort) -> Reaction:
    return await code_mapping(peer, parameter)


# What reaches the endpoint's application


def told_without_gaps(code: int) -> Signal | None:
    """What an inverse gives that knows of no reserved codepoints; None where it is right."""
    return Reported("ended", "reset") if code > LAST_BEFORE_A_GAP else None


@case(
    "resets/code-reported",
    title="a reset's code reaches the application as it was",
    requires=["reset-code-inverse", "reset-code-delivered-unchanged", "ov-ev-recv-aborted"],
    roles=BOTH,
    control="setup/echo",
    needs=["reset-code"],
    parameters=CODES,
    expect=lambda code: Expect(Reported("ended", "reset", code)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": lambda code: Reported("ended", "reset", code + 1),
        "maps-back-without-gaps": told_without_gaps,
    },
)
async def code_reported(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    # A plain reset may make QUIC forget a header that nobody has read yet.
    await stream.read(1)
    await stream.reset(ApplicationCode(code))
    return await session.reported("ended")


@case(
    "resets/wide-code-reported",
    title="a reset's code of up to 32 bits reaches the application as it was",
    requires=["reset-code-inverse", "reset-code-delivered-unchanged", "reset-code-32-bit"],
    dialects=http3.since(6),
    roles=BOTH,
    control="setup/echo",
    needs=["reset-code"],
    parameters=WIDE_CODES,
    expect=lambda code: Expect(Reported("ended", "reset", code)),
    faults={
        "takes-resets-for-ends": Reported("ended", "fin"),
        "reports-codes-one-off": lambda code: Reported("ended", "reset", code + 1),
        "maps-back-without-gaps": told_without_gaps,
        "keeps-one-byte-of-codes": Reported("ended", "reset"),
    },
)
async def wide_code_reported(peer: Peer, code: int) -> Reaction:
    return await code_reported(peer, code)


def returned_without_gaps(code: int) -> Signal | None:
    return Reset() if code > LAST_BEFORE_A_GAP else None


@case(
    "resets/code-returned",
    title="an echo returns a reset with its code",
    requires=["reset-code-delivered-unchanged", "reset-code-mapped", "reset-surfaced-to-app"],
    roles=BOTH,
    control="setup/echo",
    needs=["reset-code"],
    parameters=CODES,
    expect=lambda code: Expect(Reset(ApplicationCode(code))),
    faults={
        "takes-resets-for-ends": Fin(),
        "sends-codes-unmapped": Reset,
        "maps-codes-without-gaps": returned_without_gaps,
        "maps-back-without-gaps": returned_without_gaps,
    },
)
async def code_returned(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.reset(ApplicationCode(code))
    return await stream.reaction()


def stop_told_without_gaps(code: int) -> Signal | None:
    return Reported("stopped") if code > LAST_BEFORE_A_GAP else None


@case(
    "resets/stop-reported",
    title="the code of a STOP_SENDING reaches the application as it was",
    requires=["reset-surfaced-to-app", "reset-code-inverse", "ov-ev-send-aborted"],
    roles=BOTH,
    control="setup/echo",
    needs=["stop-code"],
    parameters=CODES,
    expect=lambda code: Expect(Reported("stopped", None, code)),
    faults={
        "reports-codes-one-off": lambda code: Reported("stopped", None, code + 1),
        "maps-back-without-gaps": stop_told_without_gaps,
        "tells-nobody-of-stops": Silence(),
        "ignores-stops": Silence(),
    },
)
async def stop_reported(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.stop(ApplicationCode(code))
    await stream.send(b"y")  # some APIs tell of it when they are next asked to write
    return await session.reported("stopped")


# STOP_SENDING

FOREIGN_CODES = {
    "zero": 0,
    "request-cancelled": H3.REQUEST_CANCELLED,
    "below": ApplicationCode(0) - 1,
    "above": ApplicationCode(0xFFFFFFFF) + 1,
    "largest": varint.MAX,
}
RESERVED_CODE = {"reserved": ApplicationCode(LAST_BEFORE_A_GAP) + 1}
STOP_CODES = {
    "mapped": ApplicationCode(7),
    "session-gone": WT.SESSION_GONE,
    **RESERVED_CODE,
    **FOREIGN_CODES,
}
ANOTHER_CODE: dict[Signal, str] = {Reset(): "ref-quic-stop-code-copied"}


@case(
    "resets/stop-answered",
    title="STOP_SENDING is answered by a reset with its code",
    requires=[
        "ref-quic-stop-sending-answered",
        "ref-quic-stop-code-copied",
        "reset-and-stop-sending-allowed",
        "ov-op-abort-recv-peer-reset",
    ],
    roles=BOTH,
    control="setup/echo",
    parameters=STOP_CODES,
    expect=lambda code: Expect(Reset(code), tolerated=ANOTHER_CODE),
    faults={"ignores-stops": Data(), "answers-stops-with-another-code": Reset()},
)
async def stop_answered(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.stop(code)
    await stream.send(b"y")  # some answer when they are next asked to write
    return await stream.reaction()


@case(
    "resets/stop-before-data",
    title="a stream may be stopped before the endpoint has sent a byte",
    requires=["ref-quic-stop-sending-answered", "ref-quic-stop-code-copied"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Reset(ApplicationCode(7)), tolerated=ANOTHER_CODE),
    faults={"ignores-stops": Data()},
)
async def stop_before_data(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    async with peer.one_flight():
        await stream.send(b"")
        await stream.stop(ApplicationCode(7))
    await stream.send(b"y")
    return await stream.reaction()


@case(
    "resets/stop-crosses-reset",
    title="a STOP_SENDING may cross the endpoint's own reset",
    requires=["ref-quic-stop-sending-answered", "reset-code-mapped"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Reset(ApplicationCode(5)), Reset(ApplicationCode(9)), tolerated=ANOTHER_CODE),
    faults={"sends-codes-unmapped": Reset(5)},
)
async def stop_crosses_reset(peer: Peer) -> Reaction:
    session = await peer.open_session(Resets(5))
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.stop(ApplicationCode(9))
    return await stream.reaction()


@case(
    "resets/stop-ends-one-direction",
    title="a STOP_SENDING for one direction leaves the other alone",
    requires=["ov-stream-directions-independent"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Reported("ended", "fin")),
    faults={"stops-both-directions": Reported("ended", "stopped")},
)
async def stop_ends_one_direction(peer: Peer) -> Reaction:
    session = await peer.open_session(Sink())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.stop(ApplicationCode(7))
    await peer.barrier()
    await stream.send(b"y", finish=True)
    return await session.reported("ended", by="peer")


# Codes that are no application's


@case(
    "resets/foreign-code",
    title="a reset whose code is no application's ends its stream",
    requires=["reset-foreign-code-still-reset"],
    dialects=http3.since(15),
    roles=BOTH,
    control="resets/code-reported",
    # Not WT_SESSION_GONE, which speaks of the session: an API may wait for the end of that (A16).
    parameters={**FOREIGN_CODES, **RESERVED_CODE},
    expect=Expect(Reported("ended", "reset")),
    faults={"ignores-resets-with-foreign-codes": Silence()},
)
async def foreign_code(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.reset(code)
    return await session.reported("ended")


@case(
    "resets/foreign-code-not-shown",
    title="a reset whose code is no application's is shown without a code",
    requires=["reset-foreign-code-no-app-code"],
    dialects=http3.since(15),
    roles=BOTH,
    control="resets/foreign-code",
    needs=["reset-code"],
    parameters=FOREIGN_CODES,
    expect=Expect(Observed("code", "None")),
    faults={"shows-foreign-codes": Observed("code")},
)
async def foreign_code_not_shown(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.reset(code)
    return await told_in_words(session, "ended", "code")


@case(
    "resets/foreign-code-session-goes-on",
    title="a reset whose code is no application's leaves its session alone",
    requires=["ov-stream-error-scope", "ref-unknown-error-codes"],
    roles=BOTH,
    control="setup/echo",
    parameters={**FOREIGN_CODES, **RESERVED_CODE},
    expect=Expect(Fin(b"after")),
    faults={"ends-sessions-for-foreign-codes": Reset()},
)
async def foreign_code_session_goes_on(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await stream.read(1)
    await stream.reset(code)
    await peer.barrier()
    return await session.echo(b"after")
