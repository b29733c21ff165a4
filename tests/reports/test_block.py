"""The failure block, and what an endpoint's words may do in it: nothing."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.reports.block import block, visible
from wtspec.suite.run.stored import (
    AFTERMATH_BEGINS,
    StoredAttempt,
    StoredCell,
    StoredMoment,
    StoredRule,
)

CELL = StoredCell(
    "termination/close-then-data@h3-16/server",
    "termination/close-then-data",
    "server",
    "h3-16",
    "fail",
    title="data after the close capsule resets the CONNECT stream",
    duration_ms=12.34,
    reason="Fin() on stream 0, against close-data-after-capsule",
    requirement=StoredRule("close-data-after-capsule", "a draft section 6", "MUST", "paraphrase"),
    expected=("Reset(H3_MESSAGE_ERROR)", "Stop()"),
    tolerated={"ConnectionClosed()": "closed the connection"},
    actual="Fin() on stream 0",
    aftermath=("this session: ended", "this connection: alive"),
    timeline=(
        StoredMoment(0.0, "sent", "stream 0", "HEADERS", "CONNECT"),
        StoredMoment(3.1, "received", "stream 0", "HEADERS", "200"),
        StoredMoment(3.2, "received", "packet", "36 bytes"),
        StoredMoment(15.4, "api", "session x", "closed", ""),
    ),
    attempts=(StoredAttempt("first", "fail", 11.0, "Fin()"),),
    evidence={"packets": "evidence/x/packets.pcapng"},
    command="wtspec run 'termination/close-then-data@h3-16/server'",
    traceback="Traceback\n  line",
)


def test_the_shape() -> None:
    assert block(CELL) == [
        "FAIL  termination/close-then-data@h3-16/server  12.3 ms",
        "  title        data after the close capsule resets the CONNECT stream",
        "  requirement  close-data-after-capsule  (a draft section 6, MUST)",
        "               paraphrase",
        "  expected     Reset(H3_MESSAGE_ERROR) or Stop()",
        "  tolerated    ConnectionClosed(): closed the connection",
        "  actual       Fin() on stream 0",
        "  timeline           0.0 ms  >> stream 0  HEADERS CONNECT",
        "                     3.1 ms  << stream 0  HEADERS 200",
        "                    15.4 ms  () session x  closed",
        "  aftermath    this session: ended",
        "               this connection: alive",
        "  run again    wtspec run 'termination/close-then-data@h3-16/server'",
        "  evidence     evidence/x/packets.pcapng",
    ]


def test_what_is_not_there_takes_no_line() -> None:
    bare = StoredCell("a@h3-16/server", "a", "server", "h3-16", "not-run")
    assert block(bare) == ["NOT-RUN  a@h3-16/server  0.0 ms"]


def test_our_tracebacks_are_for_those_who_ask() -> None:
    assert not any("Traceback" in line for line in block(CELL))
    assert block(CELL, verbose=True)[-2:] == ["    Traceback", "      line"]


def test_the_end_of_the_script_is_shown_of_a_long_timeline() -> None:
    before = tuple(StoredMoment(n, "sent", "stream 0", f"before-{n}") for n in range(200))
    marker = (StoredMoment(200, "note", "peer", AFTERMATH_BEGINS),)
    after = tuple(StoredMoment(n, "sent", "stream 4", f"after-{n}") for n in range(200))
    cell = replace(CELL, timeline=before + marker + after)
    text = "\n".join(block(cell))
    assert "before-199" in text
    assert "before-100" not in text
    assert "after-1" not in text
    by_aftermath = "\n".join(block(replace(cell, reason="this session: ended, against an-id")))
    assert "before-199" in by_aftermath
    assert "after-1" in by_aftermath
    assert "after-100" not in by_aftermath


def test_one_sentence_is_told_once() -> None:
    again = StoredAttempt("confirm", "fail", 15.0, CELL.reason)
    lines = block(replace(CELL, attempts=(*CELL.attempts, again)))
    assert "               confirm: fail, 15.0 ms" in lines
    assert not any(CELL.reason in line for line in lines)
    other = replace(CELL, reason="never came: the answer")
    assert "  reason       never came: the answer" in block(other)


def test_evidence_can_be_opened_from_here() -> None:
    assert block(CELL, folder=Path("wt-results/1"))[-1] == (
        "  evidence     wt-results/1/evidence/x/packets.pcapng"
    )


def test_known_failures_and_several_attempts_are_told() -> None:
    again = StoredAttempt("confirm", "fail", 15.0, "Fin()")
    lines = block(replace(CELL, expected_by="an-id", attempts=(*CELL.attempts, again)))
    assert lines[0].startswith("FAIL (expected, an-id)  ")
    assert "  attempts     first: fail, 11.0 ms. Fin()" in lines
    assert "               confirm: fail, 15.0 ms. Fin()" in lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ö 漢", "plain ö 漢"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\t\0", "a\\x0ab\\x0d\\x09\\x00"),
        ("\x9b\x7f", "\\x9b\\x7f"),
        ("\u202e\u2066\u2028\ufeff", "\\u202e\\u2066\\u2028\\ufeff"),
        ("\udc80\ufffe", "\\udc80\\ufffe"),
        ("\U0001ffff", "\\U0001ffff"),
        ("a ##[error]b", "a \\x23#[error]b"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_nothing_visible_acts_on_a_terminal(text: str) -> None:
    for one in visible(text):
        assert unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(one) not in {"LRE", "RLE", "LRO", "RLO", "PDF"}
        assert unicodedata.bidirectional(one) not in {"LRI", "RLI", "FSI", "PDI"}


@given(st.text(st.characters()), st.text(st.characters()))
def test_no_word_of_an_endpoint_begins_a_line(actual: str, value: str) -> None:
    moment = StoredMoment(0.0, "received", "stream 0", "HEADERS", value)
    cell = replace(CELL, reason="told apart")
    lines = block(replace(cell, actual=actual or "x", timeline=(moment,)))
    assert len(lines) == len(block(replace(cell, timeline=CELL.timeline[:1])))
    assert all(len(line) <= 240 for line in lines)
