"""What a run leaves behind, in plain values: all that reports read, and nothing else.

Everything here survives JSON and back. Times are milliseconds since the cell began.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# A reader accepts this version and the one before.
SCHEMA_VERSION = 1
# The note in a timeline between what the script did and what was looked at afterwards.
AFTERMATH_BEGINS = "the script is over, the aftermath begins"


@dataclass(frozen=True, slots=True)
class StoredMoment:
    """One line of a timeline; `direction` is sent, received, api or note."""

    time_ms: float
    direction: str
    where: str
    what: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """One time that the cell was run; `purpose` is first, alone or confirm."""

    purpose: str
    outcome: str
    duration_ms: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A requirement as it is printed beside a verdict; `text` is the ledger's paraphrase."""

    id: str
    citation: str = ""
    level: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class StoredCell:
    """A cell's final verdict. Outcomes are those of `verdict.Outcome`, as words.

    `cause`: why it does not apply, for that outcome only. `root`: where a chain of controls kept it
    from running, the one at the bottom, and how that ended. `expected_by`: the ledger id of the
    baseline's entry that expects this very outcome. `evidence`: kind of file to its path within the
    run's folder. `command`: what runs exactly this again.
    """

    id: str
    case: str
    role: str
    dialect: str
    outcome: str
    title: str = ""
    parameter: str | None = None
    configuration: str = ""
    duration_ms: float = 0.0
    reason: str = ""
    cause: str = ""
    root: str = ""
    signature: str = ""
    reading: str = ""
    requirement: StoredRule | None = None
    expected: tuple[str, ...] = ()
    tolerated: Mapping[str, str] = field(default_factory=dict)
    actual: str = ""
    aftermath: tuple[str, ...] = ()
    timeline: tuple[StoredMoment, ...] = ()
    attempts: tuple[StoredAttempt, ...] = ()
    expected_by: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    traceback: str = ""
    revision: str = ""

    @property
    def family(self) -> str:
        return self.case.partition("/")[0]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The run itself. `identity`: what two runs must share for one to continue the other.

    `endpoint_memory_bytes`: the least and the most that it was seen to hold, at the starts and ends
    of its groups of cells; empty where the system does not tell. `isolation`: how the endpoint was
    kept from this host.
    """

    id: str
    seed: int
    endpoint: str
    versions: Mapping[str, str]
    roles: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    started: str = ""
    duration_s: float = 0.0
    is_resumed: bool = False
    is_complete: bool = False
    endpoint_memory_bytes: tuple[int, ...] = ()
    isolation: str = ""

    @property
    def identity(self) -> tuple[int, str, str]:
        return (self.seed, self.versions.get("wtspec", ""), self.endpoint)


@dataclass(frozen=True, slots=True)
class Stored:
    """A whole run, its cells in report order."""

    run: StoredRun
    cells: tuple[StoredCell, ...]

    def count(self, *outcomes: str) -> int:
        return sum(one.outcome in outcomes for one in self.cells)

    @property
    def totals(self) -> dict[str, int]:
        """How many cells per outcome, those that occur."""
        words = sorted({one.outcome for one in self.cells})
        return {word: self.count(word) for word in words}

    @property
    def unexpected(self) -> int:
        """Cells that fail the run and that no baseline excuses."""
        red = {"fail", "crash", "timeout", "flaky"}
        return sum(one.outcome in red and not one.expected_by for one in self.cells)

    @property
    def excused(self) -> int:
        """Cells that are blocked behind a failure that the baseline knows."""
        known = {one.id for one in self.cells if one.expected_by}
        return sum(
            one.outcome == "blocked" and one.root.partition(" ended in ")[0] in known
            for one in self.cells
        )


def cell_to_json(cell: StoredCell) -> dict[str, Any]:
    return asdict(cell)


def cell_from_json(value: Mapping[str, Any]) -> StoredCell:
    """The inverse of `cell_to_json`, after a round through JSON."""
    fields = dict(value)
    rule = fields.get("requirement")
    fields["requirement"] = None if rule is None else StoredRule(**rule)
    fields["timeline"] = tuple(StoredMoment(**one) for one in fields.get("timeline", ()))
    fields["attempts"] = tuple(StoredAttempt(**one) for one in fields.get("attempts", ()))
    for name in ("expected", "aftermath"):
        fields[name] = tuple(fields.get(name, ()))
    return StoredCell(**fields)


def run_to_json(run: StoredRun) -> dict[str, Any]:
    return asdict(run)


def run_from_json(value: Mapping[str, Any]) -> StoredRun:
    fields = dict(value)
    for name in ("roles", "dialects", "endpoint_memory_bytes"):
        fields[name] = tuple(fields.get(name, ()))
    return StoredRun(**fields)
