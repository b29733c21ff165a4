"""The documents that a run is asked for: where they go, and that they can go there."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from wtspec.reports.block import block
from wtspec.suite.commands.failure import EnvironmentTrouble, OurFault, usage
from wtspec.suite.commands.pipes import tell, unheard
from wtspec.suite.run.stored import Stored

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Reports:
    """Files to write; None: not asked for."""

    json_file: str | None
    junit_file: str | None


def check(reports: Reports) -> None:
    """Before the run: afterwards would be late. Raises UsageError, EnvironmentTrouble."""
    for option, name in (("--json", reports.json_file), ("--junit", reports.junit_file)):
        if name is None or (option, name) == ("--json", STDOUT):
            continue
        if not name or Path(name).is_dir():
            raise usage(f"{option} {name!r} is a folder; name a file")
        try:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=Path(name).parent):
                pass
        except OSError as error:
            raise _unwritable(name, error) from error


def write(reports: Reports, stored: Stored, stale: Sequence[str], folder: Path) -> None:
    """Each document whole; raises EnvironmentTrouble, OurFault. `folder`: that of the run."""
    from wtspec.reports import junit, run_json
    from wtspec.reports.whole_file import replace_whole

    name = ""
    try:
        if name := reports.json_file or "":
            text = json.dumps(run_json.document(stored), indent=1)
            if name == STDOUT:
                _print(text, stale)
            else:
                replace_whole(Path(name), text.encode())
        if name := reports.junit_file or "":
            junit.write(stored, Path(name), partial(block, folder=folder), stale)
    except OSError as error:
        raise _unwritable(name, error) from error
    except junit.JunitMismatch as error:
        raise OurFault(str(error)) from error


def _print(text: str, stale: Sequence[str]) -> None:
    with unheard():
        click.echo(text)
    # Nothing else is printed then, and the exit status needs its reason.
    for entry in stale:
        tell(f"wtspec: the baseline no longer holds: {entry}")


def _unwritable(name: str, error: OSError) -> EnvironmentTrouble:
    where = "to stdout" if name == STDOUT else name
    return EnvironmentTrouble(
        f"cannot write the report {where}: {error.strerror}; name another file"
    )
