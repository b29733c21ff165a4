"""The manifest of an implementation: `implementation.toml` (contract section 7).

What it claims is held against what the program says of itself: see `contradictions`.
"""

import shlex
from collections.abc import Iterator
from datetime import date
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path, PurePosixPath

import msgspec

from wtspec.suite.endpoint.interface import Hello, Role

FILE = "implementation.toml"


class ManifestError(Exception):
    """A manifest is missing or wrong; the message names the file and what to change."""


class Transport(Enum):
    H3 = "h3"
    H2 = "h2"


class Lifetime(Enum):
    """Whether one start serves any number of sessions, or a single one."""

    LONG_LIVED = "long-lived"
    ONE_SHOT = "one-shot"


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One role: the dialects it speaks, and the contract's features that it owes."""

    dialects: tuple[str, ...]
    features: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the program is built and started in the implementation's folder; `needs`: tools."""

    build: str
    exec: str
    needs: tuple[str, ...] = ()


class Container(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Its image. `context`: what the Dockerfile copies, paths from the package's root.

    `is_slow`: built only when it is named.
    """

    context: tuple[str, ...]
    is_slow: bool = False


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A known limit of the stack, with a link to where its makers say so."""

    what: str
    link: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One implementation. `pinned` says how its version is fixed, `chooses_dialect` whether a start
    can be made to speak just one.
    """

    name: str
    language: str
    homepage: str
    version: str
    pinned: str
    checked: date
    transports: tuple[Transport, ...] = (Transport.H3,)
    lifetime: Lifetime = Lifetime.LONG_LIVED
    chooses_dialect: bool = False
    server: Offer | None = None
    client: Offer | None = None
    process: Process | None = None
    container: Container | None = None
    limits: tuple[Limit, ...] = ()

    def offer(self, role: Role) -> Offer | None:
        """What it offers in this role; None: it does not have it."""
        return self.server if role is Role.SERVER else self.client

    @property
    def dialects(self) -> frozenset[str]:
        """In either role."""
        offers = (self.server, self.client)
        return frozenset(one for offer in offers if offer for one in offer.dialects)

    @property
    def tag(self) -> str:
        """The name of its image."""
        return f"wtspec/{self.name}:{self.version}"

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(role for role in Role if self.offer(role) is not None)


def directory(name: str) -> Path:
    """The folder of an implementation; it need not exist."""
    return Path(str(files("wtspec.implementations"))) / name


def known() -> tuple[str, ...]:
    """The names of all implementations that have a manifest."""
    root = directory(".")
    return tuple(sorted(found.parent.name for found in root.glob(f"*/{FILE}")))


@lru_cache(maxsize=64)
def load(name: str) -> Manifest:
    """The checked manifest of an implementation; raises ManifestError."""
    if name not in known():
        raise ManifestError(
            f"no implementation {name!r}; there are: {', '.join(known()) or 'none'}"
        )
    return read(directory(name) / FILE)


def read(path: Path) -> Manifest:
    """Read and check one file; raises ManifestError with every mistake that can be told apart."""
    try:
        manifest = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    if mistakes := list(_mistakes(manifest, path.parent.name)):
        raise ManifestError("\n".join(f"{path}: {one}" for one in mistakes))
    return manifest


def _mistakes(manifest: Manifest, folder: str) -> Iterator[str]:
    if manifest.name != folder:
        yield f"name is {manifest.name!r}, and the folder is {folder!r}"
    if not manifest.roles:
        yield "it has neither [server] nor [client]"
    if manifest.process is None and manifest.container is None:
        yield "it has neither [process] nor [container]: nothing can start it"
    for role in manifest.roles:
        offer = manifest.offer(role)
        if offer is not None and not offer.dialects:
            yield f"[{role}] speaks no dialect"
    for path in map(PurePosixPath, manifest.container.context if manifest.container else ()):
        if path.is_absolute() or ".." in path.parts:
            yield f"[container] copies {path}, which is not inside the package"
    yield from _wrong_links(manifest)


def _wrong_links(manifest: Manifest) -> Iterator[str]:
    for link in (manifest.homepage, *(limit.link for limit in manifest.limits if limit.link)):
        if not link.startswith("https://"):
            yield f"{link!r} is not an https link"


def is_built(manifest: Manifest) -> bool:
    """Whether its plain program can be started here; one that is looked for on the PATH is."""
    if manifest.process is None:
        return False
    program = shlex.split(manifest.process.exec)[0]
    return "/" not in program or (directory(manifest.name) / program).exists()


def contradictions(manifest: Manifest, role: Role, hello: Hello) -> tuple[str, ...]:
    """Where the program, started in this role, says something else than its manifest."""
    offer = manifest.offer(role)
    if offer is None:
        return (f"the manifest has no {role}",)
    claims = (
        ("name", manifest.name, hello.name),
        ("version", manifest.version, hello.version),
        ("roles", {str(one) for one in manifest.roles}, set(hello.roles)),
        ("features", set(offer.features), set(hello.features)),
        ("unsupported", set(offer.unsupported), set(hello.unsupported)),
    )
    found = [_contradiction(*claim) for claim in claims if claim[1] != claim[2]]
    # A program that can choose has only those in force that it was asked for.
    dialects, in_force = set(offer.dialects), set(hello.dialects)
    if not in_force <= dialects if manifest.chooses_dialect else in_force != dialects:
        found.append(_contradiction("dialects", dialects, in_force))
    return tuple(found)


def _contradiction(what: str, claimed: object, said: object) -> str:
    return f"{what}: the manifest claims {_shown(claimed)}, the program says {_shown(said)}"


def _shown(value: object) -> str:
    return " ".join(sorted(value)) or "none" if isinstance(value, set) else str(value)
