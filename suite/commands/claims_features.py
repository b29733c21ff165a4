"""Which features of `hello` show, in the API and on the wire.

Most have checks of their own among those of the glue: what came of them decides. The others are
asked here, or cannot be: the contract has no command that uses them.
"""

import asyncio
from collections.abc import Iterator, Sequence

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.suite.commands.attach import Launched
from wtspec.suite.commands.claims_trial import tried
from wtspec.suite.commands.claims_verdict import Claim, Verdict
from wtspec.suite.commands.glue_checks import Check, Checklist, Result, checks_of, lacking
from wtspec.suite.commands.glue_client import ClientCheck
from wtspec.suite.commands.glue_client_talk import ClientTalk
from wtspec.suite.commands.glue_program import Program, Undecided, Wrong, started
from wtspec.suite.commands.glue_server import ServerCheck
from wtspec.suite.dialect import DIALECTS, INITIAL_LIMITS, Dialect, FlowControlRule
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import EndpointGone, Hello, Role

# Of what is not claimed nothing is due: who has it shows it at once.
_TRIAL_S = 1.5
# That a code comes back unmapped says nothing where nobody said what is mapped.
_NOT_TRIED = {"raw-codes"}
FLOW_CONTROL_FEATURE = "flow-control"


def by_checks(hello: Hello, checklist: Checklist) -> Iterator[Claim]:
    """Each feature that `hello` declares, by the checks that show it."""
    was_reached = any(one.shows for one in checklist.noted)
    unasked = "the contract does not use it in this role" if was_reached else "no check was reached"
    for feature in sorted(hello.features - {FLOW_CONTROL_FEATURE}):
        found = [one for one in checklist.noted if one.shows == feature]
        results = {one.result: one for one in reversed(found)}
        if wrong := results.get(Result.WRONG):
            why = f"{wrong.name}: {wrong.detail}" if wrong.detail else wrong.name
            yield Claim("feature", feature, Verdict.FALSE, why, wrong.wire)
        elif Result.OK in results:
            yield Claim("feature", feature, Verdict.HOLDS)
        else:
            why = next((one.detail for one in found), unasked)
            yield Claim("feature", feature, Verdict.UNDECIDED, why)


async def flow_control(factory: Launched, role: Role, hello: Hello) -> Claim:
    """It announces the initial limits that it is asked for."""
    known = [DIALECTS[one] for one in hello.dialects if one in DIALECTS]
    fit = [one for one in known if one.implementable and _has_initial_limits(one)]
    if not fit:
        why = "no dialect in `hello` has limits of sessions in SETTINGS"
        return Claim("feature", FLOW_CONTROL_FEATURE, Verdict.UNDECIDED, why)
    async with started(factory, role, configuration=FLOW_CONTROL) as program:
        await program.greeting()
        trial = await tried(program, fit[0])
    connection = trial.connection
    settings = connection.settings.get(trial.side, {}) if connection is not None else {}
    if any(settings.get(one, 0) for one in INITIAL_LIMITS):
        return Claim("feature", FLOW_CONTROL_FEATURE, Verdict.HOLDS)
    why = "WT_LIMITS asked for initial limits, and its SETTINGS have none"
    return Claim("feature", FLOW_CONTROL_FEATURE, Verdict.FALSE, why, trial.lines)


def _has_initial_limits(dialect: Dialect) -> bool:
    is_off = dialect.flow_control is FlowControlRule.NONE
    announced = {one for each in dialect.server_announces for one in each.settings}
    return not is_off and announced.issuperset(INITIAL_LIMITS)


async def unclaimed(program: Program, spoken: Dialect, hello: Hello) -> list[Claim]:
    """What it shows all the same: by the checks of features that `hello` does not declare."""
    check: ServerCheck | ClientCheck
    if program.role is Role.SERVER:
        check = server = ServerCheck(program, spoken, hello.features)
        close = server.close
    else:
        talk = ClientTalk(program, spoken, hello.features)
        check, close = ClientCheck(talk), talk.close
    try:
        shown = {
            feature
            for feature, one in _untold(checks_of(check, spoken.name), hello)
            if await _passes(one)
        }
    finally:
        await close()
    return [Claim("feature", one, Verdict.UNCLAIMED) for one in sorted(shown)]


def _untold(checks: Sequence[Check], hello: Hello) -> Iterator[tuple[str, Check]]:
    """The checks of undeclared features that have all else that they need."""
    for one in checks:
        feature = next(iter(one.features), "")
        if not feature or feature in hello.features | _NOT_TRIED:
            continue
        if lacking(one, hello.features | {feature}, hello.unsupported) is None:
            yield feature, one


async def _passes(one: Check) -> bool:
    try:
        async with asyncio.timeout(_TRIAL_S):
            await one.work()
    except (TimeoutError, Wrong, Undecided, WebTransportError, EndpointGone):
        return False
    return True
