"""`wtspec probe URL`: which dialects does that server speak?"""

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import EnvironmentTrouble
from wtspec.suite.commands.server_url import Site, TrustChoice, find, trust_options
from wtspec.suite.commands.survey import Answer, Survey, survey
from wtspec.suite.commands.unreachable import Unreachable
from wtspec.suite.dialect import DIALECTS, http3
from wtspec.suite.wire import settings, transport_parameters
from wtspec.suite.wire.transport_parameters import Parameter, integer

SCHEMA_VERSION = 1
_RESETS_AT = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)


@click.command("probe")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@trust_options
def command(
    url: str, as_json: bool, insecure: bool, ca: Path | None, hashes: tuple[str, ...]
) -> int:
    """Say which dialects the server at URL speaks.

    Each dialect gets a connection with its own SETTINGS and a CONNECT with its own token to the
    URL's path, whether or not the server announced it. On this machine any certificate will do;
    elsewhere the system's authorities decide.
    """
    site = find(url, TrustChoice(insecure, ca, hashes))
    try:
        seen = asyncio.run(survey(site, tuple(http3.all)))
    except Unreachable as error:
        raise EnvironmentTrouble(str(error)) from error
    lines = [json.dumps(as_plain(url, site, seen), indent=2)] if as_json else page(site, seen)
    click.echo("\n".join(lines))
    if not seen.spoken:
        raise EnvironmentTrouble(no_dialect(site, seen))
    return ExitCode.AS_EXPECTED


def page(site: Site, seen: Survey) -> list[str]:
    """The whole answer, for people."""
    digest = base64.b64encode(seen.certificate_sha256).decode()
    announced = dict(seen.parameters)
    resets_at = ", ".join(
        f"{int(one):#x} {'yes' if one in announced else 'no'}" for one in _RESETS_AT
    )
    facts = [
        ("server", f"{site.place} ({site.authority}), HTTP/3"),
        ("certificate", f"sha256 {digest}, {site.trust.told}"),
        ("datagrams", f"max_datagram_frame_size {_number(announced)}"),
        ("resets", f"reset_stream_at {resets_at}"),
        ("parameters", "  ".join(f"{name} {value}" for name, _, value in _parameters(seen))),
        ("settings", _settings_line(seen)),
    ]
    spoken = " ".join(seen.spoken) or "no dialect"
    lines = [f"{label:12}{value}" for label, value in facts]
    untold = [one.name for one in DIALECTS.values() if not one.implementable]
    note = f"not asked for {' '.join(untold)}: the draft contradicts itself"
    return [*lines, "", *_table(seen.answers), note, "", f"{'speaks':12}{spoken}"]


def as_plain(url: str, site: Site, seen: Survey) -> dict[str, Any]:
    """The whole answer, for programs."""
    announced = dict(seen.parameters)
    return {
        "schema_version": SCHEMA_VERSION,
        "url": url,
        "address": list(site.address),
        "certificate": {
            "sha256": base64.b64encode(seen.certificate_sha256).decode(),
            "trust": site.trust.told,
        },
        "transport_parameters": [
            {"id": number, "name": name, "value": value}
            for name, number, value in _parameters(seen)
        ],
        "reset_stream_at": {f"{int(one):#x}": one in announced for one in _RESETS_AT},
        "settings": None
        if seen.settings is None
        else [
            {"id": number, "name": settings.name(number), "value": value}
            for number, value in seen.settings
        ],
        "dialects": [_plain_answer(one) for one in seen.answers],
        "spoken": list(seen.spoken),
    }


def no_dialect(site: Site, seen: Survey) -> str:
    """Why there is nothing to test, for a server that speaks HTTP/3 at least."""
    accepted = [one.dialect for one in seen.answers if one.is_accepted]
    announced = [one.dialect for one in seen.answers if one.is_announced]
    if announced:
        return (
            f"{site.place} announces {' '.join(announced)} but gives no session at"
            f" {site.path}; name a path that it serves."
        )
    if accepted:
        return (
            f"{site.place} gives sessions ({' '.join(accepted)}) but does not announce what their"
            " clients have to wait for; the table says what is missing."
        )
    sent = " ".join(f"{number:#x}" for number, _ in seen.settings or ()) or "none"
    return (
        f"{site.place} speaks HTTP/3 but offers no WebTransport setting that is known here (its"
        f" settings: {sent}); switch WebTransport on there."
    )


def _plain_answer(one: Answer) -> dict[str, Any]:
    return {
        "dialect": one.dialect,
        "announced": one.is_announced,
        "lacks": list(one.lacks),
        "accepted": one.is_accepted,
        "status": one.status,
        "said": one.said,
        "flow_control": one.flow_control,
        "remarks": list(one.remarks),
    }


def _table(answers: Sequence[Answer]) -> Iterator[str]:
    rows = [("dialect", "announced", "CONNECT", "answer", "flow control", "remarks")]
    rows += [
        (
            one.dialect,
            "yes" if one.is_announced else f"no: {', '.join(one.lacks)}",
            "accepted" if one.is_accepted else "not accepted",
            one.said,
            {None: "-", True: "on", False: "off"}[one.flow_control],
            "; ".join(one.remarks),
        )
        for one in answers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _parameters(seen: Survey) -> Iterator[tuple[str, int, int | str]]:
    """Name, number, and value: a number where the bytes are one, else hex."""
    for number, raw in seen.parameters:
        yield transport_parameters.name(number), number, transport_parameters.readable(number, raw)


def _number(announced: dict[int, bytes]) -> str:
    raw = announced.get(Parameter.MAX_DATAGRAM_FRAME_SIZE)
    return "not announced" if raw is None else str(integer(raw))


def _settings_line(seen: Survey) -> str:
    if seen.settings is None:
        return "none came"
    return "  ".join(f"{settings.name(number)} {value}" for number, value in seen.settings)
