"""`wtspec interop`: implementations against each other, and the matrix of what came of it."""

from typing import Any

import click


@click.command()
@click.option(
    "--clients", metavar="LIST", help="Comma-separated; default: all that are ready to run."
)
@click.option("--servers", metavar="LIST", help="The same.")
@click.option(
    "--scenario", "scenarios", metavar="NAME", multiple=True, help="Repeatable; default: all."
)
@click.option("--link", "links", metavar="NAME", multiple=True, help="Repeatable; default: clean.")
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Runs over a link that leaves something to chance.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "-j", "at_once", type=click.IntRange(min=1), help="Pairs at once; default: one a core."
)
@click.option("--json", "json_file", metavar="FILE", type=click.Path(), help="`-` for stdout.")
@click.option("--markdown", "markdown_file", metavar="FILE", type=click.Path())
@click.option("--html", "html_file", metavar="FILE", type=click.Path())
@click.option(
    "--evidence",
    "evidence_folder",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Keep packets with their secrets, and what interop images printed.",
)
@click.option("--list", "is_listing", is_flag=True, help="Name the scenarios and the links.")
def command(**options: Any) -> int:
    """Run clients against servers, our relay between them.

    A member is one of `wtspec implementations` (as its image), `reference`, NAME=CMD for a
    program that speaks the contract, or NAME=interop:IMAGE for an image made for
    quic-interop-runner's WebTransport mode. Such images meet each other and `reference`, in that
    runner's test cases. What fails is blamed on a side only where the wire shows it.
    """
    from wtspec.suite.commands.matching import listing, perform
    from wtspec.suite.commands.matching_words import Wish

    if options.pop("is_listing"):
        click.echo("\n".join(listing()))
        return 0
    return int(perform(Wish(**options)))
