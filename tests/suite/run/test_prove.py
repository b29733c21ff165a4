"""That a fault kills what names it, and what counts as a kill."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from wtspec.suite.case import Case
from wtspec.suite.commands.attach import EmbeddedReference
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.requirements import ledger
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.prove import (
    DIES_AFTER_ANSWERING,
    HONEST,
    FaultProof,
    Prover,
    Results,
    Seen,
    Subject,
    judge_fault,
    judge_oddity,
    names,
)
from wtspec.suite.run.select import Selection
from wtspec.suite.run.supervisor import Supervisor
from wtspec.suite.signal import Established, Reaction, Signal, Silence
from wtspec.suite.verdict import Outcome

PASS, FAIL, TOLERATED = Outcome.PASS, Outcome.FAIL, Outcome.TOLERATED
REFUSED, ALLOWED = "origin/refused@h3-16/server", "origin/allowed@h3-16/server"
ORIGIN = ("origin/allowed", "origin/refused")
GOOD = "accepts-any-origin"


def plan(*selectors: str, spoken: str = "h3-16") -> Plan:
    found = catalogues.load()
    cells = Selection(found, selectors, ledger.load()).cells(BOTH, [dialect(spoken)])
    return Plan(found, cells)


def seen(outcome: Outcome, *signals: Signal, reading: str = "", fingerprint: str = "a") -> Seen:
    reaction = Reaction("session", signals) if signals else None
    return Seen(outcome, reaction, reading, fingerprint, "reason")


def judged(refused: Seen, allowed: Seen | None = None, honest: Seen | None = None) -> FaultProof:
    results = {REFUSED: refused, ALLOWED: allowed or seen(PASS)}
    truth = {REFUSED: honest or seen(PASS), ALLOWED: seen(PASS)}
    return judge_fault(GOOD, plan("origin/refused", "origin/allowed").cells, results, truth)


def test_a_proper_kill() -> None:
    proof = judged(seen(FAIL, Established()))
    assert proof == FaultProof(GOOD, (REFUSED,), (REFUSED,), {})
    assert proof.ok


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (seen(PASS, Established()), "pass, though it names the fault"),
        (seen(Outcome.CRASH, Established()), "crash, though it names the fault"),
        (seen(Outcome.TIMEOUT), "timeout, though it names the fault"),
        (seen(Outcome.BLOCKED), "blocked, though it names the fault"),
        (seen(Outcome.HARNESS_ERROR), "harness-error, though it names the fault"),
        (seen(FAIL, Silence()), "red by Silence() on session, Established() was named"),
        (seen(FAIL), "no reaction, Established() was named"),
    ],
)
def test_what_is_no_kill(refused: Seen, why: str) -> None:
    proof = judged(refused)
    assert not proof.ok
    assert proof.wrong[REFUSED].startswith(why)


@pytest.mark.parametrize("outcome", [FAIL, Outcome.CRASH, Outcome.TIMEOUT, Outcome.HARNESS_ERROR])
def test_overkill_is_wrong(outcome: Outcome) -> None:
    proof = judged(seen(FAIL, Established()), allowed=seen(outcome, Silence()))
    assert not proof.ok
    assert "though it does not name the fault" in proof.wrong[ALLOWED]


@pytest.mark.parametrize("outcome", [PASS, TOLERATED, Outcome.BLOCKED, Outcome.NOT_APPLICABLE])
def test_what_is_not_red_is_no_overkill(outcome: Outcome) -> None:
    proof = judged(seen(FAIL, Established()), allowed=seen(outcome))
    assert proof.ok
    assert proof.failed == (REFUSED,)


def test_a_requirement_that_cannot_fail_is_killed_as_far_as_it_goes() -> None:
    assert judged(seen(TOLERATED, Established())).ok
    assert judged(seen(PASS, Established(), reading="other")).ok
    assert not judged(seen(TOLERATED, Established()), honest=seen(TOLERATED)).ok
    assert not judged(seen(PASS, Established(), reading="A"), honest=seen(PASS, reading="A")).ok


def test_a_fault_that_no_cell_names_is_not_in_order() -> None:
    assert not FaultProof("x", (), ()).ok


def test_the_mortal_fault_concerns_every_negative_cell(catalogue: catalogues.Catalogue) -> None:
    cell = plan("origin/refused").cells[0]
    negative: Case = replace(cell.case, violates=True)
    assert names(replace(cell, case=negative), DIES_AFTER_ANSWERING)
    assert not names(replace(cell, case=replace(negative, violates=False)), DIES_AFTER_ANSWERING)
    red = {cell.id: seen(Outcome.CRASH)}
    cells = [replace(cell, case=negative)]
    assert judge_fault(DIES_AFTER_ANSWERING, cells, red, {cell.id: seen(PASS)}).ok


def test_a_case_without_a_rule_in_a_dialect_names_nothing_there() -> None:
    fault = "takes-truncated-capsules"
    (old, new) = (plan("capsules/truncated-at-fin", spoken=one) for one in ("h3-02", "h3-16"))
    assert not any(names(one, fault) or names(one, DIES_AFTER_ANSWERING) for one in old.cells)
    assert all(names(one, fault) and names(one, DIES_AFTER_ANSWERING) for one in new.cells)
    assert Prover(old, lambda: Supervisor(1)).unproved() == ()


@pytest.mark.parametrize(
    ("fault", "spoken", "case"),
    [
        ("wants-headers-first", "h3-02", "messages/unknown-frame-first"),
        ("refuses-reserved-frames-in-messages", "h3-02", "messages/unknown-frame-first"),
        ("wants-long-pieces", "h3-02", "messages/cut-by-reset"),
        ("refuses-unknown-capsules", "h3-02", "broken-streams/frame-42"),
        ("ignores-datagram-limits", "h3-07", "datagrams/none-announced"),
    ],
)
def test_faults_show_in_older_drafts_too(fault: str, spoken: str, case: str) -> None:
    prover = Prover(plan(case, spoken=spoken), lambda: Supervisor(1))
    honest = prover.honest(Subject(HONEST, EmbeddedReference()))
    (proof,) = prover.faults([Subject(fault, EmbeddedReference(fault))], honest)
    assert proof.ok, proof.wrong


def test_a_fault_is_run_where_it_shows_and_the_mortal_one_where_it_must(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prover = Prover(plan(*ORIGIN), lambda: Supervisor(1))
    showing = frozenset({GOOD, DIES_AFTER_ANSWERING})
    unknown, nothing = seen(PASS), replace(seen(PASS), showing=frozenset())
    ran: dict[str, tuple[str, ...]] = {}

    def note(_: Prover, todo: Sequence[tuple[Subject, Plan]]) -> Iterator[tuple[str, Results]]:
        ran.update((subject.name, tuple(one.id for one in due.cells)) for subject, due in todo)
        return iter(())

    monkeypatch.setattr(Prover, "_results", note)

    def runs(allowed: Seen) -> dict[str, tuple[str, ...]]:
        subjects = [Subject(one, EmbeddedReference(one)) for one in (GOOD, DIES_AFTER_ANSWERING)]
        assert not [*prover.faults(subjects, {REFUSED: nothing, ALLOWED: allowed})]
        return ran

    assert runs(nothing) == {GOOD: (REFUSED,), DIES_AFTER_ANSWERING: ()}
    assert runs(unknown)[GOOD] == (ALLOWED, REFUSED)
    assert runs(replace(nothing, showing=showing))[GOOD] == (ALLOWED, REFUSED)
    assert ran[DIES_AFTER_ANSWERING] == ()


def test_an_oddity_must_show_and_turn_nothing_red() -> None:
    honest: Results = {REFUSED: seen(PASS), ALLOWED: seen(PASS)}
    odd = {REFUSED: seen(PASS, fingerprint="b"), ALLOWED: seen(TOLERATED)}
    assert judge_oddity("odd", odd, honest).ok
    assert not judge_oddity("odd", honest, honest).ok
    assert replace(judge_oddity("odd", honest, honest), must_show=False).ok
    assert judge_oddity("odd", {**odd, ALLOWED: seen(FAIL)}, honest).red == (ALLOWED,)


def test_faults_of_the_reference_are_proved() -> None:
    prover = Prover(plan(*ORIGIN, "resets/code-reported"), lambda: Supervisor(2))
    honest = prover.honest(Subject(HONEST, EmbeddedReference()))
    assert {one.outcome for one in honest.values()} == {PASS}
    subjects = [
        Subject(GOOD, EmbeddedReference(GOOD), (Role.SERVER,)),
        Subject("reports-codes-one-off", EmbeddedReference("reports-codes-one-off")),
    ]
    proofs = {one.name: one for one in prover.faults(subjects, honest)}
    assert all(one.ok for one in proofs.values()), proofs
    assert proofs[GOOD].failed == (REFUSED,)
    assert len(proofs["reports-codes-one-off"].failed) == 10
    (oddity,) = prover.oddities([Subject("late", EmbeddedReference("late-settings"))], honest)
    assert oddity.ok


def test_an_honest_run_shows_the_same_timelines_in_every_process() -> None:
    prover = Prover(plan(*ORIGIN, "setup/echo"), lambda: Supervisor(2))
    subject = Subject(HONEST, EmbeddedReference())
    first, second = prover.honest(subject), prover.honest(subject)
    assert {cell: one.fingerprint for cell, one in first.items()} == {
        cell: one.fingerprint for cell, one in second.items()
    }


def test_cells_without_a_fault_are_told() -> None:
    given = plan("setup/echo", "origin/refused")
    bare = [replace(one, case=replace(one.case, faults={})) for one in given.cells[:1]]
    prover = Prover(replace(given, cells=(*bare, *given.cells[1:])), lambda: Supervisor(1))
    assert prover.unproved() == ("setup/echo as server",)


def test_only_the_cells_that_name_it_run_when_asked() -> None:
    prover = Prover(
        plan("origin/refused", "origin/allowed"), lambda: Supervisor(1), only_named=True
    )
    honest = prover.honest(Subject(HONEST, EmbeddedReference()))
    (proof,) = prover.faults([Subject(GOOD, EmbeddedReference(GOOD))], honest)
    assert proof.failed == (REFUSED,)
