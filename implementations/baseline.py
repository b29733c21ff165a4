"""Known failures of an implementation: `baseline.toml`, and how a run is held against it.

An entry excuses one exact case in one role, with wildcards over dialects only, and only the failure
that it describes: its signature holds the decoded reaction with its codes, so that a second bug in
a red cell shows. An entry that excuses nothing fails the run as a new failure does: a baseline may
not rot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import filter as matching
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wtspec.suite.dialect import DIALECTS
from wtspec.suite.verdict import Outcome

FILE = "baseline.toml"
_WILDCARDS = frozenset("*?[")
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class BaselineError(Exception):
    """A baseline file is wrong; each line of the message is one mistake."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One known failure.

    `case` is exact, a parameter included: "resets/code-mapping[reset-0x1d]". `dialects` is a name
    or a pattern: "h3-16", "h3-1?", "h3-*". `requirement` is the ledger's id, `wire` the line of the
    timeline that shows it. Several `signatures`: a bug that races. `races`: so much that it may not
    show at all, which does not make the entry stale. After `expires` it excuses nothing.
    """

    case: _Text
    role: Literal["server", "client"]
    dialects: _Text
    requirement: _Text
    outcome: Literal["fail", "crash", "timeout"]
    signatures: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    wire: _Text
    reason: _Text
    link: str = ""
    races: bool = False
    expires: date | None = None

    def __str__(self) -> str:
        return f"{self.case}@{self.dialects}/{self.role}"

    def covers(self, cell: "Judged") -> bool:
        """Whether the entry speaks of this cell, whatever its outcome was."""
        exact = (cell.case, cell.role) == (self.case, self.role)
        return exact and fnmatchcase(cell.dialect, self.dialects)

    def excuses(self, cell: "Judged", today: date) -> bool:
        """Whether this very failure is the known one."""
        return (
            self.covers(cell)
            and not self.is_expired(today)
            and cell.outcome.value == self.outcome
            and cell.signature in self.signatures
        )

    def is_expired(self, today: date) -> bool:
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class Judged:
    """A cell's result as the baseline sees it; `case` includes the parameter."""

    case: str
    dialect: str
    role: str
    outcome: Outcome
    signature: str = ""

    @classmethod
    def of(cls, cell_id: str, outcome: Outcome, signature: str = "") -> "Judged":
        """From a cell's id, `case[parameter]@dialect/role`; a parameter may hold an @ too."""
        case, _, place = cell_id.rpartition("@")
        dialect, _, role = place.partition("/")
        return cls(case, dialect, role, outcome, signature)

    @property
    def id(self) -> str:
        return f"{self.case}@{self.dialect}/{self.role}"


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry that no longer tells the truth, and why."""

    entry: Entry
    why: str

    def __str__(self) -> str:
        return f"{self.entry}: {self.why}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against a baseline; it is good when nothing is new and nothing stale."""

    known: tuple[tuple[Judged, Entry], ...]
    new: tuple[Judged, ...]
    stale: tuple[Stale, ...]

    @property
    def is_good(self) -> bool:
        return not self.new and not self.stale


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known failures of one implementation."""

    entries: tuple[Entry, ...] = ()

    def excuse(self, cell: Judged, today: date) -> Entry | None:
        """The entry that knows this very failure."""
        return next((one for one in self.entries if one.excuses(cell, today)), None)

    def compare(self, cells: Iterable[Judged], today: date, *, whole_catalogue: bool) -> Comparison:
        """Hold a run's results, every selected cell once, against the baseline.

        Entries of roles and dialects outside the run are left alone, and those of cases outside it
        where it selected less than everything; in a run of the whole catalogue these are stale,
        since they name what does not exist.
        """
        judged = tuple(cells)
        red = [one for one in judged if one.outcome.is_red]
        excused = [(one, self.excuse(one, today)) for one in red]
        return Comparison(
            known=tuple((one, entry) for one, entry in excused if entry is not None),
            new=tuple(one for one, entry in excused if entry is None),
            stale=tuple(self._stale(judged, today, whole_catalogue=whole_catalogue)),
        )

    def _stale(
        self, judged: tuple[Judged, ...], today: date, *, whole_catalogue: bool
    ) -> Iterator[Stale]:
        selected = {(one.case, one.role) for one in judged}
        roles = {one.role for one in judged} if whole_catalogue else set()
        dialects = {one.dialect for one in judged}
        for entry in self.entries:
            if entry.is_expired(today):
                yield Stale(entry, f"expired on {entry.expires}")
            elif matching(dialects, entry.dialects) and (
                entry.role in roles or (entry.case, entry.role) in selected
            ):
                covered = [one for one in judged if entry.covers(one)]
                if why := _untrue(entry, covered):
                    yield Stale(entry, why)


def _untrue(entry: Entry, covered: list[Judged]) -> str | None:
    """Why an entry is not true of the cells it speaks of; unjudged ones prove nothing."""
    if not covered:
        return "matches no cell of this run"
    good = [one.dialect for one in covered if one.outcome.is_good]
    if good and not entry.races:
        return f"no longer fails in {', '.join(good)}"
    seen = {one.signature for one in covered if one.outcome.is_red}
    if seen and seen.isdisjoint(entry.signatures):
        return "fails in another way: " + " | ".join(sorted(seen))
    return None


def read(path: Path) -> Baseline:
    """Read and check a file; one that is absent or empty knows no failure. Raises BaselineError."""

    class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        failure: tuple[Entry, ...] = ()

    if not path.exists():
        return Baseline()
    try:
        entries = msgspec.toml.decode(path.read_bytes(), type=File).failure
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: {error}") from error
    if mistakes := list(_mistakes(entries)):
        raise BaselineError("\n".join(f"{path}: {one}" for one in mistakes))
    return Baseline(entries)


def _mistakes(entries: tuple[Entry, ...]) -> Iterator[str]:
    seen: set[tuple[str, str, str]] = set()
    for entry in entries:
        key = (entry.case, entry.role, entry.dialects)
        if key in seen:
            yield f"{entry}: listed twice; one entry may have several signatures"
        seen.add(key)
        name, _, parameter = entry.case.partition("[")
        if _WILDCARDS & set(name) or _WILDCARDS & set(parameter):
            yield f"{entry}: a case is exact, wildcards are for dialects"
        if not matching(DIALECTS, entry.dialects):
            yield f"{entry}: no dialect is called that"
        if entry.link and not entry.link.startswith("https://"):
            yield f"{entry}: {entry.link!r} is not an https link"
        for signature in entry.signatures:
            if signature.partition(";")[0] != entry.outcome:
                yield f"{entry}: signature {signature!r} is not of outcome {entry.outcome!r}"
