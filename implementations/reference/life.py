"""What all connections of one endpoint share: whether it is alive, and what went wrong in it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.rules import Rules


class Life:
    """`failure` is the first exception that the reference itself did not foresee.

    Such an exception is our own bug and never counts as a reaction to the peer. `lost` counts the
    connections that ended.
    """

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.is_over = False
        self.lost = 0
        self.ever = 0
        self._at_the_end: dict[object, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    def at_the_end(self, whose: object, action: Callable[[], None]) -> None:
        """Call `action` when the endpoint falls silent (a fault; honest endpoints never do)."""
        self._at_the_end[whose] = action
        self.ever += 1

    def serves_one_more(self, rules: Rules) -> bool:
        """Whether the newest connection may have a session, for all that befell the others."""
        others = len(self._at_the_end) - 1
        application = rules.application
        return application.serves_after(self.lost) and application.serves_beside(others, self.ever)

    def gone(self, whose: object) -> None:
        """Nothing is left there to be silenced."""
        self._at_the_end.pop(whose, None)
        self.lost += 1

    def end(self) -> None:
        if not self.is_over:
            self.is_over = True
            for action in list(self._at_the_end.values()):
                action()

    def error_signalled(self, rules: Rules) -> None:
        """What the peer did was answered with an error of any scope, or with a refusal."""
        if rules.application.dies_after_answering():
            asyncio.get_running_loop().call_soon(self.end)

    def keep(self, failure: BaseException) -> None:
        self.failure = self.failure or failure

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` as a task whose unforeseen exception is kept.

        That the peer or the session ended what `work` was at is foreseen; it is told elsewhere.
        """
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def cancel_all(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, WebTransportError):
            self.keep(failure)
