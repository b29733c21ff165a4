"""`wtspec connect URL`: our reference as a client."""

from pathlib import Path
from typing import Any

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.reference_options import reference_options
from wtspec.suite.commands.server_url import TrustChoice, find, trust_options


@click.command("connect")
@click.argument("url", required=False)
@click.option("--message", help="What to send; without it, all of stdin.")
@click.option("--origin", help="The Origin header to send.")
@click.option(
    "--timeout",
    "deadline_s",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds to wait for the session, and then for the end of the answer.",
)
@trust_options
@reference_options
def command(
    url: str | None, insecure: bool, ca: Path | None, hashes: tuple[str, ...], **rest: Any
) -> int:
    """Open a session with our reference client and send something over it.

    What is sent goes on one bidirectional stream; what comes back on it is printed. Facts about the
    session go to stderr. With --contract, no URL is given: sessions are opened by command.
    """
    from wtspec.suite.commands import reference_client

    if rest["contract"]:
        if url is not None:
            raise usage("with --contract the URL comes by command; leave it away")
        reference_client.speak_contract(rest)
        return ExitCode.AS_EXPECTED
    if url is None:
        raise usage("connect where? write `wtspec connect https://host:port/echo`")
    site = find(url, TrustChoice(insecure, ca, hashes))
    reference_client.run(url, site, rest)
    return ExitCode.AS_EXPECTED
