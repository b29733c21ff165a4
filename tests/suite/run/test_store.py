"""The journal: durable, resumable, one writer."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wtspec.suite.run.evidence import Evidence, file_name
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.store import DATABASE, Store, StoreBusy, StoreError, read
from wtspec.suite.run.stored import (
    StoredAttempt,
    StoredCell,
    StoredMoment,
    StoredRule,
    StoredRun,
    cell_from_json,
    cell_to_json,
)

EVIDENCE = Evidence((StoredMoment(1.5, "sent", "stream 0", "DATA", "x"),), b"\x0a\x0d", "KEYS\n")


def judged(cell: Cell, outcome: str = "fail") -> StoredCell:
    return StoredCell(
        cell.id,
        cell.case.id,
        str(cell.role),
        cell.dialect.name,
        outcome,
        reason="Reset(7)",
        requirement=StoredRule("bidi-layout", "section 4", "MUST", "paraphrase"),
        expected=("Fin()",),
        tolerated={"Stop()": "a note"},
        timeline=EVIDENCE.timeline,
        attempts=(StoredAttempt("first", outcome, 2.5, "Reset(7)"),),
    )


def plan(store: Store, cells: tuple[Cell, ...], revision: str = "abc") -> None:
    store.plan(cells, dict.fromkeys((one.case.id for one in cells), revision))


def test_a_cell_survives_json(cells: tuple[Cell, ...]) -> None:
    cell = judged(cells[0])
    assert cell_from_json(json.loads(json.dumps(cell_to_json(cell)))) == cell


def test_what_was_decided_is_read_back(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]
) -> None:
    with Store.create(tmp_path / "out", run) as store:
        plan(store, cells)
        store.begin([cells[0].id, cells[1].id], "first")
        kept = store.decide(judged(cells[0]), EVIDENCE)
        store.finish(replace(run, is_complete=True))
    found = read(tmp_path / "out")
    assert found.run == replace(run, is_complete=True)
    assert found.cells[0] == kept
    assert {one.outcome for one in found.cells[1:]} == {"not-run"}
    assert [one.id for one in found.cells] == [one.id for one in cells]
    assert found.totals == {"fail": 1, "not-run": len(cells) - 1}


def test_evidence_is_written_for_everything_but_a_pass(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]
) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        red = store.decide(judged(cells[0]), EVIDENCE)
        green = store.decide(judged(cells[1], "pass"), EVIDENCE)
    assert green.evidence == {}
    assert (tmp_path / red.evidence["packets"]).read_bytes() == b"\x0a\x0d"
    assert (tmp_path / red.evidence["keys"]).read_text() == "KEYS\n"
    assert json.loads((tmp_path / red.evidence["timeline"]).read_text())[0]["what"] == "DATA"
    assert not list(tmp_path.rglob("*.part"))
    assert (tmp_path / red.evidence["keys"]).stat().st_mode & 0o077 == 0


def test_an_attempt_stands_before_it_ends(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]
) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        store.begin([cells[0].id], "first")
        assert states(tmp_path) == [("first", "started", None)]
        store.begin([cells[0].id], "confirm")
        again = StoredAttempt("confirm", "pass", 1.0)
        cell = judged(cells[0])
        store.decide(replace(cell, attempts=(*cell.attempts, again)), None)
        assert states(tmp_path) == [("first", "final", "fail"), ("confirm", "final", "pass")]


def test_attempts_are_told_apart_by_their_purpose(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]
) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        for purpose in ("first", "alone", "confirm", "confirm"):
            store.begin([cells[0].id], purpose)
        attempts = tuple(
            StoredAttempt(*one) for one in [("alone", "crash", 1.0), ("confirm", "pass", 2.0)]
        )
        store.decide(replace(judged(cells[0]), attempts=attempts), None)
    assert states(tmp_path) == [
        ("first", "interrupted", None),
        ("alone", "final", "crash"),
        ("confirm", "final", "pass"),
        ("confirm", "interrupted", None),
    ]


def states(folder: Path) -> list[tuple[str, str, str | None]]:
    database = sqlite3.connect(folder / DATABASE)
    try:
        rows = database.execute("SELECT purpose, state, outcome FROM attempt ORDER BY number")
        return rows.fetchall()
    finally:
        database.close()


def test_resuming_skips_what_is_final_for_the_same_run(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]
) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        store.begin([cells[0].id, cells[1].id], "first")
        store.decide(judged(cells[0]), None)
    with Store.resume(tmp_path, replace(run, id="another")) as store:
        assert store.run.id == run.id
        assert store.run.is_resumed
        plan(store, cells)
        assert store.finished() == {cells[0].id}
        assert states(tmp_path)[1] == ("first", "interrupted", None)


@pytest.mark.parametrize("change", [{"seed": 8}, {"endpoint": "other"}, {"versions": {}}])
def test_another_run_skips_nothing(
    tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...], change: dict[str, object]
) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        store.decide(judged(cells[0]), None)
    other = replace(run, **change)  # type: ignore[arg-type]  # each is a field of its type
    with Store.resume(tmp_path, other) as store:
        plan(store, cells)
        assert store.finished() == frozenset()


def test_a_changed_case_runs_again(tmp_path: Path, run: StoredRun, cells: tuple[Cell, ...]) -> None:
    with Store.create(tmp_path, run) as store:
        plan(store, cells)
        store.decide(judged(cells[0]), None)
    with Store.resume(tmp_path, run) as store:
        plan(store, cells, revision="changed")
        assert store.finished() == frozenset()


def test_a_second_writer_is_refused_with_the_pid_of_the_first(
    tmp_path: Path, run: StoredRun
) -> None:
    with Store.create(tmp_path, run), pytest.raises(StoreBusy, match=f"process {os.getpid()} "):
        Store.resume(tmp_path, run)


def test_a_folder_with_a_run_is_not_overwritten(tmp_path: Path, run: StoredRun) -> None:
    Store.create(tmp_path, run).close()
    with pytest.raises(StoreError, match="resume it, or choose another --out"):
        Store.create(tmp_path, run)


def test_folders_that_do_not_fit(tmp_path: Path, run: StoredRun) -> None:
    with pytest.raises(StoreError, match="holds no run to resume"):
        Store.resume(tmp_path, run)
    with pytest.raises(StoreError, match="holds no run"):
        read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write results"):
        Store.create(tmp_path / "file" / "below", run)


WRITER = """
import sys
from pathlib import Path
from wtspec.suite.run.store import Store
from wtspec.suite.run.stored import StoredAttempt, StoredCell, StoredRun
store = Store.create(Path(sys.argv[1]), StoredRun("r", 1, "e", {}))
database = store._database
for number in range(100_000):
    name = f"a/{number}@h3-16/server"
    with store._transaction():
        database.execute("INSERT INTO cell VALUES (?, ?, '', NULL, NULL, NULL)", (name, number))
    store.begin([name], "first")
    attempt = StoredAttempt("first", "pass", 1.0)
    store.decide(StoredCell(name, "a", "server", "h3-16", "pass", attempts=(attempt,)), None)
    print(name, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40])
def test_what_was_announced_survives_sigkill(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        announced = [child.stdout.readline().strip() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        announced += [line.strip() for line in child.stdout if line.endswith("\n")]
    stored = {one.id: one.outcome for one in read(tmp_path / "out").cells}
    assert all(stored[name] == "pass" for name in announced)


def test_file_names_are_plain_and_distinct() -> None:
    one, two = file_name("a/b[x=1]@h3-16/server"), file_name("a/b[x-1]@h3-16/server")
    assert one != two
    assert not set(one) - set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(file_name("x" * 500)) < 120
