"""A list of checks of a program's glue: run one after another, each with its fix."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.reports.block import visible
from wtspec.suite.commands.glue_peer import Wire
from wtspec.suite.commands.glue_program import PATIENCE_S, Undecided, Wrong
from wtspec.suite.dialect import Side
from wtspec.suite.endpoint.interface import EndpointGone, Hello


class Result(Enum):
    OK = "ok"
    WRONG = "WRONG"
    NOT_OFFERED = "-"
    UNDECIDED = "?"


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: a path or command that `hello.unsupported` may name, or a feature with a + in front,
    without which there is nothing to check; the first feature is the one that the check shows.
    `fix`: what to do when it goes wrong.
    """

    name: str
    work: Callable[[], Awaitable[None]]
    fix: str
    needs: Sequence[str] = ()

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(one[1:] for one in self.needs if one.startswith("+"))


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of one check. `shows`: the feature that it is about; "" for none in particular.

    `wire`: the last that the program sent before it went wrong.
    """

    name: str
    result: Result
    detail: str = ""
    fix: str = ""
    shows: str = ""
    wire: tuple[str, ...] = ()


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


def lacking(check: Check, features: AbstractSet[str], unsupported: AbstractSet[str]) -> str | None:
    """What `hello` does not offer of what a check needs."""
    for one in check.needs:
        if one.startswith("+") and one[1:] not in features:
            return f"`hello` declares no feature {one[1:]}"
        if one in unsupported:
            return f"`hello` lists {one} as unsupported"
    return None


@dataclass(slots=True)
class Checklist:
    """Results in order; `show` gets each as a line as it comes.

    `wire`: where what the `side` of the program sent can be read. `is_declined`: it does not have
    this role.
    """

    show: Callable[[str], None]
    side: Side
    features: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    wire: Wire | None = None
    noted: list[Noted] = field(default_factory=list)
    hello: Hello | None = None
    is_declined: bool = False

    @property
    def wrong(self) -> int:
        return [one.result for one in self.noted].count(Result.WRONG)

    async def run(self, checks: Sequence[Check]) -> None:
        for check in checks:
            if (missing := lacking(check, self.features, self.unsupported)) is None:
                await self._run(check)
            else:
                self._note(check, Result.NOT_OFFERED, f"not offered: {missing}")

    def note(self, one: Noted) -> None:
        """Add a result and show it."""
        self.noted.append(one)
        told = f": {visible(one.detail)}" if one.detail else ""
        self.show(f"  {one.result.value:6} {one.name}{told}")
        if one.result is Result.WRONG:
            for line in one.wire:
                self.show(f"         wire: {line.strip()}")
            if one.fix:
                self.show(f"         fix: {one.fix}")

    def _note(self, check: Check, result: Result, detail: str = "", since: int = 0) -> None:
        wire: tuple[str, ...] = ()
        if self.wire is not None and result is Result.WRONG:
            wire = self.wire.lines(self.side, since)
        shows = next(iter(check.features), "")
        self.note(Noted(check.name, result, detail, check.fix, shows, wire))

    async def _run(self, check: Check) -> None:
        since = self.wire.mark if self.wire else 0
        try:
            async with asyncio.timeout(2 * PATIENCE_S + 2):
                await check.work()
        except TimeoutError:
            self._note(check, Result.WRONG, "nothing more came in time", since)
        except (Wrong, WebTransportError, EndpointGone) as error:
            self._note(check, Result.WRONG, str(error) or type(error).__name__, since)
        except Undecided as why:
            self._note(check, Result.UNDECIDED, str(why))
        else:
            self._note(check, Result.OK)
