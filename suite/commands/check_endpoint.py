"""`wtspec check-endpoint`: is my program's glue to the contract right, apart from the protocol?"""

import asyncio
from typing import TYPE_CHECKING

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.pipes import say

if TYPE_CHECKING:
    from wtspec.suite.commands.target import Target


@click.command("check-endpoint")
@click.option("--exec", "program", metavar="CMD", help="The program to try.")
@click.option("--image", metavar="NAME", help="A container image with it.")
@click.option("--implementation", metavar="NAME", help="A known implementation's image.")
@click.option("--role", type=click.Choice(["server", "client"]), help="Only this role.")
def command(
    program: str | None, image: str | None, implementation: str | None, role: str | None
) -> int:
    """Try whether a program speaks the contract, apart from the protocol.

    Runs it in each role against our reference, which keeps the protocol's rules and minds no
    missing announcement: what goes wrong is the glue around the API. Each line is one thing that
    the contract asks for, with what to do where it is not so. `wtspec run` judges the protocol.
    """
    from wtspec.suite.commands.attach import Launched
    from wtspec.suite.commands.glue import check_role

    target = _target(program, image, implementation, role)
    factory = target.factory
    assert isinstance(factory, Launched), "none but those that we start can be named here"
    with target.held():
        wrong = [asyncio.run(check_role(factory, one, say)) for one in target.roles]
    if all(one is None for one in wrong):
        say("no role is offered: a program exits with 127 only for a role it does not have")
        return ExitCode.NON_CONFORMANCE
    found = sum(one or 0 for one in wrong)
    say("the glue is right" if not found else f"{found} to mend, and then `wtspec run`")
    return ExitCode.NON_CONFORMANCE if found else ExitCode.AS_EXPECTED


def _target(
    program: str | None, image: str | None, implementation: str | None, role: str | None
) -> "Target":
    from wtspec.suite.commands.target import Wanted, choose

    if (program, image, implementation) == (None, None, None):
        raise usage("name the endpoint: --exec, --image or --implementation")
    return choose(Wanted(program, role=role, image=image, implementation=implementation))
