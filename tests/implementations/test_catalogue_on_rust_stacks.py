"""The catalogue against Rust stacks of older dialects over UDP, in all their roles and dialects.

A cold build takes minutes, so that only who asks for it pays: WTSPEC_REQUIRE=rust.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wtspec.implementations import building, manifest
from wtspec.suite.endpoint.interface import Role

NAMES = ("wtransport", "web-transport-quinn", "h3-webtransport")
RUNS = [
    (name, str(role), dialect)
    for name in NAMES
    for role, offer in ((role, manifest.load(name).offer(role)) for role in Role)
    if offer is not None
    for dialect in offer.dialects
]
MAIN = "from wtspec.suite.commands.main import main; main()"


@pytest.mark.real
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("name", "role", "dialect"), RUNS)
def test_only_known_failures(name: str, role: str, dialect: str, tmp_path: Path) -> None:
    if "rust" not in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split():
        pytest.skip("a Rust build takes minutes: ask for it with WTSPEC_REQUIRE=rust")
    if shutil.which("cargo") is None:
        pytest.fail("cargo is not on the PATH, so no Rust stack can be built")
    home, process = manifest.directory(name), building.build(name).process
    assert process is not None
    report = tmp_path / "run.json"
    done = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "run", "--quiet"),
            *("--exec", str(home / process.exec), "--role", role, "--dialect", dialect),
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
    assert len(outcomes) > 500
    assert "harness-error" not in outcomes
    assert outcomes.count("blocked") <= len(outcomes) / 50
