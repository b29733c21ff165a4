"""The slow confirmation of what a fast pass found, each time after the control again.

Cells whose verdict is that something did not come are looked at side by side first: they only wait,
and five seconds each would be a quarter of an hour. Where that does not show the very same again,
and wherever something else was seen, the cell is alone.
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
    at_once: int


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
        self._is_broken = False

    async def settle(self, doubtful: Sequence[Doubt], on_final: OnFinal) -> None:
        """Red cells first: what blocked the others is then known, and mostly blocks them again."""
        red = [one for one in doubtful if one[1].outcome.is_red]
        waiting = deque(one for one in red if was_impatient(one[1]))
        alone = deque(one for one in red if not was_impatient(one[1]))
        while waiting:
            alone.extend(await self._side_by_side(waiting, on_final))
            if self._is_broken:
                await self._ground.restart()
                self._is_broken = False
        alone.extend(one for one in doubtful if not one[1].outcome.is_red)
        for cell, first in alone:
            again = await self._alone(cell, first)
            final = conclude(first, again)
            on_final(cell, (first, *again[:-1], final) if again else (final,))

    async def _side_by_side(self, waiting: deque[Doubt], on_final: OnFinal) -> list[Doubt]:
        """Those who did not show the very same every time; stops where the endpoint breaks."""
        left: list[Doubt] = []

        async def lane() -> None:
            while waiting and not self._is_broken:
                cell, first = waiting.popleft()
                again = await self._together(cell)
                if any(one.broke_endpoint for one in again) or self._ground.failures:
                    self._is_broken = True
                same = {one.outcome for one in again} == {first.outcome}
                if self._is_broken or len(again) < self._slowly.times or not same:
                    left.append((cell, first))
                else:
                    on_final(cell, (first, *again))

        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._slowly.at_once):
                lanes.create_task(lane())
        self._ground.failures.clear()
        return left

    async def _together(self, cell: Cell) -> list[Attempt]:
        """The confirming attempts beside others; fewer where a control does not go well."""
        attempts: list[Attempt] = []
        for _ in range(self._slowly.times):
            control = await self._control_beside(cell)
            if control is not None and not control.attempt.outcome.is_good:
                break
            attempts.append(await self._confirm(cell, control))
        return attempts

    async def _control_beside(self, cell: Cell) -> Control | None:
        twin = cell.control(self._catalogue)
        if twin is None:
            return None
        with self._in_flight(cell, "control"):
            above = await self._known_beside(twin)
            return Control(twin, await self._ground.attempt(twin, above, self._slowly.patience))

    async def _known_beside(self, cell: Cell) -> Control | None:
        """Controls further up, once for all; a cell with a bad one is blocked and not here."""
        twin = cell.control(self._catalogue)
        if twin is None:
            return None
        if twin.key not in self._controls:
            above = await self._known_beside(twin)
            attempt = await self._ground.attempt(twin, above, self._slowly.patience)
            self._controls.setdefault(twin.key, attempt)
        return Control(twin, self._controls[twin.key])

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
