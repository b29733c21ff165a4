"""`wtspec explain`: one case in words."""

import inspect
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wtspec.suite.case import Case


@click.command()
@click.argument("case_id", metavar="CASE")
def command(case_id: str) -> None:
    """Say what one case does, expects and rests on. CASE is its id, or that of one of its cells."""
    from wtspec.suite.commands.failure import usage
    from wtspec.suite.commands.listing import chosen

    found = chosen([case_id])
    if len(found) != 1:
        names = ", ".join(one.id for one in found[:5])
        raise usage(f"{case_id!r} names {len(found)} cases ({names}, ...); explain takes one")
    parameter = case_id.partition("[")[2].partition("]")[0] or None
    for label, value in _facts(found[0], parameter):
        click.echo(f"{label:12} {value}")
    click.echo(f"\n{textwrap.indent(_script(found[0]), '    ')}")


def _facts(case: "Case", parameter: str | None) -> Iterator[tuple[str, str]]:
    yield case.id, case.title
    yield from _requirements(case)
    yield "roles", " and ".join(str(one) for one in case.roles)
    yield "dialects", str(case.dialects)
    yield "control", _controls(case)
    if case.parameters:
        yield "parameters", ", ".join(case.parameters)
    yield "start with", f"{case.configuration} configuration"
    if case.needs:
        yield "needs", ", ".join(sorted(case.needs))
    if case.violates:
        yield "", "our side breaks a rule on purpose"
    yield from _expectations(case, parameter)
    for fault in case.faults:
        yield "red by", fault
    yield "source", case.source


def _requirements(case: "Case") -> Iterator[tuple[str, str]]:
    from wtspec.suite.requirements import ledger

    known = ledger.load()
    for name in case.requires:
        rule = known[name]
        yield "requirement", f"{rule.id}  ({rule.citation}, {rule.level})"
        yield "", rule.text


def _controls(case: "Case") -> str:
    """The chain down to the root."""
    from wtspec.suite.run import catalogue

    known, names = catalogue.load(), []
    above = known.control_of(case)
    while above is not None:
        names.append(above.id)
        above = known.control_of(above)
    return ", which rests on ".join(names) or "none: it is the root"


def _expectations(case: "Case", parameter: str | None) -> Iterator[tuple[str, str]]:
    """That of one parameter where one is asked for; else of each, those told once that agree."""
    asked: list[str | None] = [parameter]
    if parameter is None and case.parameters:
        asked = [*case.parameters]
    alike: dict[tuple[tuple[str, str], ...], list[str | None]] = {}
    for one in asked:
        alike.setdefault(tuple(_expectation(case, one)), []).append(one)
    for lines, names in alike.items():
        if parameter is not None or len(alike) > 1:
            yield "with", ", ".join(map(str, names))
        yield from lines


def _expectation(case: "Case", parameter: str | None) -> Iterator[tuple[str, str]]:
    expect = case.expectation(parameter)
    for pattern in expect.patterns:
        yield "expects", str(pattern)
    for pattern, reading in expect.readings.items():
        yield "or reads", f"{pattern}: {reading}"
    for pattern, note in expect.tolerated.items():
        yield "tolerates", f"{pattern}: {note}"


def _script(case: "Case") -> str:
    """The script's own lines, without the declaration above it, which was just told."""
    lines = inspect.getsource(inspect.unwrap(case.script)).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("async def "))
    return "\n".join(lines[start:])
