"""The JUnit document, read back by another library; and what its guard does to hostile strings."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.reports import junit
from wtspec.suite.run.stored import Stored, StoredAttempt, StoredCell, StoredRule, StoredRun
from wtspec.suite.verdict import Outcome

RUN = StoredRun("2026-11-21T01-14-18Z-7f3k", 7, "echo-server", {"wtspec": "0.1.0"}, started="now")
RULE = StoredRule("close-data-after-capsule", "draft-16 section 6", "MUST", "reset the stream")
HOSTILE = (
    "",
    " \n\t ",
    "\x00\x1b[31mred\x7f\x9b",
    "\ud800 lone \udcff surrogates",
    "\ufffe \uffff \U0001fffe \U0010ffff \ufdd0",
    "]]><failure message='x'/><!-- & &amp; \"quoted\" -->",
    "\u202eright to left\u2066",
    "line\r\none=two\x85three\u2028four",
    "::error::now",
    "x" * 100_000,
)


def cell(outcome: str = "pass", **changes: Any) -> StoredCell:
    made = StoredCell("setup/echo@h3-16/server", "setup/echo", "server", "h3-16", outcome)
    return replace(made, **changes)


def lines(one: StoredCell) -> Sequence[str]:
    return [f"block of {one.id}", one.reason]


def written(
    path: Path, *cells: StoredCell, stale: Sequence[str] = ()
) -> tuple[junitparser.JUnitXml, list[Any]]:
    junit.write(Stored(RUN, cells), path, lines, stale)
    document = junitparser.JUnitXml.fromfile(str(path))
    return document, [case for suite in document for case in suite]


def test_every_outcome_has_its_element(tmp_path: Path) -> None:
    cells = [cell(str(one), id=str(one), case=str(one), requirement=RULE) for one in Outcome]
    _, cases = written(tmp_path / "junit.xml", *cells)
    found = {case.name: [type(one).__name__ for one in case.result] for case in cases}
    assert found == {
        "pass": [],
        "tolerated": [],
        "fail": ["Failure"],
        "flaky": ["Failure"],
        "crash": ["Error"],
        "timeout": ["Error"],
        "harness-error": ["Error"],
        "unsupported": ["Skipped"],
        "not-applicable": ["Skipped"],
        "blocked": ["Skipped"],
        "not-run": ["Skipped"],
    }


def test_a_failure_says_its_level_its_reason_and_its_block(tmp_path: Path) -> None:
    failed = cell("fail", requirement=RULE, reason="Reset(0x10c)", duration_ms=41.0)
    _, [case] = written(tmp_path / "junit.xml", failed)
    [failure] = case.result
    assert (failure.type, failure.message) == ("MUST", "Reset(0x10c)")
    assert failure.text.startswith("block of setup/echo@h3-16/server")
    assert case.time == pytest.approx(0.041)


def test_a_failure_without_any_words_still_is_one(tmp_path: Path) -> None:
    _, [case] = written(tmp_path / "junit.xml", cell("fail"))
    assert [one.message for one in case.result] == ["fail"]


def test_suites_are_by_dialect_and_role_with_the_run_s_properties(tmp_path: Path) -> None:
    other = cell(dialect="h3-02", role="client", parameter="0x1d")
    document, cases = written(tmp_path / "junit.xml", cell(), other)
    suites = list(document)
    assert [suite.name for suite in suites] == ["h3-16/server", "h3-02/client"]
    said: Any = suites[0]
    properties = {one.name: one.value for one in said.properties()}
    assert properties["seed"] == "7"
    assert properties["version-wtspec"] == "0.1.0"
    assert [(case.classname, case.name) for case in cases] == [
        ("server.h3-16", "setup/echo"),
        ("client.h3-02", "setup/echo[0x1d]"),
    ]


def test_facts_are_lines_that_no_value_can_forge(tmp_path: Path) -> None:
    one = cell(
        "tolerated",
        requirement=RULE,
        reason="late\noutcome=pass",
        attempts=(StoredAttempt("first", "fail", 3.0), StoredAttempt("confirm", "tolerated", 4.0)),
        evidence={"keys": "evidence/x/keys.log"},
    )
    _, [case] = written(tmp_path / "junit.xml", one)
    facts = dict(line.split("=", 1) for line in case.system_out.splitlines())
    assert facts["outcome"] == "tolerated"
    assert facts["requirement"] == "close-data-after-capsule"
    assert facts["attempts"] == "first:fail confirm:tolerated"
    assert facts["evidence-keys"] == "evidence/x/keys.log"
    assert facts["reason"] == "late\\noutcome=pass"


def test_a_known_failure_is_skipped_and_a_stale_entry_fails(tmp_path: Path) -> None:
    known = cell("fail", expected_by="quic-go#1", reason="wrong code")
    _, cases = written(tmp_path / "junit.xml", known, stale=["setup/x@h3-*/server: passes"])
    [skipped], [failure] = cases[0].result, cases[1].result
    assert skipped.message == "known failure, quic-go#1: wrong code"
    assert (failure.type, failure.message) == ("unexpected-pass", "setup/x@h3-*/server: passes")


@pytest.mark.parametrize("outcome", ["fail", "crash", "blocked", "tolerated"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_change_no_count(tmp_path: Path, text: str, outcome: str) -> None:
    one = cell(
        outcome,
        reason=text,
        actual=text,
        parameter=text,
        case=text,
        signature=text,
        requirement=StoredRule("r", text, text, text),
        evidence={"keys": text},
    )
    _, cases = written(tmp_path / "junit.xml", one, cell())
    assert len(cases) == 2
    assert len(cases[0].result) == (outcome != "tolerated")
    assert (tmp_path / "junit.xml").stat().st_size < 60_000


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_text_holds_only_what_xml_and_a_line_of_print_can(value: str) -> None:
    clean = junit.text(value)
    assert all(
        one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"} for one in clean
    )
    assert not re.search("[\ufffe\uffff\u202a-\u202e\u2066-\u2069]", clean)
    assert junit.message(value).strip()


def test_text_spells_out_and_says_what_it_cut() -> None:
    assert junit.text("a\x00b\ufffe") == "a\\u{0}b\\u{FFFE}"
    assert junit.text("x" * 10, 4) == "xxxx… (6 more characters)"


def test_a_document_that_lost_a_failure_is_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "junit.xml"
    path.write_text("yesterday's")
    monkeypatch.setattr(junit, "message", lambda *_values: "")
    monkeypatch.setattr(junit, "text", lambda value, _limit=0: "" if "block" in value else value)
    with pytest.raises(junit.JunitMismatch, match=r"junit\.xml\.bad"):
        junit.write(Stored(RUN, (cell("fail"),)), path, lines)
    assert path.read_text() == "yesterday's"
    assert "testcase" in (tmp_path / "junit.xml.bad").read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["junit.xml", "junit.xml.bad"]


def test_a_document_that_is_no_xml_is_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(junit, "to_xml_report_string", lambda *_a, **_k: "<testsuites>")
    with pytest.raises(junit.JunitMismatch, match="not XML"):
        junit.write(Stored(RUN, (cell(),)), tmp_path / "junit.xml", lines)


def test_no_cells_make_an_empty_document(tmp_path: Path) -> None:
    document, cases = written(tmp_path / "new" / "junit.xml")
    assert (document.tests, cases) == (0, [])
