"""An endpoint attached as a plain process: `--exec 'CMD'` of the contract.

The process speaks the contract on stdin and stdout. It is not sandboxed, only bounded: see `child`.
"""

import asyncio
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from wtspec.implementations import readiness
from wtspec.implementations.child import Child, Command
from wtspec.implementations.launch import HOST, Launch, certificates, free_port
from wtspec.suite.endpoint import contract, processes
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import (
    GONE,
    Addr,
    ApiEvent,
    EndpointGone,
    EndpointNotOffered,
    Hello,
    Role,
)
from wtspec.suite.quic.identity import Identity

NOT_OFFERED_STATUS = 127
_CLEAN = (0, 128 + signal.SIGTERM, -signal.SIGTERM)
Listener = Callable[[ApiEvent], None]
T = TypeVar("T")


class ProcessEndpoint:
    """A started program in one role and configuration: an `Endpoint`. `start` makes one."""

    shows_events = True

    def __init__(self, role: Role, address: Addr, files: tempfile.TemporaryDirectory[str]) -> None:
        self._role = role
        self._address = address
        self._files = files
        self._child: Child | None = None
        self._stopping = False
        self._listeners: dict[object, Listener] = {}
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
    def address(self) -> Addr:
        return self._address

    @property
    def child(self) -> Child:
        assert self._child is not None, "start returns after the child has started"
        return self._child

    @property
    def log(self) -> str:
        """The end of stderr, and of the lines on stdout that are no events."""
        return str(self.child.log)

    def path_of(self, path: str) -> str | None:
        """The contract's own path, unless `hello` says that it is not offered."""
        named = {path, path.partition("?")[0]}
        return None if named & self.hello.unsupported else path

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """A listener that raises is our bug: the loop's exception handler hears of it."""
        key = object()
        self._listeners[key] = listener
        return lambda: self._listeners.pop(key, None) and None

    def command(self, command: Mapping[str, object]) -> None:
        if (reason := self.ended()) is not None:
            raise EndpointGone(reason)
        self._stopping = self._stopping or command.get("cmd") == "shutdown"
        self.child.write(contract.encode_command(command))

    def ended(self) -> str | None:
        """Why it ended although nobody asked it to, or ended badly although asked."""
        if self.child.broken is not None:
            return self.child.broken
        status = self.child.status
        if status is None or (self._stopping and status in _CLEAN):
            return None
        how = f"exit status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"
        said = self.child.log.last_line
        return f"{how} ({said})" if said else how

    def memory_bytes(self) -> int | None:
        return processes.resident_bytes(self.child.pid)

    async def stop(self) -> None:
        """End it; `ended` then tells if its end was not a clean one."""
        try:
            if self._child is not None:
                self._stopping = self._stopping or self._child.status is None
                await self._child.stop()
        finally:
            self._files.cleanup()

    @property
    def is_mute(self) -> bool:
        """It has not said `hello` so far."""
        return self._hello is None

    async def launch(self, command: Command) -> None:
        """Start the child; raises EndpointGone when there is nothing to start."""
        try:
            self._child = await Child.start(command, self.on_line, self.on_end)
        except OSError as error:
            raise EndpointGone(f"cannot be started: {error}") from error

    async def ready(self) -> None:
        """Wait for `hello`, and for a server until it answers; raises what `start` raises."""
        self._hello = contract.decode_hello(await self._unless_ended(self._first))
        if self._role is Role.SERVER:
            await self._unless_ended(readiness.answered(self._address))

    async def _unless_ended(self, awaited: Awaitable[T]) -> T:
        wanted = asyncio.ensure_future(awaited)
        end = asyncio.ensure_future(self.child.wait())
        try:
            await asyncio.wait((wanted, end), return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
        finally:
            wanted.cancel()
            end.cancel()
        reason = self.ended()
        if self.is_mute and self.child.status == NOT_OFFERED_STATUS:
            raise EndpointNotOffered(f"{reason} before `hello`")
        raise EndpointGone(f"it ended before it was ready: {reason}")

    def on_line(self, line: bytes) -> None:
        """Take one line of stdout: an event goes to the listeners, the rest is log."""
        event = contract.decode_event(line)
        if event is None:
            self.child.log.add(line + b"\n")
        elif not self._first.done():
            self._first.set_result(event)
        else:
            self._tell_all(event)

    def on_end(self) -> None:
        """It has ended: unless it was asked to, whoever still listens waits in vain."""
        if self.ended() is not None:
            self._tell_all(ApiEvent(GONE, {}))

    def _tell_all(self, event: ApiEvent) -> None:
        for listener in tuple(self._listeners.values()):
            _tell(listener, event)


async def start(
    launch: Launch,
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...],
    identity: Identity,
) -> ProcessEndpoint:
    """Start the program and wait for its `hello`, and for a server until it is ready.

    `identity` is the server's own, or for a client that of our side. Raises EndpointNotOffered
    (this role or none of the dialects), EndpointMisuse (no `hello` first) or EndpointGone.
    """
    address = (HOST, free_port() if role is Role.SERVER else 0)
    files = tempfile.TemporaryDirectory(prefix="wtspec-")
    endpoint = ProcessEndpoint(role, address, files)
    try:
        variables = {
            **contract.environment(configuration, dialects),
            **launch.variables(role, address),
            **certificates(identity, Path(files.name)),
        }
        await endpoint.launch(Command(launch.arguments, variables, launch.directory))
        async with asyncio.timeout(launch.deadline_s):
            await endpoint.ready()
    except BaseException as error:
        await endpoint.stop()
        if isinstance(error, TimeoutError):
            what = "no `hello`" if endpoint.is_mute else "no QUIC handshake answered"
            raise EndpointGone(f"{what} within {launch.deadline_s:g} s") from error
        raise
    return endpoint


def _tell(listener: Listener, event: ApiEvent) -> None:
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - ours, and must not be taken for the endpoint's end
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"a listener failed on event {event.name}", "exception": error}
        )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
