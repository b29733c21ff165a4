"""`wtspec list`: the cases that there are, or the requirements and who tests them."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wtspec.suite.case import Case

SCHEMA_VERSION = 1


@click.command()
@click.argument("select", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="An array of cases, for programs.")
@click.option("--requirements", is_flag=True, help="The ledger, and the cases of each entry.")
def command(select: tuple[str, ...], *, as_json: bool, requirements: bool) -> None:
    """Show the cases that there are. SELECT as for `wtspec run`."""
    cases = chosen(select)
    if requirements:
        rows = list(_requirements(cases, whole=not select))
        lines = [f"{one['level']:6} {one['id']:52} {_shown(one)}" for one in rows]
    else:
        rows = [_case(one) for one in cases]
        width = max((len(one.id) for one in cases), default=0)
        lines = [f"{one.id:{width}}  {one.title}" for one in cases]
    click.echo(json.dumps(rows, indent=1) if as_json else "\n".join(lines))


def chosen(select: Sequence[str]) -> "tuple[Case, ...]":
    """The selected cases; usage errors where a selector names nothing."""
    from wtspec.suite.commands.failure import usage
    from wtspec.suite.requirements import ledger
    from wtspec.suite.run import catalogue
    from wtspec.suite.run.select import NothingSelected, Selection

    found = catalogue.load()
    for mistake in found.mistakes:
        click.echo(f"wtspec: left out, {mistake}", err=True)
    try:
        return Selection(found, tuple(select), ledger.load()).cases()
    except NothingSelected as error:
        raise usage(str(error)) from error


def _case(case: "Case") -> dict[str, Any]:
    return {
        "id": case.id,
        "title": case.title,
        "requirements": list(case.requires),
        "roles": [str(one) for one in case.roles],
        "dialects": [one.name for one in case.dialects],
        "control": case.control,
        "faults": list(case.faults),
        "parameters": list(case.parameters),
        "configuration": str(case.configuration),
        "violates": case.violates,
    }


def _requirements(cases: "Sequence[Case]", *, whole: bool) -> Iterator[dict[str, Any]]:
    """All of the ledger, or what these cases rest on."""
    from wtspec.suite.requirements import ledger

    by_requirement: dict[str, list[str]] = {}
    for case in cases:
        for name in case.requires:
            by_requirement.setdefault(name, []).append(case.id)
    rules = ledger.load().values()
    for rule in rules if whole else (one for one in rules if one.id in by_requirement):
        yield {
            "id": rule.id,
            "citation": rule.citation,
            "level": str(rule.level),
            "party": str(rule.party),
            "text": rule.text,
            "since": rule.since,
            "until": rule.until,
            "cases": by_requirement.get(rule.id, []),
            "untested": rule.untested,
        }


def _shown(row: dict[str, Any]) -> str:
    if row["cases"]:
        return ", ".join(row["cases"])
    return f"untested: {row['untested']}" if row["untested"] else "no case yet"
