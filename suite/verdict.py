"""The judge: a pure function from what was observed to a verdict, without clock or network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from wtspec.suite.expectation import Expect, Grade, Match
from wtspec.suite.requirements.ledger import Level, Requirement
from wtspec.suite.signal import Reaction


class Outcome(Enum):
    """How a cell ended, as it is printed and stored."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    TOLERATED = "tolerated"
    FAIL = "fail"
    CRASH = "crash"
    TIMEOUT = "timeout"
    FLAKY = "flaky"
    UNSUPPORTED = "unsupported"
    NOT_APPLICABLE = "not-applicable"
    BLOCKED = "blocked"
    HARNESS_ERROR = "harness-error"
    NOT_RUN = "not-run"

    def __str__(self) -> str:
        return self.value

    @property
    def is_red(self) -> bool:
        """Blames the endpoint; a baseline may list it."""
        return self in {Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT}

    @property
    def is_good(self) -> bool:
        """A control with this outcome lets its dependents run."""
        return self in {Outcome.PASS, Outcome.TOLERATED}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the aftermath found: what was checked, how it was, and who grades it.

    `requirement` is the ledger's entry that the case names for it; None: recorded only.
    """

    what: str
    alive: bool
    detail: str = ""
    requirement: Requirement | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one attempt saw. At most one of the reasons not to judge is set; see `judge` for
    order.

    `endpoint_ended`: why it is gone, when it is. `overdue`: the expected event of the set-up that
    never came. `new_connection_dead`: the endpoint no longer serves a fresh connection.
    """

    reaction: Reaction | None = None
    aftermath: Sequence[Finding] = ()
    harness_failure: str | None = None
    not_applicable: str | None = None
    unsupported: str | None = None
    control_missed: str | None = None
    premise_missing: str | None = None
    overdue: str | None = None
    endpoint_ended: str | None = None
    new_connection_dead: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome with its reason in one sentence, ready to be stored and printed.

    `signature` tells one bug from another within a cell: outcome and decoded reaction, without
    times, stream ids or free text. `reading` names the reading of an ambiguous sentence that was
    seen.
    """

    outcome: Outcome
    reason: str = ""
    requirement: str = ""
    expected: Sequence[str] = ()
    tolerated: Mapping[str, str] = field(default_factory=dict)
    actual: str = ""
    reading: str = ""
    signature: str = ""
    aftermath: Sequence[str] = ()


def judge(
    expect: Expect, requirements: Sequence[Requirement], seen: Observation, dialect: str
) -> Verdict:
    """The verdict on one attempt.

    `requirements` are those of the case that hold in `dialect`, the grading one first. A bug of
    ours comes before everything else; what was not reached before what was seen; a dead endpoint
    before an odd answer.
    """
    verdict = _not_judged(seen) or _gone(seen)
    if seen.overdue is not None and verdict is not None and verdict.outcome is Outcome.TIMEOUT:
        verdict = _late(verdict, requirements, dialect)
    if verdict is None and seen.reaction is None:
        verdict = Verdict(Outcome.HARNESS_ERROR, "the script returned no reaction")
    if verdict is None and seen.reaction is not None:
        match = expect.match(seen.reaction)
        verdict = _graded(match, requirements, seen.reaction, dialect)
        verdict = _with_aftermath(verdict, seen.aftermath, dialect)
    assert verdict is not None
    return _described(verdict, expect, requirements, seen)


def _not_judged(seen: Observation) -> Verdict | None:
    """The reasons that say nothing about the endpoint's answer."""
    for outcome, reason in (
        (Outcome.HARNESS_ERROR, seen.harness_failure),
        (Outcome.NOT_APPLICABLE, seen.not_applicable),
        (Outcome.UNSUPPORTED, seen.unsupported),
        (Outcome.BLOCKED, seen.control_missed),
    ):
        if reason is not None:
            return Verdict(outcome, reason)
    return None


def _gone(seen: Observation) -> Verdict | None:
    """An endpoint that is no longer there, or never came so far."""
    if seen.endpoint_ended is not None:
        return Verdict(Outcome.CRASH, f"the endpoint ended: {seen.endpoint_ended}")
    if seen.new_connection_dead is not None:
        return Verdict(
            Outcome.CRASH, f"no new connection is served afterwards: {seen.new_connection_dead}"
        )
    if seen.overdue is not None:
        return Verdict(Outcome.TIMEOUT, f"never came: {seen.overdue}")
    if seen.premise_missing is not None:
        return Verdict(Outcome.BLOCKED, f"premise not reached: {seen.premise_missing}")
    return None


def _late(verdict: Verdict, requirements: Sequence[Requirement], dialect: str) -> Verdict:
    """A set-up that never ends is as bad as a wrong answer: against a SHOULD it is tolerated."""
    if not requirements or worst_outcome(requirements[0], dialect) is Outcome.FAIL:
        return verdict
    return replace(verdict, outcome=Outcome.TOLERATED)


def _graded(
    match: Match, requirements: Sequence[Requirement], reaction: Reaction, dialect: str
) -> Verdict:
    match match.grade:
        case Grade.EXPECTED:
            return Verdict(Outcome.PASS)
        case Grade.READING:
            return Verdict(Outcome.PASS, f"reading {match.note}", reading=match.note)
        case Grade.TOLERATED:
            return Verdict(Outcome.TOLERATED, f"tolerated: {match.note}")
    return _broken(requirements, str(reaction), dialect)


def _broken(requirements: Sequence[Requirement], what: str, dialect: str) -> Verdict:
    """The worst grade that the ledger's level allows."""
    principal = requirements[0]
    outcome = worst_outcome(principal, dialect)
    if outcome is Outcome.PASS:
        return Verdict(outcome, f"recorded, no rule binds: {what}", principal.id, reading="other")
    return Verdict(outcome, f"{what}, against {principal.id}", principal.id)


def worst_outcome(requirement: Requirement, dialect: str) -> Outcome:
    """What breaking it can cost: a MUST fails, a SHOULD is tolerated, a MAY is recorded."""
    level = requirement.level_in(dialect)
    if level is Level.MUST or (level is Level.FACT and requirement.binding):
        return Outcome.FAIL
    return Outcome.TOLERATED if level is Level.SHOULD else Outcome.PASS


def _with_aftermath(verdict: Verdict, findings: Sequence[Finding], dialect: str) -> Verdict:
    """Make the verdict as bad as the worst graded finding; a good one is not lost by recording."""
    order = (Outcome.PASS, Outcome.TOLERATED, Outcome.FAIL)
    for finding in findings:
        if finding.alive or finding.requirement is None:
            continue
        cost = worst_outcome(finding.requirement, dialect)
        if order.index(cost) > order.index(verdict.outcome):
            reason = f"{finding.what}: {finding.detail}, against {finding.requirement.id}"
            verdict = replace(
                verdict, outcome=cost, reason=reason, requirement=finding.requirement.id
            )
    return verdict


def _described(
    verdict: Verdict, expect: Expect, requirements: Sequence[Requirement], seen: Observation
) -> Verdict:
    """Add what a reader of the failure block needs, and the signature."""
    actual = str(seen.reaction) if seen.reaction is not None else ""
    lines = [
        f"{one.what}: {'alive' if one.alive else one.detail or 'dead'}" for one in seen.aftermath
    ]
    return replace(
        verdict,
        requirement=verdict.requirement or (requirements[0].id if requirements else ""),
        expected=[str(one) for one in expect.patterns],
        tolerated={str(one): note for one, note in expect.tolerated.items()},
        actual=actual,
        aftermath=lines,
        signature="" if verdict.outcome is Outcome.PASS else _signature(verdict, seen),
    )


def _signature(verdict: Verdict, seen: Observation) -> str:
    parts = [str(verdict.outcome)]
    if seen.reaction is not None and not _not_judged(seen):
        parts.append(" + ".join(str(one) for one in seen.reaction.signals))
    parts += [f"{one.what} dead" for one in seen.aftermath if not one.alive and one.requirement]
    if seen.overdue is not None:
        parts.append(seen.overdue)
    return "; ".join(parts)
