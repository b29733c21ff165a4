"""`wtspec prove`: every fault of the reference turns red what names it, and nothing else."""

from typing import Any

import click


@click.command()
@click.argument("select", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One object on stdout, for programs.")
@click.option("--fault", "names", metavar="NAME", multiple=True, help="Only these.")
@click.option("--dialect", "dialects", metavar="NAME", multiple=True, help="Default: h3-16.")
@click.option("--role", type=click.Choice(["server", "client"]), help="One role of the reference.")
@click.option("--quick", is_flag=True, help="Only cells that name the fault: shows no overkill.")
@click.option("-j", "processes", type=click.IntRange(min=1), help="Default: one for each core.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--out", metavar="FILE", type=click.Path(), help="Default: ./wt-results/proof.json.")
@click.option("-q", "--quiet", is_flag=True, help="Only what is wrong.")
def command(**options: Any) -> int:
    """Show that every case can fail, and fails for nothing else.

    Runs the selected cells (as for `wtspec run`) against every fault and every oddity of the
    reference, in virtual time. A fault that no selected cell names is left out. The table is
    printed, and stored with every cell.
    """
    from wtspec.suite.commands.proving import Proving, Request

    return int(Proving(Request(**options)).perform())
