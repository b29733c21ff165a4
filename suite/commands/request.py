"""What the user asks of `wtspec run`, and the commands that ask for it again."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from wtspec.suite.commands import target
from wtspec.suite.commands.exporting import Reports


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `run`, as click gives them."""

    select: tuple[str, ...]
    program: str | None
    image: str | None
    implementation: str | None
    url: str | None
    paths: tuple[str, ...]
    listen: str | None
    role: str | None
    dialects: tuple[str, ...]
    seed: int
    jobs: int | None
    resume: str | None
    confirm: int
    baseline: str | None
    json_file: str | None
    junit_file: str | None
    out: str | None
    max_time_s: float | None
    no_deadlines: bool
    verbose: int
    quiet: bool

    @property
    def wanted(self) -> target.Wanted:
        return target.Wanted(
            self.program,
            self.url,
            self.listen,
            self.paths,
            self.role,
            self.image,
            self.implementation,
        )

    @property
    def reports(self) -> Reports:
        return Reports(self.json_file, self.junit_file)

    @property
    def verbosity(self) -> int:
        return -1 if self.quiet else self.verbose

    def again(self, command: str, folder: Path) -> str:
        """The command that does the rest: `command` attaches the endpoint."""
        named: list[tuple[str, str | None]] = [("--dialect", one) for one in self.dialects]
        named += [("--role", self.role)]
        named += [("--json", self.json_file), ("--junit", self.junit_file)]
        words = [word for name, value in named if value for word in (name, value)]
        rest = shlex.join((*self.select, *words, "--resume", str(folder)))
        return f"{command} {rest}"
