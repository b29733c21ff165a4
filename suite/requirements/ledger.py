"""The ledger: every sentence of the documents that can bind an endpoint, paraphrased, graded.

A file is named after its document, with a word for its part: `http3.4_streams.toml`. One table per
requirement, `[id]`; `Requirement` says what the keys mean. Most keys can be left out: `observable`
is then "wire", `since` and `until` are the first and the newest draft. An entry without `untested`
is to be covered by a case; which cases do is read from the catalogue, not written here.

Entries are indexed at once and read when asked for: a run needs few of a thousand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from wtspec.suite.requirements import entry
from wtspec.suite.requirements.entry import Source
from wtspec.suite.requirements.requirement import (
    DOCUMENTS,
    LedgerError,
    Level,
    Observable,
    Party,
    Requirement,
)

__all__ = [
    "Coverage",
    "Ledger",
    "LedgerError",
    "Level",
    "Observable",
    "Party",
    "Requirement",
    "UnknownRequirement",
    "load",
]

FOLDER = Path(__file__).parent


class UnknownRequirement(LedgerError, KeyError):
    """No entry has that id; the message offers the nearest ids."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the requirements of one document and level stand, by id in the ledger's order."""

    document: str
    level: Level
    covered: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return len(self.covered) + len(self.planned) + len(self.untested)


class Ledger(Mapping[str, Requirement]):
    """All requirements by id, in the order of the documents and their sections."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources: dict[str, Source] = {}
        self._read: dict[str, Requirement] = {}
        for source in sources:
            if (first := self._sources.setdefault(source.id, source)) is not source:
                raise source.error("id", f"stands in {first.file} already")

    def __getitem__(self, requirement_id: str) -> Requirement:
        if requirement_id not in self._sources:
            near = get_close_matches(requirement_id, self._sources, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UnknownRequirement(f"the ledger has no {requirement_id!r}{hint}")
        if requirement_id not in self._read:
            self._read[requirement_id] = entry.read(self._sources[requirement_id])
        return self._read[requirement_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, requirement_id: object) -> bool:
        """Whether there is such an entry; it is not read for the answer."""
        return requirement_id in self._sources

    def of_document(self, name: str) -> tuple[Requirement, ...]:
        return tuple(self[one] for one, at in self._sources.items() if at.document == name)

    def coverage(self, requires: Iterable[str]) -> tuple[Coverage, ...]:
        """How each document and level stands when cases require these ids (repeats allowed)."""
        required = frozenset(self[one].id for one in requires)
        found: dict[tuple[str, Level], dict[str, list[str]]] = {}
        for requirement in self.values():
            place = (requirement.document, requirement.level)
            stands = found.setdefault(place, {})
            stands.setdefault(_disposition(requirement, required), []).append(requirement.id)
        return tuple(
            Coverage(document, level, **{name: tuple(ids) for name, ids in row.items()})
            for document in DOCUMENTS
            for level in Level
            if (row := found.get((document, level)))
        )


def _disposition(requirement: Requirement, required: frozenset[str]) -> str:
    if requirement.id in required:
        return "covered"
    return "untested" if requirement.untested else "planned"


@cache
def load(folder: Path = FOLDER) -> Ledger:
    """The ledger of that folder; LedgerError where its files contradict each other."""
    files = sorted(folder.glob("*.toml"), key=_file_order)
    return Ledger(source for path in files for source in _sources(path))


def _file_order(path: Path) -> tuple[int, str]:
    name = path.name.partition(".")[0]
    if name not in DOCUMENTS:
        raise LedgerError(f"{path.name}: no document {name!r} among {', '.join(DOCUMENTS)}")
    return list(DOCUMENTS).index(name), path.name


_HEADING = re.compile(r"^\[(?P<id>[^\[\]\n]*)\][ \t]*$", re.MULTILINE)


def _sources(path: Path) -> Iterator[Source]:
    """Cut a file at its headings: parsing it whole for one entry of it would take too long."""
    text = path.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    before = text[: headings[0].start()] if headings else text
    if any(line and not line.startswith("#") for line in map(str.strip, before.splitlines())):
        raise LedgerError(f"{path.name}: something stands before the first entry")
    bounds = [*(heading.start() for heading in headings), len(text)]
    for heading, end in zip(headings, bounds[1:], strict=True):
        yield Source(path.name, heading["id"], text[heading.start() : end])
