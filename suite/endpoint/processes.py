"""The processes that a program consists of: found in procfs, bounded by the kernel's promises.

A signal to a process group misses what left the group, and what outlived whoever started it. Where
the system has neither procfs nor prctl, all of this does nothing and finds nothing.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int, number: signal.Signals) -> None:
    """Ask the kernel for this signal when the thread of `parent` that started us ends.

    It makes only async-signal-safe calls, on objects that exist already: fit for `preexec_fn`.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)


def adopt_orphans() -> None:
    """From now on what our descendants leave behind becomes our child, so that we can end it."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants(pid: int) -> tuple[int, ...]:
    """Children, their children and so on, of any thread of `pid`."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return (*found, *(one for child in found for one in descendants(child)))


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process and all its descendants; None where procfs does not tell."""
    own = _resident_bytes(pid)
    if own is None:
        return None
    return own + sum(_resident_bytes(one) or 0 for one in descendants(pid))


def _resident_bytes(pid: int) -> int | None:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def end(pids: Iterable[int]) -> bool:
    """SIGKILL to each of them that is still there; whether there was one that we may end."""
    ended = False
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            ended = True
    return ended


def end_descendants() -> None:
    """Nothing that this process started, or adopted, is left. Nobody else may wait for children."""
    while end(descendants(os.getpid())):
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)
