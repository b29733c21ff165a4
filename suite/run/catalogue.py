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
    """Cases by id, in report order.

    `mistakes`: what is wrong with those that were left out, one sentence each. One broken file must
    not keep the other families from running; whoever runs everything is told.
    """

    cases: Mapping[str, Case]
    mistakes: tuple[str, ...] = ()

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
    found = sound(cases, requirements)
    if found.mistakes:
        raise CatalogueError("\n".join(found.mistakes))
    return found


def sound(cases: Iterable[Case], requirements: Container[str] | None = None) -> Catalogue:
    """The catalogue of the cases that are in order, with the mistakes of the others."""
    ordered = sorted(cases, key=_position)
    mistakes = list(_duplicates(ordered))
    left = {one.id: one for one in ordered}
    found = _mistakes(left, requirements)
    while found:
        mistakes += found.values()
        # What was built on a case that is left out cannot stand either.
        left = {name: one for name, one in left.items() if name not in found}
        found = _mistakes(left, requirements)
    return Catalogue(MappingProxyType(left), tuple(mistakes))


@lru_cache(maxsize=4)
def load(package: str = CASES) -> Catalogue:
    """The sound catalogue of an installed package of cases, held against the ledger."""
    from wtspec.suite.requirements import ledger

    broken: list[str] = []
    cases = list(_declared(importlib.import_module(package), broken))
    found = sound(cases, ledger.load())
    return Catalogue(found.cases, (*broken, *found.mistakes))


def _declared(package: ModuleType, broken: list[str]) -> Iterator[Case]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        try:
            module = importlib.import_module(found.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the rest runs
            broken.append(f"{found.name}: {type(error).__name__}: {error}")
            continue
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


def _mistakes(cases: Mapping[str, Case], requirements: Container[str] | None) -> dict[str, str]:
    """The first mistake of each case that has one."""
    found: dict[str, str] = {}
    for one in cases.values():
        told = [*_bad_control(one, cases), *_unknown_requirements(one, requirements)]
        if told:
            found[one.id] = f"{one.id}: {told[0]}"
    return found


def _unknown_requirements(case: Case, requirements: Container[str] | None) -> Iterator[str]:
    if requirements is None:
        return
    for name in (*case.requires, *_grading(case)):
        if name not in requirements:
            yield f"no requirement {name!r} in the ledger"


def _bad_control(case: Case, cases: Mapping[str, Case]) -> Iterator[str]:
    if case.control is None:
        return
    control = cases.get(case.control)
    if control is None:
        yield f"no case {case.control!r} to be its control"
        return
    if missing := set(case.roles) - set(control.roles):
        names = " and ".join(sorted(str(role) for role in missing))
        yield f"its control {control.id} has no role {names}"
    if missing_dialects := [str(one) for one in case.dialects if one not in control.dialects]:
        yield f"its control {control.id} does not run in {missing_dialects[0]}"
    if case.control_parameter not in {None, *control.parameters}:
        yield f"its control {control.id} has no parameter {case.control_parameter!r}"
    if _is_circular(case, cases):
        yield "it is the control of its own control"


def _is_circular(case: Case, cases: Mapping[str, Case]) -> bool:
    seen = {case.id}
    while (name := case.control) is not None and name in cases:
        if name in seen:
            return True
        seen.add(name)
        case = cases[name]
    return False
