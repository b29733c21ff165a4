"""A program under `check-endpoint`: started by hand, so that a bad `hello` can be looked at too."""

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from wtspec.implementations import readiness
from wtspec.implementations.program import Files, Running, Starting
from wtspec.suite.commands.attach import Launched
from wtspec.suite.endpoint import contract
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import Addr, ApiEvent, EndpointMisuse, Hello, Role

PATIENCE_S = 5.0
START_S = 10.0
NOT_OFFERED_STATUS = 127
CLEAN_STATUSES = (0, 128 + signal.SIGTERM, -signal.SIGTERM)
# The dialects are left to the program: it says in `hello` which it has.
CONFIGURATION = Configuration("check", protocols=("chat-v2", "chat-v1"))


class Wrong(Exception):
    """What was seen in place of what the contract asks for, in one clause."""


class Undecided(Exception):
    """Why a check could not tell, in one clause."""


class EventLog:
    """Events in order, and waiting for one of them."""

    def __init__(self, who: str) -> None:
        self.events: list[ApiEvent] = []
        self._who = who
        self._news = asyncio.Event()

    def add(self, event: ApiEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def first(self) -> None:
        """Wait for the first event of all."""
        while not self.events:
            self._news.clear()
            await self._news.wait()

    def find(self, name: str, since: int = 0, **where: object) -> ApiEvent | None:
        """The first event of that name whose fields are these."""
        for event in self.events[since:]:
            if event.name == name and where.items() <= event.fields.items():
                return event
        return None

    async def wait(self, name: str, since: int = 0, **where: object) -> ApiEvent:
        """The same, to come if need be; raises Wrong when it does not."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (found := self.find(name, since, **where)) is None:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as error:
            told = ", ".join(f"{key} {value!r}" for key, value in where.items())
            raise Wrong(
                f"{self._who} showed no `{name}` event{' with ' if told else ''}{told} within"
                f" {PATIENCE_S:g} s"
            ) from error
        return found

    async def either(self, *wanted: tuple[str, Mapping[str, object]]) -> ApiEvent:
        """The first of several that comes, each a name and fields; raises Wrong when none does."""
        waits = [asyncio.ensure_future(self.wait(name, 0, **where)) for name, where in wanted]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return next(one for one in waits if one.done()).result()
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


class Program:
    """The running program. `logs`: its lines that are no events, the newest few."""

    def __init__(self, role: Role, address: Addr, files: Files) -> None:
        self.role = role
        self.address = address
        self.seen = EventLog("the program")
        self.logs: list[bytes] = []
        self._files = files
        self._running: Running | None = None
        self._numbers = 0
        self._names = 0

    @property
    def running(self) -> Running:
        assert self._running is not None, "started"
        return self._running

    async def started(self, starting: Starting, deadline_s: float) -> None:
        """Not that it says anything: each check waits for that, and for the end, by itself."""
        try:
            async with asyncio.timeout(deadline_s):
                self._running = await starting(self._on_line, lambda: None)
        except BaseException:
            await self.stop()
            raise

    def _on_line(self, line: bytes) -> None:
        event = contract.decode_event(line)
        if event is None:
            self.logs = [*self.logs[-9:], line]
        else:
            self.seen.add(event)

    def tell(self, cmd: str, **fields: object) -> int:
        """Send a command; its id."""
        self._numbers += 1
        command = {"id": self._numbers, "cmd": cmd, **fields}
        self.running.write(contract.encode_command(command))
        return self._numbers

    def name(self, prefix: str) -> str:
        """A name for a session or a stream that nobody has used yet."""
        self._names += 1
        return f"{prefix}{self._names}"

    async def do(self, cmd: str, **fields: object) -> ApiEvent:
        """Send a command and wait for its `done`; raises Wrong for an `error` too."""
        number = self.tell(cmd, **fields)
        came = await self.seen.either(("done", {"id": number}), ("error", {"id": number}))
        if came.name == "error":
            raise Wrong(f"`{cmd}` ended in an error: {came.fields.get('error')}")
        return came

    async def first_event(self, deadline_s: float) -> ApiEvent | None:
        """What it says first; None when it ends or the time is over before that."""
        first = asyncio.ensure_future(self.seen.first())
        end = asyncio.ensure_future(self.running.wait())
        await asyncio.wait((first, end), timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        for one in (first, end):
            one.cancel()
        return self.seen.events[0] if self.seen.events else None

    async def greeting(self) -> Hello:
        """Its `hello`, once a server is ready; raises Wrong and what `decode_hello` does."""
        first = await self.first_event(START_S)
        if first is None:
            status = self.running.status
            how = f"no `hello` within {START_S:g} s" if status is None else f"exit status {status}"
            raise Wrong(how)
        if self.role is Role.SERVER:
            await self.answers()
        return contract.decode_hello(first)

    async def answers(self) -> None:
        """Wait until a server is ready; raises Wrong when it does not get so."""
        try:
            await asyncio.wait_for(readiness.answered(self.address), START_S)
        except TimeoutError as error:
            host, port = self.address
            said = self.running.log.last_line
            printed = f"; it printed: {said}" if said else ""
            raise Wrong(f"nothing answers at {host}:{port} (UDP){printed}") from error

    async def ended(self, within_s: float) -> int | None:
        """Its exit status when it ends in time."""
        try:
            await asyncio.wait_for(self.running.wait(), within_s)
        except TimeoutError:
            return None
        return self.running.status

    async def stop(self) -> None:
        try:
            if self._running is not None:
                await self._running.stop()
        finally:
            self._files.cleanup()


@asynccontextmanager
async def started(
    factory: Launched,
    role: Role,
    dialects: tuple[str, ...] = (),
    configuration: Configuration = CONFIGURATION,
) -> AsyncIterator[Program]:
    """The program in one role, killed with all that it started when the block ends.

    Raises EndpointGone when there is nothing to start, CannotStart when that is no fault of its.
    """
    program = await factory.started_for(Program, role, configuration, dialects)
    try:
        yield program
    finally:
        await program.stop()


def payload(event: ApiEvent) -> bytes:
    """The bytes of an event; raises Wrong when they are not base64."""
    try:
        return contract.event_bytes(event)
    except EndpointMisuse as error:
        raise Wrong(str(error)) from error


def expect(condition: bool, otherwise: str | Callable[[], str]) -> None:
    if not condition:
        raise Wrong(otherwise if isinstance(otherwise, str) else otherwise())


def expect_whole(ended: ApiEvent, data: bytes) -> None:
    """An `ended` tells that a stream of just these bytes was read up to its FIN."""
    told = tuple(field_of(ended, key) for key in ("bytes", "sha256", "how"))
    wanted = (len(data), hashlib.sha256(data).hexdigest(), "fin")
    expect(told == wanted, f"`ended` shows bytes, sha256, how as {told}, not {wanted}")


def field_of(event: ApiEvent, name: str) -> Any:
    """A field that the event must have."""
    if name not in event.fields:
        raise Wrong(f"the event `{event.name}` has no `{name}`")
    return event.fields[name]
