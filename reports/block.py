"""The failure block: one shape for the terminal, JUnit and HTML, as plain lines."""

from collections.abc import Iterator
from pathlib import Path

from wtspec.suite.run.stored import AFTERMATH_BEGINS, StoredCell, StoredMoment

_INDENT = " " * 15
_ARROWS = {"sent": ">>", "received": "<<", "api": "()", "note": "--"}
# A block is read by a person; the whole timeline is an evidence file.
_SHOWN_MOMENTS, _SHOWN_AFTERWARDS = 40, 12
_LINE_LIMIT = 240

# Left-to-right and other embeddings reorder what a reader sees; separators break lines.
_INVISIBLE = frozenset(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x2028, 0x2029, 0xFEFF]
)


def visible(text: str) -> str:
    """The text with every control, bidirectional and surrogate character spelled out.

    What the endpoint says ends up in terminals, CI logs and documents; none of it may act there.
    """
    plain = "".join(one if _is_plain(ord(one)) else _escaped(ord(one)) for one in text)
    # Some CI systems take this for a command wherever in a line it stands.
    return plain.replace("##[", "\\x23#[")


def _is_plain(point: int) -> bool:
    if point < 0x20 or 0x7F <= point < 0xA0 or point in _INVISIBLE:
        return False
    return not (0xD800 <= point < 0xE000 or point & 0xFFFE == 0xFFFE)


def _escaped(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def block(cell: StoredCell, *, verbose: bool = False, folder: Path | None = None) -> list[str]:
    """The lines of one cell that did not pass. `verbose` adds our own tracebacks.

    `folder`: that of the run, so that a reader can open what the evidence names.
    """
    lines = [_headline(cell)]
    for label, value in _facts(cell):
        lines += _labelled(label, value)
    lines += [
        f"  {'timeline':13}{_moment(one)}" if first else f"{_INDENT}{_moment(one)}"
        for first, one in _numbered(cell)
    ]
    for label, value in _after(cell, folder or Path()):
        lines += _labelled(label, value)
    if verbose and cell.traceback:
        lines += [f"    {visible(line)}" for line in cell.traceback.splitlines()]
    return [line if len(line) <= _LINE_LIMIT else f"{line[: _LINE_LIMIT - 1]}…" for line in lines]


def _headline(cell: StoredCell) -> str:
    word = cell.outcome.upper()
    known = f" (expected, {cell.expected_by})" if cell.expected_by else ""
    return f"{word}{known}  {visible(cell.id)}  {cell.duration_ms:.1f} ms"


def _facts(cell: StoredCell) -> Iterator[tuple[str, str]]:
    yield "title", cell.title
    if (rule := cell.requirement) is not None:
        yield "requirement", f"{rule.id}  ({rule.citation}, {rule.level})"
        yield "", rule.text
    yield "expected", " or ".join(cell.expected)
    for pattern, note in cell.tolerated.items():
        yield "tolerated", f"{pattern}: {note}"
    yield "actual", cell.actual
    if not (cell.actual and cell.reason.startswith(f"{cell.actual}, against ")):
        yield "reason", cell.reason


def _after(cell: StoredCell, folder: Path) -> Iterator[tuple[str, str]]:
    for number, finding in enumerate(cell.aftermath):
        yield "" if number else "aftermath", finding
    for number, one in enumerate(cell.attempts if len(cell.attempts) > 1 else ()):
        label = "" if number else "attempts"
        why = "" if one.reason == cell.reason else f". {one.reason}"
        yield label, f"{one.purpose}: {one.outcome}, {one.duration_ms:.1f} ms{why}"
    yield "run again", cell.command
    for number, path in enumerate(cell.evidence.values()):
        yield "" if number else "evidence", str(folder / path)


def _labelled(label: str, value: str) -> list[str]:
    if not value:
        return []
    return [f"  {label:13}{visible(value)}"]


def _numbered(cell: StoredCell) -> Iterator[tuple[bool, StoredMoment]]:
    """The moments shown, the first of them marked: the end of the script is where the answer is.

    What came after it is shown where the verdict is about that.
    """
    told = [one for one in cell.timeline if one.where != "packet"]
    ends = [at for at, one in enumerate(told) if one.what == AFTERMATH_BEGINS]
    end = ends[0] if ends else len(told)
    checked = (one.partition(":")[0] for one in cell.aftermath)
    is_about_it = any(cell.reason.startswith(f"{one}:") for one in checked)
    afterwards = _SHOWN_AFTERWARDS if is_about_it else 0
    shown = told[max(end - _SHOWN_MOMENTS, 0) : end + afterwards]
    return ((number == 0, one) for number, one in enumerate(shown))


def _moment(one: StoredMoment) -> str:
    arrow = _ARROWS.get(one.direction, one.direction)
    text = visible(f"{one.where}  {one.what} {one.value}".rstrip())
    return f"{one.time_ms:9.1f} ms  {arrow} {text}"
