"""The catalogue as pytest items, and what is said of them at the end of a session."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wtspec.reports.block import block, visible
from wtspec.suite.commands.complaint import Complaint, complaints
from wtspec.suite.commands.exit_code import ExitCode, exit_code
from wtspec.suite.commands.known import Known
from wtspec.suite.commands.target import Wanted
from wtspec.suite.plugin import PREFIX
from wtspec.suite.plugin_session import Campaign, Wishes, source_of
from wtspec.suite.run.lanes import Lanes
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.real import Pace
from wtspec.suite.run.stored import Stored, StoredCell, StoredRun

_GOOD = frozenset({"pass", "tolerated"})
_UNJUDGED = frozenset({"blocked", "unsupported", "not-applicable", "not-run"})


class CellFailed(Exception):
    """The verdict is red, or none because of us; what is shown of it is the failure block."""


@dataclass(frozen=True, slots=True)
class Crash:
    """Where pytest looks for the one line of its summary."""

    message: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A failure block in a report. As mere text, a CI's summary would hold all of it once more."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def reprcrash(self) -> Crash:
        lines = [line.split(None, 1) for line in self.text.splitlines()]
        reasons = [words[1] for words in lines if len(words) > 1 and words[0] == "reason"]
        return Crash((reasons or self.text.splitlines())[0])

    def toterminal(self, writer: Any) -> None:
        for line in self.text.splitlines():
            writer.line(line)


class CaseModule(pytest.File):
    """A file of the catalogue; pytest never imports it."""

    def __init__(self, *, door: "Door", **rest: Any) -> None:
        super().__init__(**rest)
        self._door = door

    def collect(self) -> Iterator["CaseItem"]:
        try:
            campaign = self._door.campaign
        except Complaint as error:
            raise self.CollectError(str(error)) from error
        for cell in campaign.cells_of(self.path.stem):
            yield CaseItem.from_parent(self, name=cell.id, cell=cell, campaign=campaign)


class CaseItem(pytest.Item):
    """A cell. Its verdict is fetched in the setup phase, where a failure is an error: one of ours.

    The call phase then says what the verdict means to pytest.
    """

    def __init__(self, *, cell: Cell, campaign: Campaign, **rest: Any) -> None:
        super().__init__(**rest)
        self.cell = cell
        self.verdict: StoredCell | None = None
        self._campaign = campaign
        self.user_properties += [
            ("cell", cell.id),
            ("case", cell.case.id),
            ("requirement", cell.case.requires[0]),
            ("dialect", cell.dialect.name),
            ("role", str(cell.role)),
            ("seed", str(campaign.plan.seed)),
        ]

    @property
    def is_run_ahead(self) -> bool:
        return not self._campaign.target.is_virtual

    def reportinfo(self) -> tuple[Path, int, str]:
        path, line = source_of(self.cell)
        return Path(path), line - 1, self.name

    def setup(self) -> None:
        self.verdict = verdict = self._campaign.verdict(self.cell)
        self.user_properties.append(("outcome", verdict.outcome))
        for name in ("signature", "expected_by", "reading", "root"):
            if value := getattr(verdict, name):
                self.user_properties.append((name, visible(value)))
        if verdict.outcome == "harness-error":
            raise CellFailed(verdict.reason)

    def runtest(self) -> None:
        verdict = self.verdict
        assert verdict is not None, "setup has run"
        if verdict.outcome in _UNJUDGED:
            pytest.skip(visible(f"{verdict.outcome}: {verdict.reason}"))
        if verdict.outcome in _GOOD:
            return
        if verdict.expected_by:
            # Without effect under --runxfail, which asks to see the failure.
            pytest.xfail(visible(f"{verdict.expected_by}: {verdict.reason}"))
        raise CellFailed(verdict.reason)


class Door:
    """The hooks of a session that has cases in it. Its tale is told where reports come together."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._campaign: Campaign | None = None
        self._complaint: Complaint | None = None
        self._told: dict[str, StoredCell] = {}
        # Of pytest-xdist: this process runs items for another one, which reports them.
        self._is_remote = hasattr(config, "workerinput")

    @property
    def campaign(self) -> Campaign:
        """Planned at the first use; raises Complaint for options that cannot be."""
        if self._complaint is not None:
            raise self._complaint
        if self._campaign is None:
            try:
                with complaints("--wt-"):
                    self._campaign = Campaign(_wishes(self._config))
            except Complaint as error:
                self._complaint = error
                raise
        return self._campaign

    def module(self, path: Path, parent: pytest.Collector) -> CaseModule:
        nodeid = f"{PREFIX}{path.stem}"
        module: CaseModule = CaseModule.from_parent(parent, path=path, nodeid=nodeid, door=self)
        return module

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Now it is known what will run; a worker of xdist gets its items one by one."""
        cells = [item.cell for item in session.items if isinstance(item, CaseItem)]
        if cells and not self._config.getoption("collectonly") and not self._is_remote:
            self.campaign.run_ahead(cells)

    def pytest_report_collectionfinish(self) -> list[str]:
        return [] if self._campaign is None else [f"wtspec: {self._campaign}"]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A failure shows its block, in whichever phase; times and places are the case's own."""
        report = yield
        if not isinstance(item, CaseItem) or item.verdict is None:
            return report
        if call.excinfo is not None and isinstance(call.excinfo.value, CellFailed):
            is_ours = item.verdict.outcome == "harness-error"
            shown: Any = Shown("\n".join(block(item.verdict, verbose=is_ours)))
            report.longrepr = shown
        if report.skipped and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])
        if item.is_run_ahead:
            report.duration = item.verdict.duration_ms / 1000 if report.when == "call" else 0.0
        return report

    def note(self, report: pytest.TestReport) -> None:
        """Keep what a report says of its cell; from another process its block comes as text."""
        if isinstance(report.longrepr, str):
            shown: Any = Shown(report.longrepr)
            report.longrepr = shown
        told = {str(key): str(value) for key, value in report.user_properties}
        if "outcome" in told:
            self._told[told["cell"]] = StoredCell(
                told["cell"],
                told["case"],
                told["role"],
                told["dialect"],
                told["outcome"],
                signature=told.get("signature", ""),
                expected_by=told.get("expected_by", ""),
                root=told.get("root", ""),
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run that `wtspec run` would not call a success is none here, however it was skipped."""
        if self._campaign is not None:
            self._campaign.stop()
        if self._is_remote or session.exitstatus != pytest.ExitCode.OK:
            return
        if self._status() in {ExitCode.NON_CONFORMANCE, ExitCode.HARNESS_ERROR}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = [*self._summary()]
        if lines:
            terminalreporter.section("wtspec")
            for line in lines:
                terminalreporter.line(line)

    @property
    def _stored(self) -> Stored:
        return Stored(StoredRun("", 0, "", {}), tuple(self._told.values()))

    def _stale(self) -> list[str]:
        """Entries of the baseline that are not true of the cells that ran."""
        if not self._told:
            return []
        known = Known.load(self._config.getoption("wt_baseline") or None)
        return known.stale(self._stored, whole_catalogue=False)

    def _status(self) -> ExitCode:
        stored = self._stored
        return exit_code(
            stored.totals,
            unexpected=stored.unexpected,
            excused=stored.excused,
            stale=self._stale(),
        )

    def _summary(self) -> Iterator[str]:
        if self._is_remote or not self._told:
            return
        yield "  ".join(f"{count} {word}" for word, count in self._stored.totals.items())
        for trouble in self._campaign.troubles if self._campaign is not None else ():
            yield visible(trouble)
        for entry in self._stale():
            yield f"the baseline no longer holds: {visible(entry)}"
        blocked = self._stored.totals.get("blocked", 0)
        if blocked and self._status() is ExitCode.HARNESS_ERROR:
            yield f"{blocked} blocked: too many to call this a result; the reasons say why"


def _wishes(config: pytest.Config) -> Wishes:
    def given(name: str) -> Any:
        return config.getoption(f"wt_{name}")

    at_once = max(given("jobs"), 1)
    return Wishes(
        Wanted(
            program=given("exec"),
            url=given("url"),
            listen=given("listen"),
            paths=tuple(given("path")),
            role=given("role"),
            image=given("image"),
            implementation=given("implementation"),
        ),
        tuple(given("dialect")),
        tuple(given("select")),
        given("seed"),
        given("baseline"),
        Pace(Lanes(at_once, at_once), confirmations=max(given("confirm"), 0)),
    )
