"""The main job on real input: the catalogue against webtransport-go over UDP, in both roles.

As a plain program, so that it runs where there is no container engine.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wtspec.implementations import building, manifest

NAME = "webtransport-go"
MAIN = "from wtspec.suite.commands.main import main; main()"
REQUIRED = os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split()


def build() -> str:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    built = building.build(NAME).process
    assert built is not None
    return built.exec


@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["server", "client"])
def test_only_known_failures(role: str, tmp_path: Path) -> None:
    home, program = manifest.directory(NAME), build()
    report = tmp_path / "run.json"
    done = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "run", "--quiet"),
            *("--exec", str(home / program), "--role", role),
            *("--baseline", str(home / "baseline.toml")),
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
    assert outcomes.count("blocked") <= len(outcomes) / 50
