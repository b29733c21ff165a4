"""How many cells run at once: a few that work, and more of those that only wait.

A second of silence costs a machine nothing, and fifty cells that wait for it one after the other
cost a minute. So a cell that lasts, while the loop has time, no longer takes a lane.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

# Longer than a cell with something to do needs, also where eight share a slow core.
_WORKING_S = 0.3
_LOOK_S = 0.05
# A timer that is later than this is one of a loop, or of a machine, that has too much to do.
_LATE_S = 0.02

Work = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Lanes:
    """`at_once` of those that work, `in_all` with those that wait."""

    at_once: int = 8
    in_all: int = 32

    async def run(self, take: Callable[[], Work | None]) -> None:
        """All that `take` gives, until it gives None and nothing runs any more.

        What a piece of work raises ends the others.
        """
        async with asyncio.TaskGroup() as tasks:
            await _Traffic(self, tasks).flow(take)


class _Traffic:
    """One run through the lanes."""

    def __init__(self, lanes: Lanes, tasks: asyncio.TaskGroup) -> None:
        self._lanes = lanes
        self._tasks = tasks
        self._clock = asyncio.get_running_loop().time
        self._begun: dict[asyncio.Task[None], float] = {}
        self._has_time = True

    async def flow(self, take: Callable[[], Work | None]) -> None:
        while True:
            while self._has_room() and (work := take()) is not None:
                self._begun[self._tasks.create_task(work)] = self._clock()
            if not self._begun:
                return
            await self._look()

    def _has_room(self) -> bool:
        if len(self._begun) < self._lanes.at_once:
            return True
        if not self._has_time or len(self._begun) >= self._lanes.in_all:
            return False
        since_s = self._clock() - _WORKING_S
        working = sum(began_s > since_s for began_s in self._begun.values())
        return working < self._lanes.at_once

    async def _look(self) -> None:
        """Until something is done, or for a moment, by which the loop shows whether it has time."""
        due_s = self._clock() + _LOOK_S
        first = asyncio.FIRST_COMPLETED
        done, _ = await asyncio.wait(self._begun, timeout=_LOOK_S, return_when=first)
        if not done:
            self._has_time = self._clock() - due_s < _LATE_S
        for task in done:
            del self._begun[task]
