"""`wtspec run`: cases against an endpoint, and what came of them."""

from typing import Any

import click

from wtspec.suite.commands.failure import usage


@click.command()
@click.argument("select", nargs=-1)
@click.option("--exec", "program", metavar="CMD", help="A program that speaks the contract.")
@click.option("--image", metavar="NAME", help="The same as a container.")
@click.option(
    "--implementation", metavar="NAME", help="One of `wtspec implementations`, with its baseline."
)
@click.option("--url", metavar="URL", help="A server that runs already; a path in it is its echo.")
@click.option(
    "--path",
    "paths",
    metavar="NAME=/OWN",
    multiple=True,
    help="The server's own path for one of the contract's, as echo=/my/echo; with --url.",
)
@click.option("--listen", metavar="HOST:PORT", help="Wait here for a client to be started.")
@click.option("--role", type=click.Choice(["server", "client"]), help="One role of the endpoint.")
@click.option(
    "--dialect",
    "dialects",
    metavar="NAME",
    multiple=True,
    help="As h3-16, repeatable; `all` for every one. Default: the newest it speaks.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "-j",
    "jobs",
    type=click.IntRange(min=1),
    help="Cells at once against a real endpoint (8 a core); processes for the embedded one.",
)
@click.option("--resume", metavar="DIR", type=click.Path(), help="Continue the run in this folder.")
@click.option(
    "--confirm",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="How often a cell about to be red is run again, slowly and alone.",
)
@click.option("--baseline", metavar="FILE", type=click.Path(), help="The known failures.")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(), help="`-` for stdout.")
@click.option("--junit", "junit_file", metavar="FILE", type=click.Path())
@click.option("--out", metavar="DIR", type=click.Path(), help="Default: ./wt-results/<run id>.")
@click.option(
    "--max-time",
    "max_time_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="End after so long, in order; --resume does the rest.",
)
@click.option("--no-deadlines", is_flag=True, help="Wait for ever, to look with a debugger.")
@click.option("-v", "--verbose", count=True, help="-v: tolerated and blocked cells too.")
@click.option("-q", "--quiet", is_flag=True, help="Totals only.")
def command(**options: Any) -> int:
    """Run cases against an endpoint and judge it.

    SELECT is an id (session/opens), a glob ('session/*'), a family (session), a requirement's id or
    a section (h3-16/4.3); with @h3-07 or @h3-07/server behind it, only there: so the id of a cell,
    as a report prints it. Without any: everything. Without an endpoint: our own reference, in both
    roles, in virtual time.
    """
    from wtspec.suite.commands.request import Request
    from wtspec.suite.commands.running import perform

    if options["resume"] and options["out"]:
        raise usage("--resume continues in its own folder; leave --out away")
    return int(perform(Request(**options)))
