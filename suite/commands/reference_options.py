"""The options that `wtspec serve` and `wtspec connect` have in common, and what they mean."""

import hashlib
import json
import ssl
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from wtspec.implementations.reference import program
from wtspec.implementations.reference.negotiation import Limits
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.suite.commands.failure import usage
from wtspec.suite.dialect import Dialect, Side, UnknownDialect, dialect
from wtspec.suite.quic.identity import Identity


def reference_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both roles take."""
    options = (
        click.option(
            "--dialect", "dialects", multiple=True, metavar="NAME", help="As h3-16; repeatable."
        ),
        click.option("--fault", metavar="NAME", default="", help="Misbehave in this one way."),
        click.option(
            "--limits",
            metavar="KEY=N,...",
            default="",
            help=f"What to grant: {', '.join(Limits.__slots__)}.",
        ),
        click.option("--protocols", metavar="NAMES", default="", help="Separated by spaces."),
        click.option("--contract", is_flag=True, help="Speak the contract on stdin and stdout."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wanted_dialects(names: Sequence[str]) -> tuple[Dialect, ...]:
    """Most wanted first; by default one of each family. Raises UsageError."""
    try:
        found = [dialect(one) for one in names or program.DEFAULT_DIALECTS.split()]
    except UnknownDialect as error:
        raise usage(str(error)) from error
    for one in found:
        if not one.implementable:
            raise usage(f"{one} contradicts itself and cannot be implemented; take another dialect")
    return tuple(dict.fromkeys(found))


def wanted_limits(text: str) -> Limits:
    """From key=number pairs, separated by commas. Raises UsageError."""
    given: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        key, _, number = part.partition("=")
        if key not in Limits.__slots__:
            near = get_close_matches(key, Limits.__slots__, n=1) or Limits.__slots__
            raise usage(f"there is no limit {key!r}; did you mean {' or '.join(near)}?")
        if not (number.isascii() and number.isdecimal()):
            raise usage(f"--limits {part!r}: write {key}=NUMBER")
        given[key] = int(number)
    return Limits(**given)


def wanted_rules(fault: str, side: Side) -> Rules:
    """Honest, or with one fault or oddity. Raises UsageError."""
    if not fault:
        return HONEST
    from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES

    known = {**FAULTS, **ODDITIES}
    if fault not in known:
        near = get_close_matches(fault, known, n=3) or ["one of those that `wtspec prove` lists"]
        raise usage(f"there is no fault {fault!r}; did you mean {' or '.join(near)}?")
    if side not in known[fault].roles:
        raise usage(f"the fault {fault} cannot show in a {side}; it is one of a {side.other}")
    return known[fault].rules


def wanted_identity(certificate: Path | None, key: Path | None) -> Identity | None:
    """From PEM files; None: one is made. Raises UsageError."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise usage("--cert and --key go together")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_none)
    except (ssl.SSLError, ValueError) as error:
        raise usage(
            f"{certificate} and {key} are no certificate and its key in PEM form ({error})"
        ) from error
    pem = certificate.read_bytes()
    end = "-----END CERTIFICATE-----"
    first = pem.decode("ascii", "replace").partition(end)[0].rpartition("-----BEGIN")[2]
    der = ssl.PEM_cert_to_DER_cert(f"-----BEGIN{first}{end}\n")
    return Identity(pem, key.read_bytes(), hashlib.sha256(der).digest())


def _none() -> str:
    """The password of a key: there is nobody to ask."""
    raise ValueError("the key is encrypted")


def limits_variable(limits: Limits) -> str:
    """The same as WT_LIMITS of the contract."""
    given = {key: getattr(limits, key) for key in Limits.__slots__}
    return json.dumps({key: value for key, value in given.items() if value is not None})
