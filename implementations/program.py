"""A started program that speaks the contract, wherever it runs: a process or a container.

It is not trusted: what it prints is read with limits, and it may end at any moment.
"""

import asyncio
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from wtspec.implementations import readiness
from wtspec.implementations.lines import Tail
from wtspec.implementations.listeners import Listener, Listeners
from wtspec.suite.endpoint import contract
from wtspec.suite.endpoint.interface import (
    GONE,
    Addr,
    ApiEvent,
    EndpointGone,
    EndpointNotOffered,
    Hello,
    Role,
)

NOT_OFFERED_STATUS = 127
_CLEAN = (0, 128 + signal.SIGTERM, -signal.SIGTERM)
GRACE_S = 2  # from SIGTERM to SIGKILL
MOST_KEYS_BYTES = 1 << 20
OnLine = Callable[[bytes], None]
OnEnd = Callable[[], None]
Files = tempfile.TemporaryDirectory[str]
T = TypeVar("T")


class Running(Protocol):
    """The program itself. `status`: its exit status (negative: the signal), None while it runs.

    `log`: stderr, and what `ProgramEndpoint` adds to it. `broken`: why we ended it, in one clause.
    """

    log: Tail
    broken: str | None
    status: int | None

    def write(self, data: bytes) -> None:
        """To its stdin; lost when it has ended."""
        ...

    def memory_bytes(self) -> int | None:
        """Resident, of all its processes, where the system tells."""
        ...

    def keys(self) -> bytes:
        """Its key log so far, where it was asked to write one. It may block."""
        ...

    async def wait(self) -> None:
        """Until it has ended and all that it printed was read."""
        ...

    async def stop(self) -> None:
        """SIGTERM, and after two seconds SIGKILL, to it and all that it started."""
        ...


Starting = Callable[[OnLine, OnEnd], Awaitable[Running]]


class Startable(Protocol):
    """Who wants the program: `ProgramEndpoint`, or somebody who looks closer at how it begins.

    Made of the role, the address (whoever starts it corrects it when it is known better) and the
    program's files, which are its own from then on.
    """

    address: Addr

    async def started(self, starting: Starting, deadline_s: float) -> None:
        """Start it; raises what there is to say of a program that does not begin as it should."""
        ...


S = TypeVar("S", bound=Startable)
Making = Callable[[Role, Addr, Files], S]


class ProgramEndpoint:
    """A started program in one role and configuration: an `Endpoint`."""

    shows_events = True

    def __init__(self, role: Role, address: Addr, files: Files) -> None:
        self._role = role
        self.address = address
        self._files = files
        self._running: Running | None = None
        self._stopping = False
        self._listeners = Listeners()
        self._first: asyncio.Future[ApiEvent] = asyncio.get_running_loop().create_future()
        self._hello: Hello | None = None

    @property
    def role(self) -> Role:
        return self._role

    @property
    def hello(self) -> Hello:
        assert self._hello is not None, "start returns after hello"
        return self._hello

    @property
    def running(self) -> Running:
        assert self._running is not None, "start returns after the program has started"
        return self._running

    @property
    def log(self) -> str:
        """The end of stderr, and of the lines on stdout that are no events."""
        return str(self.running.log)

    def path_of(self, path: str) -> str | None:
        """The contract's own path, unless `hello` says that it is not offered."""
        named = {path, path.partition("?")[0]}
        return None if named & self.hello.unsupported else path

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(listener)

    def command(self, command: Mapping[str, object]) -> None:
        if (reason := self.ended()) is not None:
            raise EndpointGone(reason)
        self._stopping = self._stopping or command.get("cmd") == "shutdown"
        self.running.write(contract.encode_command(command))

    def ended(self) -> str | None:
        """Why it ended although nobody asked it to, or ended badly although asked."""
        if self.running.broken is not None:
            return self.running.broken
        status = self.running.status
        if status is None or (self._stopping and status in _CLEAN):
            return None
        how = f"exit status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"
        return how + self._said()

    def _said(self) -> str:
        said = "" if self._running is None else self._running.log.last_line
        return f" ({said})" if said else ""

    def memory_bytes(self) -> int | None:
        return self.running.memory_bytes()

    async def stop(self) -> None:
        """End it; `ended` then tells if its end was not a clean one."""
        try:
            if self._running is not None:
                self._stopping = self._stopping or self._running.status is None
                await self._running.stop()
        finally:
            self._files.cleanup()

    async def started(self, starting: Starting, deadline_s: float) -> None:
        """Start it and wait for its `hello`, and for a server until it is ready.

        Raises EndpointNotOffered (this role or none of the dialects), EndpointMisuse (no `hello`
        first) or EndpointGone; nothing of it is left then.
        """
        try:
            async with asyncio.timeout(deadline_s):
                self._running = await starting(self._on_line, self._on_end)
                await self._ready()
        except BaseException as error:
            await self.stop()
            if isinstance(error, TimeoutError):
                what = "no `hello`" if self._hello is None else "no QUIC handshake answered"
                raise EndpointGone(f"{what} within {deadline_s:g} s{self._said()}") from error
            raise

    async def _ready(self) -> None:
        self._hello = contract.decode_hello(await self._unless_ended(self._first))
        if self._role is Role.SERVER:
            await self._unless_ended(readiness.answered(self.address))

    async def _unless_ended(self, awaited: Awaitable[T]) -> T:
        wanted = asyncio.ensure_future(awaited)
        end = asyncio.ensure_future(self.running.wait())
        try:
            await asyncio.wait((wanted, end), return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
        finally:
            wanted.cancel()
            end.cancel()
        reason = self.ended()
        if self._hello is None and self.running.status == NOT_OFFERED_STATUS:
            raise EndpointNotOffered(f"{reason} before `hello`")
        raise EndpointGone(f"it ended before it was ready: {reason}")

    def _on_line(self, line: bytes) -> None:
        """Take one line of stdout: an event goes to the listeners, the rest is log."""
        event = contract.decode_event(line)
        if event is None:
            self.running.log.add(line + b"\n")
        elif not self._first.done():
            self._first.set_result(event)
        else:
            self._listeners.tell(event)

    def _on_end(self) -> None:
        """It has ended: unless it was asked to, whoever still listens waits in vain."""
        if self.ended() is not None:
            self._listeners.tell(ApiEvent(GONE, {}))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
