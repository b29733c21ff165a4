"""Where the cells of one group run: a started endpoint that can be exchanged for a fresh one."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from wtspec.suite.endpoint.interface import Endpoint
from wtspec.suite.network.callbacks import CallbackFailed
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.peer.patience import Patience
from wtspec.suite.run.attempt import Attempt, Control, Stage, failed_attempt, run_case
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.simulated import cell_seed
from wtspec.suite.run.worker import Noted, Report, Tending, Weighed

# What one that breaks now and then may cost: whoever has more cells than that has seen enough.
# Starts are counted, not seconds: on a busy machine a container takes ten times as long.
_MOST_RESTARTS = 200
# An endpoint that was told to end has two seconds, then it is killed and its pipes are read out.
_STOP_S = 10.0


class Unresponsive(Exception):
    """The endpoint breaks too often to go on with it, in one sentence."""


class Ground:
    """`failures`: exceptions of callbacks of ours since they were last looked at.

    `like`: any cell of the group; all share its role, dialect and configuration. `report` is told
    the endpoint's memory right after its start and before its end, where the system tells; and of
    an end that was not clean.
    """

    def __init__(self, factory: EndpointFactory, like: Cell, seed: int, report: Report) -> None:
        self.failures: list[CallbackFailed] = []
        self._factory = factory
        self._like = like
        self._seed = seed
        self._report = report
        self._endpoint: Endpoint | None = None
        self._restarts = 0

    @property
    def endpoint(self) -> Endpoint:
        assert self._endpoint is not None, "start comes first"
        return self._endpoint

    async def start(self) -> None:
        """Raises what the factory raises."""
        cell = self._like
        with self._tending(self._factory.start_s + _STOP_S):
            self._endpoint = await self._factory.start(
                cell.role, cell.configuration, cell.dialect, UdpNetwork(self._seed)
            )
        self._weigh(self._endpoint)

    async def stop(self) -> None:
        if self._endpoint is None:
            return
        endpoint, self._endpoint = self._endpoint, None
        was_there = endpoint.ended() is None
        try:
            self._weigh(endpoint)
            self._report(Tending(_STOP_S))
        finally:  # nobody may hear us any more; the endpoint and its files must go all the same
            await endpoint.stop()
        self._report(Tending(0))
        if was_there and (how := endpoint.ended()) is not None:
            self._report(Noted(f"the endpoint did not end as it was asked to: {how}"))

    def _weigh(self, endpoint: Endpoint) -> None:
        if (memory_bytes := endpoint.memory_bytes()) is not None:
            self._report(Weighed(memory_bytes))

    @contextmanager
    def _tending(self, limit_s: float) -> Iterator[None]:
        """Inside it the supervisor waits that long: a loop that is blocked keeps no deadline."""
        self._report(Tending(limit_s))
        try:
            yield
        finally:
            self._report(Tending(0))

    async def restart(self) -> None:
        """A fresh endpoint; raises Unresponsive when that has become too dear."""
        if self._restarts >= _MOST_RESTARTS:
            raise Unresponsive(f"it broke again and again: {self._restarts} new starts")
        self._restarts += 1
        await self.stop()
        await self.start()

    async def attempt(self, cell: Cell, control: Control | None, patience: Patience) -> Attempt:
        """One attempt, with a socket of its own."""
        network = UdpNetwork(cell_seed(self._seed, cell))
        return await run_case(cell, Stage(self.endpoint, network, patience, self._seed), control)

    def unless_failed(self, cell: Cell, attempt: Attempt) -> Attempt:
        """The attempt, unless a callback of ours raised while it ran alone."""
        if not self.failures:
            return attempt
        failure = self.failures[0]
        self.failures.clear()
        why = "".join(traceback.format_exception(failure))
        return failed_attempt(cell, f"an exception in a callback: {failure}", why)
