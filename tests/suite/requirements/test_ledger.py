from collections import Counter
from pathlib import Path

import pytest

from wtspec.suite.requirements import ledger
from wtspec.suite.requirements.ledger import LedgerError, Level, UnknownRequirement
from wtspec.suite.requirements.requirement import DOCUMENTS, Observable, Party

LEDGER = ledger.load()

ENTRY = """
[{id}]
section = "1"
level = "{level}"
party = "both"
text = "x"
{more}
"""


def entry(name: str, level: str = "MUST", more: str = "") -> str:
    return ENTRY.format(id=name, level=level, more=more)


def test_every_entry_of_every_document_is_there() -> None:
    counts = Counter(requirement.document for requirement in LEDGER.values())
    assert counts == {"http3": 351, "http2": 220, "overview": 88, "w3c_api": 251, "rfc": 113}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_lists_its_entries(document: str) -> None:
    entries = LEDGER.of_document(document)
    assert [one.id for one in entries] == [
        one.id for one in LEDGER.values() if one.document == document
    ]


def test_documents_follow_each_other() -> None:
    seen = list(dict.fromkeys(requirement.document for requirement in LEDGER.values()))
    assert seen == list(DOCUMENTS)


@pytest.mark.parametrize("path", sorted(ledger.FOLDER.glob("*.toml")), ids=lambda path: path.name)
def test_a_ledger_file_stays_readable(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 500
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    "name",
    [
        *("setup-accept-2xx", "bidi-layout", "setup-client-waits-for-wt-setting"),
        *("setup-client-waits-server-settings", "origin-server-verifies", "origin-reject-403"),
        *("flow-max-streams-must-increase", "reset-code-mapped", "reset-code-skips-reserved"),
        *("reset-code-inverse", "reset-code-delivered-unchanged", "dgram-payload-verbatim"),
        *("ref-quic-path-of-1200", "buffer-streams", "buffer-overflow-stream-rejected"),
        *("close-data-after-capsule", "h2-close-type", "ov-stream-def", "w3c-idl-shape"),
    ],
)
def test_ids_that_cases_name_stay(name: str) -> None:
    assert name in LEDGER


def test_an_entry_of_the_ledger() -> None:
    one = LEDGER["settings-0rtt-no-reduction"]
    assert (one.level, one.negative, one.keyword) == (Level.MUST, True, "MUST NOT")
    assert one.party is Party.SERVER
    assert (one.since, one.until) == (13, None)
    assert one.citation == "draft-ietf-webtrans-http3-16 section 3.2"
    assert one.ambiguity == ("A32",)
    assert "flow-control settings" in one.text
    assert "  " not in one.text
    assert one.changed.startswith("04-15")


@pytest.mark.parametrize(
    ("name", "citation"),
    [
        ("ref-missing-settings", "RFC 9114 section 6.2.1"),
        ("ref-capsule-exact-payload", "RFC 9297 section 3.3"),
        ("legacy-flow-on-14", "draft-ietf-webtrans-http3-14 section 5.1"),
        ("h2-close-type", "draft-ietf-webtrans-http2-15 section 6.12"),
    ],
)
def test_citations(name: str, citation: str) -> None:
    assert LEDGER[name].citation == citation


def test_facts_say_whether_they_bind() -> None:
    assert LEDGER["bidi-layout"].binding
    assert not LEDGER["buffer-victim-free"].binding


def test_what_nobody_can_observe_says_why() -> None:
    hidden = [one for one in LEDGER.values() if one.observable is Observable.NONE]
    assert len(hidden) > 25
    assert all(one.untested for one in hidden)


def test_intermediaries_are_not_tested() -> None:
    proxies = [one for one in LEDGER.values() if one.party is Party.INTERMEDIARY]
    assert len(proxies) > 20
    assert all("intermediary" in one.untested for one in proxies)


@pytest.mark.parametrize(
    ("name", "dialect", "level"),
    [
        ("setup-accept-2xx", "h3-16", Level.FACT),
        ("setup-accept-2xx", "h3-15", Level.MAY),
        ("settings-h3-datagram-both", "h3-13", Level.MUST),
        ("settings-h3-datagram-both", "h3-14", Level.FACT),
        ("settings-h3-datagram-both", "h3-04", None),
        ("legacy-status-404", "h3-15", Level.SHOULD),
        ("legacy-status-404", "h3-16", None),
        ("pool-status-429", "h3-11", Level.FACT),
        ("pool-status-429", "h3-13", None),
        ("bidi-layout", "h2-15", None),
        ("h2-close-type", "h2-15", Level.FACT),
        ("h2-close-type", "h3-16", None),
        ("ref-missing-settings", "h3-02", Level.MUST),
        ("ov-tls-required", "h2-15", Level.MUST),
    ],
)
def test_level_in_a_dialect(name: str, dialect: str, level: Level | None) -> None:
    assert LEDGER[name].level_in(dialect) is level
    assert LEDGER[name].holds_in(dialect) is (level is not None)


def test_levels_of_a_draft_bind_as_facts_do() -> None:
    assert LEDGER["bidi-client-signal"].level_in("h3-08") is Level.FACT
    assert LEDGER["bidi-client-signal"].binding


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("setup-accept-2xx", ["server"]),
        ("setup-protocol-token", ["client"]),
        ("bidi-layout", ["server", "client"]),
        ("ref-malformed-message", ["server", "client"]),
    ],
)
def test_a_rule_binds_its_party(name: str, roles: list[str]) -> None:
    assert [role for role in ("server", "client") if LEDGER[name].binds(role)] == roles


def test_an_unknown_id_offers_the_nearest() -> None:
    with pytest.raises(UnknownRequirement, match="'bidi-layot'; did you mean bidi-layout"):
        LEDGER["bidi-layot"]


def test_an_id_like_no_other_is_simply_unknown() -> None:
    with pytest.raises(KeyError) as caught:
        LEDGER["§§§§"]
    assert str(caught.value) == "the ledger has no '§§§§'"
    assert LEDGER.get("§§§§") is None
    assert "§§§§" not in LEDGER


def test_the_ledger_is_read_once() -> None:
    assert ledger.load() is LEDGER
    assert LEDGER["bidi-layout"] is LEDGER["bidi-layout"]
    assert len(LEDGER) == 1023


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.toml").write_text(text, encoding="utf-8")
    return folder


def test_coverage_counts_by_document_and_level(tmp_path: Path) -> None:
    loaded = ledger.load(
        write(
            tmp_path,
            rfc=entry("r"),
            http3__2=entry("d", "SHOULD NOT") + entry("e"),
            http3__1=entry("a") + entry("b") + entry("c", more='untested = "why"'),
        )
    )
    rows = loaded.coverage(["b", "e", "b", "r"])
    assert [(row.document, row.level) for row in rows] == [
        ("http3", Level.MUST),
        ("http3", Level.SHOULD),
        ("rfc", Level.MUST),
    ]
    assert (rows[0].covered, rows[0].planned, rows[0].untested) == (("b", "e"), ("a",), ("c",))
    assert [row.total for row in rows] == [4, 1, 1]


def test_a_case_counts_more_than_a_reason_not_to_test(tmp_path: Path) -> None:
    loaded = ledger.load(write(tmp_path, http3=entry("a", more='untested = "why"')))
    assert loaded.coverage(["a"])[0].covered == ("a",)


def test_coverage_of_the_whole_ledger_adds_up() -> None:
    rows = LEDGER.coverage(["bidi-layout"])
    assert sum(row.total for row in rows) == len(LEDGER)
    assert [one for row in rows for one in row.covered] == ["bidi-layout"]


def test_coverage_by_an_unknown_requirement() -> None:
    with pytest.raises(UnknownRequirement, match="bidi-layout"):
        LEDGER.coverage(["bidi-lay-out"])


def test_the_same_id_twice_names_both_files(tmp_path: Path) -> None:
    folder = write(tmp_path, http3=entry("a"), rfc=entry("a"))
    with pytest.raises(LedgerError, match=r"rfc\.toml: \[a\] id: stands in http3\.toml already"):
        ledger.load(folder)


def test_a_file_of_no_document(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"http4\.x\.toml: no document 'http4' among http3, "):
        ledger.load(write(tmp_path, http4__x=entry("a")))


@pytest.mark.parametrize("text", ["x = 1\n[a]\n", "x = 1\n"])
def test_something_before_the_first_entry(tmp_path: Path, text: str) -> None:
    with pytest.raises(LedgerError, match=r"rfc\.toml: something stands before the first entry"):
        ledger.load(write(tmp_path, rfc=text))


def test_comments_and_an_empty_file_are_fine(tmp_path: Path) -> None:
    loaded = ledger.load(write(tmp_path, http3="# nothing\n\n", rfc="# one\n" + entry("a")))
    assert list(loaded) == ["a"]
