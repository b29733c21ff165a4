"""The catalogue: every case there is, checked, in the order in which reports list them."""

import hashlib
import importlib
import pkgutil
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from wtspec.suite.case import Case

CASES = "wtspec.suite.cases"
# The family that everything else builds on stands first, the others follow by name.
_FIRST = "setup"


class CatalogueError(Exception):
    """The cases contradict each other or the ledger; each line of the message is one mistake."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Cases by id, in report order."""

    cases: Mapping[str, Case]

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases.values())

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, case_id: str) -> Case:
        return self.cases[case_id]

    def control_of(self, case: Case) -> Case | None:
        """The legal twin; None for the root."""
        return None if case.control is None else self.cases[case.control]

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.family for one in self))


def collect(cases: Iterable[Case], requirements: Container[str] | None = None) -> Catalogue:
    """A checked catalogue of these cases; raises CatalogueError with all mistakes at once.

    `requirements`: the ids of the ledger; None: not checked.
    """
    ordered = sorted(cases, key=_position)
    by_id = {one.id: one for one in ordered}
    mistakes = [*_duplicates(ordered), *_bad_controls(by_id)]
    if requirements is not None:
        mistakes += [
            f"{one.id}: no requirement {name!r} in the ledger"
            for one in ordered
            for name in (*one.requires, *_grading(one))
            if name not in requirements
        ]
    if mistakes:
        raise CatalogueError("\n".join(mistakes))
    return Catalogue(MappingProxyType(by_id))


@lru_cache(maxsize=4)
def load(package: str = CASES) -> Catalogue:
    """The catalogue of an installed package of cases, held against the ledger."""
    from wtspec.suite.requirements import ledger

    return collect(_declared(importlib.import_module(package)), ledger.load())


def _declared(package: ModuleType) -> Iterator[Case]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        # The same case under two names of one module is one case.
        yield from {id(one): one for one in vars(module).values() if isinstance(one, Case)}.values()


def revision(case: Case) -> str:
    """Twelve hex digits that change whenever the case's file does; an oracle has no other version.

    Coarse on purpose: constants and functions beside a script are part of what it tests.
    """
    return _file_revision(case.source.rpartition(":")[0])


@cache
def _file_revision(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def _position(case: Case) -> tuple[bool, str, str, int]:
    path, _, line = case.source.rpartition(":")
    return (case.family != _FIRST, case.family, path, int(line or 0))


def _grading(case: Case) -> Iterator[str]:
    after = case.aftermath
    return (one for one in (after.session, after.connection, after.unasked) if one is not None)


def _duplicates(cases: Iterable[Case]) -> Iterator[str]:
    seen: dict[str, Case] = {}
    for one in cases:
        if (first := seen.setdefault(one.id, one)) is not one:
            yield f"{one.id}: declared at {first.source} and again at {one.source}"


def _bad_controls(cases: Mapping[str, Case]) -> Iterator[str]:
    for one in cases.values():
        if one.control is None:
            continue
        control = cases.get(one.control)
        if control is None:
            yield f"{one.id}: no case {one.control!r} to be its control"
            continue
        if missing := set(one.roles) - set(control.roles):
            names = " and ".join(sorted(str(role) for role in missing))
            yield f"{one.id}: its control {control.id} has no role {names}"
        if missing_dialects := [str(d) for d in one.dialects if d not in control.dialects]:
            yield f"{one.id}: its control {control.id} does not run in {missing_dialects[0]}"
        if _is_circular(one, cases):
            yield f"{one.id}: it is the control of its own control"


def _is_circular(case: Case, cases: Mapping[str, Case]) -> bool:
    seen = {case.id}
    while (name := case.control) is not None and name in cases:
        if name in seen:
            return True
        seen.add(name)
        case = cases[name]
    return False
