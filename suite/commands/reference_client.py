"""The reference as a client on a terminal, or behind the contract."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from wtspec.implementations.reference import program
from wtspec.implementations.reference.connecting import ClientOptions, SessionOptions, connect
from wtspec.implementations.reference.errors import SessionRefused, WebTransportError
from wtspec.implementations.reference.session import Session
from wtspec.reports.block import visible
from wtspec.suite.commands import reference_options as options
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.commands.server_url import Site
from wtspec.suite.commands.unreachable import nothing_came
from wtspec.suite.dialect import Side
from wtspec.suite.network.udp import UdpNetwork


@dataclass(frozen=True, slots=True)
class Wish:
    """What to ask for, and what to send; None: all of stdin."""

    url: str
    site: Site
    client: ClientOptions
    session: SessionOptions
    message: str | None

    @property
    def deadline_s(self) -> float:
        return self.session.deadline_s


def run(url: str, site: Site, rest: Mapping[str, Any]) -> None:
    """One session, to the end of what comes back; raises EnvironmentTrouble without one."""
    client = ClientOptions(
        dialects=options.wanted_dialects(rest["dialects"]),
        limits=options.wanted_limits(rest["limits"]),
        rules=options.wanted_rules(rest["fault"], Side.CLIENT),
    )
    session = SessionOptions(
        verify=site.trust.verify,
        protocols=tuple(rest["protocols"].split()),
        origin=rest["origin"],
        deadline_s=rest["deadline_s"],
    )
    asyncio.run(_demonstrate(Wish(url, site, client, session, rest["message"])))


def speak_contract(rest: Mapping[str, Any]) -> None:
    """The contract's client program; options stand above the environment's WT_* variables."""
    variables = {**os.environ, "WT_ROLE": "client"}
    if rest["fault"]:
        options.wanted_rules(rest["fault"], Side.CLIENT)
        variables["WT_FAULT"] = rest["fault"]
    if rest["dialects"]:
        variables["WT_DIALECTS"] = " ".join(map(str, options.wanted_dialects(rest["dialects"])))
    if rest["limits"]:
        variables["WT_LIMITS"] = options.limits_variable(options.wanted_limits(rest["limits"]))
    match program.main(variables):
        case program.NOT_OFFERED:
            raise usage("WT_DIALECTS names no dialect that the reference has; give --dialect")
        case program.USAGE:
            raise usage("WT_FAULT names no fault of the reference; give --fault, or unset it")


async def _demonstrate(wish: Wish) -> None:
    refused = asyncio.Event()
    network = UdpNetwork(on_refused=lambda _address: refused.set())
    work = asyncio.create_task(_session(wish, network))
    watch = asyncio.create_task(refused.wait())
    try:
        # A refusal after the session began is the connection's own affair: it ends by itself.
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait((work,))
            waited_s = wish.deadline_s
            why = nothing_came(wish.site.place, waited_s, is_refused=True)
            raise EnvironmentTrouble(str(why))
        work.result()
    finally:
        watch.cancel()


async def _session(wish: Wish, network: UdpNetwork) -> None:
    try:
        async with connect(wish.url, wish.session, options=wish.client, network=network) as session:
            protocol = f", protocol {visible(session.protocol)}" if session.protocol else ""
            fact = f"session in {session.dialect}, status {session.status}{protocol}"
            click.echo(f"{fact}; certificate {wish.site.trust.told}", err=True)
            await _exchange(session, wish)
    except SessionRefused as refusal:
        raise EnvironmentTrouble(_no_session(refusal, wish)) from refusal
    except WebTransportError as error:
        raise EnvironmentTrouble(
            f"The session at {wish.url} ended too early ({visible(str(error))}); `wtspec run --url"
            f" {wish.url}` looks closer."
        ) from error
    except TimeoutError as error:
        raise EnvironmentTrouble(
            f"Nothing more came from {wish.site.place} in {wish.deadline_s:g} s; `wtspec probe"
            f" {wish.url}` says how far it gets."
        ) from error


async def _exchange(session: Session, wish: Wish) -> None:
    """Send everything and print what comes back, at the same time: both have bounded windows."""
    stream = await session.create_bidirectional_stream()
    text = sys.stdin.read() if wish.message is None else wish.message

    async def send() -> None:
        await stream.writable.write(text.encode())
        await stream.writable.finish()

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(wish.deadline_s):
            answer = await stream.readable.read_all()
            await sending
    finally:
        sending.cancel()
    for line in answer.decode("utf-8", "replace").splitlines():
        click.echo(visible(line))
    click.echo(f"{len(answer)} bytes came back for {len(text.encode())}", err=True)


def _no_session(refusal: SessionRefused, wish: Wish) -> str:
    if refusal.status is not None:
        return (
            f"The server answered {refusal.status} at {wish.site.path}, so there is no session;"
            " name a path that it serves, as /echo."
        )
    return (
        f"No session at {wish.url}: {visible(str(refusal))}; `wtspec probe {wish.url}` says what"
        " the server offers."
    )
