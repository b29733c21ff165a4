"""From selectors to what is run, in which dialects, and why in those."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from wtspec.suite.commands.asking import Asked, choose_dialects
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.target import Target
from wtspec.suite.requirements import ledger
from wtspec.suite.run import catalogue
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.select import NothingSelected, Selection


@dataclass(frozen=True, slots=True)
class Planned:
    """`why`: how the dialects were found, where the user did not name them."""

    plan: Plan
    why: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Those that have a cell."""
        return tuple(dict.fromkeys(str(one.role) for one in self.plan.cells))

    @property
    def dialects(self) -> tuple[str, ...]:
        """Those that have a cell."""
        return tuple(dict.fromkeys(one.dialect.name for one in self.plan.cells))


def planned(select: Sequence[str], target: Target, dialects: Sequence[str], seed: int) -> Planned:
    """The cells that the selectors name; usage errors where they name nothing.

    A cell's id says in which dialect and role it runs; `dialects` is for the other selectors.
    """
    found = catalogue.load()
    for mistake in found.mistakes:
        click.echo(f"wtspec: left out, {mistake}", err=True)
    selection = Selection(found, tuple(select), ledger.load())
    asked = Asked(())
    try:
        selection.check()
        if dialects or not selection.is_placed:
            asked = choose_dialects(dialects, target)
        cells = selection.cells(target.roles, asked.dialects)
    except NothingSelected as error:
        raise usage(str(error)) from error
    return Planned(Plan(found, cells, seed), asked.why)
