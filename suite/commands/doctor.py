"""`wtspec doctor`: what of this machine is ready, and what each gap costs."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from wtspec.suite.commands.checkup import Finding, check_up
from wtspec.suite.commands.exit_code import ExitCode

SCHEMA_VERSION = 1


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def command(as_json: bool) -> int:
    """Say what of this machine is ready for which runs.

    The output is made to be pasted into a report. Gaps are listed with what they cost; they are no
    error, so the exit status is 0.
    """
    findings = check_up(Path.cwd())
    if as_json:
        told = {"schema_version": SCHEMA_VERSION, "findings": [asdict(one) for one in findings]}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(page(findings)))
    return ExitCode.AS_EXPECTED


def page(findings: list[Finding]) -> list[str]:
    """Facts first, gaps last, where the eye ends."""
    width = max(len(one.what) for one in findings)
    gaps = [one for one in findings if one.gap]
    lines = [f"{one.what:{width}}  {one.found}" for one in findings]
    lines += ["", *(f"gap: {one.what}: {one.gap}" for one in gaps)]
    return lines if gaps else [*lines, "no gaps: every kind of run is possible here"]
