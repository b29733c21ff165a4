"""A client: does what it is commanded (contract section 3)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from contract import application
from contract.commands import Command, bad, unknown
from contract.events import Events
from contract.session import Live, Mode
from contract.settings import Settings
from contract.stack import Connected, Failure, Offer, Refused, Stack
from contract.streams import Stream
from contract.tasks import Tasks

# The contract's patience of `connect` and `open`.
GIVE_UP_S = 10.0
# Lets the last packets leave before the connections go.
LINGER_S = 0.1
T = TypeVar("T")
KINDS = ("uni", "bidi")


@dataclass(slots=True)
class Asked:
    """A session that a command asked for; `live` fails with the words for who waits in vain."""

    mode: Mode
    live: "asyncio.Future[Live]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def give_up(self, name: str) -> None:
        self.live.set_exception(unknown("session", name))
        self.live.exception()  # nobody need have waited


@dataclass(slots=True)
class Known:
    """A stream that commands may name, from the moment it is asked for; None: it never opened."""

    opened: "asyncio.Future[Stream | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    ordered: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def stream(self) -> Stream:
        stream = await asyncio.shield(self.opened)
        if stream is None:
            raise Failure("closed", "the stream was never opened")
        return stream


class Client:
    """Names are kept to the end: the suite makes a few thousand in a run."""

    def __init__(self, stack: Stack, settings: Settings, offer: Offer, events: Events) -> None:
        self._stack = stack
        self._settings = settings
        self._unsupported = offer.unsupported
        self._events = events
        self._sessions: dict[str, Asked] = {}
        self._streams: dict[str, Known] = {}
        self._tasks = Tasks()
        self.is_shut_down = asyncio.Event()

    def execute(self, command: Command) -> None:
        """Never blocks: what may block runs as a task, in the order of its stream."""
        try:
            if command.cmd in self._unsupported:
                raise Failure("unsupported", f"the API has no {command.cmd}")
            if command.cmd not in _HANDLERS:
                raise unknown("command", command.cmd)
            work = _HANDLERS[command.cmd](self, command)
        except Failure as failure:
            self._events.fail(command.id, failure)
            return
        if work is not None:
            self._tasks.start(self._finish(command, work))

    async def _finish(self, command: Command, work: Awaitable[object]) -> None:
        try:
            result = await work
        except Failure as failure:
            self._events.fail(command.id, failure)
        except TimeoutError:
            self._events.fail(command.id, Failure("timeout", f"gave up after {GIVE_UP_S:g} s"))
        except Refused as refused:
            self._events.emit(
                "refused",
                id=command.id,
                session=command.text("session"),
                status=refused.status,
                error=str(refused),
            )
        else:
            self._events.done(command.id, result)

    def connect(self, command: Command) -> Awaitable[None]:
        name = command.text("session")
        if name in self._sessions:
            raise bad("the session's name is taken")
        wish = command.wish
        mode = Mode()
        mode.set(echo=command.flag("echo"), read=command.flag("read") is not False)
        asked = self._sessions[name] = Asked(mode)

        async def establish() -> None:
            try:
                async with asyncio.timeout(GIVE_UP_S):
                    connected = await self._stack.connect(self._settings, wish)
            except BaseException:
                asked.give_up(name)
                raise
            self._begin(name, connected, asked)

        return establish()

    def _begin(self, name: str, connected: Connected, asked: Asked) -> None:
        live = Live(name, connected.session, self._events, asked.mode, self._adopt)
        self._events.emit(
            "session",
            session=name,
            status=connected.status,
            protocol=connected.protocol,
            wire_id=connected.session.wire_id,
        )
        asked.live.set_result(live)
        # Not yet running: `done` comes before what the session shows.
        self._tasks.start(application.run(live, application.Commanded()))

    def _adopt(self, stream: Stream) -> None:
        known = self._streams[stream.name] = Known()
        known.opened.set_result(stream)

    def open(self, command: Command) -> Awaitable[None]:
        asked = self._asked(command)
        kind, name = command.text("kind"), command.text("stream")
        if kind not in KINDS:
            raise bad("kind is neither uni nor bidi")
        if name in self._streams:
            raise bad("the stream's name is taken")
        known = self._streams[name] = Known()

        async def opening() -> None:
            stream = None
            try:
                async with asyncio.timeout(GIVE_UP_S):
                    live = await asyncio.shield(asked.live)
                    stream = await live.open(kind, name)
            finally:
                known.opened.set_result(stream)
            if stream.reader is not None:
                live.tasks.start(application.report(live, stream))

        return opening()

    def write(self, command: Command) -> Awaitable[None]:
        """Also `finish`: both keep their order on a stream."""
        known = self._known(command)
        data = command.payload if command.cmd == "write" else None
        finish = command.cmd == "finish" or bool(command.flag("finish"))

        async def writing() -> None:
            async with known.ordered:
                stream = await known.stream()
                await stream.send(data, finish=finish)

        return writing()

    def reset(self, command: Command) -> Awaitable[None]:
        """Overtakes what is still to be written."""
        known, code = self._known(command), command.number("code")

        async def resetting() -> None:
            stream = await known.stream()
            await stream.writer().reset(code)

        return resetting()

    def stop(self, command: Command) -> Awaitable[None]:
        known, code = self._known(command), command.number("code")

        async def stopping() -> None:
            stream = await known.stream()
            await stream.stop(code)

        return stopping()

    def datagram(self, command: Command) -> Awaitable[None]:
        data = command.payload
        return self._with(command, lambda live: live.api.send_datagram(data))

    def close(self, command: Command) -> Awaitable[None]:
        code, reason = command.number("code"), command.text("reason")
        return self._with(command, lambda live: live.api.close(code, reason))

    def drain(self, command: Command) -> Awaitable[None]:
        return self._with(command, lambda live: live.api.drain())

    def stats(self, command: Command) -> Awaitable[object]:
        return self._with(command, lambda live: live.api.stats())

    def mode(self, command: Command) -> None:
        self._asked(command).mode.set(echo=command.flag("echo"), read=command.flag("read"))
        self._events.done(command.id)

    def sync(self, _: Command) -> Awaitable[None]:
        return self._events.settle()

    def shutdown(self, command: Command) -> None:
        self._events.done(command.id)
        self._tasks.start(self.close_all())

    async def close_all(self) -> None:
        """Close every session and let it be known."""
        for asked in self._sessions.values():
            if asked.live.done() and asked.live.exception() is None:
                await _close(asked.live.result())
        await asyncio.sleep(LINGER_S)
        self.is_shut_down.set()

    def _asked(self, command: Command) -> Asked:
        name = command.text("session")
        if name not in self._sessions:
            raise unknown("session", name)
        return self._sessions[name]

    def _known(self, command: Command) -> Known:
        name = command.text("stream")
        if name not in self._streams:
            raise unknown("stream", name)
        return self._streams[name]

    def _with(self, command: Command, call: Callable[[Live], Awaitable[T]]) -> Awaitable[T]:
        """Call it with the session, as soon as that is established."""
        asked = self._asked(command)

        async def calling() -> T:
            return await call(await asyncio.shield(asked.live))

        return calling()


async def _close(live: Live) -> None:
    if not live.over.is_set():
        with contextlib.suppress(Failure):
            await live.api.close(0, "")


_HANDLERS: dict[str, Callable[[Client, Command], Awaitable[object] | None]] = {
    "connect": Client.connect,
    "open": Client.open,
    "write": Client.write,
    "finish": Client.write,
    "reset": Client.reset,
    "stop": Client.stop,
    "datagram": Client.datagram,
    "mode": Client.mode,
    "close": Client.close,
    "drain": Client.drain,
    "stats": Client.stats,
    "sync": Client.sync,
    "shutdown": Client.shutdown,
}
