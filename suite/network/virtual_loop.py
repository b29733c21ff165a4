"""An event loop whose clock jumps to the next timer: an idle timeout of 30 s takes milliseconds.

Nothing but timers and ready callbacks may wake it. With neither, nothing can ever happen again,
and with no end of them the run would never finish; both are errors here instead of a hang.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NoReturn, TypeVar

from wtspec.suite.network.callbacks import CallbackFailed, report_callbacks

T = TypeVar("T")

_GRACE_S = 60.0
_GRACE_TURNS = 100_000


class VirtualTimeError(Exception):
    """Virtual time cannot go on."""


class Deadlock(VirtualTimeError):
    """No timer is set and no callback is ready, yet the run has not finished."""


class Overrun(VirtualTimeError):
    """The run used up its virtual seconds, or its turns: a livelock, most likely."""


class OutsideVirtualTime(VirtualTimeError):
    """Threads, processes and sockets: the clock would jump over the time they take."""


class _LeapSelector(selectors.BaseSelector):
    """Never waits: it moves the clock by as much as it was asked to wait."""

    def __init__(self, limit_s: float, turns: int) -> None:
        self.now_s = 0.0
        self.turns = 0
        self._limit_s = limit_s
        self._turn_limit = turns
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        # The loop registers its own wake-up pipe; any other socket would never be reported ready.
        if self._keys:
            raise OutsideVirtualTime("sockets are never ready in virtual time")
        descriptor = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, descriptor, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if timeout is None:
            self._stop(Deadlock, "nothing is ready and no timer is set")
        self.now_s += max(timeout, 0.0)
        if self.now_s > self._limit_s:
            self._stop(Overrun, f"{self._limit_s:g} virtual seconds were not enough")
        if self.turns > self._turn_limit:
            self._stop(Overrun, f"{self._turn_limit} turns were not enough")
        return []

    def _stop(self, error: type[VirtualTimeError], why: str) -> NoReturn:
        now_s = self.now_s
        # Tasks are cancelled after this and may clean up; they get time for it, but not for ever.
        self._limit_s = now_s + _GRACE_S
        self._turn_limit = self.turns + _GRACE_TURNS
        raise error(f"{why}, at {now_s:.6f} s, turn {self.turns}")


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0. It must be closed like any other loop; `run_virtual` does."""

    def __init__(self, *, limit_s: float = 3600.0, turns: int = 2_000_000) -> None:
        self._leaps = _LeapSelector(limit_s, turns)
        super().__init__(self._leaps)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._leaps.now_s

    def run_forever(self) -> None:
        """Run until stopped; an error of the clock is told what every task was waiting for."""
        try:
            super().run_forever()
        except VirtualTimeError as error:
            for task in asyncio.all_tasks(self):
                error.add_note(_position(task))
            raise

    def run_in_executor(  # type: ignore[override]  # its generic form has no use for a refusal
        self, *_args: Any
    ) -> NoReturn:
        """Refused, and with it `asyncio.to_thread` and name resolution."""
        raise OutsideVirtualTime("threads do not run in virtual time; addresses must be literals")

    def subprocess_exec(self, *_args: Any, **_more: Any) -> NoReturn:
        """Refused."""
        raise OutsideVirtualTime("processes do not run in virtual time")

    def subprocess_shell(self, *_args: Any, **_more: Any) -> NoReturn:
        """Refused."""
        raise OutsideVirtualTime("processes do not run in virtual time")


def _position(task: asyncio.Task[Any]) -> str:
    """The innermost line the task has come to."""
    inner: Any = task.get_coro()
    where = "nowhere yet"
    while getattr(inner, "cr_frame", None) is not None:
        code, line = inner.cr_frame.f_code, inner.cr_frame.f_lineno
        where = f"{code.co_filename}:{line} in {code.co_qualname}"
        inner = inner.cr_await
    return f"{task.get_name()} waits at {where}"


def run_virtual(
    coroutine: Coroutine[Any, Any, T],
    *,
    limit_s: float = 3600.0,
    turns: int = 2_000_000,
    on_failure: Callable[[CallbackFailed], None] | None = None,
) -> T:
    """Run the coroutine in a fresh virtual loop and return its result; raises Deadlock, Overrun.

    An exception in a callback would leave a green result behind. It goes to `on_failure`, or, if
    there is none, is raised when the coroutine has returned.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        coroutine.close()
        raise RuntimeError("a loop is running in this thread already")
    failures: list[CallbackFailed] = []
    loop = VirtualLoop(limit_s=limit_s, turns=turns)
    try:
        result = _run(coroutine, loop, on_failure or failures.append)
    except Exception as error:
        if not failures:
            raise
        # Most likely a deadline that it missed because of this failure.
        failures[0].add_note(f"the coroutine then raised {error!r}")
    if failures:
        raise failures[0]
    return result


def _run(
    coroutine: Coroutine[Any, Any, T],
    loop: VirtualLoop,
    on_failure: Callable[[CallbackFailed], None],
) -> T:
    report_callbacks(loop, on_failure)
    # asyncio's debug mode measures callbacks with this clock and slows every call down.
    with asyncio.Runner(debug=False, loop_factory=lambda: loop) as runner:
        return runner.run(coroutine)
