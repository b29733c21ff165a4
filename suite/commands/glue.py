"""The course of `check-endpoint` in one role: start, `hello`, everything else, the end."""

from collections.abc import Callable

from wtspec.suite.commands.attach import Launched
from wtspec.suite.commands.glue_checks import Check, Checklist, Noted, Result, checks_of
from wtspec.suite.commands.glue_client import ClientCheck
from wtspec.suite.commands.glue_client_talk import ClientTalk
from wtspec.suite.commands.glue_program import (
    CLEAN_STATUSES,
    NOT_OFFERED_STATUS,
    START_S,
    Program,
    expect,
    started,
)
from wtspec.suite.commands.glue_server import ServerCheck
from wtspec.suite.commands.glue_words import hello_faults, lines_are_right
from wtspec.suite.dialect import DIALECTS, Dialect, Side
from wtspec.suite.endpoint.contract import decode_hello
from wtspec.suite.endpoint.interface import ApiEvent, EndpointGone, EndpointMisuse, Hello, Role

_END_S = 2.0


async def check_role(factory: Launched, role: Role, show: Callable[[str], None]) -> Checklist:
    """All checks of one role."""
    checklist = Checklist(show, Side(str(role)))
    try:
        async with started(factory, role) as program:
            first = await program.first_event(START_S)
            if first is None:
                _mute(program, checklist)
                return checklist
            await _check(program, first, checklist)
    except EndpointGone as error:
        checklist.note(
            Noted(
                "it does not start",
                Result.WRONG,
                str(error),
                "--exec is split as a shell would, but run without one; give the program's path",
            )
        )
    return checklist


def _mute(program: Program, checklist: Checklist) -> None:
    """It said nothing that is an event."""
    status = program.running.status
    if status == NOT_OFFERED_STATUS:
        checklist.is_declined = True
        checklist.note(Noted("this role is not offered: exit status 127", Result.NOT_OFFERED))
        return
    how = f"no `hello` within {START_S:g} s" if status is None else f"exit status {status}"
    said = program.running.log.last_line
    if program.logs:
        said = program.logs[-1].decode("utf-8", "replace")[:200]
    checklist.note(
        Noted(
            "it does not start",
            Result.WRONG,
            f"{how}, and no `hello` before it" + (f" ({said})" if said else ""),
            "print `hello` as the first line of JSON on stdout, and flush it",
        )
    )


async def _check(program: Program, first: ApiEvent, checklist: Checklist) -> None:
    faults = [*hello_faults(first, program.role)]
    for fault in faults:
        fix = "the contract's table of events has what is due"
        checklist.note(Noted(fault, Result.WRONG, fix=fix))
    if not faults:
        checklist.note(Noted("`hello` comes first and is complete", Result.OK))
    try:
        hello = decode_hello(first)
    except EndpointMisuse:
        return  # the faults above say why
    checklist.hello = hello
    checklist.features, checklist.unsupported = hello.features, hello.unsupported
    if (spoken := common(hello)) is None:
        checklist.note(Noted("our reference speaks no dialect in `hello`", Result.WRONG))
        return
    if program.role is Role.SERVER:
        await _check_server(program, spoken, checklist)
    else:
        await _check_client(program, spoken, checklist)
    await checklist.run(
        (
            Check(
                "every event has its fields",
                lambda: lines_are_right(program),
                "the contract's table of events names them; null where the API shows nothing",
            ),
        )
    )


def common(hello: Hello) -> Dialect | None:
    """The dialect in which it is checked: its first that our reference speaks."""
    known = (DIALECTS[one] for one in hello.dialects if one in DIALECTS)
    return next((one for one in known if one.implementable), None)


async def _check_server(program: Program, spoken: Dialect, checklist: Checklist) -> None:
    await checklist.run((_ready(program),))
    if checklist.noted[-1].result is Result.WRONG:
        return
    check = ServerCheck(program, spoken, checklist.features)
    checklist.wire = check.wire
    try:
        await checklist.run(checks_of(check, spoken.name))
    finally:
        await check.close()
    await checklist.run((_terminated(program),))


async def _check_client(program: Program, spoken: Dialect, checklist: Checklist) -> None:
    talk = ClientTalk(program, spoken, checklist.features)
    checklist.wire = talk.wire
    check = ClientCheck(talk)
    try:
        await checklist.run(checks_of(check, spoken.name))
        await checklist.run((_shut_down(program),))
    finally:
        await talk.close()


def _ready(program: Program) -> Check:
    return Check(
        "a QUIC handshake is answered at WT_HOST and WT_PORT",
        program.answers,
        "bind to WT_HOST and WT_PORT, with WT_CERT and WT_KEY, and offer the ALPN h3",
    )


def _terminated(program: Program) -> Check:
    async def ends() -> None:
        expect(
            program.running.status is None, f"it ended by itself: status {program.running.status}"
        )
        await program.stop()
        status = program.running.status
        expect(status in CLEAN_STATUSES, f"it ended with status {status} or had to be killed")

    return Check("SIGTERM ends it", ends, "on SIGTERM exit within 2 s, with status 0 or 143")


def _shut_down(program: Program) -> Check:
    async def ends() -> None:
        program.tell("shutdown")
        status = await program.ended(_END_S)
        expect(status is not None, f"it still runs {_END_S:g} s later")
        expect(status == 0, f"it ended with status {status}")

    return Check(
        "`shutdown` ends it", ends, "close everything and exit with status 0", ("shutdown",)
    )
