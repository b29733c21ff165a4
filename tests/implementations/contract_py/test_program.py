import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from contract import program

ROOT = Path(__file__).resolve().parents[3]
Start: TypeAlias = "Callable[..., subprocess.Popen[bytes]]"


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start the program around the fake library."""
    running: list[subprocess.Popen[bytes]] = []

    def started(**variables: str) -> "subprocess.Popen[bytes]":
        code = (
            "import sys; from conftest import FakeStack; from contract.program import run; "
            "sys.exit(run(FakeStack()))"
        )
        places = (ROOT / "implementations/contract-py", Path(__file__).parent)
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": ":".join(map(str, places)), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield started
    for process in running:
        process.kill()
        process.communicate()


def test_a_role_or_dialect_that_is_not_offered(
    start: Start,
) -> None:
    assert start(WT_ROLE="proxy").wait(30) == program.NOT_OFFERED
    assert start(WT_ROLE="client", WT_DIALECTS="h2-15").wait(30) == program.NOT_OFFERED


def test_sigterm_and_shutdown_are_clean_ends(
    start: Start,
) -> None:
    server, commanded = start(WT_ROLE="server"), start(WT_ROLE="client", WT_DIALECTS="h3-16 x")
    for process in (server, commanded):
        assert process.stdout is not None
        hello = json.loads(process.stdout.readline())
        assert (hello["event"], hello["name"], hello["dialects"]) == ("hello", "fake", ["h3-16"])
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    shown, _ = commanded.communicate(b'nonsense\n{"id": 1, "cmd": "shutdown"}\n', timeout=30)
    assert [json.loads(line)["event"] for line in shown.splitlines()] == ["error", "done"]
    assert commanded.returncode == 0
