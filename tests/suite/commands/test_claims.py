"""`wtspec check-endpoint`: claims that hold, that do not, that nobody can decide, and that lack."""

import json
import sys
import tomllib
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wtspec.implementations import manifest
from wtspec.implementations.manifest import Manifest, Offer, Process
from wtspec.suite.commands import glue_program
from wtspec.suite.commands.checking import perform
from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.target import Wanted, choose

Wtspec = Callable[..., Any]
# The reference's own program, which says or does one thing else.
PROGRAM = """
import os, sys
from wtspec.implementations.reference import program

os.environ.setdefault("WT_DIALECTS", "h3-16 h3-07")
{first}
real = program.hello

def hello(dialects, limits):
    said = real(dialects, limits)
    {said}
    return said

program.hello = hello
sys.exit(program.main())
"""
WANTED = "os.environ['WT_DIALECTS']"
LIMITS = "__import__('wtspec.implementations.reference.negotiation', fromlist=['Limits']).Limits"
FALSE = {
    "a-dialect-that-it-does-not-speak": (
        "said['dialects'] = ['h3-16', 'h3-07']",
        f"{WANTED} = 'h3-16'",
        ("dialect", "h3-07"),
        "its SETTINGS have no WEBTRANSPORT_MAX_SESSIONS_07",
    ),
    "a-dialect-that-is-declined": (
        "pass",
        f"if {WANTED} == 'h3-07': sys.exit(127)",
        ("dialect", "h3-07"),
        "exit status 127",
    ),
    "a-dialect-left-for-another": (
        "pass",
        f"if {WANTED} == 'h3-07': {WANTED} = 'h3-16'",
        ("dialect", "h3-07"),
        "its `hello` has h3-16",
    ),
    "flow-control-that-is-off": (
        "pass",
        f"program.wanted_limits = lambda _: {LIMITS}(1, 0, 0, 0)",
        ("feature", "flow-control"),
        "its SETTINGS have none",
    ),
    "datagrams-that-are-dropped": (
        "pass",
        "os.environ['WT_FAULT'] = 'drops-datagrams'",
        ("feature", "datagrams"),
        "/echo returns datagrams",
    ),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glue_program, "PATIENCE_S", 2.0)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    def write(said: str = "pass", first: str = "") -> str:
        path = tmp_path / "program.py"
        path.write_text(PROGRAM.format(said=said, first=first))
        return f"{sys.executable} {path}"

    return write


@pytest.fixture
def checked(wtspec: Wtspec, tmp_path: Path) -> Callable[..., tuple[Any, dict[str, Any]]]:
    """`checked(command, role)`: the process's answer, and its one role from the JSON file."""

    def check(command: str, role: str) -> tuple[Any, dict[str, Any]]:
        path = tmp_path / "checked.json"
        said = wtspec("check-endpoint", "--exec", command, "--role", role, "--json", str(path))
        whole = json.loads(path.read_text())
        schema = json.loads(
            (files("wtspec.suite.commands") / "check_endpoint.schema.json").read_text()
        )
        jsonschema.validate(whole, schema)
        return said, whole["roles"][0]

    return check


def with_verdict(role: dict[str, Any], verdict: str) -> dict[tuple[str, str], dict[str, Any]]:
    ours = [one for one in role["claims"] if one["verdict"] == verdict]
    return {(one["kind"], one["name"]): one for one in ours}


@pytest.mark.parametrize("role", ["server", "client"])
def test_claims_that_hold(
    checked: Callable[..., Any],
    program: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    role: str,
) -> None:
    monkeypatch.setattr(glue_program, "PATIENCE_S", 15.0)
    said, found = checked(program(), role)
    assert said.status == 0
    assert with_verdict(found, "false") == {}
    holds = with_verdict(found, "holds")
    assert {("role", role), ("dialect", "h3-16"), ("dialect", "h3-07")} <= set(holds)
    assert {("feature", one) for one in ("bidi", "datagrams", "flow-control", "reset-code")} <= set(
        holds
    )
    assert found["chooses_dialect"] is True
    rows = said.out.partition("for an implementation.toml:\n")[2].rpartition("\n\n")[0]
    read = tomllib.loads(rows)
    assert read[role]["dialects"] == ["h3-16", "h3-07"]
    assert "datagrams" in read[role]["features"]
    # What can be pasted is what a manifest has.
    assert set(read[role]) <= set(Offer.__struct_fields__)


@pytest.mark.parametrize("wrong", FALSE.values(), ids=FALSE.keys())
def test_claims_that_do_not_hold(
    checked: Callable[..., Any],
    program: Callable[..., str],
    wrong: tuple[str, str, tuple[str, str], str],
) -> None:
    said, first, claim, told = wrong
    done, found = checked(program(said, first), "server")
    assert done.status == 1
    false = with_verdict(found, "false")
    assert set(false) == {claim}
    assert told in false[claim]["why"]
    assert f"FALSE  {claim[0]} {claim[1]}" in done.out


def test_the_wire_shows_why(checked: Callable[..., Any], program: Callable[..., str]) -> None:
    said, first, claim, _ = FALSE["a-dialect-that-it-does-not-speak"]
    done, found = checked(program(said, first), "server")
    assert any(
        "SETTINGS WT_ENABLED=1" in one for one in with_verdict(found, "false")[claim]["wire"]
    )
    assert "wire: " in done.out


def test_a_client_without_the_dialect_that_it_claims(
    checked: Callable[..., Any], program: Callable[..., str]
) -> None:
    said, first, claim, _ = FALSE["a-dialect-that-it-does-not-speak"]
    done, found = checked(program(said, first), "client")
    assert done.status == 1
    assert set(with_verdict(found, "false")) == {claim}


@pytest.mark.parametrize("role", ["server", "client"])
def test_what_is_done_and_not_claimed_is_told_and_not_wrong(
    checked: Callable[..., Any], program: Callable[..., str], role: str
) -> None:
    command = program("said['dialects'] = ['h3-16']; said['features'] = ['bidi', 'exporter']")
    done, found = checked(command, role)
    assert done.status == 0
    more = with_verdict(found, "unclaimed")
    assert {("dialect", "h3-07"), ("feature", "datagrams"), ("feature", "reset")} <= set(more)
    assert ("dialect", "h3-15") not in more  # it looks like h3-16
    assert ("feature", "exporter") in with_verdict(found, "undecided")
    assert "# not in `hello`, and shown: dialect h3-07" in done.out


def test_a_program_that_says_no_hello_claims_nothing(checked: Callable[..., Any]) -> None:
    done, found = checked("sh -c 'exit 3'", "server")
    assert done.status == 1
    assert set(with_verdict(found, "undecided")) == {("role", "server")}


SILENT = """
import json, sys, time
print("no port is free", file=sys.stderr)
hello = {"event": "hello", "contract": 1, "name": "silent", "version": "1", "roles": ["server"]}
hello |= {"dialects": ["h3-16"], "limits": {}, "features": ["bidi"], "unsupported": [], "api": ""}
print(json.dumps(hello), flush=True)
time.sleep(60)
"""


def test_a_server_that_nobody_reaches_shows_nothing(
    checked: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glue_program, "START_S", 1.0)
    path = tmp_path / "silent.py"
    path.write_text(SILENT)
    done, found = checked(f"{sys.executable} {path}", "server")
    assert done.status == 1
    assert "it printed: no port is free" in done.out
    assert with_verdict(found, "undecided")["feature", "bidi"]["why"] == "no check was reached"
    assert ("dialect", "h3-16") in with_verdict(found, "false")


def test_json_alone_on_stdout(wtspec: Wtspec) -> None:
    said = wtspec("check-endpoint", "--exec", "sh -c 'exit 127'", "--role", "client", "--json", "-")
    assert json.loads(said.out)["roles"][0]["offered"] is False
    assert "no role is offered" in said.err


OURS = Manifest(
    name="reference",
    language="Python",
    homepage="https://example.org",
    version="0.0",
    pinned="it is not",
    checked=date(2026, 12, 1),
    server=Offer(dialects=("h3-16", "h3-14"), features=("bidi",)),
    process=Process(build="", exec=""),
)


def test_a_manifest_is_held_against_both(
    program: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(manifest, "load", lambda _: OURS)
    target = choose(Wanted(program(), role="server"))
    path = tmp_path / "checked.json"
    assert perform(target, "reference", str(path)) is ExitCode.NON_CONFORMANCE
    found = json.loads(path.read_text())["roles"][0]
    told = "\n".join(one["why"] for one in found["claims"] if one["kind"] == "manifest")
    for what in ("version: ", "roles: ", "features: ", "dialects: "):
        assert what in told
    # It says nothing of h3-14, which the manifest claims and which it speaks when asked to.
    assert ("dialect", "h3-14") in with_verdict(found, "holds")
    assert ("manifest", "chooses_dialect") in with_verdict(found, "unclaimed")


def test_a_role_that_the_manifest_lacks(
    program: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(manifest, "load", lambda _: OURS)
    perform(choose(Wanted(program(), role="server")), "reference", None)
    assert "+      role client is offered and not claimed" in capsys.readouterr().out


def test_a_role_of_the_manifest_that_is_declined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(manifest, "load", lambda _: OURS)
    path = tmp_path / "checked.json"
    perform(choose(Wanted("sh -c 'exit 127'", role="server")), "reference", str(path))
    found = json.loads(path.read_text())["roles"][0]
    assert set(with_verdict(found, "false")) == {("role", "server")}
