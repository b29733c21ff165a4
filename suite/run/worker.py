"""A worker process: takes jobs from a pipe, runs them, reports every step over the same pipe.

The supervisor outside enforces deadlines, because a busy callback defeats every timeout in here.
Whoever ends, a worker ends too, and with it all that its jobs started.
"""

import faulthandler
import gc
import os
import resource
import signal
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, NoReturn, Protocol

from wtspec.suite.endpoint import processes
from wtspec.suite.run.attempt import Attempt

# What a worker that is told to end may take to end its endpoint in order.
LEAVE_S = 4
_STACKS = "wtspec-stacks-"


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt at `cell` begins; it must end within `limit_s` of wall time."""

    cell: str
    purpose: str
    limit_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """What was begun for `cell` is over, its verdict not final: nothing is awaited of it now."""

    cell: str


@dataclass(frozen=True, slots=True)
class Tending:
    """The endpoint is started or stopped, which must end within `limit_s`; 0: it has."""

    limit_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The verdict on `cell` is final: `attempts` led to it, the last one is it."""

    cell: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something around the endpoint is wrong, in one sentence for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something to tell the user, also in one sentence, that hindered nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class JobDone:
    """The worker is free again; `failure` is the traceback of a job that broke."""

    failure: str = ""


@dataclass(frozen=True, slots=True)
class Spoke:
    """What the endpoint said of itself when it started."""

    name: str
    version: str
    dialect: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """The endpoint's resident memory, right after its start or before its end."""

    memory_bytes: int


Message = Started | Ended | Tending | Finished | Trouble | Noted | JobDone | Spoke | Weighed
Report = Callable[[Message], None]


class Job(Protocol):
    """A piece of work in plain values, so that it can cross to another process."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The cells that it will report `Finished`, in this order unless they run at once."""
        ...

    def run(self, report: Report) -> None: ...

    def only(self, keys: frozenset[str]) -> "Job":
        """The same job for these of its cells."""
        ...


def stack_file(pid: int) -> Path:
    """Where a worker leaves its stack when it is told to."""
    return Path(tempfile.gettempdir()) / f"{_STACKS}{os.getuid()}-{pid}"


def work(connection: Connection) -> None:
    """The worker's whole life: until the pipe closes, or None comes."""
    with stack_file(os.getpid()).open("w") as stacks:
        _settle(stacks)
        try:
            while (job := connection.recv()) is not None:
                connection.send(_done(job, connection.send))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the supervisor is gone, and with it whoever wants to know
        finally:
            processes.end_descendants()
            stack_file(os.getpid()).unlink(missing_ok=True)


def _settle(stacks: IO[str]) -> None:
    # A group of its own, so that the supervisor can kill what a job started with it; and so that
    # Ctrl-C reaches the supervisor alone, which ends the run in order.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    # The fork server, our parent, ends with the supervisor, even where that is killed.
    processes.die_with(os.getppid(), signal.SIGTERM)
    processes.adopt_orphans()
    faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()


def _leave(_number: int, _frame: object) -> NoReturn:
    """End the job from within, so that it stops its endpoint; whatever hangs has `LEAVE_S`."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(LEAVE_S)
    raise SystemExit


def _done(job: Job, report: Report) -> JobDone:
    try:
        job.run(report)
        processes.end_descendants()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # noqa: BLE001 - whatever broke, the supervisor must hear of it
        return JobDone(traceback.format_exc())
    return JobDone()
