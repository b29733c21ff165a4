"""Where the cells of one group run: a started endpoint that can be exchanged for a fresh one."""

import traceback

from wtspec.suite.endpoint.interface import Endpoint
from wtspec.suite.network.callbacks import CallbackFailed
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.peer.patience import Patience
from wtspec.suite.run.attempt import Attempt, Control, Stage, failed_attempt, run_case
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.simulated import cell_seed
from wtspec.suite.run.worker import Noted, Report, Weighed


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

    @property
    def endpoint(self) -> Endpoint:
        assert self._endpoint is not None, "start comes first"
        return self._endpoint

    async def start(self) -> None:
        """Raises what the factory raises."""
        cell = self._like
        self._endpoint = await self._factory.start(
            cell.role, cell.configuration, cell.dialect, UdpNetwork(self._seed)
        )
        self._weigh(self._endpoint)

    async def stop(self) -> None:
        if self._endpoint is not None:
            endpoint, self._endpoint = self._endpoint, None
            self._weigh(endpoint)
            was_there = endpoint.ended() is None
            await endpoint.stop()
            if was_there and (how := endpoint.ended()) is not None:
                self._report(Noted(f"the endpoint did not end as it was asked to: {how}"))

    def _weigh(self, endpoint: Endpoint) -> None:
        if (memory_bytes := endpoint.memory_bytes()) is not None:
            self._report(Weighed(memory_bytes))

    async def restart(self) -> None:
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
