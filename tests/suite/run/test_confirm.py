"""What several attempts at one cell come to."""

from dataclasses import replace

import pytest

from wtspec.suite.run.attempt import Attempt
from wtspec.suite.run.confirm import conclude, needs_confirming
from wtspec.suite.signal import Data, Fin, Reaction, Reset, Signal, Silence
from wtspec.suite.verdict import Outcome, Verdict

PASS, FAIL, TIMEOUT, BLOCKED = Outcome.PASS, Outcome.FAIL, Outcome.TIMEOUT, Outcome.BLOCKED
CRASH, FLAKY = Outcome.CRASH, Outcome.FLAKY


def attempt(outcome: Outcome, *signals: Signal) -> Attempt:
    reaction = Reaction("stream 0", signals) if signals else None
    verdict = Verdict(outcome, f"because of {outcome}", signature=f"{outcome}; x")
    return Attempt("cell", verdict, reaction=reaction)


@pytest.mark.parametrize(
    ("first", "again", "wanted"),
    [
        (attempt(FAIL, Reset(7)), [FAIL, FAIL], FAIL),
        (attempt(FAIL, Reset(7)), [PASS, PASS], FLAKY),
        (attempt(FAIL, Reset(7)), [FAIL, PASS], FLAKY),
        (attempt(FAIL, Silence()), [PASS, PASS], PASS),
        (attempt(FAIL, Data(b"a")), [PASS, PASS], PASS),
        (attempt(FAIL, Silence()), [PASS, FAIL], FLAKY),
        (replace(attempt(FAIL, Reset(7)), ran_out=True), [PASS, PASS], PASS),
        (replace(attempt(FAIL, Reset(7)), ran_out=True), [PASS], PASS),
        (replace(attempt(FAIL, Reset(7)), ran_out=True), [PASS, FAIL], FLAKY),
        (attempt(FAIL, Silence()), [TIMEOUT, TIMEOUT], TIMEOUT),
        (attempt(TIMEOUT), [PASS, PASS], PASS),
        (attempt(TIMEOUT), [FAIL, TIMEOUT], FLAKY),
        (attempt(CRASH, Fin()), [CRASH, CRASH], CRASH),
        (attempt(CRASH, Fin()), [PASS, PASS], FLAKY),
        (attempt(BLOCKED), [PASS, PASS], PASS),
        (attempt(BLOCKED), [BLOCKED], BLOCKED),
        (attempt(FAIL, Reset(7)), [FAIL, BLOCKED], BLOCKED),
        (attempt(FAIL, Reset(7)), [BLOCKED, FAIL], BLOCKED),
        (attempt(FAIL, Reset(7)), [BLOCKED, PASS], FLAKY),
        (attempt(FAIL, Silence()), [BLOCKED, PASS], PASS),
        (attempt(FAIL, Reset(7)), [], FAIL),
    ],
)
def test_attempts_come_to(first: Attempt, again: list[Outcome], wanted: Outcome) -> None:
    assert conclude(first, [attempt(one, Reset(7)) for one in again]).outcome is wanted


def test_a_flaky_cell_keeps_what_the_red_attempt_showed() -> None:
    final = conclude(attempt(FAIL, Reset(7)), [attempt(PASS, Fin()), attempt(PASS, Fin())])
    assert final.reaction == Reaction("stream 0", (Reset(7),))
    assert final.verdict.signature == "flaky; fail; x"
    assert "fail (because of fail); pass (because of pass)" in final.verdict.reason


@pytest.mark.parametrize("outcome", Outcome)
def test_only_red_and_blocked_cells_are_confirmed(outcome: Outcome) -> None:
    assert needs_confirming(attempt(outcome)) is (outcome in {FAIL, CRASH, TIMEOUT, BLOCKED})
