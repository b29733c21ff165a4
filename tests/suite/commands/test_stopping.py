"""The end of a run before its end, and output that nobody reads: seen from the shell."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wtspec.suite.endpoint import processes
from wtspec.suite.run.store import read

MAIN = (sys.executable, "-c", "from wtspec.suite.commands.main import main; main()")
BAD = Path(__file__).parents[2] / "implementations" / "bad_endpoints"
DEAF = f"{sys.executable} {BAD / 'ignores_sigterm.py'}"
PATIENCE_S = 300.0


@contextmanager
def started(*words: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A run against an endpoint that minds no SIGTERM, once that is there."""
    command = (*MAIN, "run", *words, "--exec", DEAF, "--dialect", "h3-16", "--role", "server")
    # A shell that starts pytest in the background has it ignore SIGINT, as nohup does SIGHUP; and
    # all that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    child = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    signal.signal(signal.SIGINT, before)
    signal.signal(signal.SIGHUP, hangup)
    until = time.monotonic() + PATIENCE_S
    try:
        while not any(map(is_endpoint, processes.descendants(child.pid))):
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.05)
        yield child
    finally:
        child.kill()
        child.communicate()


def is_endpoint(pid: int) -> bool:
    """It has come so far as to mind no SIGTERM."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    blocked = int(told.partition("SigBlk:")[2].split()[0], 16)
    return b"ignores_sigterm" in command and bool(blocked >> (signal.SIGTERM - 1) & 1)


def is_gone(pids: tuple[int, ...]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while any(Path(f"/proc/{one}").exists() for one in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def called(
    *words: str, folder: Path, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*MAIN, *words),
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_what_is_done_when_the_time_is_up_is_reported_and_the_rest_resumed(tmp_path: Path) -> None:
    asked = ("run", "setup/echo", "--json", "run.json", "--junit", "run.xml")
    said = called(*asked, "--max-time", "0.001", "--out", "out", folder=tmp_path)
    assert said.returncode == 130
    assert "--max-time gives is up; what was judged so far is kept" in said.stderr
    assert "not run: 2 cells; go on with: wtspec run setup/echo" in said.stderr
    document = json.loads((tmp_path / "run.json").read_text())
    assert (document["run"]["complete"], document["totals"]) == (False, {"not-run": 2})
    assert len(list(ET.parse(tmp_path / "run.xml").getroot().iter("skipped"))) == 2
    assert read(tmp_path / "out").count("not-run") == 2
    again = called("run", "setup/echo", "--resume", "out", folder=tmp_path)
    assert again.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_run_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with started("streams", "resets", folder=tmp_path) as child:
        strays = processes.descendants(child.pid)
        child.send_signal(number)
        told, _ = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130
    assert "what was judged so far is kept" in told
    assert " cells; go on with: wtspec run" in told
    assert "Traceback" not in told
    assert is_gone(strays)


SLOW = """
import os, signal, subprocess, sys, time
from wtspec.suite.commands.stopping import Stopped, stoppable
signal.signal(signal.SIGINT, signal.default_int_handler)
with stoppable():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except Stopped as stopped:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(stopped, child.pid, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(600)
"""


def test_a_second_signal_does_not_wait() -> None:
    said = subprocess.run(
        (sys.executable, "-c", SLOW),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (said.returncode, said.stderr) == (130, "")
    word, pid = said.stdout.split()
    assert word == "interrupted"
    assert is_gone((int(pid),))


@pytest.mark.parametrize(
    ("words", "status"), [(("list",), 0), (("run", "setup/echo"), 0), (("run", "nothing"), 2)]
)
def test_who_stops_reading_gets_no_traceback(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        said = called(*words, folder=tmp_path, stdout=writing)
    finally:
        os.close(writing)
    assert said.returncode == status
    assert "Traceback" not in said.stderr
    assert "Broken" not in said.stderr


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        said = called("list", folder=tmp_path, stdout=full.fileno())
    assert said.returncode == 3
    assert said.stderr == "wtspec: cannot go on: [Errno 28] No space left on device\n"
