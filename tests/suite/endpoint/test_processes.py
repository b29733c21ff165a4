"""What a program leaves behind is found and ended, whatever group or parent it has."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from wtspec.suite.endpoint import processes

# Prints its own pid and those below it, then lives on.
TREE = """
import os, signal, subprocess, sys
sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleep, start_new_session=True)
print(child.pid, flush=True)
signal.pause()
"""
# A parent that adopts, a child that leaves a daemon behind, and an end without anything left.
ADOPTION = """
import os, signal, subprocess, sys
from wtspec.suite.endpoint import processes
processes.adopt_orphans()
daemon = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
leaver = f"import subprocess, sys; subprocess.Popen([sys.executable, '-S', '-c', {daemon!r}])"
subprocess.run([sys.executable, "-S", "-c", leaver], start_new_session=True, check=True)
processes.end_descendants()
print(processes.descendants(os.getpid()))
"""


@pytest.fixture
def tree() -> Iterator[tuple[int, int]]:
    """A program and its child, which has a session of its own."""
    with subprocess.Popen([sys.executable, "-S", "-c", TREE], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        try:
            yield program.pid, child
        finally:
            processes.end((program.pid, child))


def test_descendants_are_found_in_any_session(tree: tuple[int, int]) -> None:
    program, child = tree
    assert processes.descendants(program) == (child,)
    assert child in processes.descendants(os.getpid())


def test_memory_is_that_of_all(tree: tuple[int, int]) -> None:
    program, child = tree
    both, alone = processes.resident_bytes(program), processes.resident_bytes(child)
    assert both is not None
    assert alone is not None
    assert both > alone > 0


def test_who_is_gone_has_neither() -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    assert processes.descendants(gone.pid) == ()
    assert processes.resident_bytes(gone.pid) is None
    assert not processes.end((gone.pid,))


def test_an_orphan_is_adopted_and_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPTION], check=True, capture_output=True, text=True, timeout=60
    )
    *orphan, left = done.stdout.splitlines()
    assert left == "()"
    # It may have been ended before it came to print its number.
    for pid in map(int, orphan):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_process_dies_with_its_parent() -> None:
    below = "import signal; print('up', flush=True); signal.pause()"
    program = f"""
import functools, os, signal, subprocess, sys
from wtspec.suite.endpoint import processes
die = functools.partial(processes.die_with, os.getpid(), signal.SIGTERM)
child = subprocess.Popen([sys.executable, "-S", "-c", {below!r}], preexec_fn=die)
print(child.pid, flush=True)
signal.pause()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        said = {parent.stdout.readline().strip() for _ in range(2)}
        parent.send_signal(signal.SIGKILL)
        # The pipe closes when both are gone, since both hold it.
        assert parent.stdout.read() == ""
    assert "up" in said
