"""How a run ends before its end: Ctrl-C, SIGTERM, a terminal that closes, or its time is up."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.endpoint import processes

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LEAST_S = 0.1
_SHOW_CURSOR = b"\x1b[?25h"


class Stopped(KeyboardInterrupt):
    """Somebody, or the clock, wants the run to end in order; the message says who."""


@contextmanager
def stoppable() -> Iterator[None]:
    """The first signal raises Stopped wherever we are; the second one ends everything at once.

    A signal that was ignored, as nohup does with SIGHUP, stays so.
    """
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    heard = [one for one in _SIGNALS if before[one] is not signal.SIG_IGN]
    try:
        for one in heard:
            signal.signal(one, _first)
        yield
    finally:
        for one in heard:
            signal.signal(one, before[one])


@contextmanager
def until(deadline_s: float | None) -> Iterator[None]:
    """Raises Stopped at that time of the monotonic clock; None: never."""
    if deadline_s is None:
        yield
        return
    before = signal.signal(signal.SIGALRM, _time_is_up)
    try:
        # Never at once: whoever is to take note of it in order has to come that far.
        signal.setitimer(signal.ITIMER_REAL, max(deadline_s - time.monotonic(), _LEAST_S))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _first(number: int, _frame: FrameType | None) -> NoReturn:
    for one in _SIGNALS:
        signal.signal(one, _second)
    name = signal.Signals(number).name
    told = "interrupted" if number == signal.SIGINT else f"ended by {name}"
    raise Stopped(told)


def _second(_number: int, _frame: FrameType | None) -> NoReturn:
    """Neither the endpoint nor a worker is asked to leave; the journal is whole at any time."""
    processes.end(processes.descendants(os.getpid()))
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)
    os._exit(ExitCode.INTERRUPTED)


def _time_is_up(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped("the time that --max-time gives is up")
