"""A run that is killed again and again: what it acknowledged stands, and nothing of it is left."""

import hashlib
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from wtspec.suite.run.store import DATABASE, read

MAIN = (sys.executable, "-c", "from wtspec.suite.commands.main import main; main()")
MARK = "WTSPEC_TEST_OF_KILLS"
POLL_S = 0.02
GONE_S = 20.0
NEVER_S = 60.0


@dataclass(frozen=True)
class Journal:
    """`verdicts`: the record of every decided cell. `attempts`: cell, purpose and state by row."""

    verdicts: dict[str, str]
    attempts: dict[int, tuple[str, str, str]]

    def attempts_at(self, cell: str) -> dict[int, tuple[str, str, str]]:
        return {number: row for number, row in self.attempts.items() if row[0] == cell}


EMPTY = Journal({}, {})


def journal(folder: Path) -> Journal:
    """What is committed, be it beside a run that goes on; empty before there is anything."""
    try:
        with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=rw", uri=True)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            verdicts = database.execute("SELECT id, record FROM cell WHERE outcome IS NOT NULL")
            attempts = database.execute("SELECT number, cell, purpose, state FROM attempt")
            return Journal(
                dict(verdicts),
                {number: (cell, purpose, state) for number, cell, purpose, state in attempts},
            )
    except sqlite3.OperationalError:
        return EMPTY


def holds_run(folder: Path) -> bool:
    """A run may be written down before anything of it is."""
    with suppress(sqlite3.OperationalError):
        where = f"file:{folder / DATABASE}?mode=rw"
        with closing(sqlite3.connect(where, uri=True)) as database:
            return database.execute("SELECT 1 FROM run").fetchone() is not None
    return False


def decided(folder: Path) -> frozenset[str]:
    """Cells whose verdict was committed, cheaply."""
    with suppress(sqlite3.OperationalError):
        where = f"file:{folder / DATABASE}?mode=rw"
        with closing(sqlite3.connect(where, uri=True)) as database:
            rows = database.execute("SELECT id FROM cell WHERE outcome IS NOT NULL")
            return frozenset(row[0] for row in rows)
    return frozenset()


@dataclass
class Victim:
    """Runs of one selection, in folders below `home`, one life after another."""

    home: Path
    words: tuple[str, ...]
    token: str
    choices: random.Random
    number: int = 0
    kills: int = 0

    @property
    def folder(self) -> Path:
        return self.home / f"out{self.number}"

    @property
    def temporary(self) -> Path:
        return self.home / "t"

    @property
    def errors(self) -> Path:
        return self.home / "stderr"

    def live(self) -> subprocess.Popen[bytes]:
        """Begin, or go on; in a process group of its own."""
        self.temporary.mkdir(exist_ok=True)
        resumed = holds_run(self.folder)
        where = "--resume" if resumed else "--out"
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                [*MAIN, "run", *self.words, "-q", where, str(self.folder)],
                start_new_session=True,
                env={**os.environ, MARK: self.token, "TMPDIR": str(self.temporary)},
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def die(self) -> frozenset[str]:
        """Live for a random while; what was seen to be acknowledged when the kill came."""
        life = self.live()
        before = decided(self.folder)
        # Half of the deaths while it starts, half amid the cells.
        amid = self.choices.random() < 0.5
        until = time.monotonic() + (NEVER_S if amid else self.choices.uniform(0, 1.2))
        while amid and decided(self.folder) == before and life.poll() is None:
            assert time.monotonic() < until, "no cell was decided in a minute"
            with suppress(subprocess.TimeoutExpired):
                life.wait(POLL_S)
        if amid:
            until = time.monotonic() + self.choices.uniform(0, 0.3)
        with suppress(subprocess.TimeoutExpired):
            life.wait(max(until - time.monotonic(), 0))
        seen = decided(self.folder)
        if life.poll() is None:
            os.killpg(life.pid, signal.SIGKILL)
            self.kills += 1
        else:
            assert life.returncode == 0, self.errors.read_text()
        life.wait()
        return seen

    def is_over(self) -> bool:
        found = journal(self.folder)
        return found != EMPTY and read(self.folder).run.is_complete

    def processes(self) -> list[int]:
        """Those that a life of ours started, by their environment or their command line."""
        return [int(one.name) for one in Path("/proc").glob("[0-9]*") if self._is_ours(one)]

    def _is_ours(self, process: Path) -> bool:
        with suppress(OSError):
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            return self.token.encode() in told and int(process.name) != os.getpid()
        return False

    def leaves_nothing(self) -> bool:
        """Every process comes to its end by itself, and with it the files that it made."""
        until = time.monotonic() + GONE_S
        while left := self.processes():
            for pid in left:
                with suppress(ProcessLookupError):
                    handle = os.pidfd_open(pid)
                    select.select([handle], [], [], max(until - time.monotonic(), 0))
                    os.close(handle)
            if time.monotonic() >= until:
                return False
        return not self.left_files()

    def left_files(self) -> list[str]:
        """What is left of lives that are over: names of files and folders of ours."""
        return sorted(one.name for one in self.temporary.glob("wtspec-*"))


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short name: sockets of the run live below it."""
    with tempfile.TemporaryDirectory(prefix="wtk") as name:
        yield Path(name)


def check_resumed(before: Journal, after: Journal) -> None:
    """What was decided is untouched, and was not attempted again."""
    for cell, record in before.verdicts.items():
        assert after.verdicts[cell] == record
        assert after.attempts_at(cell) == before.attempts_at(cell)


def check_artefacts(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        for path, digest in database.execute("SELECT path, sha256 FROM artefact"):
            assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest


def kill_until(victim: Victim, kills: int) -> None:
    before = EMPTY
    while victim.kills < kills:
        acknowledged = victim.die()
        after = journal(victim.folder)
        assert acknowledged <= set(after.verdicts)
        check_resumed(before, after)
        assert victim.leaves_nothing(), (victim.processes(), victim.left_files())
        before = after
        if victim.is_over():
            finish(victim, before)
            victim.number, before = victim.number + 1, EMPTY
    finish(victim, before)


def finish(victim: Victim, before: Journal) -> None:
    """The last life ends by itself, with every cell decided once."""
    assert victim.live().wait(100) == 0, victim.errors.read_text()
    after = journal(victim.folder)
    check_resumed(before, after)
    check_artefacts(victim.folder)
    stored = read(victim.folder)
    assert stored.run.is_complete
    assert set(stored.totals) <= {"pass", "not-applicable"}
    assert set(after.verdicts) == {one.id for one in stored.cells}
    finals = Counter(cell for cell, purpose, state in after.attempts.values() if state == "final")
    assert set(finals.values()) == {1}
    assert not [row for row in after.attempts.values() if row[2] == "started"]
    assert victim.leaves_nothing()


def test_twenty_kills_lose_nothing_and_repeat_nothing(home: Path) -> None:
    words = ("session-ids", "announcements", "streams", "resets", "--dialect", "h3-16", "-j", "2")
    victim = Victim(home, words, f"token-{os.getpid()}-embedded", random.Random(1))
    kill_until(victim, 20)
    assert victim.kills == 20


def test_a_run_of_a_program_is_killed_and_resumed(home: Path) -> None:
    token = f"token-{os.getpid()}-program"
    # The program reads no arguments: this one is there to find it by.
    program = f"{sys.executable} -m wtspec.implementations.reference {token}"
    words = ("session-ids", "setup", "--dialect", "h3-16", "--exec", program)
    victim = Victim(home, words, token, random.Random(2))
    kill_until(victim, 3)
    assert victim.kills == 3
