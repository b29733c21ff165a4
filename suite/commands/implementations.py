"""`wtspec implementations`: the known ones, and what of them is ready to run here."""

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wtspec.implementations.manifest import Manifest

_MEGA = 1_000_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="An array, for programs.")
def command(*, as_json: bool) -> None:
    """List the known implementations: versions, roles, dialects, and what is built here."""
    from wtspec.implementations import manifest

    sizes = _image_sizes()
    rows = [_row(manifest.load(name), sizes) for name in manifest.known()]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    head = ("NAME", "VERSION", "LANGUAGE", "ROLES", "DIALECTS", "IMAGE", "PROGRAM")
    lines = [head, *(_shown(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        click.echo("  ".join(f"{word:{width}}" for word, width in zip(line, widths, strict=True)))
    if sizes is None:
        click.echo("no Docker engine answers, or `wtspec[docker]` is not installed", err=True)


def _image_sizes() -> "dict[str, int] | None":
    """Of each known image that is here; None where nobody can tell."""
    from wtspec.implementations import manifest
    from wtspec.suite.commands.engine_told import engine_told
    from wtspec.suite.commands.failure import EnvironmentTrouble

    tags = [manifest.load(name).tag for name in manifest.known()]
    try:
        with engine_told():
            from wtspec.implementations.docker_engine import Engine

            with closing(Engine()) as engine:
                found = [engine.image(tag) for tag in tags]
    except EnvironmentTrouble:
        return None
    return {one.tag: one.size_bytes for one in found if one is not None}


def _row(found: "Manifest", sizes: "dict[str, int] | None") -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.version,
        "language": found.language,
        "homepage": found.homepage,
        "roles": [str(one) for one in found.roles],
        "dialects": sorted(found.dialects),
        "image": found.tag if found.container else None,
        "image_state": _image_state(found, sizes),
        "image_bytes": (sizes or {}).get(found.tag),
        "program_state": _program_state(found),
    }


def _image_state(found: "Manifest", sizes: "dict[str, int] | None") -> str:
    if found.container is None:
        return "none"
    if sizes is None:
        return "unknown"
    return "built" if found.tag in sizes else "missing"


def _program_state(found: "Manifest") -> str:
    from wtspec.implementations.manifest import is_built

    if found.process is None:
        return "none"
    return "built" if is_built(found) else "missing"


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    state = row["image_state"]
    size_bytes = row["image_bytes"]
    return (
        row["name"],
        row["version"],
        row["language"],
        " ".join(row["roles"]),
        " ".join(row["dialects"]),
        f"{state}, {size_bytes / _MEGA:.0f} MB" if size_bytes else state,
        row["program_state"],
    )
