"""`wtspec bench`: what a run costs."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wtspec.suite.run.bench import Figure

HELP_TARGET_S = 0.3


@click.command()
@click.argument("select", nargs=-1)
@click.option("--exec", "program", metavar="CMD", help="Measure against this program instead.")
@click.option("--role", type=click.Choice(["server", "client"]), help="Of that program; else both.")
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(),
    help="Its known failures: any other is waited for again and again.",
)
@click.option("--json", "as_json", is_flag=True, help="An array of figures, for programs.")
def command(
    select: tuple[str, ...],
    program: str | None,
    role: str | None,
    baseline: str | None,
    *,
    as_json: bool,
) -> int:
    """Measure what a run costs.

    CPU is told in sessions of the bare engine, so that machines can be compared; wall time depends
    on what else the machine does. SELECT as for `wtspec run`.
    """
    from wtspec.suite.commands.exit_code import ExitCode

    found: list[Figure] = []
    for figure in _figures(select, program or "", role or "", baseline):
        found.append(figure)
        if not as_json:
            over = "" if figure.ok else f"  over the target of {figure.target:g}"
            click.echo(f"{figure.value:12.3f} {figure.unit:9} {figure.name}{over}")
    if as_json:
        told = [{**asdict(one), "ok": one.ok} for one in found]
        click.echo(json.dumps(told, indent=1))
    good = all(one.ok for one in found)
    return int(ExitCode.AS_EXPECTED if good else ExitCode.NON_CONFORMANCE)


def _figures(
    select: tuple[str, ...], program: str, role: str, baseline: str | None
) -> "Iterator[Figure]":
    from wtspec.suite.commands.known import Known
    from wtspec.suite.commands.planning import planned
    from wtspec.suite.commands.target import Wanted, choose
    from wtspec.suite.run import bench
    from wtspec.suite.run.real import Pace

    yield bench.start_of_help(bench.this_program("--help"), HELP_TARGET_S)
    if not program:
        embedded = choose(Wanted())
        plan = planned(select, embedded, (), 0).plan
        yield from bench.simulated(plan, embedded.factory, os.cpu_count() or 1)
        return
    target = choose(Wanted(program=program, role=role))
    plan = planned(select, target, (), 0).plan
    workers = target.workers()
    known = Known.load(baseline).signatures(plan.cells)
    pace = Pace(target.lanes(None, workers))
    yield from bench.real(plan, bench.Means(target.factory, pace, workers, known))
