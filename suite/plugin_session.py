"""What stands behind the pytest door: the plan of a session, and a verdict for each of its cells.

Virtual cells wait for nothing, so each is run when its item comes. Cells against a real endpoint
wait most of their time: they are run ahead, several at once, by the runner of `wtspec run` in a
thread, and an item takes its verdict when it is there.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from wtspec.reports.block import visible
from wtspec.suite.commands import target
from wtspec.suite.commands.known import Known
from wtspec.suite.commands.planning import planned
from wtspec.suite.run.plan import Cell, Plan
from wtspec.suite.run.real import Pace, real_jobs
from wtspec.suite.run.record import stored_cell
from wtspec.suite.run.runner import Runner, Watcher, new_run_id, versions
from wtspec.suite.run.simulated import Simulation
from wtspec.suite.run.stored import StoredCell, StoredRun
from wtspec.suite.run.supervisor import Supervisor

_FAREWELL_S = 10.0
Judged = Callable[[StoredCell], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options ask for; see `plugin.pytest_addoption`."""

    wanted: target.Wanted
    dialects: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    seed: int = 0
    baseline: str = ""
    pace: Pace = field(default_factory=Pace)


class Cancelled(Exception):
    """The session is over before the cells are."""


class Campaign:
    """All cells of a session. `troubles`: what is wrong around the endpoint, for the user."""

    def __init__(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self.target = target.choose(wishes.wanted)
        self.known = Known.load(wishes.baseline or self.target.baseline)
        with ExitStack() as around:
            around.enter_context(self.target.held())
            self._found = planned(wishes.select, self.target, wishes.dialects, wishes.seed)
            self._around = around.pop_all()
        self.plan = self._found.plan
        self._command = self.target.command(wishes.seed, wishes.baseline)
        self.troubles: list[str] = []
        self._by_file: dict[str, list[Cell]] = {}
        for one in self.plan.cells:
            self._by_file.setdefault(Path(source_of(one)[0]).stem, []).append(one)
        self._simulation = Simulation(self.plan.catalogue, self.target.factory, wishes.seed)
        self._ahead: dict[str, Future[StoredCell]] = {}
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        roles = " and ".join(self._found.roles) or "no role"
        spoken = ", ".join(self._found.dialects) or "no dialect"
        why = f" ({visible(self._found.why)})" if self._found.why else ""
        return f"{self.target.factory} as {roles} in {spoken}{why}, seed {self.plan.seed}"

    def cells_of(self, stem: str) -> list[Cell]:
        """The planned cells of one file of the catalogue."""
        return self._by_file.get(stem, [])

    def run_ahead(self, cells: Sequence[Cell]) -> None:
        """Begin with cells of a real endpoint, in this order; `verdict` runs virtual ones."""
        if self.target.is_virtual or not cells:
            return
        self._ahead = {one.id: Future() for one in cells}
        self._thread = threading.Thread(
            target=self._run_all, args=(cells,), name="wtspec run", daemon=True
        )
        self._thread.start()

    def verdict(self, cell: Cell) -> StoredCell:
        """The final verdict, waited for if need be; the supervisor sees to it that it comes."""
        if (coming := self._ahead.get(cell.id)) is not None:
            return coming.result()
        if self.target.is_virtual:
            attempt = self._simulation.attempt(cell)
            return stored_cell(cell, [attempt], self._command, self.known.expected)
        judged: list[StoredCell] = []
        self._run([cell], judged.append)
        return judged[0]

    def stop(self) -> None:
        """End what runs ahead: nobody will ask for it any more."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL_S)
        self._around.close()

    def _run_all(self, cells: Sequence[Cell]) -> None:
        failure: Exception = Cancelled("the run ended before this cell")
        try:
            self._run(cells, lambda one: self._ahead[one.id].set_result(one))
        except Exception as error:  # noqa: BLE001 - every item must hear of it
            failure = error
        for one in self._ahead.values():
            if not one.done():
                one.set_exception(failure)

    def _run(self, cells: Sequence[Cell], judged: Judged) -> None:
        plan = Plan(self.plan.catalogue, tuple(cells), self.plan.seed)
        watcher = Watcher(lambda _cell, _purpose: self._go_on(), judged, self.troubles.append)
        run = StoredRun(new_run_id(), plan.seed, str(self.target.factory), versions())
        runner = Runner(plan, run, self._command, None, self.known.expected, watcher)
        known = self.known.signatures(plan.cells)
        jobs = real_jobs(plan, self.target.factory, self.wishes.pace, known=known)
        runner.execute(jobs, Supervisor(1))

    def _go_on(self) -> None:
        if self._is_over.is_set():
            raise Cancelled("the session is over")


def source_of(cell: Cell) -> tuple[str, int]:
    """File and line, from 1, of the cell's script."""
    path, _, line = cell.case.source.rpartition(":")
    return path, int(line)
