"""From attempts to the stored model: a verdict with all that a report says about it."""

from collections.abc import Callable, Sequence

from wtspec.suite.requirements import ledger
from wtspec.suite.run.attempt import Attempt
from wtspec.suite.run.catalogue import revision
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.stored import StoredAttempt, StoredCell, StoredRule
from wtspec.suite.verdict import Outcome

# Says for (cell id, outcome, signature) which entry of a baseline expects this; "" for none.
Expected = Callable[[str, str, str], str]


def nothing_expected(_cell: str, _outcome: str, _signature: str) -> str:
    return ""


def stored_cell(
    cell: Cell, attempts: Sequence[Attempt], command: str, expected: Expected = nothing_expected
) -> StoredCell:
    """The record of a cell whose final attempt is the last one."""
    final = attempts[-1]
    verdict, passed = final.verdict, final.outcome is Outcome.PASS
    outcome = str(final.outcome)
    return StoredCell(
        id=cell.id,
        case=cell.case.id,
        role=str(cell.role),
        dialect=cell.dialect.name,
        outcome=outcome,
        title=cell.case.title,
        parameter=cell.parameter,
        configuration=str(cell.configuration),
        duration_ms=_milliseconds(final.duration_s),
        reason=verdict.reason,
        cause=final.cause if final.outcome is Outcome.NOT_APPLICABLE else "",
        signature=verdict.signature,
        root=final.root,
        reading=verdict.reading,
        requirement=None if passed else _rule(verdict.requirement, cell),
        expected=tuple(verdict.expected),
        tolerated=dict(verdict.tolerated),
        actual=verdict.actual,
        aftermath=tuple(verdict.aftermath),
        timeline=final.evidence.timeline,
        attempts=tuple(_stored_attempt(one) for one in attempts),
        expected_by=expected(cell.id, outcome, verdict.signature),
        command="" if passed else f"{command} '{cell.id}'",
        traceback=final.evidence.traceback,
        revision=revision(cell.case),
    )


def _stored_attempt(attempt: Attempt) -> StoredAttempt:
    return StoredAttempt(
        attempt.purpose,
        str(attempt.outcome),
        _milliseconds(attempt.duration_s),
        attempt.verdict.reason,
    )


def _rule(requirement_id: str, cell: Cell) -> StoredRule | None:
    if not requirement_id:
        return None
    rule = ledger.load()[requirement_id]
    level = rule.level_in(cell.dialect) or rule.level
    return StoredRule(rule.id, rule.citation, str(level), rule.text)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
