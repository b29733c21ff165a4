"""Waiting without polling: whoever changes something rings, and each waiter looks again."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from wtspec.suite.endpoint.interface import EndpointGone
from wtspec.suite.peer.interruption import HarnessError

T = TypeVar("T")


class Bell:
    """One for all connections and API events of a Peer, so that a wait may be for either.

    `ran_out`: some wait ended without an answer, which a longer one might have had.
    """

    def __init__(self) -> None:
        self.ran_out = False
        self._waiting: list[asyncio.Future[None]] = []
        self._failure: BaseException | None = None
        self._end = ""

    def ring(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def fail(self, error: BaseException) -> None:
        """A callback of ours raised: every wait from now on says so."""
        self._failure = self._failure or error
        self.ring()

    def gone(self, reason: str) -> None:
        """The endpoint has ended: a wait that has no answer by now raises EndpointGone."""
        self._end = self._end or reason
        self.ring()

    async def until(self, look: Callable[[], T | None], within_s: float) -> T | None:
        """The first answer of `look` that is not None; None after `within_s` seconds.

        Raises EndpointGone, and HarnessError.
        """
        found = self._look(look)
        if found is not None:
            return found
        try:
            async with asyncio.timeout(within_s):
                while found is None:
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.append(future)
                    await future
                    found = self._look(look)
        except TimeoutError:
            found = self._look(look)
            self.ran_out |= found is None
        return found

    def _look(self, look: Callable[[], T | None]) -> T | None:
        if self._failure is not None:
            raise HarnessError(f"a callback of the Peer failed: {self._failure!r}") from (
                self._failure
            )
        found = look()
        if found is None and self._end:
            raise EndpointGone(self._end)
        return found
