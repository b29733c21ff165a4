"""The pytest door: the same catalogue, the same verdicts, as pytest items.

    pytest --pyargs wtspec.suite.cases [--wt-exec CMD | --wt-url URL] [--wt-role ...]

Loaded into every pytest run of everyone who has us installed, so: all options begin with --wt-,
nothing of ours is imported before a case is collected, and only files of the catalogue's own folder
are ever touched. What follows then is in `plugin_items` and `plugin_session`.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wtspec.suite.plugin_items import Door

CASES = Path(__file__).parent / "cases"
# A package's name in place of a path: the same in a checkout and in a wheel, and --pyargs takes it.
PREFIX = "wtspec.suite.cases."


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `wtspec run`, as far as pytest has none of its own for them."""
    group = parser.getgroup("wtspec", "WebTransport cases: pytest --pyargs wtspec.suite.cases")
    group.addoption("--wt-exec", metavar="CMD", help="program that speaks the contract")
    group.addoption("--wt-image", metavar="NAME", help="the same as a container")
    group.addoption("--wt-implementation", metavar="NAME", help="one of `wtspec implementations`")
    group.addoption("--wt-url", metavar="URL", help="server that runs already")
    group.addoption("--wt-listen", metavar="HOST:PORT", help="wait here for a client to be started")
    group.addoption(
        "--wt-path",
        metavar="NAME=/OWN",
        action="append",
        default=[],
        help="the server's own path for one of the contract's; with --wt-url",
    )
    group.addoption("--wt-role", choices=("server", "client"), help="role under test")
    group.addoption(
        "--wt-dialect",
        metavar="NAME",
        action="append",
        default=[],
        help="as h3-16, repeatable; `all` for every one; default: the newest it speaks",
    )
    group.addoption(
        "--wt-select",
        metavar="SELECT",
        action="append",
        default=[],
        help="id, glob, family, requirement or section, as for `wtspec run`",
    )
    group.addoption("--wt-seed", metavar="N", type=int, default=0, help="of every random choice")
    group.addoption("--wt-baseline", metavar="FILE", default="", help="the known failures")
    group.addoption(
        "--wt-confirm", metavar="N", type=int, default=2, help="runs again before a cell is red"
    )
    group.addoption(
        "--wt-jobs", metavar="N", type=int, default=8, help="cells at once against a real endpoint"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Entrance(config), "wtspec-entrance")


class Entrance:
    """Lets the catalogue in, and wakes the rest of the plugin when it comes."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._door: Door | None = None

    @property
    def door(self) -> "Door":
        """The rest of the plugin, imported and registered at its first use."""
        if self._door is None:
            from wtspec.suite.plugin_items import Door

            self._door = Door(self._config)
            self._config.pluginmanager.register(self._door, "wtspec-door")
        return self._door

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Dir | None:
        """A plain directory: pytest's Package would import ours again under another name."""
        if path in {CASES, CASES.parent}:
            return pytest.Dir.from_parent(parent, path=path)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """One collector for a file of cases, in place of any other that a file name may have won.

        A second one would run every case twice.
        """
        found = yield
        if file_path.parent != CASES or file_path.suffix != ".py" or file_path.stem == "__init__":
            return found
        return [self.door.module(file_path, parent)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Where others collect for us (xdist), the door opens with the first report."""
        if report.nodeid.startswith(PREFIX):
            self.door.note(report)
