"""What stands between a link and its socket: numbers packets, asks for fates, keeps the held."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from wtspec.suite.network.fates import Delivery, decide
from wtspec.suite.network.link import Addr
from wtspec.suite.network.path import Direction, Fate, Path, shifted

_STEP_S = 1e-9
"""asyncio does not keep the order of timers that are due at one instant; a nanosecond does."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What was decided about one packet: the unit in which two runs are compared."""

    link: int  # links of one network are numbered as they are opened, from 0
    time_s: float
    direction: Direction
    index: int
    size_bytes: int
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Departure:
    """Bytes that go on at `due_s`; `at_once` if the path does not delay them at all."""

    due_s: float
    at_once: bool
    data: bytes
    address: Addr


class Lane:
    """One direction of a link. Times are the loop's; the path's own times count from `opened_s`."""

    def __init__(
        self,
        path: Path,
        seed: int,
        direction: Direction,
        *,
        link: int,
        opened_s: float,
        record: Callable[[Crossing], None],
    ) -> None:
        self.count = 0
        self._link = link
        self._path = path
        self._seed = seed
        self._direction = direction
        self._opened_s = opened_s
        self._record = record
        self._held: dict[int, list[tuple[Delivery, bytes, Addr]]] = {}
        self._last = (0.0, 0.0)  # of the last departure: when the path alone has it due, and due_s

    def script(self, fates: tuple[Fate, ...]) -> None:
        """Arm those of the fates that are about this direction, counted from the next packet."""
        ours = tuple(
            shifted(fate, self.count) for fate in fates if fate.direction is self._direction
        )
        # In front: what a script asks for last is what it wants.
        self._path = replace(self._path, fates=ours + self._path.fates)

    def push(self, data: bytes, address: Addr, now_s: float) -> list[Departure]:
        """Number the packet and say what goes on: it, its copies, and what waited for it."""
        index = self.count
        self.count += 1
        size = len(data)
        at_s = now_s - self._opened_s
        deliveries = decide(
            self._path, self._seed, self._direction, index, size_bytes=size, at_s=at_s
        )
        self._record(Crossing(self._link, now_s, self._direction, index, size, deliveries))
        leaving = []
        for delivery in deliveries:
            packet = (delivery, delivery.apply(data), address)
            if delivery.after_index is None:
                leaving.append(packet)
            else:
                self._held.setdefault(delivery.after_index, []).append(packet)
        leaving += self._held.pop(index, [])
        return [
            Departure(self._due(now_s + which.delay_s), which.delay_s == 0, what, where)
            for which, what, where in leaving
        ]

    def _due(self, nominal_s: float) -> float:
        last_nominal_s, last_due_s = self._last
        due_s = nominal_s + _STEP_S
        if nominal_s >= last_nominal_s:
            due_s = max(due_s, last_due_s + _STEP_S)
        self._last = (nominal_s, due_s)
        return due_s


class Passage:
    """Both directions of link number `link` of a network, opened now."""

    def __init__(
        self, path: Path, seed: int, link: int, record: Callable[[Crossing], None]
    ) -> None:
        def lane(direction: Direction) -> Lane:
            return Lane(path, seed, direction, link=link, opened_s=opened_s, record=record)

        opened_s = asyncio.get_running_loop().time()
        self.outgoing = lane(Direction.TO_ENDPOINT)
        self.incoming = lane(Direction.FROM_ENDPOINT)
        self._rebind_after_packets = path.rebind_after_packets

    @property
    def rebinds(self) -> bool:
        """Whether the path wants the next packet to leave from another port."""
        return self.outgoing.count == self._rebind_after_packets

    def script(self, fates: tuple[Fate, ...]) -> None:
        """Arm each fate on the direction it is about."""
        self.outgoing.script(fates)
        self.incoming.script(fates)
