"""The slow confirmation of what a fast pass found, each time after the control again.

Cells whose verdict is that something did not come, and those that a control kept from running, are
looked at side by side first: they only wait, and five seconds each would be a quarter of an hour.
Where that shows neither the very same nor that all is well with more time, and wherever something
else was seen, the cell is alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from wtspec.suite.peer.patience import Patience
from wtspec.suite.run.attempt import Attempt, Control
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.confirm import conclude, was_impatient
from wtspec.suite.run.ground import Ground
from wtspec.suite.run.lanes import Lanes, Work
from wtspec.suite.run.plan import Cell

Doubt = tuple[Cell, Attempt]
# Inside it the supervisor waits for an attempt that is made for a cell: a control, or itself.
InFlight = Callable[[Cell, str], AbstractContextManager[None]]
OnFinal = Callable[[Cell, Sequence[Attempt]], None]


@dataclass(frozen=True, slots=True)
class Slowly:
    """How patiently, how often, how many at once."""

    patience: Patience
    times: int
    lanes: Lanes


class Confirmation:
    """Brings every doubtful cell of a group to its final verdict."""

    def __init__(
        self, ground: Ground, catalogue: Catalogue, slowly: Slowly, in_flight: InFlight
    ) -> None:
        self._ground = ground
        self._catalogue = catalogue
        self._slowly = slowly
        self._in_flight = in_flight
        self._controls: dict[str, Attempt] = {}
        # Of cells side by side: who needs the same control waits for the same attempt at it.
        self._shared: dict[str, asyncio.Task[Attempt]] = {}
        self._is_broken = False

    async def settle(self, doubtful: Sequence[Doubt], on_final: OnFinal) -> None:
        """Red cells first: what blocked the others is then known, and mostly blocks them again."""
        if not self._slowly.times:
            for cell, first in doubtful:
                on_final(cell, (first,))
            return
        red = [one for one in doubtful if one[1].outcome.is_red]
        alone = [one for one in red if not was_impatient(one[1])]
        alone += await self._beside([one for one in red if was_impatient(one[1])], on_final)
        await self._one_by_one(alone, on_final)
        blocked = [one for one in doubtful if not one[1].outcome.is_red]
        await self._one_by_one(await self._beside(blocked, on_final), on_final)

    async def _beside(self, doubtful: Sequence[Doubt], on_final: OnFinal) -> list[Doubt]:
        """Those that side by side did not show a clear verdict."""
        waiting, left = deque(doubtful), list[Doubt]()
        while waiting:
            left += await self._side_by_side(waiting, on_final)
            self._shared.clear()
            if self._is_broken:
                await self._ground.restart()
                self._is_broken = False
        return left

    async def _one_by_one(self, doubtful: Sequence[Doubt], on_final: OnFinal) -> None:
        for cell, first in doubtful:
            again = await self._alone(cell, first)
            on_final(cell, (first, *again[:-1], conclude(first, again)))

    async def _side_by_side(self, waiting: deque[Doubt], on_final: OnFinal) -> list[Doubt]:
        """Stops where the endpoint breaks: then who was in flight proves nothing."""
        left: list[Doubt] = []

        async def confirm(cell: Cell, first: Attempt) -> None:
            again = await self._together(cell, first)
            if any(one.broke_endpoint for one in again) or self._ground.failures:
                self._is_broken = True
            if self._is_broken or not self._is_clear(first, again):
                left.append((cell, first))
            else:
                on_final(cell, (first, *again))

        def take() -> Work | None:
            return confirm(*waiting.popleft()) if waiting and not self._is_broken else None

        await self._slowly.lanes.run(take)
        self._ground.failures.clear()
        return left

    def _is_clear(self, first: Attempt, again: Sequence[Attempt]) -> bool:
        """Good as soon as there was time enough, or the very same every time."""
        if again and again[-1].outcome.is_good:
            return len(again) == 1
        same = {one.outcome for one in again} == {first.outcome}
        return same and len(again) == self._slowly.times

    async def _together(self, cell: Cell, first: Attempt) -> list[Attempt]:
        """The confirming attempts beside others; fewer where a control does not go well."""
        attempts: list[Attempt] = []
        for _ in range(self._slowly.times):
            control = await self._control_beside(cell, afresh=first.outcome.is_red)
            if control is not None and not control.attempt.outcome.is_good:
                self._is_broken |= control.attempt.broke_endpoint
                break
            attempts.append(await self._confirm(cell, control))
            # What only needed more time needs no second proof.
            if attempts[-1].outcome.is_good:
                break
        return attempts

    async def _control_beside(self, cell: Cell, *, afresh: bool) -> Control | None:
        twin = cell.control(self._catalogue)
        if twin is None:
            return None
        with self._in_flight(cell, "control"):
            if not afresh:
                return Control(twin, await self._known_beside(twin))
            above = twin.control(self._catalogue)
            known = None if above is None else Control(above, await self._known_beside(above))
            return Control(twin, await self._ground.attempt(twin, known, self._slowly.patience))

    async def _known_beside(self, cell: Cell) -> Attempt:
        """A control, once for all; a bad one may have another chance where it is alone."""
        if (known := self._controls.get(cell.key)) is not None:
            return known
        if (task := self._shared.get(cell.key)) is None:
            task = self._shared[cell.key] = asyncio.create_task(self._first_beside(cell))
        return await asyncio.shield(task)

    async def _first_beside(self, cell: Cell) -> Attempt:
        twin = cell.control(self._catalogue)
        above = None if twin is None else Control(twin, await self._known_beside(twin))
        attempt = await self._ground.attempt(cell, above, self._slowly.patience)
        if attempt.outcome.is_good:
            self._controls.setdefault(cell.key, attempt)
        return attempt

    async def _alone(self, cell: Cell, first: Attempt) -> list[Attempt]:
        """The confirming attempts, nothing else going on; it stops where the control fails."""
        attempts: list[Attempt] = []
        for _ in range(self._slowly.times):
            with self._in_flight(cell, "control"):
                control = await self._control(cell, afresh=first.outcome.is_red)
            attempt = await self._confirm(cell, control)
            attempts.append(self._ground.unless_failed(cell, attempt))
            if attempt.broke_endpoint:
                await self._ground.restart()
            if control is not None and not control.attempt.outcome.is_good:
                break
            if attempt.outcome.is_good and was_impatient(first):
                break
        return attempts

    async def _confirm(self, cell: Cell, control: Control | None) -> Attempt:
        with self._in_flight(cell, "confirm"):
            attempt = await self._ground.attempt(cell, control, self._slowly.patience)
        return replace(attempt, purpose="confirm")

    async def _control(self, cell: Cell, *, afresh: bool) -> Control | None:
        """The control with long waits. A bad one gets a new endpoint, and a second chance."""
        twin = cell.control(self._catalogue)
        if twin is None:
            return None
        known = self._controls.get(twin.key)
        if known is not None and not (afresh and known.outcome.is_good):
            return Control(twin, known)
        above = await self._control(twin, afresh=False)
        attempt = await self._ground.attempt(twin, above, self._slowly.patience)
        if not attempt.outcome.is_good and (above is None or above.attempt.outcome.is_good):
            await self._ground.restart()
            attempt = await self._ground.attempt(twin, above, self._slowly.patience)
        self._controls[twin.key] = attempt
        return Control(twin, attempt)
