"""A client over HTTP: the reference fetches its commands and posts its events."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import pytest

from wtspec.implementations.listening import ListeningClient
from wtspec.implementations.reference.connecting import ClientOptions
from wtspec.implementations.reference.contract_client import ContractClient
from wtspec.implementations.reference.negotiation import Limits
from wtspec.implementations.reference.program import hello
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.interface import ApiEvent, EndpointGone, Role
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.peer.patience import FAST
from wtspec.suite.run import catalogue
from wtspec.suite.run.attempt import Control, Stage, run_case
from wtspec.suite.run.plan import cells_of
from wtspec.suite.verdict import Outcome

HELLO = {"event": "hello", "contract": 1, "name": "n", "version": "1", "dialects": ["h3-16"]}


@pytest.fixture
def control() -> tuple[str, int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return "127.0.0.1", port


async def ask(control: tuple[str, int], method: str, path: str, body: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection(*control)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        writer.write(head.encode() + body)
        return await reader.read()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def lines(*events: Mapping[str, object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


@asynccontextmanager
async def started(control: tuple[str, int]) -> AsyncIterator[ListeningClient]:
    client = ListeningClient(control)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.start(5))
        answer = b""
        while b"204" not in answer:
            with suppress(ConnectionRefusedError):
                answer = await ask(control, "POST", "/events", lines(HELLO))
        await waiting
    try:
        yield client
    finally:
        await client.stop()


@pytest.mark.asyncio
async def test_commands_go_out_and_events_come_in(control: tuple[str, int]) -> None:
    async with started(control) as client:
        assert client.hello.name == "n"
        seen: list[ApiEvent] = []
        end = client.subscribe(seen.append)
        client.command({"id": 1, "cmd": "sync"})
        client.command({"id": 2, "cmd": "shutdown"})
        answer = await ask(control, "GET", "/commands")
        sent = [json.loads(line)["id"] for line in answer.partition(b"\r\n\r\n")[2].splitlines()]
        assert sent == [1, 2]
        body = lines({"event": "done", "id": 1}) + b"no event\n"
        assert b"204" in await ask(control, "POST", "/events", body)
        assert [(one.name, one.fields) for one in seen] == [("done", {"id": 1})]
        end()
        await ask(control, "POST", "/events", body)
        assert len(seen) == 1


@pytest.mark.asyncio
async def test_a_command_answers_whoever_asked_before_it(control: tuple[str, int]) -> None:
    async with started(control) as client:
        asking = asyncio.create_task(ask(control, "GET", "/commands"))
        await ask(control, "OPTIONS", "/commands")
        client.command({"id": 7, "cmd": "sync"})
        assert b'"id":7' in await asking


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_line", "wanted"),
    [(("GET", "/"), b"404"), (("PUT", "/events"), b"404"), (("OPTIONS", "/x"), b"Allow-Origin: *")],
)
async def test_other_requests(
    control: tuple[str, int], request_line: tuple[str, str], wanted: bytes
) -> None:
    async with started(control):
        assert wanted in await ask(control, *request_line)


@pytest.mark.asyncio
async def test_what_is_no_http_is_dropped(control: tuple[str, int]) -> None:
    async with started(control):
        for garbage in (b"hi\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\0"):
            reader, writer = await asyncio.open_connection(*control)
            writer.write(garbage)
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()


@pytest.mark.asyncio
async def test_nobody_comes(control: tuple[str, int]) -> None:
    with pytest.raises(EndpointGone, match="no client said hello"):
        await ListeningClient(control).start(0.01)


@pytest.mark.asyncio
async def test_the_first_event_must_be_hello(control: tuple[str, int]) -> None:
    client = ListeningClient(control)
    waiting = asyncio.create_task(client.start(5))
    answer = b""
    while b"204" not in answer:
        with suppress(ConnectionRefusedError):
            answer = await ask(control, "POST", "/events", lines({"event": "done"}))
    with pytest.raises(EndpointGone, match="not 'hello'"):
        await waiting


@asynccontextmanager
async def reference(control: tuple[str, int]) -> AsyncIterator[None]:
    """The reference as such a client."""
    spoken = (dialect("h3-16"),)
    posts: asyncio.Queue[bytes] = asyncio.Queue()

    def emit(name: str, fields: Mapping[str, object]) -> None:
        posts.put_nowait(lines({"event": name, **fields}))

    program = ContractClient(UdpNetwork(), ClientOptions(dialects=spoken, limits=Limits()), emit)
    emit("hello", hello(spoken, Limits()))

    async def post() -> None:
        while True:
            line = await posts.get()
            while b"204" not in await quietly(ask, control, "POST", "/events", line):
                pass

    async def fetch() -> None:
        while True:
            answer = await quietly(ask, control, "GET", "/commands")
            for line in answer.partition(b"\r\n\r\n")[2].splitlines():
                program.execute(json.loads(line))

    tasks = [asyncio.create_task(post()), asyncio.create_task(fetch())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await program.client.close()


async def quietly(call: Callable[..., object], *given: object) -> bytes:
    try:
        return await call(*given)  # type: ignore[misc,no-any-return]  # `ask`, by its only name
    except OSError:
        return b""


@pytest.mark.asyncio
async def test_cases_run_against_it(control: tuple[str, int]) -> None:
    found = catalogue.load()
    (cell,) = cells_of(found["setup/echo"], [Role.CLIENT], [dialect("h3-16")])
    root = cell.control(found)
    assert root is not None
    client = ListeningClient(control)
    async with reference(control):
        await client.start(5)
        stage = Stage(client, UdpNetwork(), FAST)
        first = await run_case(root, stage)
        assert first.outcome is Outcome.PASS, first.verdict
        second = await run_case(cell, stage, Control(root, first))
        assert second.outcome is Outcome.PASS, second.verdict
        await client.stop()
