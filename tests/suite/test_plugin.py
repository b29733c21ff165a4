"""The pytest door, in sessions of other people: their ini, their conftest, their plugins."""

import shlex
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from wtspec.suite import plugin
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.plugin_session import Campaign
from wtspec.suite.run import catalogue
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.select import Selection
from wtspec.suite.run.stored import StoredCell, StoredRule
from wtspec.suite.verdict import Outcome

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]
REFERENCE = f"{shlex.quote(sys.executable)} -m wtspec.implementations.reference"
INI = """
[pytest]
addopts = --strict-markers --strict-config -p no:randomly -p no:hypothesispytest
filterwarnings = error
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
python_files = *.py
"""
FOREIGN = """
import pytest

@pytest.fixture(autouse=True)
def foreign():
    yield
"""
RULE = StoredRule("some-rule", "draft-16 section 6", "MUST", "a paraphrase")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run(*words)`: pytest on the catalogue in somebody's project; `apart`: in its own process.

    With `outcomes`, each cell in turn gets the next of them for its verdict.
    """
    pytester.makeini(INI)
    pytester.makeconftest(FOREIGN)

    def call(
        *words: str,
        outcomes: Sequence[str] = (),
        cases: str = plugin.PREFIX.rstrip("."),
        apart: bool = False,
    ) -> pytest.RunResult:
        if outcomes:
            script(monkeypatch, outcomes)
        start = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return start("--pyargs", cases, *words)

    return call


def script(monkeypatch: pytest.MonkeyPatch, outcomes: Sequence[str]) -> None:
    turn = cycle(outcomes)

    def verdict(campaign: Campaign, cell: Cell) -> StoredCell:
        outcome = next(turn)
        return StoredCell(
            cell.id,
            cell.case.id,
            str(cell.role),
            cell.dialect.name,
            outcome,
            reason="as scripted",
            signature="fail; Silence",
            requirement=RULE,
            command="wtspec run x",
            traceback="our traceback",
            expected_by=campaign.known.expected(cell.id, outcome, "fail; Silence"),
        )

    monkeypatch.setattr(Campaign, "verdict", verdict)


def ids(result: pytest.RunResult) -> list[str]:
    return sorted(line for line in result.outlines if line.startswith(plugin.PREFIX))


def planned(*select: str, roles: tuple[Role, ...] = BOTH, name: str = "h3-16") -> list[str]:
    chosen = Selection(catalogue.load(), select).cells(roles, [dialect(name)])
    stems = {one.id: Path(one.case.source.rpartition(":")[0]).stem for one in chosen}
    return sorted(f"{plugin.PREFIX}{stem}::{cell}" for cell, stem in stems.items())


def test_the_items_are_the_cells_of_a_run(run: Run) -> None:
    assert ids(run("--collect-only", "-q")) == planned()


def test_options_choose_as_those_of_a_run_do(run: Run) -> None:
    words = ("--wt-role", "client", "--wt-dialect", "h3-07", "--wt-select", "setup")
    found = ids(run("--collect-only", "-q", *words))
    assert found
    assert found == planned("setup", roles=(Role.CLIENT,), name="h3-07")


def test_a_file_that_is_named_is_collected_once(run: Run, pytester: pytest.Pytester) -> None:
    wanted = planned("setup")
    by_path = pytester.runpytest_inprocess(str(plugin.CASES / "setup.py"), "--collect-only", "-q")
    assert ids(by_path) == wanted
    by_name = run("--collect-only", "-q", cases=f"{plugin.PREFIX}setup")
    assert ids(by_name) == wanted
    one = run("--collect-only", "-q", cases=wanted[0])
    assert ids(one) == [wanted[0]]


def test_the_reference_passes_in_virtual_time(run: Run) -> None:
    result = run("--wt-select", "setup/echo")
    result.assert_outcomes(passed=len(planned("setup/echo")))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["wtspec: reference as server and client in h3-16, seed 0"])


def test_every_outcome_has_its_place(run: Run, pytester: pytest.Pytester) -> None:
    words = [str(one) for one in Outcome]
    options = ("--junitxml=out.xml", "-o", "junit_family=xunit1", "--wt-select", "resets")
    result = run("--wt-seed", "7", *options, outcomes=words)
    cases = list(ET.parse(pytester.path / "out.xml").getroot().iter("testcase"))
    shown: dict[str, set[str]] = {}
    for case in cases:
        facts = {one.get("name"): one.get("value") for one in case.iter("property")}
        assert facts["seed"] == "7"
        assert f"{facts['case']}" in str(facts["cell"])
        assert facts["requirement"] in catalogue.load()[str(facts["case"])].requires
        assert (facts["dialect"], facts["role"] in {"server", "client"}) == ("h3-16", True)
        tags = {one.tag for one in case} - {"properties"}
        shown.setdefault(str(facts["outcome"]), set()).update(tags or {"passed"})
    assert shown == {
        "pass": {"passed"},
        "tolerated": {"passed"},
        "fail": {"failure"},
        "crash": {"failure"},
        "timeout": {"failure"},
        "flaky": {"failure"},
        "blocked": {"skipped"},
        "unsupported": {"skipped"},
        "not-applicable": {"skipped"},
        "not-run": {"skipped"},
        "harness-error": {"error"},
    }
    assert result.ret == 1


@pytest.mark.parametrize("is_ci", [False, True])
def test_a_failure_is_its_block_and_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, *, is_ci: bool
) -> None:
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    if is_ci:
        monkeypatch.setenv("CI", "true")
    result = run("--wt-select", "setup/echo", outcomes=["fail", "harness-error"])
    text = result.stdout.str()
    assert "FAIL  setup/" in text
    assert "requirement  some-rule  (draft-16 section 6, MUST)" in text
    assert "run again    wtspec run x" in text
    assert "plugin_items.py" not in text
    assert "HARNESS-ERROR  setup/echo" in text
    assert text.count("our traceback") == 1
    result.stdout.fnmatch_lines(["FAILED *::setup/echo@h3-16/server - as scripted"])


def test_skips_say_why_and_where(run: Run) -> None:
    result = run("--wt-select", "setup", "-rs", outcomes=["pass", "not-applicable"])
    result.stdout.fnmatch_lines(["SKIPPED*suite/cases/setup.py:*: not-applicable: as scripted"])
    assert result.ret == 0


def test_too_many_blocked_cells_are_no_success(run: Run) -> None:
    result = run("--wt-select", "setup", outcomes=["blocked"])
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*blocked: too many to call this a result*"])


BASELINE = """
[[failure]]
case = "{case}"
role = "server"
dialects = "h3-*"
requirement = "some-rule"
outcome = "fail"
signatures = ["fail; Silence"]
wire = "line"
reason = "known"
"""


def test_a_known_failure_is_expected(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", known=BASELINE.format(case="setup/echo"))
    words = ("--wt-role", "server", "--wt-select", "setup/echo", "--wt-baseline", "known.toml")
    known = run(*words, outcomes=["fail"])
    known.assert_outcomes(xfailed=1)
    assert known.ret == 0
    asked_for = run(*words, "--runxfail", outcomes=["fail"])
    asked_for.assert_outcomes(failed=1)


def test_a_stale_entry_fails_the_session(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", known=BASELINE.format(case="setup/echo"))
    words = ("--wt-select", "setup/echo", "--wt-baseline", "known.toml")
    result = run(*words, outcomes=["pass"])
    assert result.ret == 1
    result.stdout.fnmatch_lines(["the baseline no longer holds: setup/echo*no longer fails*"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ("--wt-exec", "a", "--wt-url", "https://127.0.0.1/"),
            "give one of --wt-exec, --wt-url: a run has one endpoint",
        ),
        (("--wt-dialect", "h3-99"), "did you mean"),
        (("--wt-select", "no/such"), "selects nothing"),
        (("--wt-baseline", "none.toml"), "there is no baseline"),
        (("--wt-exec", "/no/such/program"), "does not start"),
    ],
)
def test_wrong_options_are_one_sentence(run: Run, words: tuple[str, ...], why: str) -> None:
    result = run(*words, cases=f"{plugin.PREFIX}setup")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert why in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_a_real_endpoint_is_run_ahead(run: Run, pytester: pytest.Pytester) -> None:
    wanted = planned("setup/echo")
    words = ("--wt-exec", REFERENCE, "--wt-dialect", "h3-16", "--wt-select", "setup/echo")
    result = run(*words, "--junitxml=out.xml", apart=True)
    result.assert_outcomes(passed=len(wanted))
    root = ET.parse(pytester.path / "out.xml").getroot()
    times = [float(one.get("time", 0)) for one in root.iter("testcase")]
    assert all(0 < one < 5 for one in times)


def test_the_first_failure_ends_what_runs_ahead(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from wtspec.suite import plugin_items\n"
        "def setup(item):\n"
        "    item.verdict = item._campaign.verdict(item.cell)\n"
        "    raise plugin_items.CellFailed('at once')\n"
        "plugin_items.CaseItem.setup = setup\n"
    )
    words = ("--wt-exec", REFERENCE, "--wt-dialect", "h3-16", "--wt-select", "setup")
    result = run("-x", *words, apart=True)
    result.assert_outcomes(errors=1)


def test_beside_xdist(run: Run) -> None:
    words = ("-n", "2", "--max-worker-restart=0", "--wt-select", "setup/echo")
    virtual = run(*words, apart=True)
    virtual.assert_outcomes(passed=len(planned("setup/echo")))
    virtual.stdout.fnmatch_lines([f"{len(planned('setup/echo'))} pass"])
    real = run(*words, "--wt-exec", REFERENCE, "--wt-dialect", "h3-16", apart=True)
    real.assert_outcomes(passed=len(planned("setup/echo")))


def test_xdist_tells_of_blocked_cells_too(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from wtspec.suite.plugin_session import Campaign\n"
        "from wtspec.suite.run.runner import not_run\n"
        "from dataclasses import replace\n"
        "Campaign.verdict = lambda _, cell: replace(not_run(cell), outcome='blocked')\n"
    )
    result = run("-n", "2", "--wt-select", "setup/echo", apart=True)
    result.assert_outcomes(skipped=len(planned("setup/echo")))
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*too many to call this a result*"])


def test_names_select(run: Run) -> None:
    wanted = [one for one in planned("setup/echo") if one.endswith("/client")]
    assert ids(run("--collect-only", "-q", "-k", "setup/echo and client")) == wanted


def test_an_ordinary_run_notices_nothing(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI.replace("*.py", "test_*.py"))
    pytester.makepyfile(
        test_own="""
        import sys

        async def test_async():
            pass

        def test_nothing_is_imported():
            ours = {one for one in sys.modules if one.startswith("wtspec")}
            assert ours <= {"wtspec", "wtspec.suite", "wtspec.suite.plugin"}
            assert "click" not in sys.modules
        """
    )
    (pytester.path / "suite" / "cases").mkdir(parents=True)
    (pytester.path / "suite" / "cases" / "test_theirs.py").write_text("def test_theirs(): pass")
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=3)
    assert not any(line.startswith(("wtspec", "= wtspec")) for line in result.outlines)


def test_an_ordinary_collection_of_our_own_folder_finds_no_tests(run: Run) -> None:
    result = run("--collect-only", "-q", cases="wtspec.suite.wire")
    assert not ids(result)
