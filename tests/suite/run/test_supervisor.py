"""Workers that stall, die or break, and what becomes of their cells."""

import importlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from wtspec.suite.run.supervisor import Dispatched, Event, Lost, Supervisor
from wtspec.suite.run.worker import Finished, Spoke, stack_file


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("supervised_jobs")


def run(*given: Any, processes: int = 2, enforces: bool = True) -> list[Event]:
    return list(Supervisor(processes, enforces=enforces).run(given))


def finished(events: Iterable[Event]) -> list[str]:
    return sorted(one.cell for one in events if isinstance(one, Finished))


def lost(events: Iterable[Event]) -> dict[str, Lost]:
    return {one.cell: one for one in events if isinstance(one, Lost)}


def test_every_cell_is_announced_before_it_runs(jobs: Any) -> None:
    events = run(jobs.OneByOne(("a", "b"), jobs.behave), jobs.OneByOne(("c",), jobs.behave))
    assert finished(events) == ["a", "b", "c"]
    assert not lost(events)
    announced: set[str] = set()
    for event in events:
        if isinstance(event, Dispatched):
            announced.update(event.cells)
        elif isinstance(event, Finished):
            assert event.cell in announced


def test_a_busy_loop_costs_its_own_cell_only(jobs: Any) -> None:
    began_s = time.monotonic()
    events = run(jobs.OneByOne(("a", "bad", "c"), jobs.burn), processes=1)
    assert finished(events) == ["a", "c"]
    assert time.monotonic() - began_s < 15
    told = lost(events)["bad"]
    assert "stalled" in told.why
    assert "burn" in told.stack


def test_a_start_that_blocks_is_ended_from_outside(jobs: Any) -> None:
    events = run(jobs.BlockedStart(("a", "b")), jobs.OneByOne(("c",), jobs.behave), processes=1)
    assert finished(events) == ["c"]
    told = lost(events)
    assert set(told) == {"a", "b"}
    assert "stalled twice while it started the endpoint" in told["a"].why
    assert "supervised_jobs.py" in told["a"].stack


def test_a_start_that_blocks_once_costs_nothing(jobs: Any, tmp_path: Path) -> None:
    events = run(jobs.BlockedStart(("a", "b"), str(tmp_path / "mark")), processes=1)
    assert finished(events) == ["a", "b"]
    assert not lost(events)


def test_cells_in_flight_run_again_alone(jobs: Any) -> None:
    events = run(jobs.AllAtOnce(("a", "bad", "c"), jobs.die), processes=1)
    assert finished(events) == ["a", "c"]
    assert list(lost(events)) == ["bad"]
    assert "status 3" in lost(events)["bad"].why


def test_a_broken_job_loses_what_it_had_not_finished(jobs: Any) -> None:
    events = run(jobs.OneByOne(("a", "bad", "c"), jobs.fail), processes=1)
    assert finished(events) == ["a"]
    assert set(lost(events)) == {"bad", "c"}
    assert "the job is broken" in lost(events)["c"].stack


def test_without_deadlines_nobody_is_killed(jobs: Any) -> None:
    events = run(jobs.OneByOne(("a",), jobs.behave), enforces=False)
    assert finished(events) == ["a"]


def test_no_worker_outlives_the_run(jobs: Any) -> None:
    events = Supervisor(1).run([jobs.OneByOne(("a", "b"), jobs.behave)])
    pid = next(int(event.version) for event in events if isinstance(event, Spoke))
    events.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not stack_file(pid).exists()
