"""A stored run as JUnit XML, for the CI systems that show it.

junit-xml 1.9 writes the elements. It is kept behind a guard, because it drops a failure without a
message (so that it would read as a pass) and characters that XML 1.0 lacks: nothing reaches it
that was not cleaned by `text` or `message`, and what it wrote is read back and counted.
"""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from wtspec.reports.whole_file import replace_whole
from wtspec.suite.run.stored import Stored, StoredCell, StoredRun

Describe = Callable[[StoredCell], Sequence[str]]
"""The lines of a cell's failure block."""

TEXT_LIMIT = 8192
MESSAGE_LIMIT = 500

# What is no character of XML 1.0, what junit-xml would drop, and what would reorder the text around
# it or end its line. Tab and line feed stay.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufdd0-\ufdef\ufeff\ufffe\uffff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(1 << 16, 17 << 16, 1 << 16)
    )
    + "]"
)


class JunitMismatch(Exception):
    """What was written does not say what the store says; the message names the file kept."""


class _Kind(Enum):
    """The element that a cell gets; the value is its tag, and that of no element is empty."""

    PLAIN = ""
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


_KINDS = {
    "pass": _Kind.PLAIN,
    "tolerated": _Kind.PLAIN,
    "fail": _Kind.FAILURE,
    "flaky": _Kind.FAILURE,
    "crash": _Kind.ERROR,
    "timeout": _Kind.ERROR,
    "harness-error": _Kind.ERROR,
    "unsupported": _Kind.SKIPPED,
    "not-applicable": _Kind.SKIPPED,
    "blocked": _Kind.SKIPPED,
    "not-run": _Kind.SKIPPED,
}


def write(stored: Stored, path: Path, describe: Describe, stale: Sequence[str] = ()) -> None:
    """Write the whole document or leave what was there; raises JunitMismatch, OSError.

    `stale`: the entries of a baseline that are no longer true, each a failure of its own.
    """
    wanted = _wanted(stored, stale)

    def check(written: Path) -> None:
        if (why := _mismatch(written, wanted)) is not None:
            kept = path.with_name(f"{path.name}.bad")
            written.replace(kept)
            raise JunitMismatch(
                f"the JUnit report contradicts the run: {why}; it is kept as {kept}"
            )

    replace_whole(path, document(stored, describe, stale).encode(), check)


def document(stored: Stored, describe: Describe, stale: Sequence[str] = ()) -> str:
    """The XML: a suite for each dialect and role, a test case for each cell.

    A failure that the baseline expects is skipped, as pytest does with an expected failure: who
    reads the document sees red exactly when the run is red.
    """
    groups: dict[str, list[TestCase]] = {}
    for cell in stored.cells:
        groups.setdefault(f"{cell.dialect}/{cell.role}", []).append(_case(cell, stored, describe))
    if stale:
        groups["baseline"] = [_stale_case(one) for one in stale]
    properties = dict(_properties(stored.run))
    suites = [
        TestSuite(text(name), cases, timestamp=text(stored.run.started), properties=properties)
        for name, cases in groups.items()
    ]
    return str(to_xml_report_string(suites, prettyprint=False, encoding="utf-8"))


def text(value: str, limit: int = TEXT_LIMIT) -> str:
    """The value with what XML or a reader cannot take spelled out, cut at `limit` characters."""
    cut = value[:limit]
    clean = _UNFIT.sub(lambda found: f"\\u{{{ord(found[0]):X}}}", cut)
    more = len(value) - len(cut)
    return f"{clean}… ({more} more characters)" if more else clean


def message(*values: str) -> str:
    """The first value that says something, in one line; never empty."""
    told = next((one for one in values if one.strip()), "no reason was recorded")
    return text(" ".join(told.split()) or "no reason was recorded", MESSAGE_LIMIT)


def _kind(cell: StoredCell) -> _Kind:
    kind = _KINDS[cell.outcome]
    return _Kind.SKIPPED if cell.expected_by and kind is not _Kind.PLAIN else kind


def _case(cell: StoredCell, stored: Stored, describe: Describe) -> TestCase:
    named = cell.case if cell.parameter is None else f"{cell.case}[{cell.parameter}]"
    case = TestCase(
        text(named),
        text(f"{cell.role}.{cell.dialect}"),
        cell.duration_ms / 1000,
        stdout="\n".join(f"{key}={_line(value)}" for key, value in _facts(cell, stored.run)),
    )
    told = message(cell.reason, cell.actual, cell.outcome)
    match _kind(cell):
        case _Kind.PLAIN:
            pass
        case _Kind.FAILURE:
            level = cell.requirement.level if cell.requirement is not None else ""
            why = cell.outcome if cell.outcome == "flaky" else level or cell.outcome
            case.add_failure_info(told, text("\n".join(describe(cell))), text(why))
        case _Kind.ERROR:
            case.add_error_info(told, text("\n".join(describe(cell))), text(cell.outcome))
        case _Kind.SKIPPED if cell.expected_by:
            case.add_skipped_info(message(f"known failure, {cell.expected_by}: {told}"))
        case _Kind.SKIPPED:
            case.add_skipped_info(message(f"{cell.outcome}: {told}"))
    return case


def _stale_case(entry: str) -> TestCase:
    case = TestCase(message(entry), "baseline")
    case.add_failure_info(message(entry), text(entry), "unexpected-pass")
    return case


def _facts(cell: StoredCell, run: StoredRun) -> Iterator[tuple[str, str]]:
    """What CI systems have no field for, as lines that they show beside the case."""
    rule = cell.requirement
    known = {
        "cell": cell.id,
        "case": cell.case,
        "revision": cell.revision,
        "requirement": rule.id if rule is not None else "",
        "level": rule.level if rule is not None else "",
        "dialect": cell.dialect,
        "role": cell.role,
        "configuration": cell.configuration,
        "outcome": cell.outcome,
        "cause": cell.cause,
        "reading": cell.reading,
        "reason": cell.reason,
        "signature": cell.signature,
        "expected-by": cell.expected_by,
        "seed": str(run.seed),
        "attempts": " ".join(f"{one.purpose}:{one.outcome}" for one in cell.attempts),
        "command": cell.command,
    }
    yield from ((key, value) for key, value in known.items() if value)
    yield from ((f"evidence-{kind}", where) for kind, where in cell.evidence.items())


def _line(value: str) -> str:
    """A value that cannot begin a line of its own."""
    return text(value.replace("\n", "\\n"), MESSAGE_LIMIT)


def _properties(run: StoredRun) -> Iterator[tuple[str, str]]:
    yield "run", text(run.id)
    yield "endpoint", text(run.endpoint)
    yield "seed", str(run.seed)
    for name, version in run.versions.items():
        yield text(f"version-{name}"), text(version)
    yield "isolation", text(run.isolation)
    yield "resumed", str(run.is_resumed).lower()
    yield "complete", str(run.is_complete).lower()


def _wanted(stored: Stored, stale: Sequence[str]) -> Counter[str]:
    """Test cases and elements that the document must have, from the store alone."""
    wanted = Counter(kind.value for kind in map(_kind, stored.cells) if kind is not _Kind.PLAIN)
    wanted["testcase"] = len(stored.cells) + len(stale)
    wanted["failure"] += len(stale)
    return +wanted


def _mismatch(path: Path, wanted: Counter[str]) -> str | None:
    """Where the file, read by another library, differs from the store; None where it does not."""
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - a file that this module has just written
    except ET.ParseError as error:
        return f"it is not XML ({error})"
    tags = {"testcase", "failure", "error", "skipped"}
    found = Counter(element.tag for element in root.iter() if element.tag in tags)
    totals = {
        tag: sum(int(suite.get(name, "0")) for suite in root.iter("testsuite"))
        for tag, name in (
            ("testcase", "tests"),
            ("failure", "failures"),
            ("error", "errors"),
            ("skipped", "skipped"),
        )
    }
    if found == wanted == +Counter(totals):
        return None
    return f"wanted {dict(wanted)}, found {dict(found)}, announced {totals}"
