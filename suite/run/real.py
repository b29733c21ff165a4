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
from wtspec.suite.run.confirm import needs_confirming
from wtspec.suite.run.confirming import Confirmation, Slowly
from wtspec.suite.run.factory import CannotStart, EndpointFactory
from wtspec.suite.run.ground import Ground
from wtspec.suite.run.plan import Cell, CellSpec, Plan
from wtspec.suite.run.worker import Ended, Finished, Report, Spoke, Started, Trouble
from wtspec.suite.verdict import Observation

_START_FAILURES = (EndpointGone, EndpointMisuse, CannotStart, OSError)
# Beside the script: the aftermath, and closing what the cell opened.
_REST_FACTOR = 3.0
_REST_S = 3.0
# A cell may wait for its control, and that for its own.
_DEPTH = 3
_DAY_S = 86_400.0
_ENDLESS = Patience(_DAY_S, _DAY_S, FAST.quiet_s, _DAY_S, _DAY_S)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many cells at once, how patiently, and how often a red one is looked at again."""

    at_once: int = 8
    confirmations: int = 2
    first: Patience = FAST
    again: Patience = SLOW

    @property
    def endless(self) -> "Pace":
        """For somebody who looks with a debugger: nothing is ever overdue, nothing repeated."""
        return Pace(self.at_once, 0, _ENDLESS, _ENDLESS)


@dataclass(frozen=True, slots=True)
class RealJob:
    """A group of cells for a worker process: all in one role, dialect and configuration.

    `known`: signatures of failures that a baseline expects, by cell; they need no confirming.
    """

    factory: EndpointFactory
    cells: tuple[CellSpec, ...]
    pace: Pace = Pace()
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
    known: Mapping[str, frozenset[str]] = MappingProxyType({}),
    package: str = catalogues.CASES,
) -> list[RealJob]:
    """One job for each start of the endpoint."""
    jobs: list[RealJob] = []
    for group in plan.groups:
        here = {one.id: known[one.id] for one in group.cells if one.id in known}
        specs = tuple(one.spec for one in group.cells)
        jobs.append(RealJob(factory, specs, pace, plan.seed, package, here))
    return jobs


class _GroupRun:
    """The life of one group in its worker."""

    def __init__(self, job: RealJob, report: Report) -> None:
        self._job = job
        self._report = report
        self._catalogue = catalogues.load(job.package)
        self._cells = [one.cell(self._catalogue) for one in job.cells]
        self._ground = Ground(job.factory, self._cells[0], job.seed, report)
        self._is_broken = False
        # Attempts of the fast pass by key: a control is run once, also where it is a cell itself.
        self._running: dict[str, asyncio.Task[Attempt]] = {}

    async def run(self) -> None:
        report_callbacks(asyncio.get_running_loop(), self._ground.failures.append)
        try:
            await self._ground.start()
        except EndpointNotOffered as refusal:
            self._finish_all(Observation(not_applicable=f"not offered: {refusal}"), "role")
            return
        except _START_FAILURES as error:
            self._report(Trouble(str(error)))
            self._finish_all(Observation(premise_missing=f"the endpoint did not start: {error}"))
            return
        try:
            hello = self._ground.endpoint.hello
            self._report(Spoke(hello.name, hello.version, str(self._cells[0].dialect)))
            await self._settle(await self._fast_pass())
        except _START_FAILURES as error:
            self._report(Trouble(f"the endpoint does not start again: {error}"))
        finally:
            await self._ground.stop()

    def _finish_all(self, seen: Observation, cause: str = "") -> None:
        for cell in self._cells:
            self._finish(cell, (idle_attempt(cell, seen, cause),))

    def _finish(self, cell: Cell, attempts: Sequence[Attempt]) -> None:
        self._report(Finished(cell.id, tuple(attempts)))

    async def _fast_pass(self) -> list[tuple[Cell, Attempt]]:
        """Every cell once; returns those whose verdict needs confirming."""
        waiting = deque(self._cells)
        doubtful: list[tuple[Cell, Attempt]] = []
        while waiting:
            done, suspects = await self._wave(waiting)
            for cell in suspects:
                await self._ground.restart()
                done.append((cell, await self._alone(cell)))
            if self._is_broken:
                await self._ground.restart()
                self._is_broken = False
            for cell, attempt in done:
                if needs_confirming(attempt) and not self._job.knows(cell, attempt):
                    doubtful.append((cell, attempt))
                else:
                    self._finish(cell, (attempt,))
        return doubtful

    async def _wave(self, waiting: deque[Cell]) -> tuple[list[tuple[Cell, Attempt]], list[Cell]]:
        """Run side by side until none waits, or the endpoint broke: then who was in flight?"""
        done: list[tuple[Cell, Attempt]] = []
        suspects: list[Cell] = []

        async def lane() -> None:
            while waiting and not self._is_broken:
                cell = waiting.popleft()
                with self._in_flight(cell, "first", self._job.pace.first):
                    attempt = await self._once(cell)
                if attempt.broke_endpoint or self._ground.failures:
                    self._is_broken = True
                if self._is_broken:
                    suspects.append(cell)
                else:
                    done.append((cell, attempt))

        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._job.pace.at_once):
                lanes.create_task(lane())
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
        return await self._ground.attempt(cell, control, self._job.pace.first)

    async def _alone(self, cell: Cell) -> Attempt:
        self._running.clear()
        with self._in_flight(cell, "alone", self._job.pace.first):
            attempt = replace(await self._once(cell), purpose="alone")
        self._is_broken = attempt.broke_endpoint
        return self._ground.unless_failed(cell, attempt)

    async def _settle(self, doubtful: list[tuple[Cell, Attempt]]) -> None:
        pace = self._job.pace
        slowly = Slowly(pace.again, pace.confirmations, pace.at_once)

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
