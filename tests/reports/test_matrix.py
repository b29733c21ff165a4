import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from wtspec.implementations.pairing.document import document
from wtspec.implementations.pairing.outcome import Delivery, Outcome, Result
from wtspec.reports import matrix
from wtspec.suite.dialect import Side

HOSTILE = "<script>alert(1)</script>|\x1b[31m\u202e"


def result(outcome: Outcome, **more: Any) -> Result:
    fields = {"scenario": "drain", "client": "one", "server": "two", "link": "clean", **more}
    return Result(outcome=outcome, **fields)


def written(*results: Result) -> dict[str, Any]:
    names = {
        "clients": list(dict.fromkeys(one.client for one in results)),
        "servers": list(dict.fromkeys(one.server for one in results)),
    }
    run = {"started": "then", "duration_s": 1.5, "seed": 0, "versions": {"wtspec": "1"}}
    return document(results, {**run, **names, "complete": True})


def test_a_cell_for_each_scenario_of_a_pair() -> None:
    found = written(
        result(Outcome.PASSED, dialect="h3-16"),
        result(Outcome.FAIL, scenario="echo-bidi", why="nothing came", blame="server"),
        result(Outcome.UNSUPPORTED, scenario="protocols", why="the client has no protocols"),
    )
    assert found["totals"] == {"pass": 1, "fail": 1, "unsupported": 1}
    assert [one["outcome"] for one in found["cells"]] == ["pass", "fail", "unsupported"]
    assert found["cells"][1]["blame"] == "server"
    schema = json.loads((files("wtspec.reports") / "interop.schema.json").read_text())
    jsonschema.validate(found, schema)
    text = matrix.markdown(found)
    assert "| one | 1 ✓ 1 ✗ 1 ○ h3-16 |" in text
    assert "- one \\> two, clean, echo-bidi: nothing came; to blame: server" in text


def test_no_common_dialect_is_told_from_broken() -> None:
    found = written(result(Outcome.NO_DIALECT, why="the client speaks h3-02, the server h3-16"))
    assert "| one | 1 ∅ |" in matrix.markdown(found)
    assert "no-dialect" in matrix.html(found)


@pytest.mark.parametrize(
    ("passed", "interval"), [(10, [0.722, 1.0]), (0, [0.0, 0.278]), (5, [0.237, 0.763])]
)
def test_chance_is_measured(passed: int, interval: list[float]) -> None:
    runs = [result(Outcome.PASSED, link="lossy")] * passed
    runs += [result(Outcome.FAIL, link="lossy", why="lost")] * (10 - passed)
    (cell,) = written(*runs)["cells"]
    assert (cell["outcome"], cell["passed"], cell["of"]) == ("measured", passed, 10)
    assert cell["interval"] == interval
    schema = json.loads((files("wtspec.reports") / "interop.schema.json").read_text())
    jsonschema.validate(written(*runs), schema)


def test_what_members_say_is_text() -> None:
    found = written(
        result(Outcome.FAIL, client=HOSTILE, why=HOSTILE, blame="client", timeline=(HOSTILE,))
    )
    page, text = matrix.html(found), matrix.markdown(found)
    for one in (page, text):
        assert "<script>" not in one
        assert "\x1b" not in one
        assert "\u202e" not in one
    assert "&lt;script&gt;" in page
    assert "|" not in text.splitlines()[4].replace(" | ", "").replace("\\|", "").strip("|")


@pytest.mark.parametrize(
    ("shown", "sent", "is_missing", "blame"),
    [
        (True, True, False, Side.SERVER),
        (True, None, False, None),
        (False, None, True, None),
        (False, True, True, Side.SERVER),
        (False, False, True, Side.CLIENT),
        (None, False, True, Side.CLIENT),
        (None, True, False, Side.SERVER),
        (None, None, False, None),
    ],
)
def test_who_owes_what_is_missing(
    shown: bool | None, sent: bool | None, is_missing: bool, blame: Side | None
) -> None:
    found = Delivery(Side.CLIENT, "a reset", shown, lambda _exchange: True, sent)
    assert (found.is_missing, found.blame) == (is_missing, blame)
