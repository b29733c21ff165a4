"""Tasks that nobody waits for: asyncio itself keeps only weak references to them."""

import asyncio
import sys
import traceback
from collections.abc import Coroutine


class Tasks:
    """Keeps tasks alive until they are done; what one raises goes to stderr."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._end)
        return task

    def cancel(self) -> None:
        for task in tuple(self._running):
            task.cancel()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            traceback.print_exception(error, file=sys.stderr)
