"""Which cells a user means: ids, globs, families, requirements, sections of a draft."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from wtspec.suite.case import Case
from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.requirements.requirement import DOCUMENTS, Requirement
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.plan import Cell, cells_of

# "h3-16/4.3": a draft, and a section of it with all below it.
_SECTION = re.compile(r"(?P<draft>[a-z0-9]+-\d{2})/(?P<section>\d+(?:\.\d+)*)$")


class NothingSelected(Exception):
    """A selector names nothing; the message offers what comes near."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selectors as the user wrote them; none at all selects everything.

    Each is a cell's id, a case's id with or without [parameter], a glob over either, a family, a
    requirement's id, or a section as h3-16/4.3.
    """

    catalogue: Catalogue
    selectors: tuple[str, ...] = ()
    requirements: Mapping[str, Requirement] = field(default_factory=dict)

    def cells(self, roles: Sequence[Role], dialects: Sequence[Dialect]) -> tuple[Cell, ...]:
        """The selected cells in report order; raises NothingSelected for a selector in vain.

        A selector that names cases which do not run in these roles and dialects is not in vain: it
        only adds no cell.
        """
        for one in self.selectors:
            self._check(one)
        every = (cell for case in self.catalogue for cell in cells_of(case, roles, dialects))
        return tuple(cell for cell in every if self.includes(cell))

    def cases(self) -> tuple[Case, ...]:
        """The selected cases, whatever their roles and dialects."""
        for one in self.selectors:
            self._check(one)
        wanted = self.selectors
        return tuple(
            case
            for case in self.catalogue
            if not wanted or any(self._names_case(one, case) for one in wanted)
        )

    def includes(self, cell: Cell) -> bool:
        return not self.selectors or any(self._names_cell(one, cell) for one in self.selectors)

    def _check(self, selector: str) -> None:
        if not any(self._names_case(selector, case) for case in self.catalogue):
            raise NothingSelected(_complaint(selector, self._names()))

    def _names_cell(self, selector: str, cell: Cell) -> bool:
        case, bare = cell.case, cell.id.partition("@")[0]
        if selector in {cell.id, bare, case.id, case.family, *case.requires}:
            return True
        if any(_glob(name, selector) for name in (cell.id, bare, case.id)):
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


def _is_glob(selector: str) -> bool:
    return any(one in selector for one in "*?")


def _glob(text: str, selector: str) -> bool:
    """Only * and ? are special: brackets stand around parameters."""
    return _is_glob(selector) and fnmatchcase(text, selector.replace("[", "[[]"))


def _complaint(selector: str, names: Iterable[str]) -> str:
    plain = selector.partition("@")[0].partition("[")[0]
    near = get_close_matches(plain, list(names), n=3, cutoff=0.5)
    if _SECTION.fullmatch(selector):
        return f"no case is about section {selector}; `wtspec list --json` shows what there is"
    if near:
        return f"{selector!r} selects nothing; did you mean {' or '.join(near)}?"
    return f"{selector!r} selects nothing; `wtspec list` shows every case"
