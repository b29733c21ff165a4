"""Every way in which an entry can be wrong, and the sentence that says so."""

import tomllib
from pathlib import Path

import pytest

from wtspec.suite.requirements import ledger
from wtspec.suite.requirements.entry import Source, read
from wtspec.suite.requirements.ledger import LedgerError, Level, Observable, Party, Requirement

GOOD = {"section": '"5.1"', "level": '"MUST"', "party": '"both"', "text": '"x"'}


def requirement(file: str = "http3.toml", **keys: str) -> Requirement:
    """An entry with these keys, as TOML; an empty value leaves the key out."""
    lines = [f"{key} = {value}" for key, value in (GOOD | keys).items() if value]
    return read(Source(file, "an-id", "\n".join(["[an-id]", *lines])))


def test_only_four_keys_are_needed() -> None:
    assert requirement() == Requirement(
        id="an-id", document="http3", section="5.1", level=Level.MUST, party=Party.BOTH, text="x"
    )


def test_all_keys() -> None:
    assert requirement(
        level='"SHOULD NOT"',
        party='"user-agent"',
        text='"""\nof two\n  lines"""',
        since="3",
        until="14",
        observable='"api"',
        binding="true",
        ambiguity='["A01", "A42"]',
        changed='"c"',
        levels='{ 3 = "none", 4-13 = "FACT" }',
        untested='"u"',
    ) == Requirement(
        id="an-id",
        document="http3",
        section="5.1",
        level=Level.SHOULD,
        negative=True,
        party=Party.USER_AGENT,
        text="of two lines",
        since=3,
        until=14,
        observable=Observable.API,
        binding=True,
        ambiguity=("A01", "A42"),
        changed="c",
        levels=((3, 3, None), (4, 13, Level.FACT)),
        untested="u",
    )


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"section": ""}, "section: must be a text that is not empty"),
        ({"section": "5"}, "section: must be a text that is not empty"),
        ({"text": '"  "'}, "text: must be a text that is not empty"),
        ({"changed": '""'}, "changed: must be a text that is not empty"),
        ({"untested": "true"}, "untested: must be a text that is not empty"),
        ({"level": '"MUSTY"'}, "level: 'MUSTY' is not one of MUST, SHOULD, MAY, FACT, MUST NOT, "),
        ({"level": ""}, "level: None is not one of MUST, "),
        ({"level": "[]"}, r"level: \[\] is not one of MUST, "),
        ({"party": '"endpoint"'}, "party: 'endpoint' is not one of both, client, server, "),
        ({"party": ""}, "party: None is not one of both, "),
        ({"observable": '"no"'}, "observable: 'no' is not one of wire, api, none"),
        ({"observable": '"none"'}, "untested: must say why nobody can observe it"),
        ({"since": '"3"'}, "since: '3' is no draft number"),
        ({"since": "true"}, "since: True is no draft number"),
        ({"until": "-1"}, "until: -1 is no draft number"),
        ({"since": "9", "until": "8"}, "until: 8 comes before since, 9"),
        ({"level": '"FACT"'}, "binding: a FACT says true or false"),
        ({"level": '"FACT"', "binding": "1"}, "binding: a FACT says true or false"),
        ({"levels": '{ 3 = "FACT" }'}, "binding: a FACT says true or false"),
        ({"binding": "false"}, "binding: is for facts alone"),
        ({"ambiguity": '"A01"'}, "ambiguity: 'A01' is no list of numbers like 'A01'"),
        ({"ambiguity": '["A1"]'}, "ambiguity: .* is no list of numbers like 'A01'"),
        ({"ambiguity": "[1]"}, "ambiguity: .* is no list of numbers like 'A01'"),
        ({"levels": '"MAY"'}, "levels: must be a table of drafts and levels"),
        ({"levels": '{ old = "MAY" }'}, "levels.old: is neither a draft number nor two joined"),
        ({"levels": '{ 3 = "MIGHT" }'}, "levels.3: 'MIGHT' is not one of MUST, "),
        ({"levels": '{ 5-3 = "MAY" }'}, "levels.5-3: lies outside the drafts of the entry"),
        (
            {"since": "4", "levels": '{ 3-5 = "MAY" }'},
            "levels.3-5: lies outside the drafts of the entry",
        ),
        (
            {"until": "4", "levels": '{ 3-5 = "MAY" }'},
            "levels.3-5: lies outside the drafts of the entry",
        ),
        (
            {"levels": '{ 3-5 = "MAY", 5 = "MUST" }'},
            "levels.5: names a draft twice",
        ),
        ({"sectoin": '"5"'}, "sectoin: is no key of an entry; did you mean 'section'?"),
        ({"zzzzz": "1"}, "zzzzz: is no key of an entry$"),
        ({"text": "x"}, "entry: is no TOML: "),
    ],
)
def test_a_bad_key_is_named_with_file_and_id(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(LedgerError, match=rf"^http3\.toml: \[an-id\] {complaint}"):
        requirement(**keys)


@pytest.mark.parametrize("key", ["since", "until"])
def test_documents_without_drafts_have_no_draft_numbers(key: str) -> None:
    with pytest.raises(LedgerError, match=f"{key}: overview has no drafts in the ledger"):
        requirement("overview.1.toml", **{key: "3"})


@pytest.mark.parametrize("name", ["", "An-id", "an_id", "a--b", "-a", "a.b", '"a"'])
def test_ids_are_words_joined_by_hyphens(name: str) -> None:
    with pytest.raises(LedgerError, match="id: is not lower-case words"):
        read(Source("rfc.toml", name, f"[{name}]"))


@pytest.mark.parametrize("path", sorted(ledger.FOLDER.glob("*.toml")), ids=lambda path: path.name)
def test_entries_are_cut_where_toml_sees_them(path: Path) -> None:
    """An entry is parsed apart from its file: both ways must give the same tables."""
    whole = tomllib.loads(path.read_text(encoding="utf-8"))
    loaded = ledger.load()
    assert set(whole) <= set(loaded)
    for name, table in whole.items():
        assert loaded[name].text == " ".join(table["text"].split())
        assert loaded[name].untested == table.get("untested", "")
