"""`wtspec check-endpoint`: does my program speak the contract, and do what it claims?"""

import click

from wtspec.suite.commands.failure import usage


@click.command("check-endpoint")
@click.option("--exec", "program", metavar="CMD", help="The program to try.")
@click.option("--image", metavar="NAME", help="A container image with it.")
@click.option("--implementation", metavar="NAME", help="A known implementation's image.")
@click.option("--role", type=click.Choice(["server", "client"]), help="Only this role.")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(), help="`-` for stdout.")
def command(
    *,
    program: str | None,
    image: str | None,
    implementation: str | None,
    role: str | None,
    json_file: str | None,
) -> int:
    """Try whether a program speaks the contract, and does what it claims.

    Runs it in each role against our reference, which keeps the protocol's rules and minds no
    missing announcement: what goes wrong is the glue around the API. Each line is one thing that
    the contract asks for, with what to do where it is not so. Then each role, dialect and feature
    of its `hello`, and of its manifest, is held against what it sends: a claim that is not so is
    FALSE, and what it does beyond its claims is told. `wtspec run` judges the protocol.
    """
    from wtspec.suite.commands.checking import perform
    from wtspec.suite.commands.target import Wanted, choose

    if (program, image, implementation) == (None, None, None):
        raise usage("name the endpoint: --exec, --image or --implementation")
    wanted = Wanted(program, role=role, image=image, implementation=implementation)
    return int(perform(choose(wanted), implementation, json_file))
