"""The reference as a server on a terminal, or behind the contract."""

import asyncio
import base64
import errno
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from wtspec.implementations.reference import program
from wtspec.implementations.reference.contract_server import PATHS, ContractServer
from wtspec.implementations.reference.reporting import Emit
from wtspec.implementations.reference.serving import ServerOptions
from wtspec.reports.block import visible
from wtspec.suite.commands import reference_options as options
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.dialect import Side
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import Identity, p256


@dataclass(frozen=True, slots=True)
class Wish:
    """What to serve, and where."""

    local: tuple[str, int]
    server: ServerOptions
    identity: Identity
    speaks_contract: bool

    @classmethod
    def of(
        cls,
        local: tuple[str, int],
        files: tuple[Path | None, Path | None],
        common: Mapping[str, Any],
    ) -> "Wish":
        """From the command's options. Raises UsageError."""
        host = "127.0.0.1" if local[0] == "localhost" else local[0]
        try:
            ip_address(host)
        except ValueError as error:
            raise usage(f"--host {local[0]!r} is no address; write one as 127.0.0.1") from error
        identity = options.wanted_identity(*files) or p256()
        server = ServerOptions(
            dialects=options.wanted_dialects(common["dialects"]),
            limits=options.wanted_limits(common["limits"]),
            protocols=tuple(common["protocols"].split()),
            identity=identity,
            rules=options.wanted_rules(common["fault"], Side.SERVER),
        )
        return cls((host, local[1]), server, identity, bool(common["contract"]))


def run(wish: Wish) -> None:
    """Serve until SIGINT or SIGTERM."""
    asyncio.run(serve(wish, program.emit if wish.speaks_contract else tell))


async def serve(wish: Wish, emit: Emit) -> None:
    """Serve until a signal; raises EnvironmentTrouble when the address cannot be had."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    try:
        served = ContractServer(UdpNetwork(), wish.local, wish.server, emit)
    except OSError as error:
        raise _no_address(error, wish.local) from error
    if wish.speaks_contract:
        emit("hello", program.hello(wish.server.dialects, wish.server.limits))
    else:
        for line in greeting(served.server.address, wish):
            click.echo(line)
    await over.wait()
    await served.server.close()
    if (failure := wish.server.life.failure) is not None:
        raise failure


def greeting(address: tuple[str, int], wish: Wish) -> list[str]:
    """How to reach it."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    digest = wish.identity.hash_sha256
    return [
        f"serving      https://{host}:{address[1]}/echo",
        f"dialects     {' '.join(map(str, wish.server.dialects))}",
        f"certificate  sha256 {base64.b64encode(digest).decode()}",
        f"             {digest.hex()}",
        f"paths        {' '.join(PATHS)} /reject",
    ]


def tell(name: str, fields: Mapping[str, object]) -> None:
    """An event of the contract as a line for people; data is only counted."""
    click.echo(event_line(name, fields))


def event_line(name: str, fields: Mapping[str, object]) -> str:
    shown = {key: value for key, value in fields.items() if value not in (None, {}, "")}
    if "data" in shown:
        shown["data"] = f"{len(base64.b64decode(str(shown['data'])))} bytes"
    words = (f"{key}={visible(str(value))}" for key, value in shown.items())
    return f"{name:11}  {'  '.join(words)}"


def _no_address(error: OSError, local: tuple[str, int]) -> EnvironmentTrouble:
    place = f"{local[0]} port {local[1]}"
    if error.errno == errno.EADDRINUSE:
        return EnvironmentTrouble(f"{place} is taken by another program; give --port 0 or another.")
    if error.errno == errno.EACCES:
        return EnvironmentTrouble(f"you may not listen at {place}; give a --port above 1023.")
    return EnvironmentTrouble(
        f"{place} cannot be had here ({error.strerror}); give another --host."
    )
