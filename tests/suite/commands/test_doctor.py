"""`wtspec doctor`: always an answer, and each gap with its price."""

import json
import resource
import shutil
import socket
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as real_version
from pathlib import Path
from typing import Any

import pytest

from wtspec.implementations import manifest
from wtspec.suite.commands import checkup
from wtspec.suite.commands.checkup import Finding
from wtspec.suite.commands.doctor import page

Wtspec = Callable[..., Any]


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that holds only what a test puts there."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def findings(said: Any) -> dict[str, dict[str, str]]:
    return {one["what"]: one for one in json.loads(said.out)["findings"]}


def test_a_bare_machine_has_gaps_and_exit_status_zero(wtspec: Wtspec) -> None:
    said = wtspec("doctor", "--json")
    found = findings(said)
    assert said.status == 0
    assert found["wtspec"]["found"] == real_version("wtspec")
    assert "no endpoint in a container" in found["docker client"]["gap"]
    assert "no firefox as an endpoint" in found["firefox"]["gap"]


def test_gaps_come_last_with_what_they_cost(wtspec: Wtspec) -> None:
    lines = wtspec("doctor").out.splitlines()
    gaps = [line for line in lines if line.startswith("gap: ")]
    assert gaps == lines[-len(gaps) :]
    assert any(line.startswith("gap: chromium: ") for line in gaps)


def test_no_gaps_are_said_too() -> None:
    assert page([Finding("a", "b")])[-1].startswith("no gaps")


def test_tools_are_asked_for_their_version(wtspec: Wtspec, tools: Path) -> None:
    tool(tools, "docker", 'echo "27.1 API 1.46"')
    tool(tools, "firefox-esr", 'printf "Mozilla \\033[31mFirefox 140\\n"')
    tool(tools, "chromium", "exit 1")
    found = findings(wtspec("doctor", "--json"))
    assert found["docker engine"] == {"what": "docker engine", "found": "27.1 API 1.46", "gap": ""}
    assert found["firefox"]["found"] == "Mozilla \\x1b[31mFirefox 140"
    assert found["chromium"]["found"] == "chromium, which gives no version"


def test_a_docker_engine_that_does_not_answer_is_a_gap(wtspec: Wtspec, tools: Path) -> None:
    tool(tools, "docker", 'test "$1" = --version && echo 27.1')
    assert "not running" in findings(wtspec("doctor", "--json"))["docker engine"]["gap"]


def test_a_tool_that_hangs_is_left(
    wtspec: Wtspec, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tools, "firefox", "exec /bin/sleep 60")
    monkeypatch.setattr(checkup, "_DEADLINE_S", 0.1)
    assert "no version" in findings(wtspec("doctor", "--json"))["firefox"]["found"]


def test_an_absent_extra_says_what_it_costs(
    wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name == "playwright":
            raise PackageNotFoundError(name)
        return real_version(name) if name != "docker" else "7.2.0"

    monkeypatch.setattr(checkup, "version", version)
    found = findings(wtspec("doctor", "--json"))
    assert "wtspec[browser]" in found["playwright"]["gap"]
    assert found["docker for Python"]["found"] == "7.2.0"


def test_an_implementation_says_how_to_become_ready(
    wtspec: Wtspec, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    real = manifest.directory
    monkeypatch.setattr(manifest, "directory", lambda name: real(name) if name == "." else empty)
    assert "needs go" in findings(wtspec("doctor", "--json"))["webtransport-go"]["gap"]
    tool(tools, "go", 'test "$1" = version && echo "go version go1.26"')
    found = findings(wtspec("doctor", "--json"))
    assert "`wtspec build --program webtransport-go`" in found["webtransport-go"]["gap"]
    assert found["go"]["found"] == "go version go1.26"
    (empty / "bin").mkdir(parents=True)
    (empty / "bin" / "endpoint").touch()
    assert findings(wtspec("doctor", "--json"))["webtransport-go"]["found"] == "built"


def test_small_resources_are_gaps(wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (256, resource.RLIM_INFINITY))
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100, 99, 1))
    monkeypatch.setattr(checkup, "largest_datagram", {"127.0.0.1": 1200, "::1": None}.get)
    found = findings(wtspec("doctor", "--json"))
    assert found["open files"]["found"] == "256 of unlimited"
    assert all(found[one]["gap"] for one in ("open files", "UDP on 127.0.0.1", "UDP on ::1"))
    assert [one["gap"] for name, one in found.items() if name.startswith("disk")] != [""]


def test_loopback_passes_what_it_passes() -> None:
    largest = checkup.largest_datagram("127.0.0.1")
    assert largest is not None
    assert largest >= 1200
    assert checkup.largest_datagram("192.0.2.1") is None


def test_a_datagram_that_arrives_cut_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.recv
    monkeypatch.setattr(
        "wtspec.suite.commands.checkup.socket.socket",
        type("Cutting", (socket.socket,), {"recv": lambda self, size: real(self, size)[:1300]}),
    )
    assert checkup.largest_datagram("127.0.0.1") == 1200


def test_what_cannot_be_run_says_nothing() -> None:
    assert checkup._said("/no/such/program") == ""
