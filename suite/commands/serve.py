"""`wtspec serve`: our reference as a server."""

from pathlib import Path

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.reference_options import reference_options


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4433, show_default=True, help="0: any free."
)
@click.option("--cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@reference_options
def command(
    host: str,
    port: int,
    cert: Path | None,
    key: Path | None,
    **common: str | bool | tuple[str, ...],
) -> int:
    """Run our reference server, for people to connect to.

    It prints its URL and the hash of its certificate, then what happens to each session, and ends
    with Ctrl-C. Its paths are those of the contract: /echo, /sink, /hold, /source, /close, /drain,
    /reset, /stop, /reject, /origin, /protocols.
    """
    from wtspec.suite.commands.reference_server import Wish, run

    run(Wish.of((host, port), (cert, key), common))
    return ExitCode.AS_EXPECTED
