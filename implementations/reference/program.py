"""The contract program of the reference: `python -m wtspec.implementations.reference`.

It reads the WT_* variables of contract section 2, serves or connects, and speaks JSON lines on
stdin and stdout. WT_FAULT names a fault or an oddity to behave by, for people who want to see it.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from wtspec.implementations.reference.connecting import ClientOptions
from wtspec.implementations.reference.contract_client import ContractClient
from wtspec.implementations.reference.contract_server import ContractServer
from wtspec.implementations.reference.negotiation import Limits, limits_for
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.implementations.reference.serving import ServerOptions
from wtspec.suite.dialect import Dialect, UnknownDialect, dialect
from wtspec.suite.endpoint.contract import LINE_LIMIT_BYTES, VERSION
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import Identity

NOT_OFFERED = 127
USAGE = 2
FEATURES = [
    "reset-code",
    "stop-code",
    "datagrams",
    "uni",
    "bidi",
    "reset",
    "stop",
    "close-code",
    "closed",
    "drain",
    "protocols",
    "pooling",
    "origin",
    "headers",
    "status",
    "hashes",
    "flow-control",
    "stats",
]
DEFAULT_DIALECTS = "h3-16 h3-14 h3-07 h3-02"

Variables = Mapping[str, str]


@cache
def _version() -> str:
    """Looked up once: reading the metadata costs as much as a handshake."""
    return version("wtspec")


def hello(dialects: tuple[Dialect, ...], limits: Limits) -> dict[str, object]:
    """The fields of the first event."""
    granted = limits_for(dialects[0], limits)
    return {
        "contract": VERSION,
        "name": "reference",
        "version": _version(),
        "roles": ["server", "client"],
        "dialects": [one.name for one in dialects],
        "limits": {key: getattr(granted, key) for key in granted.__slots__},
        "features": FEATURES,
        "unsupported": [],
        "api": "aioquic",
    }


def wanted_dialects(text: str) -> tuple[Dialect, ...]:
    """Those that exist and can be implemented; unknown names are left out."""
    found: list[Dialect] = []
    for name in text.split():
        try:
            found.append(dialect(name))
        except UnknownDialect:
            continue
    return tuple(one for one in found if one.implementable)


def wanted_limits(text: str) -> Limits:
    """WT_LIMITS; keys that are absent are left to the defaults."""
    given = json.loads(text) if text else {}
    known = {key: given[key] for key in Limits.__slots__ if isinstance(given.get(key), int)}
    return Limits(**known)


def emit(name: str, fields: Mapping[str, object]) -> None:
    """One event, one line."""
    line = json.dumps({"event": name, **fields}, separators=(",", ":"))
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def main(variables: Variables = os.environ) -> int:
    """Run until told to stop; the exit status."""
    role = variables.get("WT_ROLE", "server")
    dialects = wanted_dialects(variables.get("WT_DIALECTS", DEFAULT_DIALECTS))
    if role not in {"server", "client"} or not dialects:
        return NOT_OFFERED
    try:
        _rules(variables)
    except KeyError as error:
        print(f"WT_FAULT names no fault of ours: {error}", file=sys.stderr)  # noqa: T201 - a program's own last words
        return USAGE
    limits = wanted_limits(variables.get("WT_LIMITS", ""))
    asyncio.run((_serve if role == "server" else _connect)(dialects, limits, variables))
    return 0


async def _serve(dialects: tuple[Dialect, ...], limits: Limits, variables: Variables) -> None:
    options = ServerOptions(
        dialects=dialects,
        limits=limits,
        protocols=tuple(variables.get("WT_PROTOCOLS", "").split()),
        identity=_identity(variables),
        key_log=key_log(variables),
        rules=_rules(variables),
    )
    local = (variables.get("WT_HOST", "127.0.0.1"), int(variables.get("WT_PORT", "4433")))
    program = ContractServer(UdpNetwork(), local, options, emit)
    emit("hello", hello(dialects, limits))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await program.server.close()


async def _connect(dialects: tuple[Dialect, ...], limits: Limits, variables: Variables) -> None:
    options = ClientOptions(
        dialects=dialects, limits=limits, key_log=key_log(variables), rules=_rules(variables)
    )
    program = ContractClient(UdpNetwork(), options, emit)
    emit("hello", hello(dialects, limits))
    reader = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, program.is_shut_down.set)
    commands = asyncio.create_task(_read_commands(reader, program))
    await program.is_shut_down.wait()
    commands.cancel()


async def _read_commands(reader: asyncio.StreamReader, program: ContractClient) -> None:
    while line := await reader.readline():
        try:
            command = json.loads(line)
        except ValueError:
            emit("error", {"id": None, "error": "not JSON", "kind": "ValueError"})
            continue
        if isinstance(command, dict):
            program.execute(command)
    program.execute({"cmd": "shutdown"})


def _rules(variables: Variables) -> Rules:
    """Honest unless WT_FAULT names otherwise; KeyError for a name that is none."""
    fault = variables.get("WT_FAULT")
    if not fault:
        return HONEST
    # Only who asks for a fault pays for importing them all.
    from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES

    return {**FAULTS, **ODDITIES}[fault].rules


def _identity(variables: Variables) -> Identity | None:
    """The given certificate, which our side never has to compare with its hash."""
    if "WT_CERT" not in variables or "WT_KEY" not in variables:
        return None
    certificate = Path(variables["WT_CERT"]).read_bytes()
    return Identity(certificate, Path(variables["WT_KEY"]).read_bytes(), b"")


def key_log(variables: Variables) -> Callable[[str], None] | None:
    path = variables.get("SSLKEYLOGFILE")
    if not path:
        return None

    def write(line: str) -> None:
        with Path(path).open("a", encoding="ascii") as file:
            file.write(line.rstrip("\n") + "\n")

    return write
