import asyncio
import gc
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from wtspec.suite.network.callbacks import CallbackFailed
from wtspec.suite.network.virtual_loop import (
    Deadlock,
    OutsideVirtualTime,
    Overrun,
    VirtualLoop,
    run_virtual,
)


async def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_clock_starts_at_0_and_jumps() -> None:
    async def wait() -> float:
        assert await now() == 0.0
        await asyncio.sleep(86_400.0)
        return await now()

    started = time.monotonic()
    assert run_virtual(wait(), limit_s=1e6) == 86_400.0
    assert time.monotonic() - started < 2.0


def test_timers_of_all_kinds_fire_at_their_time() -> None:
    async def script() -> list[float]:
        times = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20.0):
                await asyncio.Event().wait()
        times.append(await now())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Queue[int]().get(), 5.0)
        times.append(await now())
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(7.0))
            group.create_task(asyncio.sleep(3.0))
        times.append(await now())
        return times

    assert run_virtual(script()) == [20.0, 25.0, 32.0]


def test_the_result_and_the_exception_of_the_coroutine_come_out() -> None:
    async def fail() -> None:
        raise KeyError("told")

    with pytest.raises(KeyError, match="told"):
        run_virtual(fail())


def test_nothing_left_to_happen_is_a_deadlock() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="no timer") as caught:
        run_virtual(stuck())
    (note,) = caught.value.__notes__
    assert "locks.py" in note
    assert "Event.wait" in note


async def keep_alive() -> None:
    loop = asyncio.get_running_loop()

    def again() -> None:
        loop.call_later(1.0, again)

    again()
    await asyncio.Event().wait()


def test_a_keep_alive_that_never_ends_is_an_overrun() -> None:
    with pytest.raises(Overrun, match="60 virtual seconds"):
        run_virtual(keep_alive(), limit_s=60.0)


@pytest.mark.parametrize("spin", [lambda: asyncio.sleep(0), lambda: asyncio.sleep(1e-12)])
def test_a_livelock_is_an_overrun(spin: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def livelock() -> None:
        while True:
            await spin()

    with pytest.raises(Overrun, match="1000 turns"):
        run_virtual(livelock(), turns=1000)


def test_tasks_clean_up_after_a_deadlock() -> None:
    cleaned = []

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5.0)
            cleaned.append(await now())

    with pytest.raises(Deadlock):
        run_virtual(stuck())
    assert cleaned == [5.0]


def test_a_clean_up_that_hangs_ends_too() -> None:
    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await keep_alive()

    with pytest.raises(Overrun):
        run_virtual(stuck())


@pytest.mark.parametrize(
    "leave",
    [
        lambda: asyncio.to_thread(time.monotonic),
        lambda: asyncio.get_running_loop().getaddrinfo("localhost", 443),
        lambda: asyncio.create_subprocess_exec(sys.executable),
        lambda: asyncio.create_subprocess_shell("true"),
    ],
)
def test_threads_and_processes_are_refused(leave: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    async def script() -> None:
        await leave()

    with pytest.raises(OutsideVirtualTime):
        run_virtual(script())


def test_sockets_are_refused() -> None:
    async def script() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as real:
            asyncio.get_running_loop().add_reader(real, print)

    with pytest.raises(OutsideVirtualTime):
        run_virtual(script())


def fail_in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(lambda: 1 // 0)


async def passes_anyway() -> str:
    fail_in_a_callback()
    await asyncio.sleep(1.0)
    return "green"


def test_an_exception_in_a_callback_is_raised() -> None:
    with pytest.raises(CallbackFailed) as caught:
        run_virtual(passes_anyway())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_exception_in_a_callback_can_be_taken_instead() -> None:
    failures: list[CallbackFailed] = []
    assert run_virtual(passes_anyway(), on_failure=failures.append) == "green"
    assert [type(failure.__cause__) for failure in failures] == [ZeroDivisionError]


def test_a_callback_that_failed_matters_more_than_the_deadline_it_caused() -> None:
    async def misses_its_deadline() -> None:
        fail_in_a_callback()
        async with asyncio.timeout(1.0):
            await asyncio.Event().wait()

    with pytest.raises(CallbackFailed) as caught:
        run_virtual(misses_its_deadline())
    assert caught.value.__notes__ == ["the coroutine then raised TimeoutError()"]


def test_debug_mode_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")

    async def debug() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert run_virtual(debug()) is False


@pytest.mark.parametrize("stuck", [False, True])
def test_the_loop_is_closed(stuck: bool) -> None:
    loops = []

    async def script() -> None:
        loops.append(asyncio.get_running_loop())
        await (asyncio.Event().wait() if stuck else asyncio.sleep(1.0))

    if stuck:
        with pytest.raises(Deadlock):
            run_virtual(script())
    else:
        run_virtual(script())
    assert loops[0].is_closed()
    loops.clear()
    gc.collect()  # an unclosed loop or socket would warn here, and warnings are errors


def test_a_running_loop_is_told_apart() -> None:
    async def outer() -> None:
        with pytest.raises(RuntimeError, match="running"):
            run_virtual(now())

    run_virtual(outer())


def test_the_loop_can_be_used_without_run_virtual() -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(asyncio.sleep(3.0))
        assert loop.time() == 3.0
    finally:
        loop.close()
