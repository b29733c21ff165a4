"""A list of checks of a program's glue: run one after another, each with its fix."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.reports.block import visible
from wtspec.suite.commands.glue_program import PATIENCE_S, Wrong
from wtspec.suite.endpoint.interface import EndpointGone


class Result(Enum):
    OK = "ok"
    WRONG = "WRONG"
    NOT_OFFERED = "-"


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: a path or command that `hello.unsupported` may name, or a feature with a + in front,
    without which there is nothing to check. `fix`: what to do when it goes wrong.
    """

    name: str
    work: Callable[[], Awaitable[None]]
    fix: str
    needs: Sequence[str] = ()


Work = Callable[[Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Item:
    """A Check as it stands in a class: a method, with its description above it."""

    name: str
    work: Work
    fix: str
    needs: Sequence[str]


def item(name: str, fix: str, *needs: str) -> Callable[[Work], Item]:
    """Make the method below a check; see `Check` for the words."""
    return lambda work: Item(name, work, fix, needs)


def checks_of(owner: object, dialect: str) -> list[Check]:
    """The checks among the methods of an object, in their order; a name may hold {dialect}."""
    items = (one for one in vars(type(owner)).values() if isinstance(one, Item))
    return [
        Check(one.name.format(dialect=dialect), partial(one.work, owner), one.fix, one.needs)
        for one in items
    ]


@dataclass(slots=True)
class Checklist:
    """Results in order; `show` gets each as a line as it comes."""

    show: Callable[[str], None]
    features: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    results: list[Result] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        return self.results.count(Result.WRONG)

    async def run(self, checks: Sequence[Check]) -> None:
        for check in checks:
            if (lacking := self._lacking(check)) is None:
                await self._run(check)
            else:
                self.note(Result.NOT_OFFERED, check.name, f"not offered: {lacking}")

    def note(self, result: Result, name: str, detail: str = "", fix: str = "") -> None:
        """Add a result and show it."""
        self.results.append(result)
        told = f"  {result.value:6} {name}" + (f": {visible(detail)}" if detail else "")
        self.show(told)
        if fix and result is Result.WRONG:
            self.show(f"         fix: {fix}")

    def _lacking(self, check: Check) -> str | None:
        for one in check.needs:
            if one.startswith("+") and one[1:] not in self.features:
                return f"`hello` declares no feature {one[1:]}"
            if one in self.unsupported:
                return f"`hello` lists {one} as unsupported"
        return None

    async def _run(self, check: Check) -> None:
        try:
            async with asyncio.timeout(2 * PATIENCE_S + 2):
                await check.work()
        except TimeoutError:
            self.note(Result.WRONG, check.name, "nothing more came in time", check.fix)
        except (Wrong, WebTransportError, EndpointGone) as error:
            self.note(Result.WRONG, check.name, str(error) or type(error).__name__, check.fix)
        else:
            self.note(Result.OK, check.name)
