"""A relay in userspace between two programs that both own their sockets."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from wtspec.suite.network.link import Addr, Link, Network
from wtspec.suite.network.path import CLEAN, Fate, Path

_MOST_FLOWS = 256


class Record(Protocol):
    """What keeps packets, as a `Capture` does."""

    def add(self, time_s: float, source: Addr, destination: Addr, data: bytes) -> None: ...


class Relay:
    """Clients send to `address` as if it were the target; each gets a link of its own behind it.

    That link has the path, so a flow of the relay meets the same fates as a link of ours with
    the same seed, numbered from the flow's first packet; the endpoint of the directions is the
    target. The network's `counts()` show whether the relay kept up (`overflowed`).

    The capture is that of the clients' side: what they sent, before any fate, and what reached
    them, after it; the target stands in it under its own address.
    """

    def __init__(
        self,
        network: Network,
        target: Addr,
        *,
        path: Path = CLEAN,
        local: Addr | None = None,
        capture: Record | None = None,
    ) -> None:
        self.turned_away = 0  # packets of clients beyond the 256th
        self._network = network
        self._target = target
        self._path = path
        self._capture = capture
        self._flows: dict[Addr, Link] = {}
        self._front = network.open(self._from_client, local)

    @property
    def address(self) -> Addr:
        """Where clients send to."""
        return self._front.local

    @property
    def clients(self) -> tuple[Addr, ...]:
        """Addresses that have sent something."""
        return tuple(self._flows)

    def script(self, *fates: Fate) -> None:
        """Arm fates on every flow there is, counted from its next packet."""
        for link in self._flows.values():
            link.script(*fates)

    def rebind(self) -> None:
        """Let every flow reach the target from another port from now on."""
        for link in self._flows.values():
            link.rebind()

    def close(self) -> None:
        """Forward nothing more."""
        self._front.close()
        for link in self._flows.values():
            link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _from_client(self, data: bytes, client: Addr) -> None:
        link = self._flows.get(client)
        if link is None:
            if len(self._flows) == _MOST_FLOWS:
                self.turned_away += 1
                return
            link = self._flows[client] = self._network.open(self._back_to(client), path=self._path)
        self._note(client, self._target, data)
        link.send(data, self._target)

    def _back_to(self, client: Addr) -> Callable[[bytes, Addr], None]:
        def from_target(data: bytes, _source: Addr) -> None:
            self._note(self._target, client, data)
            self._front.send(data, client)

        return from_target

    def _note(self, source: Addr, destination: Addr, data: bytes) -> None:
        if self._capture is not None:
            now_s = asyncio.get_running_loop().time()
            self._capture.add(now_s, source, destination, data)
