"""The page for implementers: what it shows exists, and its commands do what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from wtspec.suite.commands.main import cli

FOLDER = Path(__file__).resolve().parents[2] / "implementations"
PAGE = (FOLDER / "README.md").read_text()
SMALLEST = FOLDER / "smallest-py"
WORKFLOW = (SMALLEST / "github-actions.yml").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def shown() -> list[str]:
    """The commands of the page, and those of the workflow."""
    console = "".join(blocks("console"))
    steps = re.findall(r"- run: (?:>-\n)?(.*?)(?=\n      - |\Z)", WORKFLOW, re.DOTALL)
    return [
        *re.findall(r"^\$ (wtspec .*)$", console, re.MULTILINE),
        *(" ".join(one.split()) for one in steps if one.strip().startswith("wtspec ")),
    ]


def ran(command: str, *more: str) -> subprocess.CompletedProcess[str]:
    """In the folder of the program, with this Python's own programs first."""
    first = Path(sys.executable).parent
    return subprocess.run(
        [str(first / "wtspec"), *shlex.split(command)[1:], *more],
        cwd=SMALLEST,
        env={**os.environ, "PATH": f"{first}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def into(out: Path) -> tuple[str, str]:
    return "--out", str(out)


def test_there_are_commands() -> None:
    assert len(shown()) >= 8


@pytest.mark.parametrize("command", shown())
def test_every_command_is_one(command: str) -> None:
    name, *arguments = shlex.split(command)[1:]
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    # Reads all options and runs nothing.
    found.make_context(name, arguments)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (FOLDER / link).exists()


def test_the_smallest_endpoint_is_right() -> None:
    done = ran(next(one for one in shown() if "check-endpoint" in one))
    assert done.returncode == 0, done.stdout
    assert "the glue is right, and what is claimed holds" in done.stdout


def test_a_first_verdict_and_its_baseline(tmp_path: Path) -> None:
    first = ran(next(one for one in shown() if " run setup" in one), *into(tmp_path / "one"))
    assert first.returncode == 1, first.stdout
    for word in ("requirement", "expected", "actual", "timeline", "run again", "evidence"):
        assert f"\n  {word} " in first.stdout
    command = next(one for one in shown() if "setup" in one and "--baseline" in one)
    second = ran(command, *into(tmp_path / "two"))
    assert second.returncode == 0, second.stdout


def test_the_baseline_is_the_one_that_is_shown() -> None:
    assert (SMALLEST / "baseline.toml").read_text() == "".join(blocks("toml"))
