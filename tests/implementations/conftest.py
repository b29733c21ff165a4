import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MAIN = "from wtspec.suite.commands.main import main; main()"


@pytest.fixture
def only_known_failures(tmp_path: Path) -> Callable[..., None]:
    """`only_known_failures(argument of wtspec run, ..., most_blocked=share)`, in a process."""

    def check(*arguments: str, most_blocked: float = 0.02) -> None:
        report = tmp_path / "run.json"
        done = subprocess.run(
            [
                *(sys.executable, "-c", MAIN, "run", "--quiet", *arguments),
                *("--json", str(report), "--out", str(tmp_path / "results")),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        outcomes = [cell["outcome"] for cell in json.loads(report.read_text())["cells"]]
        assert len(outcomes) > 140
        assert "harness-error" not in outcomes
        assert outcomes.count("blocked") <= len(outcomes) * most_blocked

    return check
