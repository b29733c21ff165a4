"""A whole run: plan to stored verdicts, through the supervisor and the journal."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version

from wtspec.suite.run.attempt import failed_attempt
from wtspec.suite.run.catalogue import revision
from wtspec.suite.run.evidence import Evidence
from wtspec.suite.run.plan import Cell, Plan
from wtspec.suite.run.record import Expected, nothing_expected, stored_cell
from wtspec.suite.run.store import Store
from wtspec.suite.run.stored import Stored, StoredCell, StoredRun
from wtspec.suite.run.supervisor import Dispatched, Event, Lost, Supervisor
from wtspec.suite.run.worker import Finished, Job, Noted, Spoke, Started, Trouble, Weighed

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_run_id(now: datetime | None = None) -> str:
    """As 2026-11-21T01-14-18Z-7f3k: sortable, and fit for a file name anywhere."""
    moment = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H-%M-%SZ")
    return f"{moment}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"


def versions() -> dict[str, str]:
    """Ours, and that of the library whose timing and traces a stored run depends on."""
    return {name: version(name) for name in ("wtspec", "aioquic")}


@dataclass(frozen=True, slots=True)
class Watcher:
    """What the door wants to hear while a run goes on."""

    begun: Callable[[str, str], None] = lambda _cell, _purpose: None
    judged: Callable[[StoredCell], None] = lambda _cell: None
    troubled: Callable[[str], None] = lambda _text: None


@dataclass(slots=True)
class Runner:
    """Runs `jobs` for the cells of `plan` and keeps what they report.

    `command`: the words that start the same run again, without its selectors. `troubles`: what was
    wrong around the endpoint, once each.
    """

    plan: Plan
    run: StoredRun
    command: str
    store: Store | None = None
    expected: Expected = nothing_expected
    watcher: Watcher = field(default_factory=Watcher)
    troubles: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _done: dict[str, StoredCell] = field(default_factory=dict)
    _cells: dict[str, Cell] = field(default_factory=dict)

    def execute(self, jobs: Sequence[Job], supervisor: Supervisor) -> Stored:
        """All jobs, to the end or to a KeyboardInterrupt, which leaves `is_complete` false."""
        self._cells = {one.id: one for one in self.plan.cells}
        began_s, is_complete = time.monotonic(), False
        try:
            with closing(supervisor.run(jobs)) as events:
                for event in events:
                    self._take(event)
            is_complete = True
        except KeyboardInterrupt as stopped:
            why = str(stopped) or "interrupted"
            self.watcher.troubled(f"{why}; what was judged so far is kept")
        spent_s = round(time.monotonic() - began_s, 3)
        self.run = replace(self.run, duration_s=spent_s, is_complete=is_complete)
        if self.store is not None:
            self.store.finish(self.run)
            self.run = self.store.run
        return Stored(self.run, tuple(self._in_order()))

    def _take(self, event: Event) -> None:
        match event:
            case Dispatched(cells):
                if self.store is not None:
                    self.store.begin(cells, "first")
            case Started(cell, purpose, _):
                if self.store is not None and purpose in {"alone", "confirm"}:
                    self.store.begin([cell], purpose)
                self.watcher.begun(cell, purpose)
            case Finished(cell, attempts):
                whole = stored_cell(self._cells[cell], attempts, self.command, self.expected)
                self._keep(whole, attempts[-1].evidence)
            case Lost(cell, why, stack):
                attempt = failed_attempt(self._cells[cell], why, stack)
                whole = stored_cell(self._cells[cell], [attempt], self.command, self.expected)
                self._keep(whole, attempt.evidence)
            case Trouble(text):
                self._tell(text, self.troubles)
            case Noted(text):
                self._tell(text, self._notes)
            case Spoke() | Weighed():
                self._heard(event)

    def _tell(self, text: str, told: list[str]) -> None:
        # Every group of cells starts the endpoint anew, and fails in the same way.
        if text not in told:
            told.append(text)
            self.watcher.troubled(text)

    def _heard(self, event: Spoke | Weighed) -> None:
        match event:
            case Spoke(name, number, dialect):
                spoken = tuple(dict.fromkeys([*self.run.dialects, dialect]))
                known = {name: number, **self.run.versions}  # none of ours is overwritten
                self.run = replace(self.run, dialects=spoken, versions=known)
            case Weighed(memory_bytes):
                seen = (*self.run.endpoint_memory_bytes, memory_bytes)
                self.run = replace(self.run, endpoint_memory_bytes=(min(seen), max(seen)))

    def _keep(self, cell: StoredCell, evidence: Evidence) -> None:
        if self.store is not None:
            cell = self.store.decide(cell, evidence)
        self._done[cell.id] = cell
        self.watcher.judged(cell)

    def _in_order(self) -> Iterator[StoredCell]:
        for cell in self.plan.cells:
            if (done := self._done.get(cell.id)) is not None:
                yield done
            else:
                yield not_run(cell)


def not_run(cell: Cell) -> StoredCell:
    """A cell that nobody came to."""
    return StoredCell(
        cell.id,
        cell.case.id,
        str(cell.role),
        cell.dialect.name,
        "not-run",
        title=cell.case.title,
        parameter=cell.parameter,
        configuration=str(cell.configuration),
        reason="the run ended before it",
        revision=revision(cell.case),
    )
