"""What arrives from a library that calls back, for who waits for it."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Items in order, then the error that ends them; one reader at a time."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._error: Exception | None = None
        self._changed = asyncio.Event()

    def put(self, item: T) -> None:
        """Nothing comes after the end."""
        if self._error is None:
            self._items.append(item)
            self._changed.set()

    def end(self, error: Exception) -> None:
        """The first end counts."""
        if self._error is None:
            self._error = error
            self._changed.set()

    async def get(self) -> T:
        """The next item; raises the error after the last one."""
        while not self._items:
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()
