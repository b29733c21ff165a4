"""What `wtspec run` does, step by step."""

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from wtspec.reports.block import block
from wtspec.suite.commands import summary, target
from wtspec.suite.commands.exit_code import ExitCode, exit_code
from wtspec.suite.commands.failure import EnvironmentTrouble, OurFault, usage
from wtspec.suite.commands.known import Known
from wtspec.suite.commands.progress import ProgressBar
from wtspec.suite.requirements import ledger
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.real import Pace, real_jobs
from wtspec.suite.run.runner import Runner, new_run_id, versions
from wtspec.suite.run.select import NothingSelected, Selection
from wtspec.suite.run.simulated import simulated_jobs
from wtspec.suite.run.store import DATABASE, Store, StoreError, read
from wtspec.suite.run.stored import Stored, StoredRun
from wtspec.suite.run.supervisor import Supervisor
from wtspec.suite.run.worker import Job

RESULTS = Path("wt-results")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `run`, as click gives them."""

    select: tuple[str, ...]
    program: str | None
    url: str | None
    paths: tuple[str, ...]
    listen: str | None
    role: str | None
    dialects: tuple[str, ...]
    seed: int
    jobs: int | None
    resume: str | None
    confirm: int
    baseline: str | None
    json_file: str | None
    junit_file: str | None
    out: str | None
    no_deadlines: bool
    verbose: int
    quiet: bool

    @property
    def wanted(self) -> target.Wanted:
        return target.Wanted(
            self.program or "", self.url or "", self.listen or "", self.paths, self.role or ""
        )

    @property
    def verbosity(self) -> int:
        return -1 if self.quiet else self.verbose

    def again(self, command: str, folder: Path) -> str:
        """The command that does the rest: `command` attaches the endpoint."""
        named: list[tuple[str, str | None]] = [("--dialect", one) for one in self.dialects]
        named += [("--role", self.role), ("--baseline", self.baseline)]
        named += [("--json", self.json_file), ("--junit", self.junit_file)]
        words = [word for name, value in named if value for word in (name, value)]
        return f"{command} {shlex.join((*self.select, *words, '--resume', str(folder)))}"


def perform(request: Request) -> ExitCode:
    """The whole run; its exit status."""
    chosen = target.choose(request.wanted)
    plan = planned(request.select, chosen, request.dialects, request.seed)
    known = Known.load(request.baseline)
    if not plan.cells:
        click.echo("nothing to run: no selected case has this role and dialect", err=True)
        return ExitCode.NOTHING_RAN
    stored, is_troubled = _run(request, chosen, plan, known)
    stale = known.stale(stored, whole_catalogue=not request.select)
    _export(request, stored, stale)
    if request.json_file != "-":
        summary.show(stored, stale, request.verbosity)
    return _status(stored, stale, plan if not request.select else None, is_troubled=is_troubled)


def planned(
    select: Sequence[str], chosen: target.Target, dialects: Sequence[str], seed: int
) -> Plan:
    """The cells that the selectors name; usage errors where they name nothing."""
    found = catalogues.load()
    for mistake in found.mistakes:
        click.echo(f"wtspec: left out, {mistake}", err=True)
    named = tuple(dialects) or _named_in(select)
    try:
        selection = Selection(found, tuple(select), ledger.load())
        cells = selection.cells(chosen.roles, target.choose_dialects(named, chosen))
    except NothingSelected as error:
        raise usage(str(error)) from error
    return Plan(found, cells, seed)


def _named_in(select: Sequence[str]) -> tuple[str, ...]:
    """The dialects of cell ids among the selectors, so that a printed id runs as it stands."""
    places = [one.rpartition("@")[2] for one in select if "@" in one]
    return tuple(place.partition("/")[0] for place in places if "*" not in place)


def _run(request: Request, chosen: target.Target, plan: Plan, known: Known) -> tuple[Stored, bool]:
    """What is stored in the end, and whether something around the endpoint was wrong."""
    run = StoredRun(
        id=new_run_id(),
        seed=plan.seed,
        endpoint=str(chosen.factory),
        versions=versions(),
        roles=tuple(str(one) for one in chosen.roles),
        dialects=tuple(dict.fromkeys(one.dialect.name for one in plan.cells)),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        with _store(request, run) as store:
            _banner(request, store.run, chosen)
            store.plan(plan.cells, {one.id: catalogues.revision(one) for one in plan.catalogue})
            done = store.finished() if request.resume else frozenset()
            command = chosen.command + (f" --seed {plan.seed}" if plan.seed else "")
            runner = Runner(plan.without(done), store.run, command, store, known.expected)
            with ProgressBar(len(plan.cells) - len(done), is_quiet=request.quiet) as bar:
                runner.watcher = bar.watcher
                jobs = _jobs(request, chosen, runner.plan, known)
                processes = _processes(request, chosen)
                supervisor = Supervisor(processes, enforces=not request.no_deadlines)
                runner.execute(jobs, supervisor)
            click.echo(f"evidence and journal: {store.folder}", err=True)
            if not runner.run.is_complete:
                click.echo(f"go on with: {request.again(command, store.folder)}", err=True)
            return read(store.folder), bool(runner.troubles)
    except StoreError as error:
        raise EnvironmentTrouble(str(error)) from error


def _store(request: Request, run: StoredRun) -> Store:
    if request.resume:
        return _resumed(Path(request.resume), run)
    return Store.create(Path(request.out) if request.out else RESULTS / run.id, run)


def _resumed(folder: Path, run: StoredRun) -> Store:
    """The run in this folder; an endpoint's verdicts are never mixed with another's."""
    if (folder / DATABASE).exists() and (before := read(folder).run.endpoint) != run.endpoint:
        raise usage(f"{folder} holds a run of {before}, not of {run.endpoint}; name the same one")
    return Store.resume(folder, run)


def _banner(request: Request, run: StoredRun, chosen: target.Target) -> None:
    if request.quiet:
        return
    numbers = " · ".join(f"{name} {number}" for name, number in run.versions.items())
    click.echo(f"{numbers} · run {run.id} · seed {run.seed}", err=True)
    roles = " and ".join(run.roles)
    click.echo(f"{chosen.factory} as {roles} in {', '.join(run.dialects)}", err=True)


def _jobs(request: Request, chosen: target.Target, plan: Plan, known: Known) -> Sequence[Job]:
    if chosen.is_virtual:
        return simulated_jobs(plan, chosen.factory)
    workers = _processes(request, chosen)
    pace = Pace(chosen.lanes(request.jobs, workers), confirmations=request.confirm)
    if request.no_deadlines:
        pace = pace.endless
    signatures = known.signatures(plan.cells)
    return real_jobs(plan, chosen.factory, pace, workers=workers, known=signatures)


def _processes(request: Request, chosen: target.Target) -> int:
    if chosen.is_virtual:
        return request.jobs or os.cpu_count() or 1
    return chosen.workers(request.jobs)


def _export(request: Request, stored: Stored, stale: Sequence[str]) -> None:
    from wtspec.reports import junit, run_json
    from wtspec.reports.whole_file import replace_whole

    text = json.dumps(run_json.document(stored), indent=1) if request.json_file else ""
    try:
        if request.json_file == "-":
            click.echo(text)
        elif request.json_file:
            replace_whole(Path(request.json_file), text.encode())
        if request.junit_file:
            junit.write(stored, Path(request.junit_file), block, stale)
    except OSError as error:
        raise EnvironmentTrouble(f"cannot write the report: {error}") from error
    except junit.JunitMismatch as error:
        raise OurFault(str(error)) from error


def _status(
    stored: Stored, stale: Sequence[str], whole: Plan | None, *, is_troubled: bool
) -> ExitCode:
    """`whole`: the plan, where nothing was selected: a case that was left out is then our fault."""
    if whole is not None and whole.catalogue.mistakes:
        return ExitCode.HARNESS_ERROR
    red = {"fail", "crash", "timeout", "flaky"}
    return exit_code(
        stored.totals,
        unexpected=sum(one.outcome in red and not one.expected_by for one in stored.cells),
        stale=stale,
        is_complete=stored.run.is_complete,
        is_troubled=is_troubled,
    )
