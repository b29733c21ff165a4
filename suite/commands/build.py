"""`wtspec build`: known implementations as images, or one as a plain program."""

import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from wtspec.suite.commands.exit_code import ExitCode

if TYPE_CHECKING:
    from wtspec.implementations.manifest import Manifest

_AT_ONCE = 2
_MEGA = 1_000_000


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--program", is_flag=True, help="As a plain program, with this machine's own tools, for --exec."
)
@click.option(
    "-j",
    "at_once",
    type=click.IntRange(min=1),
    default=_AT_ONCE,
    show_default=True,
    help="Images at once.",
)
def command(names: tuple[str, ...], *, program: bool, at_once: int) -> int:
    """Build the images of known implementations, all or those named.

    `wtspec implementations` lists them; `wtspec run --implementation NAME` runs one. What is slow
    to build is left out unless it is named.
    """
    from wtspec.implementations import manifest
    from wtspec.suite.commands.failure import usage

    try:
        chosen = [manifest.load(one) for one in names or manifest.known()]
    except manifest.ManifestError as error:
        raise usage(str(error)) from error
    if program:
        return _programs(chosen)
    wanted = [one for one in chosen if one.container and (names or not one.container.is_slow)]
    for one in chosen:
        if names and one.container is None:
            raise usage(f"{one.name} has no image; `wtspec build --program {one.name}` builds it")
    return _images(wanted, at_once)


def _programs(chosen: "Sequence[Manifest]") -> int:
    from wtspec.implementations.building import BuildError, build
    from wtspec.implementations.manifest import directory
    from wtspec.suite.commands.failure import EnvironmentTrouble, usage

    for one in chosen:
        if one.process is None:
            raise usage(f"{one.name} runs in a container only: leave --program away")
        try:
            build(one.name)
        except BuildError as error:
            raise EnvironmentTrouble(str(error)) from error
        path, *rest = shlex.split(one.process.exec)
        words = shlex.join([str(directory(one.name) / path), *rest])
        click.echo(f"built {one.name} {one.version}; run it with")
        click.echo(f"    wtspec run --exec {shlex.quote(words)}")
    return ExitCode.AS_EXPECTED


def _images(wanted: "Sequence[Manifest]", at_once: int) -> int:
    from wtspec.suite.commands.engine_told import engine_told

    with engine_told():
        from contextlib import closing

        from wtspec.implementations.docker_engine import Engine

        with closing(Engine()):  # whether one answers, before anything is begun
            pass
        with ThreadPoolExecutor(at_once) as pool:
            done = list(pool.map(_image, wanted))
    return ExitCode.AS_EXPECTED if all(done) else ExitCode.ENVIRONMENT


def _image(one: "Manifest") -> bool:
    """Build it and print what came of it, whatever becomes of the others."""
    from wtspec.implementations.building import BuildError
    from wtspec.implementations.images import build
    from wtspec.reports.block import visible

    began_s = time.monotonic()
    try:
        built = build(one, _teller(one.name))
    except BuildError as error:
        _say(f"{one.name}: failed after {time.monotonic() - began_s:.0f} s")
        for line in str(error).splitlines():
            _say(f"    {visible(line)}")
        return False
    size_mb = built.image.size_bytes / _MEGA
    _say(f"{one.name}: {built.image.tag}  {size_mb:.0f} MB  {built.duration_s:.0f} s")
    return True


def _teller(name: str) -> Callable[[str], None]:
    from wtspec.reports.block import visible

    return lambda step: _say(f"{name}: {visible(step)}", err=True)


_SAYING = threading.Lock()


def _say(line: str, *, err: bool = False) -> None:
    """A whole line at once, whoever else speaks."""
    with _SAYING:
        click.echo(line, file=sys.stderr if err else None)
