"""A client that somebody else starts: it fetches its commands and posts its events over HTTP.

`GET /commands` answers with the commands that wait, one JSON object a line, as soon as there is
one, or with none after a while: the client asks again. `POST /events` takes any number of events,
one a line, the first of all being `hello`. Both allow any origin, so that a page can be such a
client.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from wtspec.implementations.listeners import Listener, Listeners
from wtspec.suite.endpoint import contract
from wtspec.suite.endpoint.interface import (
    Addr,
    EndpointGone,
    EndpointMisuse,
    Hello,
    Role,
)

_HEAD_LIMIT_BYTES = 64 * 1024
_BODY_LIMIT_BYTES = 16 << 20
_POLL_S = 20.0
# A client that lets commands lie for longer than this is not there any more.
_PATIENCE_S = 40.0
_CORS = (
    "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST\r\n"
    "Access-Control-Allow-Headers: *\r\n"
)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: bytes


class ListeningClient:
    """An `Endpoint` whose commands and events travel over a small HTTP server of ours.

    `hello`: what an earlier group of cells was told; the client says it only once.
    """

    role = Role.CLIENT
    shows_events = True

    def __init__(self, control: Addr, hello: Hello | None = None) -> None:
        self.address: Addr = (control[0], 0)
        self._control = control
        self._known = hello
        self._greeted = asyncio.Event()
        self._waiting: list[bytes] = []
        self._bell = asyncio.Event()
        self._listeners = Listeners()
        self._server: asyncio.Server | None = None
        self._asked_s = asyncio.get_running_loop().time()
        self._failure: str | None = None

    @property
    def hello(self) -> Hello:
        assert self._known is not None, "start returns after hello"
        return self._known

    async def start(self, within_s: float) -> None:
        """Open the control port and wait for `hello`; raises OSError, EndpointGone."""
        self._server = await asyncio.start_server(
            self._serve, *self._control, limit=_HEAD_LIMIT_BYTES
        )
        if self._known is None:
            try:
                await asyncio.wait_for(self._greeted.wait(), within_s)
            except TimeoutError as error:
                await self.stop()
                raise EndpointGone(f"no client said hello within {within_s:g} s") from error
        if self._failure is not None:
            await self.stop()
            raise EndpointGone(self._failure)

    def path_of(self, path: str) -> str | None:
        """Paths are ours: a client is given whole URLs."""
        return path

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(listener)

    def command(self, command: Mapping[str, object]) -> None:
        if (reason := self.ended()) is not None:
            raise EndpointGone(reason)
        if not self._waiting:
            # From now on it lets something lie.
            self._asked_s = asyncio.get_running_loop().time()
        self._waiting.append(contract.encode_command(command))
        self._bell.set()

    def ended(self) -> str | None:
        if self._failure is not None:
            return self._failure
        idle_s = asyncio.get_running_loop().time() - self._asked_s
        if self._waiting and idle_s > _PATIENCE_S:
            return f"the client has not asked for commands for {idle_s:.0f} s"
        return None

    def memory_bytes(self) -> int | None:
        """It may run anywhere."""
        return None

    async def stop(self) -> None:
        """Close the control port; the client goes on asking until somebody ends it."""
        if self._server is not None:
            self._server.close()
            self._bell.set()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            if request is not None:
                status, body = await self._answer(request)
                writer.write(_response(status, body))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # whoever asked is gone, or never spoke HTTP
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, request: _Request) -> tuple[str, bytes]:
        match request.method, request.path:
            case "GET", "/commands":
                return "200 OK", await self._commands()
            case "POST", "/events":
                for line in request.body.splitlines():
                    self._take(line)
                return "204 No Content", b""
            case "OPTIONS", _:
                return "204 No Content", b""
            case _:
                return "404 Not Found", b"GET /commands or POST /events\n"

    async def _commands(self) -> bytes:
        if not self._waiting:
            self._bell.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), _POLL_S)
        self._asked_s = asyncio.get_running_loop().time()
        lines, self._waiting = self._waiting, []
        return b"".join(lines)

    def _take(self, line: bytes) -> None:
        event = contract.decode_event(line) if len(line) <= contract.LINE_LIMIT_BYTES else None
        if event is None:
            return
        if self._known is None:
            try:
                self._known = contract.decode_hello(event)
            except EndpointMisuse as misuse:
                self._failure = str(misuse)
            self._greeted.set()
            return
        self._listeners.tell(event)


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    """One request; None for what is none, or too long to be one of ours."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    fields = {name.strip().lower(): value.strip() for name, _, value in _pairs(lines)}
    length = fields.get("content-length", "0")
    if len(words) != 3 or not length.isdecimal() or int(length) > _BODY_LIMIT_BYTES:
        return None
    body = await reader.readexactly(int(length))
    return _Request(words[0], words[1].partition("?")[0], body)


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition(":") for line in lines if line]


def _response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\n{_CORS}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
