"""From options to what is run: the endpoint and its roles."""

import os
import shlex
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from wtspec.implementations import claim, manifest
from wtspec.suite.commands.attach import (
    Attachment,
    EmbeddedReference,
    InContainer,
    Launched,
    Listening,
    Program,
    Remote,
)
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.commands.server_url import TrustChoice, find
from wtspec.suite.endpoint.application import PATHS
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.run.lanes import Lanes

# Each has an endpoint of its own and imports everything again.
_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """What the user points at. `words`: the options that attach the same endpoint again.

    `baseline`: the file of its known failures, where it is one of the known implementations.
    """

    factory: Attachment
    roles: tuple[Role, ...] = BOTH
    is_virtual: bool = False
    words: tuple[str, ...] = ()
    baseline: str | None = None

    def held(self) -> AbstractContextManager[Mapping[str, str]]:
        """Wherein it can be started; what is worth knowing of it then, beside versions."""
        return self.factory.held() if isinstance(self.factory, InContainer) else nullcontext({})

    def command(self, seed: int = 0, baseline: str | None = None) -> str:
        """What judges cells of the same endpoint in the same way again, less its selectors."""
        words = ["wtspec", "run", *self.words]
        words += ["--seed", str(seed)] if seed else []
        words += ["--baseline", baseline] if baseline else []
        return shlex.join(words)

    def workers(self, at_once: int | None = None) -> int:
        """Processes for a real endpoint: of what somebody else started there is only one."""
        if not isinstance(self.factory, Launched):
            return 1
        return min(os.cpu_count() or 1, at_once or _MOST_WORKERS, _MOST_WORKERS)

    def lanes(self, at_once: int | None, workers: int) -> Lanes:
        """Those of one worker. Nobody's limits are known where somebody else started it."""
        if at_once is not None:
            share = -(-at_once // workers)
            return Lanes(share, share)
        return Lanes() if isinstance(self.factory, Launched) else Lanes(in_all=Lanes().at_once)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options that attach an endpoint, as they were given; None: not given."""

    program: str | None = None
    url: str | None = None
    listen: str | None = None
    paths: tuple[str, ...] = ()
    role: str | None = None
    image: str | None = None
    implementation: str | None = None


def choose(wanted: Wanted) -> Target:
    """The target; raises UsageError where the options contradict each other."""
    options = {
        "--exec": wanted.program,
        "--image": wanted.image,
        "--implementation": wanted.implementation,
        "--url": wanted.url,
        "--listen": wanted.listen,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if len(given) > 1:
        raise usage(f"give one of {', '.join(given)}: a run has one endpoint")
    for name, value in given.items():
        # As a script has it whose variable is not set; our reference would pass in its place.
        if not value.strip():
            raise usage(f"{name} is empty; name the endpoint, or leave the option away")
    if wanted.paths and wanted.url is None:
        raise usage("--path names the paths of a server of its own: it goes with --url")
    roles = (Role(wanted.role),) if wanted.role else BOTH
    if wanted.program is not None:
        return _program(wanted.program, roles)
    if wanted.image is not None:
        words = ("--image", wanted.image)
        return Target(InContainer(wanted.image, claim.new()), roles, words=words)
    if wanted.implementation is not None:
        return _implementation(wanted.implementation, wanted)
    if wanted.url is not None:
        return _remote(wanted.url, wanted)
    if wanted.listen is not None:
        return _listening(wanted.listen, wanted)
    return Target(EmbeddedReference(), roles, is_virtual=True)


def _program(command: str, roles: tuple[Role, ...]) -> Target:
    try:
        shlex.split(command)
    except ValueError as error:
        raise usage(f"--exec {command!r} does not read as a command: {error}") from error
    return Target(Program(command, str(Path.cwd())), roles, words=("--exec", command))


def _implementation(name: str, wanted: Wanted) -> Target:
    """One of the known ones, in the roles that it has, as its image, with its known failures."""
    try:
        found = manifest.load(name)
    except manifest.ManifestError as error:
        raise usage(str(error)) from error
    roles = tuple(one for one in found.roles if wanted.role in (None, str(one)))
    if not roles:
        raise usage(f"{name} is no {wanted.role}: it is a {' and a '.join(map(str, found.roles))}")
    if found.container is None:
        raise usage(f"{name} has no image; run its program with --exec")
    baseline = manifest.directory(name) / "baseline.toml"
    return Target(
        InContainer(found.tag, claim.new()),
        roles,
        words=("--implementation", name),
        baseline=str(baseline) if baseline.exists() else None,
    )


def _remote(url: str, wanted: Wanted) -> Target:
    if wanted.role == str(Role.CLIENT):
        raise usage("--url names a server; a client is attached with --exec")
    # Whatever certificate it shows: certificates are not what is judged.
    site = find(url, TrustChoice(insecure=True))
    named: dict[str, str] = {}
    for name, own in map(_own_path, wanted.paths):
        if named.setdefault(name, own) != own:
            raise usage(f"--path names {name} twice: as {named[name]} and as {own}")
    # https://host/echo is what people try first; the bare host has the contract's own paths.
    if site.path.strip("/"):
        named.setdefault("/echo", site.path)
    words = ["--url", url, *(word for one in wanted.paths for word in ("--path", one))]
    remote = Remote(url, site.address, tuple(named.items()))
    return Target(remote, (Role.SERVER,), words=tuple(words))


def _listening(listen: str, wanted: Wanted) -> Target:
    if wanted.role == str(Role.SERVER):
        raise usage("--listen waits for a client; a server is attached with --exec or --url")
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 1 << 16:
        raise usage(f"--listen {listen!r} is not as 127.0.0.1:8080")
    control = _control(host.strip("[]"), int(port), listen)
    return Target(Listening(control), (Role.CLIENT,), words=("--listen", listen))


def _control(host: str, port: int, listen: str) -> tuple[str, int]:
    """The address as it will be listened at; for port 0 one that is free now."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, address = found[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            taken: tuple[str, int] = trial.getsockname()[:2]
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise EnvironmentTrouble(
            f"cannot listen at {listen}: {why}; name an address of this machine and a free port"
        ) from error
    return taken


def _own_path(text: str) -> tuple[str, str]:
    name, equals, own = text.partition("=")
    path = f"/{name.strip('/')}"
    if not equals or not own.startswith("/"):
        raise usage(f"--path {text!r} is not as echo=/my/echo")
    if path not in PATHS:
        names = [one.strip("/") for one in PATHS]
        near = get_close_matches(name, names, n=1) or names
        raise usage(f"--path {text!r}: the contract has no path {path}; write {' or '.join(near)}")
    return path, own
