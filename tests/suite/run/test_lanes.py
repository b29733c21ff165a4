"""How many pieces of work run at once, in virtual time."""

import asyncio
import time
from collections.abc import Iterator
from itertools import repeat

import pytest

from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.run.lanes import Lanes, Work


def burn(length_s: float) -> None:
    time.sleep(length_s)


class Workshop:
    """Gives out work of these lengths and counts how much of it runs at once."""

    def __init__(self, lengths_s: list[float], burn_s: float = 0.0) -> None:
        self._lengths_s: Iterator[float] = iter(lengths_s)
        self._burn_s = burn_s
        self.running = 0
        self.most = 0
        self.done = 0

    def take(self) -> Work | None:
        length_s = next(self._lengths_s, None)
        return None if length_s is None else self._work(length_s)

    async def _work(self, length_s: float) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        if self._burn_s:
            # Each hands the loop on in time, and together they leave it none.
            until = time.monotonic() + length_s
            while time.monotonic() < until:
                burn(self._burn_s)
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(length_s)
        self.running -= 1
        self.done += 1


def run(shop: Workshop, lanes: Lanes) -> float:
    """The seconds that it took."""

    async def through() -> float:
        await lanes.run(shop.take)
        return asyncio.get_running_loop().time()

    return run_virtual(through())


def test_short_work_keeps_to_its_lanes() -> None:
    shop = Workshop([*repeat(0.2, 40)])
    spent_s = run(shop, Lanes(8, 32))
    assert (shop.most, shop.done) == (8, 40)
    assert spent_s == pytest.approx(1.0, abs=0.1)


def test_what_waits_takes_no_lane() -> None:
    shop = Workshop([*repeat(3.0, 40)])
    spent_s = run(shop, Lanes(8, 32))
    assert (shop.most, shop.done) == (32, 40)
    assert spent_s < 7


def test_there_may_be_no_room_for_more() -> None:
    shop = Workshop([*repeat(3.0, 8)])
    assert run(shop, Lanes(2, 2)) == pytest.approx(12, abs=0.1)
    assert shop.most == 2


def test_a_loop_without_time_takes_on_no_more() -> None:
    shop = Workshop([*repeat(0.8, 6)], burn_s=0.03)
    asyncio.run(Lanes(2, 6).run(shop.take))
    assert (shop.most, shop.done) == (2, 6)


def test_what_fails_ends_the_others() -> None:
    shop = Workshop([9.0])

    async def fail() -> None:
        raise ZeroDivisionError

    given: list[Work] = [fail()]

    def take() -> Work | None:
        return given.pop() if given else shop.take()

    with pytest.raises(ExceptionGroup) as caught:
        run_virtual(Lanes(2, 2).run(take))
    assert caught.group_contains(ZeroDivisionError)
    assert shop.done == 0
