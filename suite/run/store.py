"""The journal of a run: SQLite that a killed run leaves readable, and evidence files beside it.

A row of `attempt` stands before the first packet leaves, and is updated once, together with the
cell's verdict, in one transaction. One process writes; a second one is refused with the first's
pid.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from wtspec.suite.run.evidence import Evidence, write_evidence
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.stored import (
    SCHEMA_VERSION,
    Stored,
    StoredCell,
    StoredRun,
    cell_from_json,
    cell_to_json,
    run_from_json,
    run_to_json,
)

DATABASE = "run.sqlite"
_LOCK = "lock"

_SCHEMA = """
CREATE TABLE run (schema_version INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE cell (
    id TEXT PRIMARY KEY, position INTEGER NOT NULL, revision TEXT NOT NULL,
    outcome TEXT, identity TEXT, record TEXT
);
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY, cell TEXT NOT NULL REFERENCES cell (id), purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('started', 'final', 'interrupted')),
    outcome TEXT, duration_ms REAL, reason TEXT
);
CREATE TABLE artefact (
    cell TEXT NOT NULL REFERENCES cell (id), kind TEXT NOT NULL, path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (cell, kind)
);
"""


class StoreError(Exception):
    """The folder cannot be written, or is no run of ours; the message says what to do."""


class StoreBusy(StoreError):
    """Another process writes this run."""


class Store:
    """The one writer of a run's folder; use it as a context manager."""

    def __init__(self, folder: Path, run: StoredRun, lock: IO[str]) -> None:
        self.folder = folder
        self.run = run
        self._lock = lock
        self._begun: dict[str, list[tuple[str, int]]] = {}
        self._database = _connect(folder / DATABASE)

    @classmethod
    def create(cls, folder: Path, run: StoredRun) -> "Store":
        """A new run in an empty or new folder."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write results to {folder}: {error.strerror}; choose another --out"
            ) from error
        lock = _locked(folder)
        if _holds_run(folder):
            lock.close()
            raise StoreError(f"{folder} holds a run already; resume it, or choose another --out")
        store = cls(folder, run, lock)
        with store._transaction() as database:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            database.execute("INSERT INTO run VALUES (?, ?)", (SCHEMA_VERSION, _dump_run(run)))
        return store

    @classmethod
    def resume(cls, folder: Path, run: StoredRun) -> "Store":
        """Continue a run; `run` describes what is being run now, its id stays the old one."""
        if not (folder / DATABASE).exists():
            raise StoreError(f"{folder} holds no run to resume")
        lock = _locked(folder)
        before = read(folder).run
        resumed = replace(run, id=before.id, started=before.started, is_resumed=True)
        store = cls(folder, resumed, lock)
        with store._transaction() as database:
            database.execute("UPDATE attempt SET state = 'interrupted' WHERE state = 'started'")
            database.execute("UPDATE run SET record = ?", (_dump_run(resumed),))
        return store

    def plan(self, cells: Iterable[Cell], revisions: Mapping[str, str]) -> None:
        """Enter the cells of this run; a cell whose case changed since loses its old verdict."""
        with self._transaction() as database:
            for position, cell in enumerate(cells):
                revision = revisions[cell.case.id]
                database.execute(
                    "INSERT INTO cell (id, position, revision) VALUES (?, ?, ?) ON CONFLICT (id) DO"
                    " UPDATE SET position = excluded.position, outcome = CASE WHEN revision ="
                    " excluded.revision THEN outcome END, revision = excluded.revision",
                    (cell.id, position, revision),
                )

    def finished(self) -> frozenset[str]:
        """Cells that need not run again: their verdict is for the same case and identity."""
        rows = self._database.execute(
            "SELECT id FROM cell WHERE outcome IS NOT NULL AND identity = ?", (self._identity(),)
        )
        return frozenset(row[0] for row in rows)

    def begin(self, cell_ids: Iterable[str], purpose: str) -> None:
        """Note that one attempt at each of these cells is about to start."""
        with self._transaction() as database:
            for name in cell_ids:
                row = database.execute(
                    "INSERT INTO attempt (cell, purpose, state) VALUES (?, ?, 'started')",
                    (name, purpose),
                ).lastrowid
                assert row is not None
                self._begun.setdefault(name, []).append((purpose, row))

    def decide(self, cell: StoredCell, evidence: Evidence | None) -> StoredCell:
        """Make the verdict durable: its files first, then its rows at once.

        Returns the cell with the paths of its evidence.
        """
        try:
            artefacts = write_evidence(self.folder, cell, evidence)
        except OSError as error:
            raise StoreError(
                f"cannot write evidence to {self.folder}: {error.strerror}; make room, and go on"
                f" with --resume {self.folder}"
            ) from error
        cell = replace(cell, evidence={one.kind: one.path for one in artefacts})
        begun = self._begun.pop(cell.id, [])
        with self._transaction() as database:
            for attempt in cell.attempts:
                row = next((row for purpose, row in begun if purpose == attempt.purpose), None)
                begun = [one for one in begun if one[1] != row]
                database.execute(
                    "UPDATE attempt SET state = 'final', outcome = ?, duration_ms = ?, reason = ?"
                    " WHERE number = ?",
                    (attempt.outcome, attempt.duration_ms, attempt.reason, row),
                )
            # What began and has no end of its own was cut off, or its endpoint broke beside it.
            database.executemany(
                "UPDATE attempt SET state = 'interrupted' WHERE number = ?",
                [(row,) for _, row in begun],
            )
            database.execute(
                "UPDATE cell SET outcome = ?, identity = ?, record = ? WHERE id = ?",
                (cell.outcome, self._identity(), json.dumps(cell_to_json(cell)), cell.id),
            )
            database.executemany(
                "INSERT OR REPLACE INTO artefact VALUES (?, ?, ?, ?, ?)",
                [(cell.id, a.kind, a.path, a.size_bytes, a.sha256) for a in artefacts],
            )
        return cell

    def finish(self, run: StoredRun) -> None:
        """Record the run's last facts: what was really spoken, how long it took, whether whole."""
        self.run = replace(run, id=self.run.id)
        with self._transaction() as database:
            database.execute("UPDATE run SET record = ?", (_dump_run(self.run),))

    def close(self) -> None:
        self._database.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _identity(self) -> str:
        return json.dumps(self.run.identity)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
        except sqlite3.Error as error:
            raise StoreError(f"cannot write results to {self.folder}: {error}") from error


def read(folder: Path) -> Stored:
    """The run in a folder, finished or not; cells without a verdict are `not-run`."""
    path = folder / DATABASE
    if not path.exists():
        raise StoreError(f"{folder} holds no run; `wtspec run --out {folder}` makes one")
    database = _connect(path)
    try:
        found = database.execute("SELECT schema_version, record FROM run").fetchone()
        version, record = found or (None, "")
        if version not in {SCHEMA_VERSION, SCHEMA_VERSION - 1}:
            raise StoreError(
                f"{folder} was written in format {version}, which is not readable here"
            )
        rows = database.execute("SELECT id, outcome, record FROM cell ORDER BY position").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path} is no journal that can be read ({error})") from error
    finally:
        database.close()
    cells = (
        cell_from_json(json.loads(record)) if outcome else _not_run(name)
        for name, outcome, record in rows
    )
    return Stored(run_from_json(json.loads(record)), tuple(cells))


def _not_run(cell_id: str) -> StoredCell:
    named, _, where = cell_id.partition("@")
    dialect, _, role = where.partition("/")
    case, _, parameter = named.partition("[")
    return StoredCell(
        cell_id,
        case,
        role,
        dialect,
        "not-run",
        parameter=parameter.removesuffix("]") or None,
        reason="the run ended before it",
    )


def _connect(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, isolation_level=None, timeout=5)
        database.execute("PRAGMA journal_mode = WAL")
        # A verdict once shown must survive a power cut too.
        database.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as error:
        raise StoreError(f"cannot open {path}: {error}") from error
    return database


def _holds_run(folder: Path) -> bool:
    """A run that was killed before it was written down left an empty file."""
    database = folder / DATABASE
    if not database.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True)) as found:
            return found.execute("SELECT 1 FROM run").fetchone() is not None
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True  # somebody's file, though none of ours


def _dump_run(run: StoredRun) -> str:
    return json.dumps(run_to_json(run))


def _locked(folder: Path) -> IO[str]:
    """The lock file, held by this process until it is closed; its content is the pid."""
    try:
        lock = (folder / _LOCK).open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(
            f"cannot write results to {folder}: {error.strerror}; choose another --out"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid = lock.read().strip() or "unknown"
        lock.close()
        raise StoreBusy(
            f"process {pid} writes {folder} at this moment; wait for it, or choose another --out"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
