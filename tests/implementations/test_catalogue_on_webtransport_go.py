"""The main job on real input: the catalogue against webtransport-go over UDP, in both roles.

Each older release takes minutes, so that only who asks for them pays: WTSPEC_REQUIRE="go older".
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wtspec.implementations import building, manifest, process
from wtspec.implementations.launch import Launch
from wtspec.implementations.manifest import contradictions
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.quic.identity import p256

NEWEST = "webtransport-go"
OLDER = ("webtransport-go-0.9", "webtransport-go-0.10", "webtransport-go-0.11")
MAIN = "from wtspec.suite.commands.main import main; main()"
# Before release 0.12 nothing answers a close on the CONNECT stream, which blocks what rests on it.
MOST_BLOCKED = {NEWEST: 0.02} | dict.fromkeys(OLDER, 0.11)
REQUIRED = os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split()


def build(name: str) -> str:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    built = building.build(name).process
    assert built is not None
    return built.exec


@pytest.mark.real
@pytest.mark.asyncio
@pytest.mark.parametrize("name", OLDER)
async def test_an_older_release_says_what_its_manifest_claims(name: str) -> None:
    launch, identity = Launch(build(name), manifest.directory(name)), p256()
    for role in Role:
        endpoint = await process.start(launch, role, DEFAULT, (), identity)
        await endpoint.stop()
        assert contradictions(manifest.load(name), role, endpoint.hello) == ()


@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["server", "client"])
@pytest.mark.parametrize("name", [NEWEST, *OLDER])
def test_only_known_failures(name: str, role: str, tmp_path: Path) -> None:
    if name in OLDER and "older" not in REQUIRED:
        pytest.skip("an older release takes minutes: ask for them with WTSPEC_REQUIRE=older")
    home, program = manifest.directory(name), build(name)
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
    assert outcomes.count("blocked") <= len(outcomes) * MOST_BLOCKED[name]
