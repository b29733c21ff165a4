"""What is seen while a run goes on: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wtspec.reports.block import visible
from wtspec.suite.commands.pipes import tell
from wtspec.suite.run.runner import Watcher
from wtspec.suite.run.stored import StoredCell

# A CI job that says nothing for long is cancelled.
_HEARTBEAT_S = 30.0
_FRAME_S = 0.1


class ProgressBar:
    """Shows how far the run is, on stderr. `total`: cells."""

    def __init__(self, total: int, *, is_quiet: bool = False) -> None:
        self._total = total
        self._is_quiet = is_quiet
        self._counts: Counter[str] = Counter()
        self._shown_s = time.monotonic()
        self._bar: Progress | None = None
        if not is_quiet and sys.stderr.isatty():
            # No thread of rich's: worker processes are started while the bar is up.
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                auto_refresh=False,
                transient=True,
            )
            self._task = self._bar.add_task("", total=total)

    @property
    def watcher(self) -> Watcher:
        return Watcher(judged=self.judged, troubled=self.troubled)

    def judged(self, cell: StoredCell) -> None:
        self._counts[cell.outcome] += 1
        passed_s = time.monotonic() - self._shown_s
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=self._summary())
            if passed_s > _FRAME_S:
                self._shown_s = time.monotonic()
                self._bar.refresh()
        elif not self._is_quiet and passed_s > _HEARTBEAT_S:
            self._shown_s = time.monotonic()
            done = sum(self._counts.values())
            tell(f"{done} of {self._total} cells: {self._summary()}")

    def troubled(self, text: str) -> None:
        tell(f"wtspec: {visible(text)}")

    def _summary(self) -> str:
        return "  ".join(f"{count} {word}" for word, count in self._counts.most_common())

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
