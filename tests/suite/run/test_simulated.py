"""Virtual execution: controls remembered, order without effect, our mistakes told as ours."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from wtspec.suite.commands.attach import EmbeddedReference
from wtspec.suite.dialect import Dialect, dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import BOTH, Endpoint, Role
from wtspec.suite.network.link import Network
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.requirements import ledger
from wtspec.suite.run import bench
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run.bare_session import open_in_memory, open_to
from wtspec.suite.run.plan import Plan, cells_of
from wtspec.suite.run.select import Selection
from wtspec.suite.run.simulated import Simulation, cell_seed, simulated_jobs
from wtspec.suite.run.worker import Finished, Message, Started
from wtspec.suite.verdict import Outcome

SELECTED = ("setup/echo", "origin/allowed", "origin/refused", "resets/code-reported")


@pytest.fixture
def plan() -> Plan:
    found = catalogues.load()
    cells = Selection(found, SELECTED, ledger.load()).cells(BOTH, [dialect("h3-16")])
    return Plan(found, cells, seed=3)


def test_neither_order_nor_company_changes_what_is_seen(plan: Plan) -> None:
    there = Simulation(plan.catalogue, EmbeddedReference(), plan.seed, is_compared=True)
    back = Simulation(plan.catalogue, EmbeddedReference(), plan.seed, is_compared=True)
    first = {one.id: there.attempt(one) for one in plan.cells}
    second = {one.id: back.attempt(one) for one in reversed(plan.cells)}
    for name, attempt in first.items():
        assert attempt.outcome is Outcome.PASS, attempt.verdict
        assert attempt.verdict == second[name].verdict
        assert attempt.evidence.fingerprint
        assert attempt.evidence.fingerprint == second[name].evidence.fingerprint
        assert attempt.duration_s == second[name].duration_s


def test_a_control_is_run_once(plan: Plan) -> None:
    simulation = Simulation(plan.catalogue, EmbeddedReference(), plan.seed)
    control = plan.cells[-1].control(plan.catalogue)
    assert control is not None
    assert simulation.remembered(control) is simulation.remembered(control)
    assert simulation.attempt(control) is simulation.remembered(control)


def test_seeds_differ_by_cell_and_by_run(plan: Plan) -> None:
    seeds = {cell_seed(seed, cell) for cell in plan.cells for seed in (0, 1)}
    assert len(seeds) == 2 * len(plan.cells)


def test_jobs_cross_to_workers_and_report_every_cell(plan: Plan) -> None:
    jobs = simulated_jobs(plan, EmbeddedReference())
    assert [key for job in jobs for key in job.keys] == [
        cell.id for group in plan.groups for cell in group.cells
    ]
    job = jobs[0]
    assert pickle.loads(pickle.dumps(job)) == job
    part = job.only(frozenset(job.keys[:2]))
    messages: list[Message] = []
    part.run(messages.append)
    assert [type(one) for one in messages] == [Started, Finished] * 2


@dataclass(frozen=True)
class Broken:
    """A factory with a bug of ours in it."""

    raises: Callable[[], None]
    start_s: float = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        self.raises()
        raise AssertionError(f"{role} {configuration} {dialect} {network}")


def boom() -> None:
    raise ZeroDivisionError("ours")


def test_what_breaks_around_a_cell_is_a_harness_error(plan: Plan) -> None:
    simulation = Simulation(plan.catalogue, Broken(boom))
    (root,) = (one for one in plan.catalogue if one.control is None)
    (cell, *_) = cells_of(root, [Role.SERVER], [dialect("h3-16")])
    attempt = simulation.attempt(cell)
    assert attempt.outcome is Outcome.HARNESS_ERROR
    assert attempt.verdict.reason == "ZeroDivisionError: ours"
    assert "boom" in attempt.evidence.traceback


def test_a_bare_session_opens_in_memory() -> None:
    run_virtual(open_in_memory(VirtualNetwork(0), dialect("h3-16")))
    with pytest.raises(TimeoutError):
        run_virtual(open_to(VirtualNetwork(0), ("127.0.0.1", 9), dialect("h3-16"), within_s=1))


def test_figures_know_their_targets() -> None:
    assert bench.Figure("x", 0.2, "s", 0.3).ok
    assert not bench.Figure("x", 0.4, "s", 0.3).ok
    assert bench.Figure("x", 99, "s").ok
    assert bench.start_of_help(["true"], 5.0).ok


def test_a_simulation_is_measured(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> None:
    monkeypatch.setattr(bench, "_SESSIONS", 2)
    monkeypatch.setattr(bench, "_ROUNDS", 1)
    small = Plan(plan.catalogue, plan.cells[:2])
    figures = {one.name: one for one in bench.simulated(small, EmbeddedReference(), 1)}
    assert figures["bare session, CPU"].value > 0
    assert figures["cell, CPU in bare sessions"].unit == "sessions"
    assert figures["peak memory"].value > 1
