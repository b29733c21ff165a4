"""From options to what is run: the endpoint, its roles, its dialects."""

import asyncio
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wtspec.suite.commands.attach import EmbeddedReference, Listening, Program, Remote
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.dialect import DIALECTS, Dialect, UnknownDialect, dialect
from wtspec.suite.endpoint.interface import (
    BOTH,
    EndpointGone,
    EndpointMisuse,
    EndpointNotOffered,
    Hello,
    Role,
)
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.lanes import Lanes

NEWEST = "h3-16"
EVERY = "all"
# Each has an endpoint of its own and imports everything again.
_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """What the user points at. `words`: the options that attach the same endpoint again."""

    factory: EndpointFactory
    roles: tuple[Role, ...] = BOTH
    is_virtual: bool = False
    words: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What starts the same run again, less its selectors."""
        return shlex.join(("wtspec", "run", *self.words))

    def workers(self, at_once: int | None = None) -> int:
        """Processes for a real endpoint: of what somebody else started there is only one."""
        if not isinstance(self.factory, Program):
            return 1
        return min(os.cpu_count() or 1, at_once or _MOST_WORKERS, _MOST_WORKERS)

    def lanes(self, at_once: int | None, workers: int) -> Lanes:
        """Those of one worker. Nobody's limits are known where somebody else started it."""
        if at_once is not None:
            share = -(-at_once // workers)
            return Lanes(share, share)
        return Lanes() if isinstance(self.factory, Program) else Lanes(in_all=Lanes().at_once)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options that attach an endpoint, as they were given; empty: not given."""

    program: str = ""
    url: str = ""
    listen: str = ""
    paths: tuple[str, ...] = ()
    role: str = ""


def choose(wanted: Wanted) -> Target:
    """The target; raises UsageError where the options contradict each other."""
    given = [one for one in (wanted.program, wanted.url, wanted.listen) if one]
    if len(given) > 1:
        raise usage("give one of --exec, --url and --listen: a run has one endpoint")
    if wanted.paths and not wanted.url:
        raise usage("--path names the paths of a server of its own: it goes with --url")
    roles = (Role(wanted.role),) if wanted.role else BOTH
    if wanted.program:
        return _program(wanted.program, roles)
    if wanted.url:
        return _remote(wanted)
    if wanted.listen:
        return _listening(wanted)
    return Target(EmbeddedReference(), roles, is_virtual=True)


def _program(command: str, roles: tuple[Role, ...]) -> Target:
    try:
        if not shlex.split(command):
            raise usage("--exec needs the command of a program that speaks the contract")
    except ValueError as error:
        raise usage(f"--exec {command!r} does not read as a command: {error}") from error
    return Target(Program(command, str(Path.cwd())), roles, words=("--exec", command))


def _remote(wanted: Wanted) -> Target:
    from wtspec.implementations.remote import BadUrl, locate

    if wanted.role == str(Role.CLIENT):
        raise usage("--url names a server; a client is attached with --exec")
    try:
        address, path = locate(wanted.url)
    except BadUrl as error:
        raise usage(f"--url: {error}") from error
    named = dict(_own_path(one) for one in wanted.paths)
    # https://host/echo is what people try first; the bare host has the contract's own paths.
    if path.strip("/"):
        named.setdefault("/echo", path)
    words = ["--url", wanted.url, *(word for one in wanted.paths for word in ("--path", one))]
    remote = Remote(wanted.url, address, tuple(named.items()))
    return Target(remote, (Role.SERVER,), words=tuple(words))


def _listening(wanted: Wanted) -> Target:
    if wanted.role == str(Role.SERVER):
        raise usage("--listen waits for a client; a server is attached with --exec or --url")
    host, _, port = wanted.listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise usage(f"--listen {wanted.listen!r} is not as 127.0.0.1:8080")
    factory = Listening((host.strip("[]"), int(port)))
    return Target(factory, (Role.CLIENT,), words=("--listen", wanted.listen))


def _own_path(text: str) -> tuple[str, str]:
    name, equals, own = text.partition("=")
    if not equals or not name or not own.startswith("/"):
        raise usage(f"--path {text!r} is not as echo=/my/echo")
    return f"/{name.strip('/')}", own


def choose_dialects(names: Sequence[str], target: Target) -> tuple[Dialect, ...]:
    """Those asked for; else the newest that the endpoint itself names, else the newest of all."""
    if EVERY in names:
        return tuple(one for one in DIALECTS.values() if one.implementable)
    try:
        if names:
            return tuple(dict.fromkeys(_implementable(one) for one in names))
    except UnknownDialect as error:
        raise usage(f"{error} `--dialect {EVERY}` runs every one") from error
    if not isinstance(target.factory, Program):
        return (dialect(NEWEST),)
    known = [DIALECTS[one] for one in _greeting(target).dialects if one in DIALECTS]
    return (max(known, key=lambda one: one.draft, default=dialect(NEWEST)),)


def _implementable(name: str) -> Dialect:
    found = dialect(name)
    if not found.implementable:
        raise UnknownDialect(f"{name} contradicts itself and cannot be implemented.")
    return found


def _greeting(target: Target) -> Hello:
    """What the program says of itself when nothing is asked of it."""
    assert isinstance(target.factory, Program)
    last: Exception | None = None
    for role in target.roles:
        try:
            return asyncio.run(target.factory.greeting(role))
        except EndpointNotOffered as refusal:
            last = refusal
        except (EndpointGone, EndpointMisuse, OSError) as error:
            raise EnvironmentTrouble(
                f"{target.factory} does not start as a {role}: {error}; "
                f"`wtspec check-endpoint --exec ...` says what is missing"
            ) from error
    raise EnvironmentTrouble(f"{target.factory} offers no role that was asked for: {last}")
