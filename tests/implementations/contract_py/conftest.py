"""A library that exists in memory only, and the program of the contract around it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

import pytest

from contract import application, settings
from contract.client import Client
from contract.commands import parse
from contract.events import Events
from contract.inbox import Inbox
from contract.server import Server
from contract.session import Live, Mode
from contract.stack import Closure, Connected, Failure, Halves, Head, Offer, Over, Wish

LIMIT_S = 5.0


class FakeStream:
    """Both halves; `blocks`: a write waits until `credit` is set."""

    def __init__(self, wire_id: int) -> None:
        self.wire_id = wire_id
        self.received: Inbox[bytes] = Inbox()
        self.credit = asyncio.Event()
        self.credit.set()
        self.did: list[object] = []
        self.stop_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def write(self, data: bytes) -> None:
        await self.credit.wait()
        self.did.append(data)

    async def finish(self) -> None:
        self.did.append("fin")

    async def reset(self, code: int) -> None:
        self.did.append(("reset", code))

    async def stop(self, code: int) -> None:
        self.did.append(("stop", code))

    async def read(self) -> bytes:
        return await self.received.get()

    async def stopped(self) -> int:
        return await asyncio.shield(self.stop_code)


class FakeSession:
    wire_id = 0

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.incoming: Inbox[Halves] = Inbox()
        self.datagrams: Inbox[bytes] = Inbox()
        self.opened: list[FakeStream] = []
        self.did: list[object] = []
        self.end: asyncio.Future[Closure] = loop.create_future()
        self.drain_asked: asyncio.Future[None] = loop.create_future()

    def peer_opens(self, *, is_bidi: bool) -> FakeStream:
        stream = FakeStream(4)
        self.incoming.put(Halves(stream if is_bidi else None, stream))
        return stream

    def peer_closes(self, closure: Closure) -> None:
        self.end.set_result(closure)
        self.incoming.end(Over())
        self.datagrams.end(Over())

    async def accept(self) -> Halves:
        return await self.incoming.get()

    async def open(self, *, is_bidi: bool) -> Halves:
        stream = FakeStream(1)
        self.opened.append(stream)
        return Halves(stream, stream if is_bidi else None)

    async def send_datagram(self, data: bytes) -> None:
        if len(data) > 1000:
            raise Failure("TooLarge", f"{len(data)} bytes")
        self.did.append(data)

    async def receive_datagram(self) -> bytes:
        return await self.datagrams.get()

    async def close(self, code: int, reason: str) -> None:
        self.did.append(("close", code, reason))

    async def drain(self) -> None:
        self.did.append("drain")

    async def draining(self) -> None:
        await asyncio.shield(self.drain_asked)

    async def closed(self) -> Closure:
        return await asyncio.shield(self.end)

    async def stats(self) -> Mapping[str, object]:
        return {"rtt_ms": 5}


class FakeRequest:
    def __init__(self, head: Head) -> None:
        self.head = head
        self.answered: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self.session = FakeSession()

    async def accept(self, protocol: str | None) -> FakeSession:
        self.answered.set_result(protocol)
        return self.session

    async def refuse(self, status: int, headers: Mapping[str, str]) -> None:
        self.answered.set_result((status, dict(headers)))


class FakeStack:
    """Its sessions are established when `answers` has one; an exception there is raised."""

    name = "fake"
    version = "1"
    api = "memory"

    def __init__(self) -> None:
        self.answers: Inbox[FakeSession | Exception] = Inbox()
        self.wishes: list[Wish] = []

    def offer(self, _: object) -> Offer:
        return Offer(["h3-16"], ["bidi"], ["drain"])

    async def listen(self, *_: object) -> None:
        """It hears nothing."""

    async def connect(self, _: object, wish: Wish) -> Connected:
        self.wishes.append(wish)
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return Connected(answer, 200, "chat")

    async def close(self) -> None:
        """It holds nothing."""


class Seen:
    """The events that were printed."""

    def __init__(self) -> None:
        self.all: list[dict[str, object]] = []
        self.events = Events(lambda line: self.all.append(json.loads(line)))

    def named(self, event: str) -> list[dict[str, object]]:
        return [one for one in self.all if one["event"] == event]

    async def wait(self, event: str, count: int = 1) -> dict[str, object]:
        await until(lambda: len(self.named(event)) >= count)
        return self.named(event)[count - 1]


async def until(condition: Callable[[], object]) -> None:
    """Let the program run until it is so: it has no sign for each of its steps."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)


class Running:
    """A session with an application, and what was printed of it."""

    def __init__(self, wanted: application.Application) -> None:
        self.seen = Seen()
        self.session = FakeSession()
        self.mode = Mode()
        self.mode.set(echo=None, read=True)
        self.live = Live("s", self.session, self.seen.events, self.mode)
        self.serving = asyncio.ensure_future(application.run(self.live, wanted))

    async def over(self) -> None:
        self.session.peer_closes(Closure(7, "done", "peer", clean=True))
        await asyncio.wait_for(self.serving, LIMIT_S)


class Commanding:
    """A client that is commanded."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.stack = FakeStack()
        wanted = settings.read({"WT_ROLE": "client"})
        self.client = Client(self.stack, wanted, self.stack.offer(wanted), self.seen.events)
        self._numbers = 0

    def tell(self, cmd: str, **fields: object) -> int:
        self._numbers += 1
        line = json.dumps({"id": self._numbers, "cmd": cmd, **fields})
        self.client.execute(parse(line.encode()))
        return self._numbers

    async def answer(self, number: int) -> dict[str, object]:
        def found() -> list[dict[str, object]]:
            return [one for one in self.seen.all if one.get("id") == number]

        await until(found)
        return found()[0]

    async def do(self, cmd: str, **fields: object) -> dict[str, object]:
        return await self.answer(self.tell(cmd, **fields))

    async def session(self, **fields: object) -> FakeSession:
        session = FakeSession()
        self.stack.answers.put(session)
        assert (await self.do("connect", session="s", **fields))["event"] == "done"
        return session


class Serving:
    """A server that is asked for sessions."""

    def __init__(self) -> None:
        self.seen = Seen()
        wanted = settings.read({"WT_ROLE": "server", "WT_PROTOCOLS": "a b"})
        self._server = Server(self.seen.events, wanted, ["/close"])

    async def ask(self, head: Head) -> tuple[object, FakeSession]:
        """How the request was answered, and the session that it was for."""
        request = FakeRequest(head)
        self._server.take(request)
        return await asyncio.wait_for(request.answered, LIMIT_S), request.session


@pytest.fixture
def run() -> Callable[[application.Application], Running]:
    """Run an application in a session of its own."""
    return Running


@pytest.fixture
def command() -> Callable[[], Commanding]:
    return Commanding


@pytest.fixture
def serve() -> Callable[[], Serving]:
    return Serving


@pytest.fixture(name="until")
def waiting() -> Callable[[Callable[[], object]], Awaitable[None]]:
    return until


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()
