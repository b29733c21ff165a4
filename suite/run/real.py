"""Real execution: one started endpoint for a group of cells, several of them at once.

A fast pass, then whatever would be red again, slowly. When the shared endpoint breaks, every cell
that was in flight runs again alone against a new one, and only the cell that breaks that one too is
to blame.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from wtspec.suite.endpoint.interface import EndpointGone, EndpointMisuse, EndpointNotOffered
from wtspec.suite.network.callbacks import report_callbacks
from wtspec.suite.peer.patience import FAST, SLOW, Patience
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.attempt import Attempt, Control, idle_attempt
from wtspec.suite.run.confirm import needs_confirming, was_impatient
from wtspec.suite.run.confirming import Confirmation, Slowly
from wtspec.suite.run.factory import CannotStart, EndpointFactory
from wtspec.suite.run.ground import Ground, Unresponsive
from wtspec.suite.run.lanes import Lanes, Work
from wtspec.suite.run.plan import Cell, CellSpec, Plan
from wtspec.suite.run.worker import Ended, Finished, Noted, Report, Spoke, Started, Trouble
from wtspec.suite.verdict import Observation

_START_FAILURES = (EndpointGone, EndpointMisuse, CannotStart, OSError)
# Beside the script: the aftermath, and closing what the cell opened.
_REST_FACTOR = 3.0
_REST_S = 3.0
# A start of the endpoint, and controls of its own, have to pay for themselves.
_SMALLEST_SHARE = 60
_SHARES = 2
# So many in a row may break a fresh endpoint before the simplest case of all is asked.
_ROW = 5
# A cell may wait for its control, and that for its own.
_DEPTH = 3
_IN_COMPANY = "the endpoint broke with several cells in flight, and for none of them alone: "
_DAY_S = 86_400.0
_ENDLESS = Patience(_DAY_S, _DAY_S, FAST.quiet_s, _DAY_S, _DAY_S)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many cells at once, how patiently, and how often a red one is looked at again."""

    lanes: Lanes = field(default_factory=Lanes)
    confirmations: int = 2
    first: Patience = FAST
    again: Patience = SLOW

    @property
    def endless(self) -> "Pace":
        """For somebody who looks with a debugger: nothing is ever overdue, nothing repeated."""
        return Pace(self.lanes, 0, _ENDLESS, _ENDLESS)


@dataclass(frozen=True, slots=True)
class RealJob:
    """A group of cells for a worker process: all in one role, dialect and configuration.

    `known`: signatures of failures that a baseline expects, by cell; they need no confirming.
    """

    factory: EndpointFactory
    cells: tuple[CellSpec, ...]
    pace: Pace = field(default_factory=Pace)
    seed: int = 0
    package: str = catalogues.CASES
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        found = catalogues.load(self.package)
        return tuple(one.cell(found).id for one in self.cells)

    def run(self, report: Report) -> None:
        if self.cells:
            asyncio.run(_GroupRun(self, report).run())

    def knows(self, cell: Cell, attempt: Attempt) -> bool:
        """Whether this very failure is a known one."""
        return attempt.verdict.signature in self.known.get(cell.id, frozenset())

    def only(self, keys: frozenset[str]) -> "RealJob":
        left = (spec for spec, key in zip(self.cells, self.keys, strict=True) if key in keys)
        return replace(self, cells=tuple(left))


def real_jobs(
    plan: Plan,
    factory: EndpointFactory,
    pace: Pace,
    *,
    workers: int = 1,
    known: Mapping[str, frozenset[str]] = MappingProxyType({}),
    package: str = catalogues.CASES,
) -> list[RealJob]:
    """One job for each start of the endpoint, the longest first.

    With more than one worker a group is cut, so that none idles; `pace` is that of one.
    """
    jobs: list[RealJob] = []
    for group in plan.groups:
        for cells in _shares(group.cells, workers):
            here = {one.id: known[one.id] for one in cells if one.id in known}
            specs = tuple(one.spec for one in cells)
            jobs.append(RealJob(factory, specs, pace, plan.seed, package, here))
    return sorted(jobs, key=lambda job: -len(job.cells))


def _is_doubtful(attempt: Attempt) -> bool:
    """It ran, and only something that did not come speaks against it."""
    ran = attempt.reaction is not None or attempt.ran_out
    return ran and not attempt.outcome.is_good and was_impatient(attempt)


def _shares(cells: tuple[Cell, ...], workers: int) -> Iterator[tuple[Cell, ...]]:
    """Neighbours stay together, since they share their controls."""
    count = min(_SHARES * workers, len(cells) // _SMALLEST_SHARE) if workers > 1 else 1
    size = -(-len(cells) // max(count, 1))
    return (cells[at : at + size] for at in range(0, len(cells), size))


class _GroupRun:
    """The life of one group in its worker."""

    def __init__(self, job: RealJob, report: Report) -> None:
        self._job = job
        self._report = report
        self._catalogue = catalogues.load(job.package)
        self._cells = [one.cell(self._catalogue) for one in job.cells]
        self._ground = Ground(job.factory, self._cells[0], job.seed, report)
        self._controls = {one.control for one in self._catalogue}
        self._is_broken = False
        self._why_broken = "an exception of ours"
        self._left = {one.id: one for one in self._cells}
        # Of cells that broke a fresh endpoint, alone.
        self._crashes: dict[str, Attempt] = {}
        self._row = 0
        # Attempts of the fast pass by key: a control is run once, also where it is a cell itself.
        self._running: dict[str, asyncio.Task[Attempt]] = {}

    async def run(self) -> None:
        report_callbacks(asyncio.get_running_loop(), self._ground.failures.append)
        try:
            await self._ground.start()
        except EndpointNotOffered as refusal:
            self._finish_left(Observation(not_applicable=f"not offered: {refusal}"), "role")
            return
        except _START_FAILURES as error:
            self._give_up(f"the endpoint did not start: {error}", str(error))
            return
        try:
            hello = self._ground.endpoint.hello
            self._report(Spoke(hello.name, hello.version, str(self._cells[0].dialect)))
            await self._settle(await self._fast_pass())
        except Unresponsive as error:
            self._give_up(f"the endpoint is unresponsive: {error}")
        except _START_FAILURES as error:
            self._give_up(f"the endpoint does not start again: {error}")
        finally:
            await self._ground.stop()

    def _give_up(self, why: str, trouble: str = "") -> None:
        """What is left is not blamed, except for what broke an endpoint by itself."""
        self._report(Trouble(trouble or why))
        for name, attempt in self._crashes.items():
            if name in self._left:
                self._finish(self._left[name], (attempt,))
        self._finish_left(Observation(premise_missing=why))

    def _finish_left(self, seen: Observation, cause: str = "") -> None:
        for cell in list(self._left.values()):
            self._finish(cell, (idle_attempt(cell, seen, cause),))

    def _finish(self, cell: Cell, attempts: Sequence[Attempt]) -> None:
        del self._left[cell.id]
        self._report(Finished(cell.id, tuple(attempts)))

    async def _fast_pass(self) -> list[tuple[Cell, Attempt]]:
        """Every cell once; returns those whose verdict needs confirming."""
        waiting = deque(self._cells)
        doubtful: list[tuple[Cell, Attempt]] = []

        def take(cell: Cell, attempt: Attempt) -> None:
            if needs_confirming(attempt) and not self._job.knows(cell, attempt):
                doubtful.append((cell, attempt))
            else:
                self._finish(cell, (attempt,))

        while waiting:
            done, suspects = await self._wave(waiting)
            for cell, attempt in done:
                take(cell, attempt)
            for cell in suspects:
                take(cell, await self._alone(cell))
            if self._is_broken:
                await self._ground.restart()
                self._is_broken = False
            elif suspects and not any(one.id in self._crashes for one in suspects):
                self._report(Noted(_IN_COMPANY + self._why_broken))
        return doubtful

    async def _wave(self, waiting: deque[Cell]) -> tuple[list[tuple[Cell, Attempt]], list[Cell]]:
        """Run side by side until none waits, or the endpoint broke: then who was in flight?"""
        done: list[tuple[Cell, Attempt]] = []
        suspects: list[Cell] = []

        async def pass_through(cell: Cell) -> None:
            with self._in_flight(cell, "first", self._job.pace.first):
                attempt = await self._once(cell)
            self._is_broken |= bool(self._ground.failures)
            if self._is_broken:
                suspects.append(cell)
            else:
                done.append((cell, attempt))

        def take() -> Work | None:
            return pass_through(waiting.popleft()) if waiting and not self._is_broken else None

        await self._job.pace.lanes.run(take)
        if self._is_broken:
            self._ground.failures.clear()
            self._running.clear()
        return done, suspects

    async def _once(self, cell: Cell) -> Attempt:
        """The attempt of this pass, shared with whoever has the cell for a control."""
        if (known := self._running.get(cell.key)) is None:
            known = self._running[cell.key] = asyncio.create_task(self._first(cell))
        return await asyncio.shield(known)

    async def _first(self, cell: Cell) -> Attempt:
        twin = cell.control(self._catalogue)
        control = None if twin is None else Control(twin, await self._once(twin))
        attempt = await self._ground.attempt(cell, control, self._job.pace.first)
        if cell.case.id in self._controls and _is_doubtful(attempt):
            # What many rest on has a second chance before all of them wait for the slow pass.
            attempt = await self._ground.attempt(cell, control, self._job.pace.first)
        # Also where it is a control, and the cell that waits for it merely blocked.
        if attempt.broke_endpoint and not self._is_broken:
            self._is_broken = True
            self._why_broken = f"{attempt.verdict.reason}, after {cell.id}"
        return attempt

    async def _alone(self, cell: Cell) -> Attempt:
        await self._ground.restart()
        self._running.clear()
        self._is_broken = False
        with self._in_flight(cell, "alone", self._job.pace.first):
            attempt = replace(await self._once(cell), purpose="alone")
        if attempt.broke_endpoint:
            self._crashes[cell.id] = attempt
        self._row = self._row + 1 if self._is_broken else 0
        if self._row == _ROW:
            await self._ask_root(cell)
        return self._ground.unless_failed(cell, attempt)

    async def _ask_root(self, cell: Cell) -> None:
        """Raise Unresponsive when the root, too, breaks what several cells in a row broke."""
        root = cell
        while (twin := root.control(self._catalogue)) is not None:
            root = twin
        await self._ground.restart()
        with self._in_flight(cell, "control", self._job.pace.again):
            found = await self._ground.attempt(root, None, self._job.pace.again)
        if found.broke_endpoint:
            raise Unresponsive(f"a fresh one breaks at {root.case.id} too: {found.verdict.reason}")
        self._row = 0

    async def _settle(self, doubtful: list[tuple[Cell, Attempt]]) -> None:
        pace = self._job.pace
        slowly = Slowly(pace.again, pace.confirmations, pace.lanes)

        def in_flight(cell: Cell, purpose: str) -> AbstractContextManager[None]:
            return self._in_flight(cell, purpose, pace.again)

        confirmation = Confirmation(self._ground, self._catalogue, slowly, in_flight)
        await confirmation.settle(doubtful, self._finish)

    @contextmanager
    def _in_flight(self, cell: Cell, purpose: str, patience: Patience) -> Iterator[None]:
        """Let the supervisor wait for this cell, its controls included, and no longer."""
        limit_s = _DEPTH * (_REST_FACTOR * patience.case_s + _REST_S)
        self._report(Started(cell.id, purpose, limit_s))
        yield
        self._report(Ended(cell.id))
