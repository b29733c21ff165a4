"""Who owns what is in the Docker engine: a claim lives as long as a process holds its lock.

A run that is killed removes nothing, and its lock goes with it: so the next one knows what is left
over. Locks are the kernel's, hence they cannot be forgotten.
"""

import fcntl
import os
import platform
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class EngineTrouble(Exception):
    """The engine is not there, or did not do what was asked: one sentence with a way out."""


_CLAIM = "wtspec.claim"
_LOCK = "wtspec.lock"
_HOST = "wtspec.host"


def new() -> str:
    """A name for a claim, which nobody else has."""
    return secrets.token_hex(6)


def labels(name: str) -> dict[str, str]:
    """What everything carries that is created under this claim."""
    return {_CLAIM: name, _LOCK: str(_lock_file(name)), _HOST: platform.node()}


def filter_of(name: str | None = None) -> str:
    """The engine's filter for what carries this claim, or any."""
    return _CLAIM if name is None else f"{_CLAIM}={name}"


@contextmanager
def held(name: str) -> Iterator[None]:
    """The claim lives inside; with the process that is here, it dies."""
    path = _lock_file(name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def is_orphaned(carried: Mapping[str, str]) -> bool:
    """Whether what carries these labels belongs to nobody any more, as far as this host knows."""
    if carried.get(_HOST) != platform.node() or _LOCK not in carried:
        return False
    try:
        descriptor = os.open(carried[_LOCK], os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # another user's
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lock_file(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"wtspec-{os.getuid()}" / f"{name}.lock"
