"""The judge by table: every outcome, and what wins over what."""

from typing import Any

import pytest

from wtspec.suite.expectation import Expect
from wtspec.suite.requirements.requirement import Level, Party, Requirement
from wtspec.suite.signal import Fin, Reaction, Reset, Silence, Stop
from wtspec.suite.verdict import Finding, Observation, Outcome, judge, worst_outcome

EXPECT = Expect(
    Reset(5),
    readings={Fin(): "A03/fin-first"},
    tolerated={Stop(): "stops instead"},
)
RIGHT = Reaction("stream 0", (Reset(5),))
WRONG = Reaction("stream 0", (Silence(),))


def rule(level: Level = Level.MUST, *, name: str = "a-rule", binding: bool = False) -> Requirement:
    return Requirement(
        name, "http3", "5.1", level, Party.BOTH, "a rule", since=14, until=16, binding=binding
    )


def outcome(requirement: Requirement | None = None, **seen: Any) -> Outcome:
    return judge(EXPECT, [requirement or rule()], Observation(**seen), "h3-16").outcome


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (RIGHT, Outcome.PASS),
        (Reaction("stream 0", (Fin(b""),)), Outcome.PASS),
        (Reaction("stream 0", (Stop(1),)), Outcome.TOLERATED),
        (WRONG, Outcome.FAIL),
    ],
)
def test_a_reaction_is_graded(reaction: Reaction, expected: Outcome) -> None:
    assert outcome(reaction=reaction) is expected


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (rule(Level.MUST), Outcome.FAIL),
        (rule(Level.SHOULD), Outcome.TOLERATED),
        (rule(Level.MAY), Outcome.PASS),
        (rule(Level.FACT), Outcome.PASS),
        (rule(Level.FACT, binding=True), Outcome.FAIL),
    ],
)
def test_the_level_decides_the_worst_grade(requirement: Requirement, expected: Outcome) -> None:
    assert outcome(requirement, reaction=WRONG) is expected
    assert worst_outcome(requirement, "h3-16") is expected


def test_a_rule_that_the_dialect_does_not_have_binds_nobody() -> None:
    assert worst_outcome(rule(), "h3-13") is Outcome.PASS


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("harness_failure", Outcome.HARNESS_ERROR),
        ("not_applicable", Outcome.NOT_APPLICABLE),
        ("unsupported", Outcome.UNSUPPORTED),
        ("control_missed", Outcome.BLOCKED),
        ("premise_missing", Outcome.BLOCKED),
        ("overdue", Outcome.TIMEOUT),
        ("endpoint_ended", Outcome.CRASH),
        ("new_connection_dead", Outcome.CRASH),
    ],
)
def test_each_reason_has_its_outcome(reason: str, expected: Outcome) -> None:
    seen: dict[str, Any] = {reason: "why"}
    verdict = judge(EXPECT, [rule()], Observation(reaction=RIGHT, **seen), "h3-16")
    assert verdict.outcome is expected
    assert "why" in verdict.reason


def test_what_never_came_is_tolerated_where_no_answer_could_fail() -> None:
    seen = Observation(overdue="SETTINGS")
    verdict = judge(EXPECT, [rule(level=Level.SHOULD)], seen, "h3-16")
    assert (verdict.outcome, verdict.signature) == (Outcome.TOLERATED, "tolerated; SETTINGS")


@pytest.mark.parametrize(
    ("stronger", "weaker", "expected"),
    [
        ("harness_failure", "endpoint_ended", Outcome.HARNESS_ERROR),
        ("control_missed", "endpoint_ended", Outcome.BLOCKED),
        ("endpoint_ended", "overdue", Outcome.CRASH),
        ("overdue", "premise_missing", Outcome.TIMEOUT),
    ],
)
def test_our_own_bug_comes_first_and_a_dead_endpoint_before_an_odd_answer(
    stronger: str, weaker: str, expected: Outcome
) -> None:
    seen: dict[str, Any] = {stronger: "a", weaker: "b"}
    assert outcome(reaction=WRONG, **seen) is expected


def test_a_script_without_reaction_is_our_error() -> None:
    assert outcome() is Outcome.HARNESS_ERROR


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (Finding("this connection", alive=True, requirement=rule()), Outcome.PASS),
        (Finding("this connection", alive=False), Outcome.PASS),
        (Finding("this connection", False, "closed", rule(Level.SHOULD)), Outcome.TOLERATED),
        (Finding("this connection", False, "closed", rule(Level.MUST)), Outcome.FAIL),
        (Finding("this connection", False, "closed", rule(Level.MAY)), Outcome.PASS),
    ],
)
def test_the_aftermath_can_only_worsen(finding: Finding, expected: Outcome) -> None:
    assert outcome(reaction=RIGHT, aftermath=[finding]) is expected


def test_the_aftermath_never_hides_a_failure() -> None:
    findings = [Finding("a session", False, "gone", rule(Level.SHOULD, name="other"))]
    verdict = judge(EXPECT, [rule()], Observation(reaction=WRONG, aftermath=findings), "h3-16")
    assert (verdict.outcome, verdict.requirement) == (Outcome.FAIL, "a-rule")
    assert verdict.aftermath == ["a session: gone"]
    assert verdict.signature == "fail; Silence(); a session dead"


def test_a_reading_is_recorded() -> None:
    verdict = judge(EXPECT, [rule()], Observation(Reaction("s", (Fin(b""),))), "h3-16")
    assert verdict.reading == "A03/fin-first"
    assert verdict.signature == ""


def test_what_no_rule_binds_is_recorded_as_another_reading() -> None:
    verdict = judge(EXPECT, [rule(Level.MAY)], Observation(WRONG), "h3-16")
    assert verdict.reading == "other"


def test_a_verdict_tells_what_was_expected_and_seen() -> None:
    verdict = judge(EXPECT, [rule()], Observation(WRONG), "h3-16")
    assert verdict.expected == ["Reset(0x5)"]
    assert verdict.tolerated == {"Stop()": "stops instead"}
    assert verdict.actual == "Silence() on stream 0"
    assert verdict.reason == "Silence() on stream 0, against a-rule"
    assert verdict.signature == "fail; Silence()"


def test_a_signature_tells_what_never_came_but_not_what_was_never_judged() -> None:
    late = judge(EXPECT, [rule()], Observation(overdue="SETTINGS"), "h3-16")
    blocked = judge(EXPECT, [rule()], Observation(WRONG, control_missed="why"), "h3-16")
    assert late.signature == "timeout; SETTINGS"
    assert blocked.signature == "blocked"


def test_a_case_without_a_rule_in_force_has_no_requirement_to_name() -> None:
    assert judge(EXPECT, [], Observation(RIGHT), "h3-16").requirement == ""


@pytest.mark.parametrize("one", Outcome)
def test_red_and_good_exclude_each_other(one: Outcome) -> None:
    assert not (one.is_red and one.is_good)
    assert str(one) == one.value
