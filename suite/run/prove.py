"""Proof that the cases can fail, and do not fail for nothing.

Each fault of the reference must turn red exactly the cells that name it, with the reaction they
name; a hang, a crash, or an exception inside the reference is no kill. No oddity turns any cell
red, and each shows in some timeline. The fault `dies-after-answering` turns every negative cell
red.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.attempt import Attempt, failed_attempt
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.plan import Cell, Plan
from wtspec.suite.run.simulated import SimulatedJob, simulated_jobs
from wtspec.suite.run.supervisor import Lost, Supervisor
from wtspec.suite.run.worker import Finished, Message, Report, Started
from wtspec.suite.signal import Reaction
from wtspec.suite.verdict import Outcome

DIES_AFTER_ANSWERING = "dies-after-answering"
HONEST = "honest"


@dataclass(frozen=True, slots=True)
class Subject:
    """A reference that misbehaves, or behaves oddly: how to start it, and in which roles it can."""

    name: str
    factory: EndpointFactory
    roles: tuple[Role, ...] = BOTH


@dataclass(frozen=True, slots=True)
class FaultProof:
    """`wrong`: cell to what is wrong there, for every cell that is not as it must be."""

    name: str
    must_fail: tuple[str, ...]
    failed: tuple[str, ...]
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """A fault that no cell names proves nothing, and so is not in order."""
        return bool(self.must_fail) and not self.wrong


@dataclass(frozen=True, slots=True)
class OddityProof:
    """`shows`: whether any cell's timeline differs from the honest one; a few cells need not."""

    name: str
    red: tuple[str, ...]
    shows: bool
    wrong: Mapping[str, str] = field(default_factory=dict)
    must_show: bool = True

    @property
    def ok(self) -> bool:
        return (self.shows or not self.must_show) and not self.wrong


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of an attempt: there are a hundred thousand of them."""

    outcome: Outcome
    reaction: Reaction | None
    reading: str
    fingerprint: str
    reason: str
    showing: frozenset[str] | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> "Seen":
        verdict = attempt.verdict
        return cls(
            attempt.outcome,
            attempt.reaction,
            verdict.reading,
            attempt.evidence.fingerprint,
            verdict.reason,
            attempt.evidence.showing,
        )


Results = Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class NamedJob:
    """A job of one subject; events name cells only, so the subject goes in front."""

    subject: str
    job: SimulatedJob

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.subject} {key}" for key in self.job.keys)

    def run(self, report: Report) -> None:
        self.job.run(lambda message: report(_renamed(message, self.subject)))

    def only(self, keys: frozenset[str]) -> "NamedJob":
        own = frozenset(one.removeprefix(f"{self.subject} ") for one in keys)
        return NamedJob(self.subject, self.job.only(own))


def _renamed(message: Message, subject: str) -> Message:
    if isinstance(message, Started | Finished):
        return replace(message, cell=f"{subject} {message.cell}")
    return message


@dataclass(frozen=True, slots=True)
class Prover:
    """Runs the plan's cells against subjects in virtual time and says what that proves.

    `only_named`: of a fault, run only the cells that name it, which does not show overkill.
    """

    plan: Plan
    supervisor: Callable[[], Supervisor]
    only_named: bool = False
    package: str = catalogues.CASES

    def honest(self, subject: Subject) -> Results:
        """What the cells come to where nothing is wrong."""
        return dict(self._results([(subject, self.plan)]))[subject.name]

    def faults(self, subjects: Sequence[Subject], honest: Results) -> Iterator[FaultProof]:
        """One proof for each fault, as they are done."""
        planned = {one.name: self._named_or_seeing(one, honest) for one in subjects}
        todo = [(one, self._plan_of(planned[one.name])) for one in subjects]
        for name, results in self._results(todo):
            yield judge_fault(name, planned[name], results, honest)

    def oddities(
        self, subjects: Sequence[Subject], honest: Results, *, must_show: bool = True
    ) -> Iterator[OddityProof]:
        """One proof for each oddity, as they are done."""
        found = [(one, self._seeing(one, honest)) for one in subjects]
        # One that shows in no cell is about other dialects.
        todo = [(one, self._plan_of(cells)) for one, cells in found if cells or not must_show]
        for name, results in self._results(todo):
            proof = judge_oddity(name, results, honest)
            yield replace(proof, must_show=must_show)

    def unproved(self) -> tuple[str, ...]:
        """Cases in a role in which no fault is said to turn any of their cells red."""
        found: dict[str, bool] = {}
        for one in filter(lambda cell: cell.is_asked, self.plan.cells):
            named = any(names(one, fault) for fault in one.case.faults)
            place = f"{one.case.id} as {one.role}"
            found[place] = found.get(place, False) or named
        return tuple(place for place, named in found.items() if not named)

    def _named_or_seeing(self, fault: Subject, honest: Results) -> list[Cell]:
        """The mortal fault shows in cells that need not name it: where a control, or one parameter
        of many, has its error answered.
        """
        named = {one.id for one in self.plan.cells if names(one, fault.name)}
        if not self.only_named and fault.name != DIES_AFTER_ANSWERING:
            named |= {one.id for one in self._seeing(fault, honest)}
        return [one for one in self.plan.cells if one.role in fault.roles and one.id in named]

    def _seeing(self, subject: Subject, honest: Results) -> list[Cell]:
        """Those in which it shows, as far as that is known."""

        def shows(cell: Cell) -> bool:
            showing = honest[cell.id].showing if cell.id in honest else None
            return showing is None or subject.name in showing

        return [one for one in self.plan.cells if one.role in subject.roles and shows(one)]

    def _plan_of(self, cells: Sequence[Cell]) -> Plan:
        return Plan(self.plan.catalogue, tuple(cells), self.plan.seed)

    def _results(self, todo: Sequence[tuple[Subject, Plan]]) -> Iterator[tuple[str, Results]]:
        """Each subject's results once its last cell is done."""
        found: dict[str, dict[str, Seen]] = {subject.name: {} for subject, _ in todo}
        due = {subject.name: len(plan.cells) for subject, plan in todo}
        cells = {one.id: one for _, plan in todo for one in plan.cells}
        jobs = [job for subject, plan in todo for job in self._jobs(subject, plan)]
        with closing(self.supervisor().run(jobs)) as events:
            for event in events:
                if not isinstance(event, Finished | Lost):
                    continue
                subject, _, cell = event.cell.partition(" ")
                attempt = _attempt_of(event, cells[cell])
                found[subject][cell] = Seen.of(attempt)
                if len(found[subject]) == due[subject]:
                    yield subject, found.pop(subject)
        yield from ((name, {}) for name, count in due.items() if count == 0)

    def _jobs(self, subject: Subject, plan: Plan) -> Iterator[NamedJob]:
        for job in simulated_jobs(plan, subject.factory, self.package):
            yield NamedJob(subject.name, replace(job, keeps_evidence=False))


def _attempt_of(event: Finished | Lost, cell: Cell) -> Attempt:
    if isinstance(event, Finished):
        return event.attempts[-1]
    return failed_attempt(cell, event.why, event.stack)


def names(cell: Cell, fault: str) -> bool:
    """Whether the cell says that this fault must turn it red."""
    if not cell.is_asked:
        return False
    if fault == DIES_AFTER_ANSWERING:
        return cell.case.violates
    return cell.case.fault_reaction(fault, cell.role, cell.parameter) is not None


def judge_fault(name: str, cells: Sequence[Cell], results: Results, honest: Results) -> FaultProof:
    """Hold the results of one fault against what the cells say of it."""
    must_fail: list[str] = []
    failed: list[str] = []
    wrong: dict[str, str] = {}
    for cell in cells:
        seen = results[cell.id]
        if names(cell, name):
            must_fail.append(cell.id)
            is_caught = _is_caught(seen, honest.get(cell.id), name)
            why = _why_not_killed(cell, name, seen, caught=is_caught)
        else:
            is_caught = is_red(seen)
            why = f"{seen.outcome}, though it does not name the fault" if is_caught else ""
        if is_caught:
            failed.append(cell.id)
        if why:
            wrong[cell.id] = f"{why}: {seen.reason}"
    return FaultProof(name, tuple(must_fail), tuple(failed), wrong)


def judge_oddity(name: str, results: Results, honest: Results) -> OddityProof:
    """Hold the results of one oddity against those of the honest reference."""
    red = tuple(cell for cell, seen in results.items() if is_red(seen))
    shows = any(
        seen.fingerprint != honest[cell].fingerprint
        for cell, seen in results.items()
        if cell in honest
    )
    wrong = {cell: f"{results[cell].outcome}: {results[cell].reason}" for cell in red}
    return OddityProof(name, red, shows, wrong)


def is_red(seen: Seen) -> bool:
    """Whether a cell blames the endpoint, or us: neither may happen unasked."""
    return seen.outcome.is_red or seen.outcome in {Outcome.FLAKY, Outcome.HARNESS_ERROR}


def _is_caught(seen: Seen, honest: Seen | None, fault: str) -> bool:
    """Whether the cell shows it as badly as its requirement's level lets it."""
    if fault == DIES_AFTER_ANSWERING:
        return seen.outcome.is_red
    if seen.outcome is Outcome.FAIL:
        return True
    if honest is None or honest.outcome is not Outcome.PASS:
        return False
    recorded = seen.outcome is Outcome.PASS and seen.reading != honest.reading
    return seen.outcome is Outcome.TOLERATED or recorded


def _why_not_killed(cell: Cell, fault: str, seen: Seen, *, caught: bool) -> str:
    """What is missing from a proper kill; empty when nothing is."""
    if not caught:
        return f"{seen.outcome}, though it names the fault"
    wanted = cell.case.fault_reaction(fault, cell.role, cell.parameter)
    if wanted is None or seen.reaction is None:
        return "" if wanted is None else f"no reaction, {wanted} was named"
    beside = cell.case.expectation(cell.parameter).expected_beside
    if seen.reaction.shows_beside(wanted, beside):
        return ""
    return f"red by {seen.reaction}, {wanted} was named"
