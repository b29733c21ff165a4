"""A child process that cannot outlive us, stay behind, or fill our memory.

It gets a session of its own, so that one signal reaches all that it starts, and the kernel kills it
when we die. Its output is read as it comes: a full pipe would stop it.
"""

import asyncio
import contextlib
import functools
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wtspec.implementations.lines import Flood, Printed, Tail
from wtspec.implementations.program import GRACE_S, MOST_KEYS_BYTES, OnEnd, OnLine
from wtspec.suite.endpoint import processes

_PIPE_GRACE_S = 1.0  # a grandchild may hold the pipes open after the child's end
_READ_BYTES = 64 * 1024
# No core files, no file that fills a disk, and files enough for any endpoint.
_LIMITS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 1 << 30),
    (resource.RLIMIT_NOFILE, 4096),
)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, never through a shell; `environment` is all that the child sees of ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path


class _Protocol(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells of the process's end itself: `Process.wait` may wait for its pipes to close as well."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_READ_BYTES, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class Child:
    """A started child; `status` is its exit status (negative: the signal), None while it runs."""

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        protocol: _Protocol,
        on_line: OnLine,
        on_end: OnEnd,
    ) -> None:
        self._transport = transport
        self._protocol = protocol
        self._on_end = on_end
        self._on_line = on_line
        self.log = Tail()
        self.broken: str | None = None
        self.status: int | None = None
        self._key_log: str | None = None
        self._pumps = [
            asyncio.create_task(self._read_stdout()),
            asyncio.create_task(self._read_stderr()),
        ]
        self._end = asyncio.create_task(self._watch())

    @classmethod
    async def start(cls, command: Command, on_line: OnLine, on_end: OnEnd) -> "Child":
        """Raises OSError when the program cannot be started. `on_end`: `status` is there.

        The kernel's promise is tied to the thread that starts the child: call it on one that lives
        as long as the child is wanted.
        """
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(loop),
            *command.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(command.environment),
            cwd=command.directory,
            start_new_session=True,
            preexec_fn=functools.partial(_bounded, os.getpid()),
        )
        child = cls(transport, protocol, on_line, on_end)
        child._key_log = command.environment.get("SSLKEYLOGFILE")
        return child

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    def write(self, data: bytes) -> None:
        """To its stdin; lost when it has ended."""
        stdin = self._protocol.stdin
        assert stdin is not None
        if not stdin.is_closing():
            stdin.write(data)

    def keys(self) -> bytes:
        """Its key log so far, where it was asked to write one."""
        if self._key_log is None:
            return b""
        with contextlib.suppress(OSError), Path(self._key_log).open("rb") as log:
            return log.read(MOST_KEYS_BYTES)
        return b""

    def memory_bytes(self) -> int | None:
        return processes.resident_bytes(self.pid)

    async def wait(self) -> None:
        """Until it has ended and all that it printed was read."""
        await asyncio.shield(self._end)

    async def stop(self) -> None:
        """SIGTERM, and after two seconds SIGKILL, to it and all that it started."""
        strays = processes.descendants(self.pid)
        self._signal(signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), GRACE_S)
        finally:
            # Even after a clean end something that it started may be left, in its group or not.
            self._signal(signal.SIGKILL)
            processes.end(strays)
        await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _read_stdout(self) -> None:
        assert self._protocol.stdout is not None
        clock = asyncio.get_running_loop().time
        printed = Printed(self._on_line, self.log)
        try:
            while data := await self._protocol.stdout.read(_READ_BYTES):
                printed.take(data, clock())
        except Flood as flood:
            self.broken = f"it printed {flood}"
            self._signal(signal.SIGKILL)
        printed.end()

    async def _read_stderr(self) -> None:
        assert self._protocol.stderr is not None
        while data := await self._protocol.stderr.read(_READ_BYTES):
            self.log.add(data)

    async def _watch(self) -> None:
        await self._protocol.exited.wait()
        _, late = await asyncio.wait(self._pumps, timeout=_PIPE_GRACE_S)
        for pump in late:
            pump.cancel()
        self.status = self._transport.get_returncode()
        # Our ends of the pipes, which something that it started may hold open for ever.
        self._transport.close()
        self._on_end()


def _bounded(parent: int) -> None:
    """In the child, before its program: fit for `preexec_fn`, as `processes.die_with` is."""
    processes.die_with(parent, signal.SIGKILL)
    for what, most in _LIMITS:
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))
