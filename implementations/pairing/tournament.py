"""Every client against every server: pairs side by side, the scenarios of a pair one by one."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.pairing.links import is_certain
from wtspec.implementations.pairing.meeting import Pair, paired
from wtspec.implementations.pairing.member import Member, Place
from wtspec.implementations.pairing.outcome import Outcome, Result
from wtspec.implementations.pairing.playing import Play, play
from wtspec.implementations.pairing.scenarios import Scenario
from wtspec.suite.endpoint.interface import EndpointGone, EndpointMisuse

# Of a program that breaks in scenario after scenario enough is known.
_MOST_STARTS = 6
_START_FAILURES = (EndpointGone, EndpointMisuse, EngineTrouble, OSError)

Hear = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Programme:
    """What every pair plays. `repeats`: runs over a link that leaves something to chance."""

    scenarios: tuple[Scenario, ...]
    links: tuple[str, ...] = ("clean",)
    repeats: int = 10
    seed: int = 0

    def plays(self) -> Iterator[Play]:
        """In order; each repetition meets fates of its own."""
        for link, scenario in product(self.links, self.scenarios):
            for number in range(1 if is_certain(link) else self.repeats):
                yield Play(scenario, link, self.seed + number)


@dataclass(frozen=True, slots=True)
class Tournament:
    """`at_once`: pairs side by side; each has two programs that run."""

    clients: tuple[Member, ...]
    servers: tuple[Member, ...]
    programme: Programme
    at_once: int = 2

    async def run(self, place: Place, hear: Hear) -> None:
        """`hear` gets every result as it comes."""
        lanes = asyncio.Semaphore(self.at_once)

        async def one(number: int, client: Member, server: Member) -> None:
            async with lanes:
                folder = place.folder / str(number)
                folder.mkdir()
                await _Match(client, server, replace(place, folder=folder), hear).run(
                    self.programme
                )

        async with asyncio.TaskGroup() as group:
            for number, (client, server) in enumerate(product(self.clients, self.servers)):
                group.create_task(one(number, client, server))


class _Match:
    """One pair: both are started again when one of them ended."""

    def __init__(self, client: Member, server: Member, place: Place, hear: Hear) -> None:
        self._members = client, server
        self._place = place
        self._hear = hear
        self._pair: Pair | None = None
        self._starts = 0

    async def run(self, programme: Programme) -> None:
        try:
            for one in programme.plays():
                self._hear(await self._play(one))
        finally:
            if self._pair is not None:
                await self._pair.stop()

    async def _play(self, one: Play) -> Result:
        names = self._members[0].name, self._members[1].name
        try:
            pair = await self._ready()
        except _START_FAILURES as error:
            why = f"a program did not start: {error}"
            return Result(one.scenario.name, *names, one.link, Outcome.NOT_STARTED, why)
        return await play(pair, one, names)

    async def _ready(self) -> Pair:
        """The pair, both alive; raises what `paired` does."""
        if self._pair is not None:
            if all(one.ended() is None for one in (self._pair.client, self._pair.server)):
                return self._pair
            broken, self._pair = self._pair, None
            await broken.stop()
        if self._starts == _MOST_STARTS:
            raise EndpointGone(f"it was started {_MOST_STARTS} times")
        self._starts += 1
        self._pair = await paired(*self._members, self._place)
        return self._pair
