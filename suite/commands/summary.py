"""The end of a run in text: families, failure blocks, totals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from wtspec.reports.block import block, visible
from wtspec.suite.run.stored import Stored, StoredCell
from wtspec.suite.verdict import Outcome

# Outcomes whose cells are shown in full: they fail the run, or are ours.
_SHOWN = frozenset({"fail", "crash", "timeout", "flaky", "harness-error"})
_COLOURS = {"pass": "green", "tolerated": "yellow", "fail": "red", "crash": "red", "flaky": "red"}
_COLOURS |= {"timeout": "red", "harness-error": "magenta", "blocked": "yellow"}
_WORDS = tuple(str(one) for one in Outcome)


def show(stored: Stored, stale: Sequence[str], verbosity: int, folder: Path) -> None:
    """Print the result on stdout. verbosity: -1 totals only, 0, 1 tolerated too, 2 tracebacks.

    `folder`: that of the run.
    """
    if verbosity >= 0:
        for line in _families(stored.cells):
            click.echo(line)
        for cell in stored.cells:
            if _is_shown(cell, verbosity):
                click.echo()
                lines = block(cell, verbose=verbosity > 1, folder=folder)
                click.secho(lines[0], fg=_COLOURS.get(cell.outcome), bold=True)
                for line in lines[1:]:
                    click.echo(line)
        root = _root(stored.cells)
        for cause, count in _reasons(stored.cells, root):
            click.echo(f"{count:6} {cause}")
        if root:
            for line in _beginning(stored.cells, root):
                click.secho(line, fg="red", bold=True)
    for entry in stale:
        click.secho(f"BASELINE  {visible(entry)}", fg="red")
    click.echo(totals(stored))


def totals(stored: Stored) -> str:
    """One line: how many cells of each outcome, in a fixed order."""
    found = stored.totals
    counts = "  ".join(
        click.style(f"{found[word]} {word}", fg=_COLOURS.get(word))
        for word in _WORDS
        if word in found
    )
    known = sum(bool(one.expected_by) for one in stored.cells)
    excused = f"  ({known} known)" if known else ""
    return f"{counts or 'no cells'}{excused}  in {stored.run.duration_s:.1f} s"


def _is_shown(cell: StoredCell, verbosity: int) -> bool:
    if cell.expected_by:
        return verbosity > 0
    return cell.outcome in _SHOWN or (verbosity > 0 and cell.outcome in {"tolerated", "blocked"})


def _families(cells: Sequence[StoredCell]) -> Iterator[str]:
    counts: dict[str, Counter[str]] = {}
    for one in cells:
        counts.setdefault(one.family, Counter())[one.outcome] += 1
    width = max((len(name) for name in counts), default=0)
    for name, found in counts.items():
        told = "  ".join(
            click.style(f"{found[word]:4} {word}", fg=_COLOURS.get(word))
            for word in _WORDS
            if found[word]
        )
        yield f"  {name:{width}} {told}"


def _reasons(cells: Sequence[StoredCell], root: str) -> list[tuple[str, int]]:
    """Why cells did not run, the commonest first: one line stands for many cells.

    `root`: what is told elsewhere.
    """
    quiet = {"blocked", "not-applicable", "unsupported"}
    found = Counter(
        visible(f"{one.outcome}: {_cause(one)}")
        for one in cells
        if one.outcome in quiet and (one.outcome, _cause(one)) != ("blocked", root)
    )
    return found.most_common(8)


def _cause(cell: StoredCell) -> str:
    return cell.root or cell.reason


def _root(cells: Sequence[StoredCell]) -> str:
    """What blocks the most cells, where most of a run is blocked; else empty."""
    blocked = [one for one in cells if one.outcome == "blocked"]
    if 2 * len(blocked) <= len(cells):
        return ""
    return Counter(map(_cause, blocked)).most_common(1)[0][0]


def _beginning(cells: Sequence[StoredCell], root: str) -> Iterator[str]:
    """What to mend first, and how to see it alone."""
    count = sum((one.outcome, _cause(one)) == ("blocked", root) for one in cells)
    yield f"{count} of {len(cells)} cells are blocked by one thing; begin with it:"
    yield f"  {visible(root)}"
    for one in cells:
        if root.startswith(f"{one.id} ") and one.command:
            yield f"  {visible(one.command)}"
