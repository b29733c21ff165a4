"""The baseline, as a run uses it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wtspec.implementations import baseline
from wtspec.implementations.baseline import Baseline, BaselineError, Judged
from wtspec.suite.commands.failure import usage
from wtspec.suite.run.stored import Stored
from wtspec.suite.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Known:
    """Known failures; none where no file was named."""

    entries: Baseline

    @classmethod
    def load(cls, path: str | None) -> "Known":
        if path is None:
            return cls(Baseline())
        if not Path(path).exists():
            raise usage(f"there is no baseline {path}; an empty file knows no failure")
        try:
            return cls(baseline.read(Path(path)))
        except BaselineError as error:
            raise usage(f"the baseline is wrong:\n{error}") from error

    def expected(self, cell_id: str, outcome: str, signature: str) -> str:
        """The requirement of the entry that knows this very failure; empty when none does."""
        cell = Judged.of(cell_id, Outcome(outcome), signature)
        today = date.today()  # noqa: DTZ011 - an expiry date is a day of the user's calendar
        entry = self.entries.excuse(cell, today)
        return "" if entry is None else entry.requirement

    def stale(self, stored: Stored, today: date, *, whole_catalogue: bool) -> list[str]:
        """Entries that are no longer true of this run."""
        judged = [Judged.of(one.id, Outcome(one.outcome), one.signature) for one in stored.cells]
        compared = self.entries.compare(judged, today, whole_catalogue=whole_catalogue)
        return [str(one) for one in compared.stale]
