"""Real execution: one started endpoint for a group of cells, several of them at once.

A fast pass, then whatever would be red again, slowly and alone. When the shared endpoint breaks,
every cell that was in flight runs again alone against a new one, and only the cell that breaks that
one too is to blame.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import (
    Endpoint,
    EndpointGone,
    EndpointMisuse,
    EndpointNotOffered,
    Role,
)
from wtspec.suite.network.callbacks import CallbackFailed, report_callbacks
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.peer.patience import FAST, SLOW, Patience
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.attempt import Attempt, Control, Stage, failed_attempt, idle_attempt, run_case
from wtspec.suite.run.confirm import conclude, needs_confirming
from wtspec.suite.run.factory import CannotStart, EndpointFactory
from wtspec.suite.run.plan import Cell, CellSpec, Plan
from wtspec.suite.run.simulated import cell_seed
from wtspec.suite.run.worker import Finished, Report, Spoke, Started, Trouble
from wtspec.suite.verdict import Observation

_START_FAILURES = (EndpointGone, EndpointMisuse, CannotStart, OSError)
# Beside the script: the aftermath, and closing what the cell opened.
_REST_FACTOR = 3.0
_REST_S = 3.0
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
    """A group of cells for a worker process: all in one role, dialect and configuration."""

    factory: EndpointFactory
    cells: tuple[CellSpec, ...]
    pace: Pace = Pace()
    seed: int = 0
    package: str = catalogues.CASES

    @property
    def keys(self) -> tuple[str, ...]:
        found = catalogues.load(self.package)
        return tuple(one.cell(found).id for one in self.cells)

    def run(self, report: Report) -> None:
        asyncio.run(_GroupRun(self, report).run())

    def only(self, keys: frozenset[str]) -> "RealJob":
        left = (spec for spec, key in zip(self.cells, self.keys, strict=True) if key in keys)
        return replace(self, cells=tuple(left))


def real_jobs(
    plan: Plan, factory: EndpointFactory, pace: Pace, package: str = catalogues.CASES
) -> list[RealJob]:
    """One job for each start of the endpoint."""
    return [
        RealJob(factory, tuple(one.spec for one in group.cells), pace, plan.seed, package)
        for group in plan.groups
    ]


class _GroupRun:
    """The life of one group in its worker."""

    def __init__(self, job: RealJob, report: Report) -> None:
        self._job = job
        self._report = report
        self._catalogue = catalogues.load(job.package)
        self._cells = [one.cell(self._catalogue) for one in job.cells]
        self._endpoint: Endpoint | None = None
        self._failures: list[CallbackFailed] = []
        self._broken = False
        # Attempts of the fast pass by key: a control is run once, also where it is a cell itself.
        self._running: dict[str, asyncio.Task[Attempt]] = {}
        self._slow_controls: dict[str, Attempt] = {}

    async def run(self) -> None:
        report_callbacks(asyncio.get_running_loop(), self._failures.append)
        if not self._cells:
            return
        try:
            endpoint = await self._start()
        except EndpointNotOffered as refusal:
            self._finish_all(Observation(not_applicable=f"not offered: {refusal}"), "role")
            return
        except _START_FAILURES as error:
            self._report(Trouble(f"{error}"))
            self._finish_all(Observation(premise_missing=f"the endpoint did not start: {error}"))
            return
        hello = endpoint.hello
        self._report(Spoke(hello.name, hello.version, str(self._cells[0].dialect)))
        try:
            await self._confirm_all(await self._fast_pass())
        except _START_FAILURES as error:
            self._report(Trouble(f"the endpoint does not start again: {error}"))
        finally:
            await self._stop()

    async def _start(self) -> Endpoint:
        cell = self._cells[0]
        role, configuration, dialect = cell.role, cell.configuration, cell.dialect
        self._endpoint = await _started(self._job, role, configuration, dialect)
        self._broken = False
        return self._endpoint

    async def _stop(self) -> None:
        if self._endpoint is not None:
            endpoint, self._endpoint = self._endpoint, None
            await endpoint.stop()

    async def _restart(self) -> None:
        await self._stop()
        await self._start()

    def _finish_all(self, seen: Observation, cause: str = "") -> None:
        for cell in self._cells:
            self._report(Finished(cell.id, (idle_attempt(cell, seen, cause),)))

    async def _fast_pass(self) -> list[tuple[Cell, Attempt]]:
        """Every cell once; returns those whose verdict needs confirming."""
        waiting = deque(self._cells)
        doubtful: list[tuple[Cell, Attempt]] = []
        while waiting:
            done, suspects = await self._wave(waiting)
            for cell in suspects:
                await self._restart()
                done.append((cell, await self._alone(cell)))
            if self._broken:
                await self._restart()
            for cell, attempt in done:
                if needs_confirming(attempt):
                    doubtful.append((cell, attempt))
                else:
                    self._report(Finished(cell.id, (attempt,)))
        return doubtful

    async def _wave(self, waiting: deque[Cell]) -> tuple[list[tuple[Cell, Attempt]], list[Cell]]:
        """Run side by side until none waits, or the endpoint broke: then who was in flight?"""
        done: list[tuple[Cell, Attempt]] = []
        suspects: list[Cell] = []

        async def lane() -> None:
            while waiting and not self._broken:
                cell = waiting.popleft()
                self._started(cell, "first", self._job.pace.first)
                attempt = await self._once(cell)
                if attempt.broke_endpoint or self._failures:
                    self._broken = True
                if self._broken:
                    suspects.append(cell)
                else:
                    done.append((cell, attempt))

        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._job.pace.at_once):
                lanes.create_task(lane())
        if self._broken:
            self._failures.clear()
            self._running.clear()
        return done, suspects

    async def _once(self, cell: Cell) -> Attempt:
        """The attempt of this pass, shared with whoever has the cell for a control."""
        if (known := self._running.get(cell.key)) is None:
            running: Coroutine[Any, Any, Attempt] = self._first(cell)
            known = self._running[cell.key] = asyncio.create_task(running)
        return await asyncio.shield(known)

    async def _first(self, cell: Cell) -> Attempt:
        twin = cell.control(self._catalogue)
        control = None if twin is None else Control(twin, await self._once(twin))
        return await self._run(cell, control, self._job.pace.first)

    async def _alone(self, cell: Cell) -> Attempt:
        self._started(cell, "alone", self._job.pace.first)
        self._running.clear()
        attempt = replace(await self._once(cell), purpose="alone")
        self._broken = attempt.broke_endpoint
        return self._unless_failed(cell, attempt)

    async def _confirm_all(self, doubtful: list[tuple[Cell, Attempt]]) -> None:
        for cell, attempt in doubtful:
            again = await self._again(cell, attempt)
            final = conclude(attempt, again)
            self._report(Finished(cell.id, (attempt, *again[:-1], final) if again else (final,)))

    async def _again(self, cell: Cell, first: Attempt) -> list[Attempt]:
        """The confirming attempts, each after its control; it stops where that fails."""
        attempts: list[Attempt] = []
        for _ in range(self._job.pace.confirmations):
            control = await self._slow_control(cell, afresh=first.outcome.is_red)
            self._started(cell, "confirm", self._job.pace.again)
            attempt = await self._run(cell, control, self._job.pace.again)
            attempts.append(replace(self._unless_failed(cell, attempt), purpose="confirm"))
            if attempt.broke_endpoint:
                await self._restart()
            if control is not None and not control.attempt.outcome.is_good:
                break
        return attempts

    async def _slow_control(self, cell: Cell, *, afresh: bool) -> Control | None:
        """The control with long waits. A bad one gets a new endpoint, and a second chance."""
        twin = cell.control(self._catalogue)
        if twin is None:
            return None
        known = self._slow_controls.get(twin.key)
        if known is not None and not (afresh and known.outcome.is_good):
            return Control(twin, known)
        above = await self._slow_control(twin, afresh=False)
        self._started(cell, "control", self._job.pace.again)
        attempt = await self._run(twin, above, self._job.pace.again)
        if not attempt.outcome.is_good and (above is None or above.attempt.outcome.is_good):
            await self._restart()
            attempt = await self._run(twin, above, self._job.pace.again)
        self._slow_controls[twin.key] = attempt
        return Control(twin, attempt)

    async def _run(self, cell: Cell, control: Control | None, patience: Patience) -> Attempt:
        assert self._endpoint is not None
        network = UdpNetwork(cell_seed(self._job.seed, cell))
        stage = Stage(self._endpoint, network, patience, self._job.seed)
        return await run_case(cell, stage, control)

    def _unless_failed(self, cell: Cell, attempt: Attempt) -> Attempt:
        """The attempt, unless a callback of ours raised while it ran alone."""
        if not self._failures:
            return attempt
        failure = self._failures[0]
        self._failures.clear()
        why = "".join(traceback.format_exception(failure))
        return failed_attempt(cell, f"an exception in a callback: {failure}", why)

    def _started(self, cell: Cell, purpose: str, patience: Patience) -> None:
        # Its control, and the control's, may have to run first.
        depth = 1 if purpose != "first" else 3
        limit_s = depth * (_REST_FACTOR * patience.case_s + _REST_S)
        self._report(Started(cell.id, purpose, limit_s))


async def _started(
    job: RealJob, role: Role, configuration: Configuration, dialect: Dialect
) -> Endpoint:
    return await job.factory.start(role, configuration, dialect, UdpNetwork(job.seed))
