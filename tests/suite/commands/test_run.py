"""`wtspec run`: its documents, its exit status, its words for a user's mistakes."""

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from wtspec.suite.commands import target
from wtspec.suite.commands.request import Request

Wtspec = Callable[..., Any]
SCHEMA = json.loads(files("wtspec.reports").joinpath("run.schema.json").read_text())
REFERENCE = f"{sys.executable} -m wtspec.implementations.reference"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results go to ./wt-results."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_embedded_reference_in_both_roles(wtspec: Wtspec, elsewhere: Path) -> None:
    said = wtspec("run", "setup", "--json", "run.json", "--junit", "run.xml")
    assert said.status == 0
    assert "pass  in" in said.out
    document = json.loads(Path("run.json").read_text())
    jsonschema.validate(document, SCHEMA)
    assert {one["role"] for one in document["cells"]} == {"server", "client"}
    assert {one["outcome"] for one in document["cells"]} == {"pass"}
    assert document["run"]["dialects"] == ["h3-16"]
    assert len(ET.parse("run.xml").getroot().findall(".//testcase")) == len(document["cells"])
    (folder,) = (elsewhere / "wt-results").iterdir()
    assert folder.name == document["run"]["id"]


def test_json_on_stdout_is_all_that_is_there(wtspec: Wtspec) -> None:
    said = wtspec("run", "setup/echo", "--json", "-", "--role", "server", "-q")
    document = json.loads(said.out)
    assert [one["id"] for one in document["cells"]] == ["setup/echo@h3-16/server"]


def test_a_cell_id_runs_as_it_was_printed(wtspec: Wtspec) -> None:
    said = wtspec("run", "setup/echo@h3-07/client", "setup/session-opens", "--json", "-")
    assert [one["id"] for one in json.loads(said.out)["cells"]] == [
        "setup/session-opens@h3-16/server",
        "setup/session-opens@h3-16/client",
        "setup/echo@h3-07/client",
    ]
    only = wtspec("run", "setup/echo@h3-07/client", "--json", "-")
    assert "reference as client in h3-07" in only.err


def test_a_program_is_judged_and_its_failures_are_shown(wtspec: Wtspec) -> None:
    Path("faulty.py").write_text(
        "import sys\n"
        "from wtspec.implementations.reference import program\n"
        "from wtspec.implementations.reference.faults.registry import FAULTS\n"
        "program.HONEST = FAULTS['accepts-any-origin'].rules\n"
        "sys.exit(program.main())\n"
    )
    command = f"{sys.executable} faulty.py"
    words = ("run", "origin/refused", "--exec", command, "--role", "server", "--out", "out")
    said = wtspec(*words, "--json", "run.json", "--junit", "run.xml")
    assert said.status == 1
    assert "FAIL  origin/refused@h3-16/server" in said.out
    assert "expected     Response(403)" in said.out
    document = json.loads(Path("run.json").read_text())
    jsonschema.validate(document, SCHEMA)
    (red,) = [one for one in document["cells"] if one["outcome"] == "fail"]
    assert red["signature"] == "fail; Established()"
    assert red["attempts"] == ["fail", "fail", "fail"]
    assert all(Path("out", path).stat().st_size for path in red["evidence"].values())
    assert red["command"].endswith(f"--exec '{command}' '{red['id']}'")
    assert len(ET.parse("run.xml").getroot().findall(".//failure")) == 1
    known = (
        '[[failure]]\ncase = "origin/refused"\nrole = "server"\ndialects = "h3-*"\n'
        f'requirement = "{red["requirement"]}"\noutcome = "fail"\n'
        f'signatures = ["{red["signature"]}"]\nwire = "x"\nreason = "y"\n'
    )
    Path("baseline.toml").write_text(known)
    said = wtspec(*words[:-1], "again", "--baseline", "baseline.toml")
    assert (said.status, "1 fail  (1 known)" in said.out) == (0, True)
    said = wtspec("run", "origin", "--baseline", "baseline.toml", "-q")
    assert said.status == 1
    assert "BASELINE  origin/refused@h3-*/server: no longer fails in h3-16" in said.out


def test_a_run_is_resumed(wtspec: Wtspec) -> None:
    assert wtspec("run", "setup/session-opens", "--out", "out", "-q").status == 0
    said = wtspec("run", "setup", "--resume", "out", "--json", "run.json")
    assert said.status == 0
    document = json.loads(Path("run.json").read_text())
    assert document["run"]["resumed"] is True
    assert {one["outcome"] for one in document["cells"]} == {"pass"}
    assert {one["case"] for one in document["cells"]} > {"setup/session-opens"}
    said = wtspec("run", "setup", "--seed", "9", "--resume", "out")
    assert (said.status, "go on with --seed 0" in said.err) == (2, True)
    said = wtspec("run", "setup", "--url", "https://127.0.0.1:1/", "--resume", "out")
    assert (said.status, "holds a run of reference, not of" in said.err) == (2, True)


def test_the_command_that_goes_on_names_all_that_was_asked() -> None:
    options: dict[str, Any] = dict.fromkeys(each.name for each in fields(Request))
    asked = {"select": ("setup",), "dialects": ("h3-14",), "role": "server"}
    command = target.choose(target.Wanted(program="./x y")).command(3, "my.toml")
    said = Request(**{**options, **asked}).again(command, Path("out"))
    assert said == (
        "wtspec run --exec './x y' --seed 3 --baseline my.toml"
        " setup --dialect h3-14 --role server --resume out"
    )


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["sesion"], 2, "'sesion' selects nothing; did you mean"),
        (["--dialect", "h3-99"], 2, "no dialect 'h3-99'"),
        (["--dialect", "h3-06"], 2, "cannot be implemented"),
        (["--exec", "x", "--url", "https://127.0.0.1:1/"], 2, "a run has one endpoint"),
        (["--exec", "'"], 2, "does not read as a command"),
        (["--exec", " "], 2, "--exec is empty"),
        (["--url", ""], 2, "--url is empty"),
        (["--listen", "127.0.0.1"], 2, "is not as 127.0.0.1:8080"),
        (["--listen", "192.0.2.1:80"], 3, "cannot listen at 192.0.2.1:80"),
        (["--url", "http://127.0.0.1/"], 2, "cannot be asked for a session"),
        (["--url", "https://127.0.0.1:1/", "--role", "client"], 2, "--url names a server"),
        (["--url", "https://127.0.0.1:1/", "--path", "echo"], 2, "is not as echo=/my/echo"),
        (["--path", "echo=/x"], 2, "it goes with --url"),
        (["--url", "https://127.0.0.1:1/", "--path", "ecko=/x"], 2, "no path /ecko; write echo"),
        (
            ["--url", "https://127.0.0.1:1/", "--path", "echo=/x", "--path", "echo=/y"],
            2,
            "names /echo twice",
        ),
        (["--resume", "a", "--out", "b"], 2, "continues in its own folder"),
        (["--baseline", "none.toml"], 2, "there is no baseline none.toml"),
        (["setup", "--resume", "none"], 3, "none holds no run"),
        (["setup", "--exec", "/nonexistent/program"], 3, "does not start as a server"),
        (["origin/refused", "--role", "client"], 5, "no selected case has this role"),
        (["setup", "--json", "/proc/none/run.json"], 3, "cannot write the report"),
        (["setup", "--junit", "."], 2, "--junit '.' is a folder"),
        (["setup@h3-99"], 2, "no dialect 'h3-99'"),
        (["--max-time", "0"], 2, "Invalid value for '--max-time'"),
    ],
)
def test_a_mistake_is_answered_in_one_sentence(
    wtspec: Wtspec, words: list[str], status: int, told: str
) -> None:
    said = wtspec("run", *words, "-q")
    assert told in said.err
    assert said.status == status


def test_a_server_that_is_not_there_is_no_crash(wtspec: Wtspec, free_url: str) -> None:
    said = wtspec("run", "setup/echo", "--url", free_url)
    assert said.status == 3
    assert "No QUIC answer from 127.0.0.1" in said.err
    # Asked in a dialect that the user names, it is missed by the run itself.
    said = wtspec("run", "setup/echo", "--url", free_url, "--dialect", "h3-16")
    assert said.status == 3
    assert "no QUIC answer from 127.0.0.1" in said.err


def test_a_program_without_the_role_does_not_apply(wtspec: Wtspec) -> None:
    said = wtspec("run", "setup", "--exec", "sh -c 'exit 127'", "--dialect", "h3-16")
    assert said.status == 5
    assert "not-applicable: not offered" in said.out


def test_commands_are_offered_by_nearness(wtspec: Wtspec) -> None:
    said = wtspec("rnu")
    assert (said.status, "try `wtspec run`" in said.err) == (2, True)
