"""Outside the event loops: hands jobs to worker processes and kills the worker that overstays.

A worker that stalls or dies takes no verdict with it: its finished cells stand, those in flight run
again alone, and only the one that repeats it is a harness error; its other cells run elsewhere.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from wtspec.suite.endpoint import processes
from wtspec.suite.run.worker import (
    LEAVE_S,
    Ended,
    Finished,
    Job,
    JobDone,
    Message,
    Noted,
    Spoke,
    Started,
    Tending,
    Trouble,
    Weighed,
    stack_file,
    work,
)

# Forked from a small clean process: threads of ours (pytest's, a progress bar's) cannot be caught
# holding a lock, and the imports are paid for once.
_CONTEXT = multiprocessing.get_context("forkserver")
_PRELOADED = ["wtspec.suite.run.simulated", "wtspec.suite.run.real"]
_GRACE_S = 2.0
_NEVER = float("inf")
_STACK_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Dispatched:
    """These cells are about to be attempted for the first time; nothing was sent for them yet."""

    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """The attempt at `cell` ended with its worker, twice where others ran beside it."""

    cell: str
    why: str
    stack: str = ""


Event = Dispatched | Started | Finished | Trouble | Noted | Spoke | Weighed | Lost


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    job: Job | None = None
    left: dict[str, None] = field(default_factory=dict)
    in_flight: dict[str, float] = field(default_factory=dict)
    tends_until: float = _NEVER

    @property
    def deadline(self) -> float:
        return min((self.tends_until, *self.in_flight.values()))

    @property
    def is_tending(self) -> bool:
        return self.tends_until < _NEVER


class Supervisor:
    """Runs jobs in `processes` workers. `enforces`: False leaves every attempt all its time."""

    def __init__(self, processes: int, *, enforces: bool = True) -> None:
        self._enforces = enforces
        self._queue: deque[Job] = deque()
        self._workers: list[_Worker] = []
        self._count = max(processes, 1)
        # First cells of jobs whose endpoint a worker stalled at: no second one follows a third.
        self._stalled: set[str] = set()

    def run(self, jobs: Iterable[Job]) -> Generator[Event, None, None]:
        """What happens, as it happens, until all jobs are done. Closing it kills the workers."""
        self._queue.extend(jobs)
        _CONTEXT.set_forkserver_preload(_PRELOADED)
        try:
            yield from self._fill()
            while any(worker.job is not None for worker in self._workers):
                yield from self._step()
                yield from self._fill()
        finally:
            for worker in self._workers:
                self._tell_to_leave(worker)
            for worker in self._workers:
                self._dismiss(worker)

    def _fill(self) -> Iterator[Event]:
        """Give every free worker a job; a new worker only while there is work for it."""
        while self._queue and len(self._workers) < self._count:
            self._workers.append(_hire())
        for worker in self._workers:
            if worker.job is None and self._queue:
                job = self._queue.popleft()
                worker.job, worker.left = job, dict.fromkeys(job.keys)
                yield Dispatched(job.keys)
                # A worker that died idle is noticed, with its job, at the next step.
                with suppress(BrokenPipeError, ConnectionResetError):
                    worker.connection.send(job)

    def _step(self) -> Iterator[Event]:
        busy = [worker for worker in self._workers if worker.job is not None]
        patience_s = min(worker.deadline for worker in busy) - time.monotonic()
        timeout_s = max(patience_s, 0.0) if self._enforces and patience_s < _NEVER else None
        ready = wait([worker.connection for worker in busy], timeout_s)
        for worker in busy:
            if worker.connection in ready:
                yield from self._heard(worker)
            elif self._enforces and worker.deadline <= time.monotonic():
                yield from self._end(worker, "the worker stalled: nothing came of it in time")

    def _heard(self, worker: _Worker) -> Iterator[Event]:
        try:
            message: Message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join(_GRACE_S)
            yield from self._end(worker, f"the worker died, status {worker.process.exitcode}")
            return
        match message:
            case Started(cell, _, limit_s):
                worker.in_flight[cell] = time.monotonic() + limit_s + _GRACE_S
                yield message
            case Ended(cell):
                worker.in_flight.pop(cell, None)
            case Tending(limit_s):
                due = time.monotonic() + limit_s + _GRACE_S
                worker.tends_until = due if limit_s else _NEVER
            case Finished(cell, _):
                worker.in_flight.pop(cell, None)
                worker.left.pop(cell, None)
                yield message
            case JobDone(failure):
                left, worker.job = worker.left, None
                worker.in_flight.clear()
                worker.tends_until = _NEVER
                for cell in left:
                    yield Lost(cell, "the job ended without a verdict", failure)
            case Trouble() | Noted() | Spoke() | Weighed():
                yield message

    def _end(self, worker: _Worker, why: str) -> Iterator[Event]:
        """Replace a worker and hand on what it had not finished."""
        stack = _stack(worker.process) if worker.process.is_alive() else ""
        self._tell_to_leave(worker)
        self._dismiss(worker)
        self._workers.remove(worker)
        assert worker.job is not None
        in_flight = [one for one in worker.in_flight if one in worker.left]
        if worker.is_tending and not in_flight:
            yield from self._end_of_start(worker.job, [*worker.left], stack)
        else:
            yield from self._end_of_cells(worker, in_flight, why, stack)

    def _end_of_start(self, job: Job, left: Sequence[str], stack: str) -> Iterator[Event]:
        """No cell is to blame; the same job may have another try."""
        if left and left[0] not in self._stalled:
            self._stalled.add(left[0])
            self._queue.append(job.only(frozenset(left)))
            return
        for cell in left:
            yield Lost(cell, "the worker stalled twice while it started the endpoint", stack)

    def _end_of_cells(
        self, worker: _Worker, in_flight: Sequence[str], why: str, stack: str
    ) -> Iterator[Event]:
        job = worker.job
        assert job is not None
        suspects = in_flight or [*worker.left][:1]
        if len(suspects) == 1:
            yield Lost(suspects[0], why, stack)
        else:
            self._queue.extendleft(job.only(frozenset({one})) for one in suspects)
        if rest := frozenset(worker.left) - frozenset(suspects):
            self._queue.append(job.only(rest))

    def _tell_to_leave(self, worker: _Worker) -> None:
        """Ask nicely: a worker at work then stops its endpoint, an idle one just ends."""
        if worker.job is not None:
            worker.process.terminate()
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send(None)

    def _dismiss(self, worker: _Worker) -> None:
        """Wait for its end, then end it and all it started, in any case."""
        pid = worker.process.pid
        assert pid is not None
        started = processes.descendants(pid)
        worker.process.join(LEAVE_S + _GRACE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        # It may not have come as far as a group of its own.
        worker.process.kill()
        worker.process.join(_GRACE_S)
        processes.end(started)
        worker.connection.close()
        stack_file(pid).unlink(missing_ok=True)


def _hire() -> _Worker:
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _stack(process: BaseProcess) -> str:
    """The stack of a worker that is at work; faulthandler writes it even from a busy loop."""
    pid = process.pid
    assert pid is not None
    path = stack_file(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + _STACK_WAIT_S
    text = ""
    while not text.endswith("\n") and time.monotonic() < until:
        with suppress(FileNotFoundError):
            text = path.read_text(encoding="utf-8", errors="replace")
        process.join(_STACK_WAIT_S / 20)
    return text
