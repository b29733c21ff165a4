"""The baseline, as a run uses it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wtspec.implementations import baseline
from wtspec.implementations.baseline import Baseline, BaselineError, Judged
from wtspec.suite.commands.failure import usage
from wtspec.suite.run import catalogue
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.stored import Stored
from wtspec.suite.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Known:
    """Known failures; none where no file was named. `today` decides which have expired."""

    entries: Baseline
    today: date

    @classmethod
    def load(cls, path: str | None) -> "Known":
        today = date.today()  # noqa: DTZ011 - an expiry date is a day of the user's calendar
        if path is None:
            return cls(Baseline(), today)
        if not Path(path).exists():
            raise usage(f"there is no baseline {path}; an empty file knows no failure")
        try:
            return cls(baseline.read(Path(path)), today)
        except BaselineError as error:
            raise usage(f"the baseline is wrong:\n{error}") from error

    def expected(self, cell_id: str, outcome: str, signature: str) -> str:
        """The requirement of the entry that knows this very failure; empty when none does."""
        cell = Judged.of(cell_id, Outcome(outcome), signature)
        entry = self.entries.excuse(cell, self.today)
        return "" if entry is None else entry.requirement

    def signatures(self, cells: Iterable[Cell]) -> dict[str, frozenset[str]]:
        """The failures that need no confirming, by cell."""
        found: dict[str, frozenset[str]] = {}
        for cell in cells:
            judged = Judged.of(cell.id, Outcome.FAIL)
            named = [
                signature
                for entry in self.entries.entries
                if entry.covers(judged) and not entry.is_expired(self.today)
                for signature in entry.signatures
            ]
            if named:
                found[cell.id] = frozenset(named)
        return found

    def stale(self, stored: Stored, *, whole_catalogue: bool) -> list[str]:
        """Entries that are no longer true of this run."""
        judged = [Judged.of(one.id, Outcome(one.outcome), one.signature) for one in stored.cells]
        compared = self.entries.compare(judged, self.today, whole_catalogue=whole_catalogue)
        told = [str(one) for one in compared.stale]
        # A run of everything has found these already.
        return told if whole_catalogue else [*told, *self._unknown()]

    def _unknown(self) -> Iterator[str]:
        """Entries of cases that there are not, whatever was selected."""
        if not self.entries.entries:
            return
        names = {
            case.id if parameter is None else f"{case.id}[{parameter}]"
            for case in catalogue.load()
            for parameter in (tuple(case.parameters) or (None,))
        }
        for entry in self.entries.entries:
            if entry.case not in names:
                yield f"{entry}: there is no case {entry.case}"
