"""What a run costs, in units that do not depend on the machine: one bare session of the engine."""

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.run.bare_session import open_in_memory, open_to
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.real import Pace, real_jobs
from wtspec.suite.run.simulated import Simulation, simulated_jobs
from wtspec.suite.run.supervisor import Supervisor
from wtspec.suite.run.worker import Finished, Job

_SESSIONS, _ROUNDS = 30, 5
_SESSION_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; `unit` says of what, `target` what it should stay under, if anything."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def ok(self) -> bool:
        return self.target is None or self.value <= self.target


# What the figures should stay under; wall time on a machine that does nothing else.
CPU_SESSIONS = 4.0
PEAK_MIB = 300.0
BATCH_CELLS, BATCH_S = 140, 4.0
REAL_SESSIONS = 4.0


@dataclass(frozen=True, slots=True)
class Means:
    """How a program is run: what `real_jobs` takes beside the plan."""

    factory: EndpointFactory
    pace: Pace
    workers: int
    known: Mapping[str, frozenset[str]]


def simulated(plan: Plan, factory: EndpointFactory, processes: int) -> Iterator[Figure]:
    """The catalogue against an embedded endpoint: CPU in one process, wall in several."""
    bare_s = _bare_session_s(plan.cells[0].dialect)
    yield Figure("bare session, CPU", bare_s * 1000, "ms")
    simulation = Simulation(plan.catalogue, factory, plan.seed)
    spent_s = _cpu_s(lambda: [simulation.attempt(cell) for cell in plan.cells])
    per_cell_s = spent_s / len(plan.cells)
    yield Figure("cell, CPU", per_cell_s * 1000, "ms")
    yield Figure("cell, CPU in bare sessions", per_cell_s / bare_s, "sessions", CPU_SESSIONS)
    wall_s = _wall_s(lambda: _finished(simulated_jobs(plan, factory), processes))
    yield Figure(f"whole run, wall, {processes} processes", wall_s, "s")
    batch_s = wall_s / len(plan.cells) * BATCH_CELLS
    yield Figure(f"{BATCH_CELLS} cells, wall, {processes} processes", batch_s, "s", BATCH_S)
    yield Figure("peak memory", _peak_bytes() / (1 << 20), "MiB", PEAK_MIB)


def real(plan: Plan, means: Means) -> Iterator[Figure]:
    """The catalogue against a program over UDP, in units of one session with it."""
    session_s = asyncio.run(_real_session_s(means.factory, plan.cells[0].dialect))
    yield Figure("real session, wall", session_s * 1000, "ms")
    jobs = real_jobs(plan, means.factory, means.pace, workers=means.workers, known=means.known)
    wall_s = _wall_s(lambda: _finished(jobs, means.workers))
    yield Figure(f"whole real run, wall, {means.workers} workers", wall_s, "s")
    per_cell = wall_s / len(plan.cells) / session_s
    yield Figure("real cell, wall in real sessions", per_cell, "sessions", REAL_SESSIONS)


def start_of_help(command: Sequence[str], target_s: float) -> Figure:
    """How long a person waits for `--help`; the best of a few, since it is about our imports."""
    spent = [_wall_s(lambda: _run(command)) for _ in range(_ROUNDS)]
    return Figure("start of --help, wall", min(spent), "s", target_s)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words


def this_program(*words: str) -> list[str]:
    """The command line of this very installation."""
    start = "from wtspec.suite.commands.main import main; main()"
    return [sys.executable, "-c", start, *words]


def _bare_session_s(dialect: Dialect) -> float:
    """CPU seconds of one session between two bare ends; the median of some rounds."""

    def some() -> None:
        for number in range(_SESSIONS):
            run_virtual(open_in_memory(VirtualNetwork(number), dialect))

    some()  # imports, caches
    return statistics.median(_cpu_s(some) for _ in range(_ROUNDS)) / _SESSIONS


async def _real_session_s(factory: EndpointFactory, dialect: Dialect) -> float:
    endpoint = await factory.start(Role.SERVER, DEFAULT, dialect, UdpNetwork())
    clock = asyncio.get_running_loop().time
    spent: list[float] = []
    try:
        for _ in range(_SESSIONS):
            began_s = clock()
            await open_to(UdpNetwork(), endpoint.address, dialect, _SESSION_LIMIT_S)
            spent.append(clock() - began_s)
    finally:
        await endpoint.stop()
    return statistics.median(spent)


def _finished(jobs: Sequence[Job], processes: int) -> int:
    return sum(isinstance(event, Finished) for event in Supervisor(processes).run(jobs))


def _cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _wall_s(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def _peak_bytes() -> int:
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
