"""Virtual execution: a fresh loop, network and endpoint for every cell; nothing ever waits.

Longer waits cost nothing here, so the slow patience is used at once and nothing needs confirming.
"""

import resource
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wtspec.suite.network.callbacks import CallbackFailed
from wtspec.suite.network.randomness import draw
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.patience import SLOW
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.attempt import Attempt, Control, Stage, failed_attempt, run_case
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.factory import EndpointFactory, Watched
from wtspec.suite.run.plan import Cell, CellSpec, Plan
from wtspec.suite.run.worker import Finished, Report, Started

# Wall time of a cell that takes 20 ms when all is well: this is for livelocks, on any machine.
_LIMIT_S = 60.0
_LIMIT_VIRTUAL_S = 600.0
_CELLS_PER_JOB = 16
_ADDRESS_SPACE_BYTES = 3 << 30


@dataclass(slots=True)
class Simulation:
    """Runs cells against one kind of endpoint; controls are run once and remembered.

    `is_compared`: their evidence has a fingerprint.
    """

    catalogue: Catalogue
    factory: EndpointFactory
    seed: int = 0
    is_compared: bool = False
    _controls: dict[str, Attempt] = field(default_factory=dict)

    def attempt(self, cell: Cell) -> Attempt:
        """The verdict on one cell, its control being run first if it was not yet."""
        if (known := self._controls.get(cell.key)) is not None:
            return known
        twin = cell.control(self.catalogue)
        control = None if twin is None else Control(twin, self.remembered(twin))
        return self._run(cell, control)

    def remembered(self, cell: Cell) -> Attempt:
        """The attempt at a control."""
        if (known := self._controls.get(cell.key)) is None:
            known = self._controls[cell.key] = self.attempt(cell)
        return known

    def _run(self, cell: Cell, control: Control | None) -> Attempt:
        failures: list[CallbackFailed] = []
        try:
            attempt = run_virtual(
                self._on_stage(cell, control),
                limit_s=_LIMIT_VIRTUAL_S,
                on_failure=failures.append,
            )
        except Exception as error:  # noqa: BLE001 - there is no endpoint here but ours
            why = f"{type(error).__name__}: {error}"
            return failed_attempt(cell, why, traceback.format_exc())
        if failures:
            why = "".join(traceback.format_exception(failures[0]))
            return failed_attempt(cell, f"an exception in a callback: {failures[0]}", why)
        return attempt

    async def _on_stage(self, cell: Cell, control: Control | None) -> Attempt:
        network = VirtualNetwork(cell_seed(self.seed, cell))
        endpoint = await self.factory.start(cell.role, cell.configuration, cell.dialect, network)
        try:
            stage = Stage(endpoint, network, SLOW, self.seed, self.is_compared)
            attempt = await run_case(cell, stage, control)
        finally:
            await endpoint.stop()
        if not isinstance(endpoint, Watched) or endpoint.showing is None:
            return attempt
        showing = frozenset(endpoint.showing)
        return replace(attempt, evidence=replace(attempt.evidence, showing=showing))


def cell_seed(seed: int, cell: Cell) -> int:
    """The seed of one cell's network: neither order nor company changes its fates."""
    return int(draw(seed, cell.key, "network") * (1 << 53))


def _bound_memory() -> None:
    """A flood that gets past every bound of ours ends in MemoryError, not in the machine's swap.

    Not where programs are started: they would inherit it, and some reserve far more than they use.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > _ADDRESS_SPACE_BYTES:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, hard))


# One simulation per process and kind of endpoint: controls are shared by all jobs of a run.
_CURRENT: dict[tuple[str, EndpointFactory, int, bool], Simulation] = {}


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """A batch of cells for a worker process."""

    factory: EndpointFactory
    cells: tuple[CellSpec, ...]
    seed: int = 0
    package: str = catalogues.CASES
    keeps_evidence: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        found = catalogues.load(self.package)
        return tuple(one.cell(found).id for one in self.cells)

    def run(self, report: Report) -> None:
        _bound_memory()
        simulation = self._simulation()
        for spec in self.cells:
            cell = spec.cell(simulation.catalogue)
            report(Started(cell.id, "first", _LIMIT_S))
            attempt = simulation.attempt(cell)
            if not self.keeps_evidence:
                attempt = replace(attempt, evidence=attempt.evidence.slight)
            report(Finished(cell.id, (attempt,)))

    def only(self, keys: frozenset[str]) -> "SimulatedJob":
        left = (spec for spec, key in zip(self.cells, self.keys, strict=True) if key in keys)
        return replace(self, cells=tuple(left))

    def _simulation(self) -> Simulation:
        known = (self.package, self.factory, self.seed, self.keeps_evidence)
        if known not in _CURRENT:
            _CURRENT.clear()  # faults follow one another; none comes back
            found = catalogues.load(self.package)
            is_compared = not self.keeps_evidence
            _CURRENT[known] = Simulation(found, self.factory, self.seed, is_compared)
        return _CURRENT[known]


def simulated_jobs(
    plan: Plan, factory: EndpointFactory, package: str = catalogues.CASES
) -> list[SimulatedJob]:
    """Batches small enough to share evenly, of cells that share their controls."""
    return [
        SimulatedJob(factory, batch, plan.seed, package)
        for group in plan.groups
        for batch in _batches([one.spec for one in group.cells])
    ]


def _batches(specs: Sequence[CellSpec]) -> list[tuple[CellSpec, ...]]:
    starts = range(0, len(specs), _CELLS_PER_JOB)
    return [tuple(specs[at : at + _CELLS_PER_JOB]) for at in starts]
