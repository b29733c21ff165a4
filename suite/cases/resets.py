"""Resets: how an application's code travels."""

from collections.abc import Iterable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Resets, Stops
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Fin, Reaction, Reported, Reset, Signal, Stop
from wtspec.suite.wire.error_codes import ApplicationCode

# Around the first reserved codepoint (0x1d, 0x1e), and the end of the range that 02 to 05 know.
CODES = (0, 1, 0x1D, 0x1E, 0xFF)
WIDE_CODES = (0x100, 0x12345678, 0x7FFFFFFF, 0xFFFFFFFF)
ABORTS = {"reset": (Resets, Reset), "stop": (Stops, Stop)}
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


@case(
    "resets/code-mapping",
    title="an application's code is mapped on the wire",
    requires=["reset-code-mapped", "reset-code-skips-reserved"],
    roles=BOTH,
    control="setup/echo",
    parameters=aborts(CODES),
    expect=mapped,
    faults={"sends-codes-unmapped": unmapped},
)
async def code_mapping(peer: Peer, parameter: Abort) -> Reaction:
    application, _, code = parameter
    session = await peer.open_session(application(code))
    stream = await session.open_bidi()
    await stream.send(b"x")
    return await stream.reaction()


@case(
    "resets/wide-code-mapping",
    title="an application's code of up to 32 bits is mapped on the wire",
    requires=["reset-code-mapped", "reset-code-skips-reserved"],
    dialects=http3.since(6),
    roles=BOTH,
    control="setup/echo",
    parameters=aborts(WIDE_CODES),
    expect=mapped,
    faults={"sends-codes-unmapped": unmapped},
)
async def wide_code_mapping(peer: Peer, parameter: Abort) -> Reaction:
    return await code_mapping(peer, parameter)


@case(
    "resets/code-reported",
    title="a reset's code reaches the application as it was",
    requires=["reset-code-inverse", "reset-code-delivered-unchanged"],
    roles=BOTH,
    control="setup/echo",
    needs=["reset-code"],
    parameters=CODES,
    expect=lambda code: Expect(Reported("ended", "reset", code)),
    faults={"reports-codes-one-off": lambda code: Reported("ended", "reset", code + 1)},
)
async def code_reported(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_bidi()
    await stream.send(b"x")
    await peer.barrier()  # a reset in the same flight is a case of its own
    await stream.reset(ApplicationCode(code))
    return await session.reported("ended")
