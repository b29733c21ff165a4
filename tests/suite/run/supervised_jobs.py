"""Jobs that behave and jobs that do not; a module of its own, since workers import it by name."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wtspec.suite.run.attempt import Attempt
from wtspec.suite.run.worker import Finished, Report, Spoke, Started, Tending
from wtspec.suite.verdict import Outcome, Verdict

LIMIT_S = 0.5
# The supervisor's own grace comes on top.


def passes(cell: str) -> Attempt:
    return Attempt(cell, Verdict(Outcome.PASS))


def burn(_: Report, cell: str) -> None:
    """A busy loop, which no timeout inside the process could end."""
    if cell.startswith("bad"):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            pass


def die(_: Report, cell: str) -> None:
    if cell.startswith("bad"):
        os._exit(3)


def fail(_: Report, cell: str) -> None:
    if cell.startswith("bad"):
        raise RuntimeError("the job is broken")


def behave(report: Report, cell: str) -> None:
    report(Spoke(cell, str(os.getpid()), "h3-16"))


@dataclass(frozen=True)
class BlockedStart:
    """Blocks while it starts its endpoint: every time, or where `mark` is not there yet."""

    keys: tuple[str, ...]
    mark: str = ""

    def run(self, report: Report) -> None:
        report(Tending(LIMIT_S))
        if not (self.mark and Path(self.mark).exists()):
            if self.mark:
                Path(self.mark).touch()
            time.sleep(60)
        report(Tending(0))
        for cell in self.keys:
            report(Finished(cell, (passes(cell),)))

    def only(self, keys: frozenset[str]) -> "BlockedStart":
        return replace(self, keys=tuple(one for one in self.keys if one in keys))


@dataclass(frozen=True)
class OneByOne:
    """Runs its cells in order."""

    keys: tuple[str, ...]
    deed: Callable[[Report, str], None]

    def run(self, report: Report) -> None:
        for cell in self.keys:
            report(Started(cell, "first", LIMIT_S))
            self.deed(report, cell)
            report(Finished(cell, (passes(cell),)))

    def only(self, keys: frozenset[str]) -> "OneByOne":
        return replace(self, keys=tuple(one for one in self.keys if one in keys))


@dataclass(frozen=True)
class AllAtOnce(OneByOne):
    """Starts all its cells before any is done."""

    def run(self, report: Report) -> None:
        for cell in self.keys:
            report(Started(cell, "first", LIMIT_S))
        for cell in self.keys:
            self.deed(report, cell)
        for cell in self.keys:
            report(Finished(cell, (passes(cell),)))
