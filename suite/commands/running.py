"""What `wtspec run` does, step by step."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wtspec.reports.block import visible
from wtspec.suite.commands import exporting, summary, target
from wtspec.suite.commands.exit_code import ExitCode, exit_code
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.commands.known import Known
from wtspec.suite.commands.pipes import tell, unheard
from wtspec.suite.commands.planning import Planned, planned
from wtspec.suite.commands.progress import ProgressBar
from wtspec.suite.commands.request import Request
from wtspec.suite.commands.stopping import stoppable, until
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.real import Pace, real_jobs
from wtspec.suite.run.runner import Runner, new_run_id, versions
from wtspec.suite.run.simulated import simulated_jobs
from wtspec.suite.run.store import Store, StoreError, read
from wtspec.suite.run.stored import Stored, StoredRun
from wtspec.suite.run.supervisor import Supervisor
from wtspec.suite.run.worker import Job

RESULTS = Path("wt-results")


def perform(request: Request) -> ExitCode:
    """The whole run; its exit status."""
    began_s = time.monotonic()
    with stoppable():
        chosen = target.choose(request.wanted)
        known = Known.load(request.baseline or chosen.baseline)
        exporting.check(request.reports)
        if request.resume:
            _check_resumed(Path(request.resume), str(chosen.factory), request.seed)
        with chosen.held() as about:
            found = planned(request.select, chosen, request.dialects, request.seed)
            if not found.plan.cells:
                tell("nothing to run: no selected case has this role and dialect")
                return ExitCode.NOTHING_RAN
            deadline_s = None if request.max_time_s is None else began_s + request.max_time_s
            run = _Run(request, chosen, found, known, about)
            stored, folder, is_troubled = run.execute(deadline_s)
        stale = known.stale(stored, whole_catalogue=not request.select)
        exporting.write(request.reports, stored, stale, folder)
        with unheard():
            if request.json_file != "-":
                summary.show(stored, stale, request.verbosity, folder)
    whole = None if request.select else found.plan
    return _status(stored, stale, whole, is_troubled=is_troubled)


@dataclass(frozen=True, slots=True)
class _Run:
    """From the plan to what is stored."""

    request: Request
    chosen: target.Target
    found: Planned
    known: Known
    about: Mapping[str, str]

    def execute(self, deadline_s: float | None) -> tuple[Stored, Path, bool]:
        """What is stored, its folder, and whether something around the endpoint was wrong."""
        try:
            with self._store() as store:
                return self._executed(store, deadline_s)
        except StoreError as error:
            raise EnvironmentTrouble(str(error)) from error

    def _executed(self, store: Store, deadline_s: float | None) -> tuple[Stored, Path, bool]:
        request, plan = self.request, self.found.plan
        self._greet(store.run)
        store.plan(plan.cells, {one.id: catalogues.revision(one) for one in plan.catalogue})
        done = store.finished() if request.resume else frozenset()
        command = self.chosen.command(request.seed, request.baseline)
        runner = Runner(plan.without(done), store.run, command, store, self.known.expected)
        with ProgressBar(len(plan.cells) - len(done), is_quiet=request.quiet) as bar:
            runner.watcher = bar.watcher
            jobs = self._jobs(runner.plan)
            supervisor = Supervisor(self._processes, enforces=not request.no_deadlines)
            with until(deadline_s):
                runner.execute(jobs, supervisor)
        stored = read(store.folder)
        tell(f"evidence and journal: {store.folder}")
        if not runner.run.is_complete:
            again = request.again(command, store.folder)
            tell(f"not run: {stored.count('not-run')} cells; go on with: {again}")
        return stored, store.folder, bool(runner.troubles)

    def _store(self) -> Store:
        request = self.request
        run = StoredRun(
            id=new_run_id(),
            seed=request.seed,
            endpoint=str(self.chosen.factory),
            versions={**versions(), **self.about},
            roles=self.found.roles,
            dialects=self.found.dialects,
            isolation=self.chosen.factory.isolation,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if request.resume:
            return Store.resume(Path(request.resume), run)
        return Store.create(Path(request.out) if request.out else RESULTS / run.id, run)

    def _greet(self, run: StoredRun) -> None:
        if self.request.quiet:
            return
        numbers = " · ".join(f"{name} {number}" for name, number in run.versions.items())
        tell(f"{numbers} · run {run.id} · seed {run.seed}")
        why = f" ({visible(self.found.why)})" if self.found.why else ""
        roles, spoken = " and ".join(run.roles), ", ".join(run.dialects)
        tell(f"{self.chosen.factory} as {roles} in {spoken}{why}")

    def _jobs(self, plan: Plan) -> Sequence[Job]:
        request, factory = self.request, self.chosen.factory
        if self.chosen.is_virtual:
            return simulated_jobs(plan, factory)
        workers = self._processes
        pace = Pace(self.chosen.lanes(request.jobs, workers), confirmations=request.confirm)
        if request.no_deadlines:
            pace = pace.endless
        signatures = self.known.signatures(plan.cells)
        return real_jobs(plan, factory, pace, workers=workers, known=signatures)

    @property
    def _processes(self) -> int:
        if self.chosen.is_virtual:
            return self.request.jobs or os.cpu_count() or 1
        return self.chosen.workers(self.request.jobs)


def _check_resumed(folder: Path, endpoint: str, seed: int) -> None:
    """Verdicts are never mixed with those of another endpoint or another seed."""
    try:
        before = read(folder).run
    except StoreError as error:
        raise EnvironmentTrouble(str(error)) from error
    if before.endpoint != endpoint:
        holds = f"{folder} holds a run of {before.endpoint}, not of {endpoint}"
        raise usage(f"{holds}; name the same one")
    if before.seed != seed:
        raise usage(
            f"{folder} holds a run with seed {before.seed}; go on with --seed {before.seed}"
        )


def _status(
    stored: Stored, stale: Sequence[str], whole: Plan | None, *, is_troubled: bool
) -> ExitCode:
    """`whole`: the plan, where nothing was selected: a case that was left out is then our fault."""
    if whole is not None and whole.catalogue.mistakes:
        return ExitCode.HARNESS_ERROR
    return exit_code(
        stored.totals,
        unexpected=stored.unexpected,
        excused=stored.excused,
        stale=stale,
        is_complete=stored.run.is_complete,
        is_troubled=is_troubled,
    )
