"""`wtspec check-endpoint`: whether a program speaks the contract, before anything is judged."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wtspec.suite.commands.attach import Program
    from wtspec.suite.endpoint.interface import Endpoint, Hello, Role


@click.command()
@click.option("--exec", "program", metavar="CMD", required=True, help="The program to try.")
@click.option("--role", type=click.Choice(["server", "client"]), help="Only this role.")
def command(program: str, role: str | None) -> int:
    """Try whether a program speaks the contract.

    Starts it in each role, reads its `hello`, opens a session with it, and stops it. Says what is
    missing; `wtspec run` then judges what it does.
    """
    from wtspec.suite.commands.attach import Program
    from wtspec.suite.commands.exit_code import ExitCode
    from wtspec.suite.commands.target import Wanted, choose

    chosen = choose(Wanted(program=program, role=role or ""))
    assert isinstance(chosen.factory, Program)
    good, offered = True, 0
    for one in chosen.roles:
        is_good, is_offered = asyncio.run(_tried(chosen.factory, one))
        good, offered = good and is_good, offered + is_offered
    if not offered:
        click.echo("no role is offered: a program exits with 127 only for a role it does not have")
    return int(ExitCode.AS_EXPECTED if good and offered else ExitCode.NON_CONFORMANCE)


async def _tried(program: "Program", role: "Role") -> tuple[bool, bool]:
    """Whether all was well in this role, and whether it has it."""
    from wtspec.suite.endpoint.interface import EndpointGone, EndpointMisuse, EndpointNotOffered

    click.echo(f"as a {role}")
    try:
        endpoint = await program.greeted(role)
    except EndpointNotOffered as refusal:
        click.echo(f"  not offered: {refusal}")
        return True, False
    except (EndpointGone, EndpointMisuse, OSError) as error:
        click.secho(f"  WRONG  it does not start: {error}", fg="red")
        return False, True
    try:
        problems = [one async for one in _problems(endpoint)]
    finally:
        await endpoint.stop()
    if (ended := endpoint.ended()) is not None:
        problems.append(f"its end was not a clean one: {ended}")
    for problem in problems:
        click.secho(f"  WRONG  {problem}", fg="red")
    click.echo("  ok" if not problems else f"  {len(problems)} things to mend")
    return not problems, True


async def _problems(endpoint: "Endpoint") -> AsyncIterator[str]:
    hello = endpoint.hello
    click.echo(f"  {hello.name} {hello.version}, dialects {' '.join(hello.dialects) or 'not told'}")
    for problem in _odd_words(hello):
        yield problem
    if (missing := await _session(endpoint)) is not None:
        yield missing


def _odd_words(hello: "Hello") -> list[str]:
    """Words of `hello` that the contract does not have: most likely misspelt."""
    from wtspec.suite.dialect import DIALECTS
    from wtspec.suite.endpoint.contract import FEATURES

    features = sorted(hello.features - FEATURES)
    dialects = sorted(
        one for one in set(hello.dialects) - DIALECTS.keys() if not one.startswith("h2-")
    )
    return [
        *(f"hello: the contract has no feature {one!r}" for one in features),
        *(f"hello: there is no dialect {one!r}" for one in dialects),
    ]


async def _session(endpoint: "Endpoint") -> str | None:
    """A session with an echo, as the cases that everything rests on have it; None when it came."""
    from wtspec.suite.commands.target import NEWEST
    from wtspec.suite.dialect import DIALECTS, dialect
    from wtspec.suite.network.udp import UdpNetwork
    from wtspec.suite.peer.patience import SLOW
    from wtspec.suite.run import catalogue
    from wtspec.suite.run.attempt import Stage, run_case
    from wtspec.suite.run.plan import cells_of

    known = [DIALECTS[one] for one in endpoint.hello.dialects if one in DIALECTS]
    spoken = known[0] if known else dialect(NEWEST)
    echo = catalogue.load()["setup/echo"]
    (cell,) = cells_of(echo, [endpoint.role], [spoken])
    attempt = await run_case(cell, Stage(endpoint, UdpNetwork(), SLOW))
    if attempt.outcome.is_good:
        click.echo(f"  a session of {spoken} echoes")
        return None
    return f"no echo in {spoken}: {attempt.verdict.reason} (`wtspec run setup` shows more)"
