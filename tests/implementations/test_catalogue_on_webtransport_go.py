"""The main job on real input: the catalogue against webtransport-go over UDP, in both roles."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wtspec.implementations import building, manifest

NAME = "webtransport-go"
HOME = manifest.directory(NAME)
MAIN = "from wtspec.suite.commands.main import main; main()"


@pytest.fixture(scope="module")
def program() -> str:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split():
            pytest.fail(reason)
        pytest.skip(reason)
    process = building.build(NAME).process
    assert process is not None
    return str(HOME / process.exec)


@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["server", "client"])
def test_only_known_failures(role: str, tmp_path: Path, program: str) -> None:
    report = tmp_path / "run.json"
    done = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "run", "--quiet"),
            *("--exec", program, "--role", role),
            *("--baseline", str(HOME / "baseline.toml")),
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
