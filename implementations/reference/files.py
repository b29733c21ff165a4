"""Files over a session, as quic-interop-runner's WebTransport mode has them.

`GET name` asks, on a stream of either kind or in a datagram. The answer comes on the same
bidirectional stream, or as `PUSH name`, a line feed and the bytes on a unidirectional stream or in
a datagram of its own.
"""

import asyncio
from contextlib import suppress
from pathlib import Path, PurePosixPath

from wtspec.implementations.reference.errors import SessionEnded, StreamReset, WebTransportError
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import (
    BidirectionalStream,
    ReceiveStream,
)

_GET = b"GET "
_PUSH = b"PUSH "
_NO_SUCH_FILE = 404
# Receivers may drop datagrams that come faster than they are read, and nobody sends them again.
_BETWEEN_DATAGRAMS_S = 0.01


class Files:
    """What is in `www` is there for the other side; what it sends is kept in `downloads`."""

    def __init__(self, session: Session, www: Path, downloads: Path) -> None:
        self._session = session
        self._www = www
        self._downloads = downloads

    async def answer(self) -> None:
        """Whatever is asked for, until the session is over."""
        async with asyncio.TaskGroup() as group:

            async def bidirectional() -> None:
                async for stream in self._session.incoming_bidirectional_streams:
                    group.create_task(self._answered(stream))

            async def unidirectional() -> None:
                async for stream in self._session.incoming_unidirectional_streams:
                    group.create_task(self._pushed(stream))

            async def datagrams() -> None:
                async for data in self._session.datagrams:
                    if (name := _name(_GET, data)) and (held := self._held(name)) is not None:
                        self._session.datagrams.send(_push(name) + held)

            for one in (bidirectional, unidirectional, datagrams):
                group.create_task(one())

    async def fetch(self, kind: str, names: list[str]) -> None:
        """Ask for all of them at once, and keep them."""
        self._downloads.mkdir(parents=True, exist_ok=True)
        how = {
            "bidirectional": self._fetch_bidirectional,
            "unidirectional": self._fetch_unidirectional,
            "datagram": self._fetch_datagrams,
        }
        await how[kind](names)

    async def _fetch_bidirectional(self, names: list[str]) -> None:
        async def one(name: str) -> None:
            stream = await self._session.create_bidirectional_stream()
            await stream.writable.write(_GET + name.encode())
            await stream.writable.finish()
            self._keep(name, await stream.readable.read_all())

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(one(name))

    async def _fetch_unidirectional(self, names: list[str]) -> None:
        async def ask(name: str) -> None:
            stream = await self._session.create_unidirectional_stream()
            await stream.write(_GET + name.encode())
            await stream.finish()

        async def take() -> None:
            stream = await self._session.accept_unidirectional_stream()
            self._keep_pushed(await stream.read_all())

        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(ask(name))
                group.create_task(take())

    async def _fetch_datagrams(self, names: list[str]) -> None:
        async def ask() -> None:
            for name in names:
                self._session.datagrams.send(_GET + name.encode())
                await asyncio.sleep(_BETWEEN_DATAGRAMS_S)

        async with asyncio.TaskGroup() as group:
            group.create_task(ask())
            for _ in names:
                self._keep_pushed(await self._session.datagrams.receive())

    async def _answered(self, stream: BidirectionalStream) -> None:
        with suppress(WebTransportError):
            name = _name(_GET, await stream.readable.read_all())
            if name is None or (held := self._held(name)) is None:
                stream.writable.reset(_NO_SUCH_FILE)
                return
            await stream.writable.write(held)
            await stream.writable.finish()

    async def _pushed(self, stream: ReceiveStream) -> None:
        with suppress(StreamReset, SessionEnded):
            name = _name(_GET, await stream.read_all())
            if name is not None and (held := self._held(name)) is not None:
                answer = await self._session.create_unidirectional_stream()
                await answer.write(_push(name) + held)
                await answer.finish()

    def _held(self, name: str) -> bytes | None:
        """None for what is no file of ours."""
        path = self._www / _plain(name)
        return path.read_bytes() if path.is_file() else None

    def _keep_pushed(self, data: bytes) -> None:
        head, _, held = data.partition(b"\n")
        if (name := _name(_PUSH, head)) is not None:
            self._keep(name, held)

    def _keep(self, name: str, data: bytes) -> None:
        (self._downloads / _plain(name)).write_bytes(data)


def _name(verb: bytes, data: bytes) -> str | None:
    """What follows the verb; None where something else was said."""
    if not data.startswith(verb):
        return None
    return data.removeprefix(verb).decode(errors="replace").strip() or None


def _push(name: str) -> bytes:
    return _PUSH + _plain(name).encode() + b"\n"


def _plain(name: str) -> str:
    """Its last part: folders are the session's."""
    return PurePosixPath(name).name
