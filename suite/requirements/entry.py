"""Reads one entry of a ledger file and checks every key of it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar

from wtspec.suite.requirements.requirement import (
    DOCUMENTS,
    LedgerError,
    Level,
    Observable,
    Party,
    Requirement,
)

KEYS = (
    "section",
    "level",
    "party",
    "text",
    "since",
    "until",
    "observable",
    "binding",
    "ambiguity",
    "changed",
    "levels",
    "untested",
)
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NO_RULE = "none"
_KEYWORDS = {
    **{str(level): (level, False) for level in Level},
    "MUST NOT": (Level.MUST, True),
    "SHOULD NOT": (Level.SHOULD, True),
}
_DRAFTS = re.compile(r"(\d+)(?:-(\d+))?")
_AMBIGUITY = re.compile(r"A\d\d")

E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry stands, and its lines."""

    file: str
    id: str
    text: str

    @property
    def document(self) -> str:
        return self.file.partition(".")[0]

    def error(self, key: str, why: str) -> LedgerError:
        return LedgerError(f"{self.file}: [{self.id}] {key}: {why}")


def read(source: Source) -> Requirement:
    """The requirement at that place; LedgerError names the key that is not as it must be."""
    if not ID.fullmatch(source.id):
        raise source.error("id", "is not lower-case words and numbers joined by hyphens")
    try:
        tables = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as broken:
        raise source.error("entry", f"is no TOML: {broken}") from broken
    return _Reader(source, tables[source.id]).requirement()


class _Reader:
    """The keys of one entry, each checked as it is taken."""

    def __init__(self, source: Source, entry: Mapping[str, Any]) -> None:
        self._source = source
        self._entry = entry
        for key in entry:
            if key not in KEYS:
                near = get_close_matches(key, KEYS, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise source.error(key, f"is no key of an entry{hint}")

    def requirement(self) -> Requirement:
        level, negative = self._level(self._entry.get("level"), "level")
        since, until = self._drafts()
        levels = tuple(self._levels(since, until))
        requirement = Requirement(
            id=self._source.id,
            document=self._source.document,
            section=self._text("section"),
            level=level,
            negative=negative,
            party=self._member(Party, "party", None),
            text=self._text("text"),
            since=since,
            until=until,
            observable=self._member(Observable, "observable", Observable.WIRE),
            binding=self._binding(Level.FACT in (level, *(one for _, _, one in levels))),
            ambiguity=self._ambiguity(),
            changed=self._text("changed", required=False),
            levels=levels,
            untested=self._text("untested", required=False),
        )
        if requirement.observable is Observable.NONE and not requirement.untested:
            raise self._error("untested", "must say why nobody can observe it")
        return requirement

    def _error(self, key: str, why: str) -> LedgerError:
        return self._source.error(key, why)

    def _text(self, key: str, *, required: bool = True) -> str:
        """A sentence, its white space made single blanks."""
        value = self._entry.get(key, None if required else "")
        if not isinstance(value, str) or (key in self._entry and not value.strip()):
            raise self._error(key, "must be a text that is not empty")
        return " ".join(value.split())

    def _level(self, value: object, key: str) -> tuple[Level, bool]:
        if not isinstance(value, str) or value not in _KEYWORDS:
            raise self._error(key, f"{value!r} is not one of {', '.join(_KEYWORDS)}")
        return _KEYWORDS[value]

    def _member(self, kind: type[E], key: str, default: E | None) -> E:
        if default is not None and key not in self._entry:
            return default
        value = self._entry.get(key)
        try:
            return kind(value)
        except ValueError:
            names = ", ".join(str(member.value) for member in kind)
            raise self._error(key, f"{value!r} is not one of {names}") from None

    def _drafts(self) -> tuple[int | None, int | None]:
        bounds = []
        for key in ("since", "until"):
            value = self._entry.get(key)
            if value is not None and (type(value) is not int or value < 0):
                raise self._error(key, f"{value!r} is no draft number")
            if value is not None and DOCUMENTS[self._source.document].mapping is None:
                raise self._error(key, f"{self._source.document} has no drafts in the ledger")
            bounds.append(value)
        since, until = bounds
        if since is not None and until is not None and since > until:
            raise self._error("until", f"{until} comes before since, {since}")
        return since, until

    def _binding(self, is_fact: bool) -> bool:
        """Said by every entry that is a FACT, if only in some drafts, and by no other."""
        value = self._entry.get("binding")
        if is_fact and not isinstance(value, bool):
            raise self._error("binding", "a FACT says true or false")
        if not is_fact and value is not None:
            raise self._error("binding", "is for facts alone")
        return bool(value)

    def _ambiguity(self) -> tuple[str, ...]:
        value = self._entry.get("ambiguity", [])
        if not isinstance(value, list) or not all(
            isinstance(one, str) and _AMBIGUITY.fullmatch(one) for one in value
        ):
            raise self._error("ambiguity", f"{value!r} is no list of numbers like 'A01'")
        return tuple(value)

    def _levels(
        self, since: int | None, until: int | None
    ) -> Iterator[tuple[int, int, Level | None]]:
        """The drafts ("13" or "5-13") with a level of their own; NO_RULE: they had no such rule."""
        value = self._entry.get("levels", {})
        if not isinstance(value, dict):
            raise self._error("levels", "must be a table of drafts and levels")
        taken: set[int] = set()
        for drafts, keyword in value.items():
            key = f"levels.{drafts}"
            if (match := _DRAFTS.fullmatch(drafts)) is None:
                raise self._error(key, "is neither a draft number nor two joined by a hyphen")
            first, last = int(match[1]), int(match[2] or match[1])
            if first > last or first < (since or first) or last > (until or last):
                raise self._error(key, "lies outside the drafts of the entry")
            if taken & set(range(first, last + 1)):
                raise self._error(key, "names a draft twice")
            taken.update(range(first, last + 1))
            yield first, last, None if keyword == NO_RULE else self._level(keyword, key)[0]
