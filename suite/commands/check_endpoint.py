"""`wtspec check-endpoint`: is my program's glue to the contract right, apart from the protocol?"""

import asyncio

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.pipes import say


@click.command("check-endpoint")
@click.option("--exec", "program", metavar="CMD", required=True, help="The program to try.")
@click.option("--role", type=click.Choice(["server", "client"]), help="Only this role.")
def command(program: str, role: str | None) -> int:
    """Try whether a program speaks the contract, apart from the protocol.

    Runs it in each role against our reference, which keeps the protocol's rules: what goes wrong
    is the glue around the API. Each line is one thing that the contract asks for, with what to do
    where it is not so. `wtspec run` then judges the protocol.
    """
    import shlex

    from wtspec.suite.commands.glue import check_role
    from wtspec.suite.endpoint.interface import BOTH, Role

    try:
        words = shlex.split(program)
    except ValueError as error:
        raise usage(f"--exec {program!r} does not read as a command: {error}") from error
    if not words:
        raise usage("--exec needs the command of a program that speaks the contract")
    roles = (Role(role),) if role else BOTH
    wrong = [asyncio.run(check_role(program, one, say)) for one in roles]
    if all(one is None for one in wrong):
        say("no role is offered: a program exits with 127 only for a role it does not have")
        return ExitCode.NON_CONFORMANCE
    found = sum(one or 0 for one in wrong)
    say("the glue is right" if not found else f"{found} to mend, and then `wtspec run`")
    return ExitCode.NON_CONFORMANCE if found else ExitCode.AS_EXPECTED
