"""What `wtspec interop` does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from re import sub
from typing import TYPE_CHECKING, Any, Protocol

from wtspec.reports.block import visible
from wtspec.reports.whole_file import replace_whole
from wtspec.suite.commands.engine_told import engine_told
from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.matching_words import Wish
from wtspec.suite.commands.pipes import say, tell
from wtspec.suite.commands.stopping import stoppable
from wtspec.suite.run.runner import versions

if TYPE_CHECKING:
    from wtspec.implementations.pairing.outcome import Result


def listing() -> Iterator[str]:
    """Scenarios and links, a line each."""
    from wtspec.implementations.interop_images.testcases import TESTCASES
    from wtspec.implementations.pairing.links import LINKS, described
    from wtspec.implementations.pairing.scenarios import SCENARIOS

    for one in SCENARIOS.values():
        yield f"{one.name:16} {one.title}"
    yield "\nof interop images:"
    for case in TESTCASES.values():
        yield f"{case.name:31} {case.title}"
    yield ""
    for name, path in LINKS.items():
        yield f"{name:16} {described(path)}"


class Field(Protocol):
    """Who meets whom, and how that is played."""

    @property
    def clients(self) -> "Sequence[Named]": ...
    @property
    def servers(self) -> "Sequence[Named]": ...
    @property
    def isolation(self) -> str:
        """How they are kept from this host, for the record."""

    def play(self, hear: "Callable[[Result], None]") -> None:
        """All of it. Raises KeyboardInterrupt where it is stopped."""


class Named(Protocol):
    @property
    def name(self) -> str: ...


def _field(wish: Wish) -> Field:
    from wtspec.suite.commands import matching_images, matching_programs

    if matching_images.are_meant(wish.clients, wish.servers):
        return matching_images.Images.of(wish)
    return matching_programs.Programs.of(wish)


def perform(wish: Wish) -> ExitCode:
    """The whole tournament; its exit status."""
    with engine_told(), stoppable():
        from wtspec.implementations.pairing.document import document

        field = _field(wish)
        began = datetime.now(UTC)
        found, is_complete = _played(wish, field)
        about = {
            "complete": is_complete,
            "started": began.isoformat(timespec="seconds"),
            "duration_s": round((datetime.now(UTC) - began).total_seconds(), 1),
            "seed": wish.seed,
            "versions": versions(),
            "isolation": field.isolation,
            "clients": [one.name for one in field.clients],
            "servers": [one.name for one in field.servers],
        }
        whole = document(found, about)
        _write(wish, whole)
    if not is_complete:
        return ExitCode.INTERRUPTED
    failed = whole["totals"].get("fail", 0) + whole["totals"].get("not-started", 0)
    return ExitCode.NON_CONFORMANCE if failed else ExitCode.AS_EXPECTED


def _played(wish: Wish, field: Field) -> "tuple[list[Result], bool]":
    """The results, and whether all of them are there."""
    results: list[Result] = []

    def hear(one: "Result") -> None:
        results.append(replace(one, evidence=None))
        _keep(wish.evidence_folder, len(results), one)
        why = f"  {visible(one.why)}" if one.why else ""
        tell(f"{one.client} > {one.server}  {one.link}  {one.scenario}: {one.outcome}{why}")

    try:
        field.play(hear)
    except KeyboardInterrupt as stopped:
        tell(f"wtspec: {str(stopped) or 'interrupted'}; what was played so far is below")
        return results, False
    return results, True


def _keep(folder: str | None, number: int, one: "Result") -> None:
    """One folder a run. Names of members are other people's: of them only what is plain."""
    if folder is None or one.evidence is None:
        return
    words = (f"{number:04}", one.client, one.server, one.link, one.scenario)
    where = Path(folder, "-".join(sub(r"[^A-Za-z0-9_-]", "", word) for word in words))
    where.mkdir(parents=True, exist_ok=True)
    for name, data in one.evidence().items():
        replace_whole(where / name, data)


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
