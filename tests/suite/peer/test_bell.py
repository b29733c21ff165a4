"""Waiting without polling, in virtual time."""

import asyncio
from typing import Any

import pytest

from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.bell import Bell
from wtspec.suite.peer.interruption import HarnessError


def test_what_is_there_already_costs_no_time() -> None:
    async def script() -> tuple[Any, float]:
        found = await Bell().until(lambda: 0, 5)
        return found, asyncio.get_running_loop().time()

    assert run_virtual(script()) == (0, 0)


def test_a_ring_wakes_every_waiter_and_the_deadline_ends_the_others() -> None:
    async def script() -> tuple[list[Any], float]:
        bell, seen = Bell(), []
        loop = asyncio.get_running_loop()

        def change() -> None:
            seen.append(1)
            bell.ring()

        loop.call_later(1, change)
        loop.call_later(2, change)
        waits = (
            bell.until(lambda: len(seen) or None, 5),
            bell.until(lambda: "two" if len(seen) == 2 else None, 5),
            bell.until(lambda: "three" if len(seen) == 3 else None, 5),
        )
        return list(await asyncio.gather(*waits)), loop.time()

    assert run_virtual(script()) == ([1, "two", None], 5)


def test_it_remembers_that_a_wait_ran_out() -> None:
    async def script() -> list[bool]:
        bell, told = Bell(), []
        for answer in (1, None, 1):
            await bell.until(lambda answer=answer: answer, 1)  # type: ignore[misc]
            told.append(bell.ran_out)
        return told

    assert run_virtual(script()) == [False, True, True]


def test_a_failed_callback_is_a_harness_error_now_and_later() -> None:
    async def script() -> None:
        bell = Bell()
        asyncio.get_running_loop().call_later(1, bell.fail, KeyError("ours"))
        for _ in range(2):
            with pytest.raises(HarnessError, match="KeyError"):
                await bell.until(lambda: None, 5)

    run_virtual(script())


def test_a_waiter_that_gave_up_is_not_rung() -> None:
    async def script() -> None:
        bell = Bell()
        never: list[int] = []
        assert await bell.until(lambda: never or None, 1) is None
        bell.ring()

    run_virtual(script())
