"""`wtspec interop` between programs that speak the contract, in containers and without."""

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from wtspec.implementations import claim, manifest
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.matching_words import REFERENCE, Wish, chosen, members

if TYPE_CHECKING:
    from wtspec.implementations.pairing.member import Member
    from wtspec.implementations.pairing.outcome import Result
    from wtspec.implementations.pairing.tournament import Tournament


@dataclass(frozen=True, slots=True)
class Programs:
    """Their tournament."""

    tournament: "Tournament"

    @classmethod
    def of(cls, wish: Wish) -> "Programs":
        """Raises UsageError, and EngineTrouble where it has to ask who is ready."""
        from wtspec.implementations.pairing.links import LINKS
        from wtspec.implementations.pairing.scenarios import SCENARIOS
        from wtspec.implementations.pairing.tournament import Programme, Tournament

        clients = _members(wish.clients, "client")
        servers = _members(wish.servers, "server")
        programme = Programme(
            tuple(SCENARIOS[one] for one in chosen(wish.scenarios, SCENARIOS, "scenario")),
            tuple(chosen(wish.links or ("clean",), LINKS, "link")),
            wish.repeat,
            wish.seed,
        )
        return cls(Tournament(clients, servers, programme, wish.at_once or os.cpu_count() or 1))

    @property
    def clients(self) -> "tuple[Member, ...]":
        return self.tournament.clients

    @property
    def servers(self) -> "tuple[Member, ...]":
        return self.tournament.servers

    @property
    def isolation(self) -> str:
        from wtspec.implementations.isolation import NATIVE

        kinds = {bool(one.image) for one in (*self.clients, *self.servers)}
        words = {True: NATIVE.describe(), False: "plain processes"}
        return "; ".join(words[kind] for kind in sorted(kinds, reverse=True))

    def play(self, hear: "Callable[[Result], None]") -> None:
        """Their key logs lie in a folder that goes with it."""
        from wtspec.implementations.pairing.member import Place

        images = [one.image for one in (*self.clients, *self.servers) if one.image]
        with (
            tempfile.TemporaryDirectory(prefix="wtspec-") as folder,
            _household(images) as (owner, us),
        ):
            asyncio.run(self.tournament.run(Place(owner, us, Path(folder)), hear))


def _members(names: str | None, role: str) -> "tuple[Member, ...]":
    found = _ready(role) if names is None else tuple(_member(one, role) for one in members(names))
    if not found:
        raise usage(f"--{role}s names nobody; `wtspec implementations` lists who there is")
    return found


def _member(text: str, role: str) -> "Member":
    from wtspec.implementations.pairing.member import Member

    name, equals, program = text.partition("=")
    if equals:
        return Member(name, command=program)
    if name == REFERENCE:
        program = shlex.join([sys.executable, "-m", "wtspec.implementations.reference"])
        return Member(name, command=program)
    known = manifest.known()
    if name not in known:
        near = get_close_matches(name, known, n=1) or ["NAME=CMD"]
        raise usage(f"no implementation {name!r}; write {near[0]}")
    offered = manifest.load(name)
    if role not in map(str, offered.roles):
        raise usage(f"{name} is no {role}")
    if offered.container is None:
        raise usage(f"{name} has no image; write {name}=CMD with the command of its program")
    return Member(name, image=offered.tag)


def _ready(role: str) -> "tuple[Member, ...]":
    """The reference, and whatever has an image here."""
    from wtspec.implementations.docker_engine import Engine

    with closing(Engine()) as engine:
        names = [
            one
            for one in manifest.known()
            if one != REFERENCE
            and role in map(str, manifest.load(one).roles)
            and engine.image(manifest.load(one).tag) is not None
        ]
    return tuple(_member(one, role) for one in (REFERENCE, *names))


@contextmanager
def _household(images: Sequence[str]) -> "Iterator[tuple[str, str]]":
    """The claim, and our address on its network; neither is asked for without containers."""
    if not images:
        yield "", ""
        return
    from wtspec.implementations.container import household
    from wtspec.implementations.docker_engine import Engine

    owner = claim.new()
    with household(owner, *images), closing(Engine()) as engine:
        yield owner, engine.gateway(owner)
