"""Which cells a user means: ids, globs, families, requirements, sections of a draft."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from wtspec.suite.case import Case
from wtspec.suite.dialect import Dialect, UnknownDialect, dialect
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.requirements.requirement import DOCUMENTS, Requirement
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.plan import Cell, cells_of

# "resets@h3-07", "setup/echo@h3-16/server": what, and the dialect and the role that it is about. An
# @ may stand within a parameter, too.
_PLACED = re.compile(r"(?P<what>.+)@(?P<dialect>[^@/\[\]]+)(?:/(?P<role>[^@/\[\]]+))?")

# "h3-16/4.3": a draft, and a section of it with all below it.
_SECTION = re.compile(r"(?P<draft>[a-z0-9]+-\d{2})/(?P<section>\d+(?:\.\d+)*)$")


class NothingSelected(Exception):
    """A selector names nothing; the message offers what comes near."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selectors as the user wrote them; none at all selects everything.

    Each is a cell's id, a case's id with or without [parameter], a glob over either, a family, a
    requirement's id, or a section as h3-16/4.3; behind any of them, @dialect or @dialect/role.
    """

    catalogue: Catalogue
    selectors: tuple[str, ...] = ()
    requirements: Mapping[str, Requirement] = field(default_factory=dict)

    def named_dialects(self) -> tuple[Dialect, ...]:
        """Those that the selectors themselves name; raises NothingSelected for an unknown one."""
        found = dict.fromkeys(filter(None, map(_dialect_of, self.selectors)))
        try:
            return tuple(dialect(one) for one in found)
        except UnknownDialect as error:
            raise NothingSelected(str(error)) from error

    @property
    def is_placed(self) -> bool:
        """Whether every selector says itself which dialect it is about."""
        return bool(self.selectors) and all(map(_dialect_of, self.selectors))

    def check(self) -> None:
        """Raises NothingSelected for a selector in vain.

        One that names cases which do not run in the roles and dialects asked for is not in vain: it
        only adds no cell.
        """
        self.named_dialects()  # an unknown one is told as such
        for one in self.selectors:
            if not any(self._names_case(one, case) for case in self.catalogue):
                raise NothingSelected(_complaint(one, self._names()))

    def cells(self, roles: Sequence[Role], dialects: Sequence[Dialect]) -> tuple[Cell, ...]:
        """The selected cells in report order; raises NothingSelected for a selector in vain.

        `dialects`: for the selectors that name none.
        """
        self.check()
        spoken = tuple(dict.fromkeys((*dialects, *self.named_dialects())))
        every = (cell for case in self.catalogue for cell in cells_of(case, roles, spoken))
        return tuple(cell for cell in every if self._wants(cell, dialects))

    def cases(self) -> tuple[Case, ...]:
        """The selected cases, whatever their roles and dialects."""
        self.check()
        wanted = self.selectors
        return tuple(
            case
            for case in self.catalogue
            if not wanted or any(self._names_case(one, case) for one in wanted)
        )

    def _wants(self, cell: Cell, dialects: Sequence[Dialect]) -> bool:
        """Each selector is asked about its own dialect, or about those of the run."""
        if not self.selectors:
            return True
        is_asked = cell.dialect in dialects
        return any(
            self._names_cell(one, cell) for one in self.selectors if is_asked or _dialect_of(one)
        )

    def _names_cell(self, selector: str, cell: Cell) -> bool:
        if selector == cell.id or _glob(cell.id, selector):
            return True
        if (placed := _PLACED.fullmatch(selector)) is None:
            return self._is_what(selector, cell)
        place = ((placed["dialect"], cell.dialect.name), (placed["role"], str(cell.role)))
        if any(wanted and not fnmatchcase(found, wanted) for wanted, found in place):
            return False
        return self._is_what(placed["what"], cell)

    def _is_what(self, selector: str, cell: Cell) -> bool:
        case, bare = cell.case, cell.id.rpartition("@")[0]
        if selector in {bare, case.id, case.family, *case.requires}:
            return True
        if any(_glob(name, selector) for name in (bare, case.id)):
            return True
        section = _SECTION.fullmatch(selector)
        return section is not None and self._is_about(case, section["draft"], section["section"])

    def _names_case(self, selector: str, case: Case) -> bool:
        # Only a selector with @ can tell one dialect of a case from another.
        dialects = tuple(case.dialects) if "@" in selector else tuple(case.dialects)[:1]
        return any(self._names_cell(selector, one) for one in cells_of(case, case.roles, dialects))

    def _is_about(self, case: Case, draft: str, section: str) -> bool:
        """Whether a requirement of the case stands there, numbered as in the ledger's documents."""
        required = (self.requirements[one] for one in case.requires if one in self.requirements)
        return any(_numbered_as(one) == draft and _stands_in(one, section) for one in required)

    def _names(self) -> list[str]:
        requirements = {name for case in self.catalogue for name in case.requires}
        return [*self.catalogue.cases, *self.catalogue.families, *sorted(requirements)]


def _numbered_as(requirement: Requirement) -> str:
    """The draft whose section numbers the requirement bears, as "h3-16"."""
    document = DOCUMENTS[requirement.document]
    return f"{document.mapping}-{document.title.rpartition('-')[2]}"


def _stands_in(requirement: Requirement, section: str) -> bool:
    number = requirement.section.partition(" ")[0]
    return number == section or number.startswith(f"{section}.")


def _dialect_of(selector: str) -> str:
    """The one dialect that a selector names; empty where it names none, or a pattern."""
    placed = _PLACED.fullmatch(selector)
    return "" if placed is None or _is_glob(placed["dialect"]) else placed["dialect"]


def _is_glob(selector: str) -> bool:
    return any(one in selector for one in "*?")


def _glob(text: str, selector: str) -> bool:
    """Only * and ? are special: brackets stand around parameters."""
    return _is_glob(selector) and fnmatchcase(text, selector.replace("[", "[[]"))


def _complaint(selector: str, names: Iterable[str]) -> str:
    placed = _PLACED.fullmatch(selector)
    what = selector if placed is None else placed["what"]
    plain = what.partition("[")[0]
    near = get_close_matches(plain, list(names), n=3, cutoff=0.5)
    if _SECTION.fullmatch(what):
        return f"no case is about section {what}; `wtspec list --json` shows what there is"
    if placed is not None and what in near:
        return f"{selector!r} selects nothing; {what} has no cell there"
    if near:
        return f"{selector!r} selects nothing; did you mean {' or '.join(near)}?"
    return f"{selector!r} selects nothing; `wtspec list` shows every case"
