"""What `wtspec interop` does."""

import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wtspec.implementations import claim, manifest
from wtspec.reports.block import visible
from wtspec.reports.whole_file import replace_whole
from wtspec.suite.commands.engine_told import engine_told
from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.pipes import say, tell
from wtspec.suite.commands.stopping import stoppable
from wtspec.suite.run.runner import versions

if TYPE_CHECKING:
    from wtspec.implementations.pairing.member import Member
    from wtspec.implementations.pairing.outcome import Result

_REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `interop`, as click gives them."""

    clients: str | None
    servers: str | None
    scenarios: tuple[str, ...]
    links: tuple[str, ...]
    repeat: int
    seed: int
    at_once: int | None
    json_file: str | None
    markdown_file: str | None
    html_file: str | None


def listing() -> Iterator[str]:
    """Scenarios and links, a line each."""
    from wtspec.implementations.pairing.links import LINKS, described
    from wtspec.implementations.pairing.scenarios import SCENARIOS

    for one in SCENARIOS.values():
        yield f"{one.name:16} {one.title}"
    yield ""
    for name, path in LINKS.items():
        yield f"{name:16} {described(path)}"


def perform(wish: Wish) -> ExitCode:
    """The whole tournament; its exit status."""
    with engine_told(), stoppable():
        from wtspec.implementations.pairing.document import document

        clients = _members(wish.clients, "client")
        servers = _members(wish.servers, "server")
        began = datetime.now(UTC)
        found, is_complete = _played(wish, clients, servers)
        about = {
            "complete": is_complete,
            "started": began.isoformat(timespec="seconds"),
            "duration_s": round((datetime.now(UTC) - began).total_seconds(), 1),
            "seed": wish.seed,
            "versions": versions(),
            "clients": [one.name for one in clients],
            "servers": [one.name for one in servers],
        }
        whole = document(found, about)
        _write(wish, whole)
    if not is_complete:
        return ExitCode.INTERRUPTED
    failed = whole["totals"].get("fail", 0) + whole["totals"].get("not-started", 0)
    return ExitCode.NON_CONFORMANCE if failed else ExitCode.AS_EXPECTED


def _members(names: str | None, role: str) -> "tuple[Member, ...]":
    if names is None:
        found = _ready(role)
    else:
        found = tuple(_member(one.strip(), role) for one in names.split(",") if one.strip())
    if not found:
        raise usage(f"--{role}s names nobody; `wtspec implementations` lists who there is")
    return found


def _member(text: str, role: str) -> "Member":
    from wtspec.implementations.pairing.member import Member

    name, equals, program = text.partition("=")
    if equals:
        return Member(name, command=program)
    if name == _REFERENCE:
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
            if role in map(str, manifest.load(one).roles)
            and engine.image(manifest.load(one).tag) is not None
        ]
    return tuple(_member(one, role) for one in (_REFERENCE, *names))


def _played(
    wish: Wish, clients: "Sequence[Member]", servers: "Sequence[Member]"
) -> "tuple[list[Result], bool]":
    """The results, and whether all of them are there."""
    from wtspec.implementations.pairing.links import LINKS
    from wtspec.implementations.pairing.member import Place
    from wtspec.implementations.pairing.scenarios import SCENARIOS
    from wtspec.implementations.pairing.tournament import Programme, Tournament

    programme = Programme(
        tuple(SCENARIOS[one] for one in _named(wish.scenarios, SCENARIOS, "scenario")),
        tuple(_named(wish.links or ("clean",), LINKS, "link")),
        wish.repeat,
        wish.seed,
    )
    at_once = wish.at_once or os.cpu_count() or 1
    tournament = Tournament(tuple(clients), tuple(servers), programme, at_once)
    results: list[Result] = []

    def hear(one: "Result") -> None:
        results.append(one)
        why = f"  {visible(one.why)}" if one.why else ""
        tell(f"{one.client} > {one.server}  {one.link}  {one.scenario}: {one.outcome}{why}")

    images = [one.image for one in (*clients, *servers) if one.image]
    with tempfile.TemporaryDirectory(prefix="wtspec-") as folder, _household(images) as (owner, us):
        try:
            asyncio.run(tournament.run(Place(owner, us, Path(folder)), hear))
        except KeyboardInterrupt as stopped:
            tell(f"wtspec: {str(stopped) or 'interrupted'}; what was played so far is below")
            return results, False
    return results, True


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


def _named(names: Sequence[str], known: dict[str, Any], what: str) -> list[str]:
    for one in names:
        if one not in known:
            near = get_close_matches(one, known, n=1) or sorted(known)
            raise usage(f"no {what} {one!r}; try {near[0]}")
    return list(names or known)


def _write(wish: Wish, whole: dict[str, Any]) -> None:
    import json

    from wtspec.reports import matrix

    text = json.dumps(whole, indent=1) + "\n"
    if wish.json_file == "-":
        say(text.rstrip())
    elif wish.json_file:
        replace_whole(Path(wish.json_file), text.encode())
    for name, made in (
        (wish.markdown_file, matrix.markdown),
        (wish.html_file, matrix.html),
    ):
        if name:
            replace_whole(Path(name), made(whole).encode())
    if wish.json_file != "-":
        say(matrix.markdown(whole).rstrip())
