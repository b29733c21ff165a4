"""What is to be run: cells, grouped by the start of the endpoint that they need."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wtspec.suite.case import Case
from wtspec.suite.dialect import Dialect, dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.requirements import ledger
from wtspec.suite.run.catalogue import Catalogue


def cell_id(case_id: str, parameter: str | None, dialect_name: str, role: Role) -> str:
    """`case[parameter]@h3-16/server`, the name of a cell in every report and selector."""
    named = case_id if parameter is None else f"{case_id}[{parameter}]"
    return f"{named}@{dialect_name}/{role}"


@dataclass(frozen=True, slots=True)
class CellSpec:
    """A cell in plain values, as it crosses to a worker process: scripts are not picklable."""

    case: str
    parameter: str | None
    role: Role
    dialect: str
    configuration: Configuration

    def cell(self, catalogue: Catalogue) -> "Cell":
        return Cell(
            catalogue[self.case],
            self.role,
            dialect(self.dialect),
            self.parameter,
            self.configuration,
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One case in one role, dialect, parameter and configuration, on the case's own link."""

    case: Case
    role: Role
    dialect: Dialect
    parameter: str | None
    configuration: Configuration

    @property
    def id(self) -> str:
        return cell_id(self.case.id, self.parameter, self.dialect.name, self.role)

    @property
    def key(self) -> str:
        """The id, and where a control runs in a dependent's configuration, that too."""
        if self.configuration == self.case.configuration:
            return self.id
        return f"{self.id} with {self.configuration}"

    @property
    def spec(self) -> CellSpec:
        return CellSpec(
            self.case.id,
            self.parameter,
            self.role,
            self.dialect.name,
            self.configuration,
        )

    @property
    def is_asked(self) -> bool:
        """Whether a rule of the case holds in this dialect; else there is nothing to hold it to."""
        known = ledger.load()
        return any(known[one].holds_in(self.dialect) for one in self.case.requires)

    @property
    def arguments(self) -> tuple[object, ...]:
        """What the script takes after the Peer."""
        return () if self.parameter is None else (self.case.parameters[self.parameter],)

    def control(self, catalogue: Catalogue) -> "Cell | None":
        """The control's cell in this cell's configuration; None for the root.

        Its link is its own: where a case is its control on a worse path, the path is the question.
        The parameter of the same name, where the control has it; else the longest that begins the
        name ("bidi" for "bidi-equal"), else the one that the case says, else its first one.
        """
        twin = catalogue.control_of(self.case)
        if twin is None:
            return None
        return Cell(twin, self.role, self.dialect, _twin_parameter(twin, self), self.configuration)


def _twin_parameter(twin: Case, cell: Cell) -> str | None:
    beginnings = [one for one in twin.parameters if (cell.parameter or "").startswith(one)]
    fallback = cell.case.control_parameter or next(iter(twin.parameters), None)
    return max(beginnings, key=len, default=fallback)


@dataclass(frozen=True, slots=True)
class Group:
    """Cells that share one start of the endpoint."""

    role: Role
    dialect: Dialect
    configuration: Configuration
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        return f"{self.role}, {self.dialect}, {self.configuration}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Cells in report order; every random choice of the run is made from `seed`."""

    catalogue: Catalogue
    cells: tuple[Cell, ...]
    seed: int = 0

    @property
    def groups(self) -> tuple[Group, ...]:
        """By role, dialect and configuration, in the order of their first cell."""
        found: dict[tuple[Role, str, str], list[Cell]] = {}
        for one in self.cells:
            key = (one.role, one.dialect.name, one.configuration.name)
            found.setdefault(key, []).append(one)
        return tuple(
            Group(cells[0].role, cells[0].dialect, cells[0].configuration, tuple(cells))
            for cells in found.values()
        )

    def without(self, done: Iterable[str]) -> "Plan":
        """The plan less the cells of these ids, for a resumed run."""
        finished = frozenset(done)
        left = tuple(one for one in self.cells if one.id not in finished)
        return Plan(self.catalogue, left, self.seed)


def cells_of(case: Case, roles: Sequence[Role], dialects: Sequence[Dialect]) -> Iterator[Cell]:
    """Every cell that the case has among these roles and dialects."""
    parameters: Sequence[str | None] = tuple(case.parameters) or (None,)
    for spoken in dialects:
        if spoken not in case.dialects:
            continue
        for role in roles:
            if role not in case.roles:
                continue
            for parameter in parameters:
                yield Cell(case, role, spoken, parameter, case.configuration)
