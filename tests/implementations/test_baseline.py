from datetime import date
from pathlib import Path

import pytest

from wtspec.implementations import baseline
from wtspec.implementations.baseline import Baseline, BaselineError, Entry, Judged
from wtspec.suite.verdict import Outcome

TODAY = date(2026, 11, 21)
SIGNATURE = "fail; Silence()"
ENTRY = """
[[failure]]
case = "family/case[one]"
role = "server"
dialects = "h3-1?"
requirement = "some-rule"
outcome = "fail"
signatures = ["fail; Silence()"]
wire = "no frame on stream 4"
reason = "it waits for ever"
link = "https://example.test/1"
expires = 2027-01-31
"""


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    return read(tmp_path, ENTRY).entries[0]


def read(folder: Path, text: str) -> Baseline:
    path = folder / "baseline.toml"
    path.write_text(text)
    return baseline.read(path)


def cell(
    outcome: Outcome = Outcome.FAIL,
    signature: str = SIGNATURE,
    *,
    case: str = "family/case[one]",
    dialect: str = "h3-16",
    role: str = "server",
) -> Judged:
    return Judged(case, dialect, role, outcome, signature)


def test_an_absent_or_empty_file_knows_no_failure(tmp_path: Path) -> None:
    assert baseline.read(tmp_path / "baseline.toml") == Baseline()
    assert read(tmp_path, "# nothing\n") == Baseline()


def test_an_entry_is_read_as_it_stands(entry: Entry) -> None:
    assert entry.expires == date(2027, 1, 31)
    assert str(entry) == "family/case[one]@h3-1?/server"


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (("role", "rolle"), "rolle"),
        (('"server"', '"both"'), "both"),
        (('"fail"', '"blocked"'), "blocked"),
        (('["fail; Silence()"]', "[]"), "length"),
        (("reason =", "# reason ="), "reason"),
        (('"it waits for ever"', '""'), "length"),
        (("family/case[one]", "family/*"), "wildcards are for dialects"),
        (("family/case[one]", "family/case[?]"), "wildcards are for dialects"),
        (("https://", "http://"), "not an https link"),
        (("h3-1?", "h3-4?"), "no dialect is called that"),
        (('["fail;', '["crash;'), "not of outcome 'fail'"),
        (("[[failure]]", "[[failures]]"), "failures"),
        (("2027-01-31", '"soon"'), "soon|date"),
        (("[[failure]]", "[[failure"), "baseline.toml"),
    ],
)
def test_a_wrong_file_is_named_with_its_mistake(
    tmp_path: Path, change: tuple[str, str], mistake: str
) -> None:
    with pytest.raises(BaselineError, match=mistake) as caught:
        read(tmp_path, ENTRY.replace(*change))
    assert "baseline.toml" in str(caught.value)


def test_an_entry_stands_once(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="listed twice"):
        read(tmp_path, ENTRY + ENTRY)


@pytest.mark.parametrize(
    "other",
    [
        cell(signature="fail; Reset(H3_NO_ERROR)"),
        cell(Outcome.CRASH),
        cell(case="family/case[two]"),
        cell(case="family/case"),
        cell(dialect="h3-07"),
        cell(role="client"),
    ],
)
def test_another_failure_is_not_excused(entry: Entry, other: Judged) -> None:
    known = Baseline((entry,))
    assert known.excuse(cell(), TODAY) is entry
    assert known.excuse(other, TODAY) is None
    assert known.compare([cell(), other], TODAY, whole_catalogue=False).new == (other,)


def test_a_known_failure_makes_a_good_run(entry: Entry) -> None:
    green = cell(Outcome.PASS, "", case="family/other")
    compared = Baseline((entry,)).compare([cell(), green], TODAY, whole_catalogue=True)
    assert compared.is_good
    assert compared.known == ((cell(), entry),)


def test_any_of_several_signatures_is_known(tmp_path: Path) -> None:
    several = ENTRY.replace('["fail; S', '["fail; Fin()", "fail; S')
    known = read(tmp_path, several)
    for signature in ("fail; Fin()", SIGNATURE):
        assert known.compare([cell(signature=signature)], TODAY, whole_catalogue=True).is_good


def test_a_bug_that_races_need_not_show(tmp_path: Path) -> None:
    known = read(tmp_path, ENTRY + "races = true\n")
    assert known.compare([cell(Outcome.PASS, "")], TODAY, whole_catalogue=True).is_good
    assert known.compare([cell()], TODAY, whole_catalogue=True).is_good
    assert not known.compare([cell(signature="fail; Fin()")], TODAY, whole_catalogue=True).is_good


def test_an_entry_for_other_dialects_is_left_alone(entry: Entry) -> None:
    known = Baseline((entry,))
    assert known.compare(
        [cell(Outcome.PASS, "", dialect="h3-02")], TODAY, whole_catalogue=True
    ).is_good


@pytest.mark.parametrize(
    ("cells", "whole", "why"),
    [
        ([cell(Outcome.PASS, "")], False, "no longer fails in h3-16"),
        ([cell(), cell(Outcome.TOLERATED, "", dialect="h3-15")], False, "no longer fails in h3-15"),
        ([cell(signature="fail; Fin()")], False, "fails in another way: fail; Fin()"),
        (
            [cell(dialect="h3-02"), cell(case="family/other")],
            False,
            "matches no cell of this run",
        ),
        ([cell(case="family/other")], True, "matches no cell of this run"),
    ],
)
def test_an_entry_that_is_not_true_any_more_is_stale(
    entry: Entry, cells: list[Judged], whole: bool, why: str
) -> None:
    compared = Baseline((entry,)).compare(cells, TODAY, whole_catalogue=whole)
    assert [one.why for one in compared.stale] == [why]
    assert not compared.is_good
    assert str(compared.stale[0]) == f"{entry}: {why}"


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [cell(case="family/other", outcome=Outcome.PASS)],
        [cell(role="client", outcome=Outcome.PASS)],
        [cell(Outcome.BLOCKED, "")],
        [cell(Outcome.NOT_RUN, "")],
    ],
)
def test_what_a_narrow_run_did_not_judge_is_not_stale(entry: Entry, cells: list[Judged]) -> None:
    assert Baseline((entry,)).compare(cells, TODAY, whole_catalogue=False).is_good


def test_a_run_of_one_role_says_nothing_of_the_other(entry: Entry) -> None:
    other = cell(case="family/other", role="client", outcome=Outcome.PASS)
    assert Baseline((entry,)).compare([other], TODAY, whole_catalogue=True).is_good


def test_an_expired_entry_excuses_nothing_and_is_stale(entry: Entry) -> None:
    known = Baseline((entry,))
    assert known.compare([cell()], date(2027, 1, 31), whole_catalogue=False).is_good
    late = known.compare([cell()], date(2027, 2, 1), whole_catalogue=False)
    assert late.new == (cell(),)
    assert [one.why for one in late.stale] == ["expired on 2027-01-31"]


@pytest.mark.parametrize("case", ["family/case", "family/case[one]", "family/case[a@b/c]"])
def test_a_cell_is_known_by_its_id(case: str) -> None:
    one = Judged.of(f"{case}@h3-16/server", Outcome.FAIL, SIGNATURE)
    assert one == cell(case=case)
    assert one.id == f"{case}@h3-16/server"
