"""An established session in either role, with its application."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from contract.events import Events
from contract.stack import Failure, Halves, Over, SendHalf, Session
from contract.streams import Reader, Stream
from contract.tasks import Tasks


@dataclass(slots=True)
class Mode:
    """What the `mode` command changes."""

    echo: bool = False
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, *, echo: bool | None, read: bool | None) -> None:
        """None leaves it as it is."""
        if echo is not None:
            self.echo = echo
        if read is not None:
            (self.reading.set if read else self.reading.clear)()


class Live:
    """A session that runs. `adopt` hears of the peer's streams before their event is printed."""

    def __init__(
        self,
        name: str,
        api: Session,
        events: Events,
        mode: Mode,
        adopt: Callable[[Stream], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.api = api
        self.events = events
        self.mode = mode
        self.tasks = Tasks()
        self.over = asyncio.Event()
        self._adopt = adopt
        self._waiting = Tasks()

    async def serve(
        self,
        take: Callable[[Stream], Awaitable[None]],
        datagram: Callable[[bytes], Awaitable[None]] | None,
    ) -> None:
        """Hand out the peer's streams and datagrams until the session is over and reported."""
        self._waiting.start(self._accept(take))
        self._waiting.start(self._watch_draining())
        if datagram is not None:
            self._waiting.start(self._receive(datagram))
        closure = await self.api.closed()
        self.events.emit(
            "closed",
            session=self.name,
            code=closure.code,
            reason=closure.reason,
            by=closure.by,
            clean=closure.clean,
            wire_id=self.api.wire_id,
        )
        self.over.set()
        self._waiting.cancel()

    async def open(self, kind: str, name: str | None = None) -> Stream:
        """Open a stream and announce it; raises Failure."""
        halves = await self.api.open(is_bidi=kind == "bidi")
        return self._announce(halves, name or self.events.stream_name(), kind, "local")

    async def send_datagram(self, data: bytes) -> None:
        """As an application does, which goes on without it."""
        try:
            await self.api.send_datagram(data)
        except Failure as failure:
            self.events.log(f"datagram of {len(data)} bytes: {failure}")

    async def _accept(self, take: Callable[[Stream], Awaitable[None]]) -> None:
        async def taken(stream: Stream) -> None:
            await take(stream)

        while True:
            try:
                halves = await self.api.accept()
            except Over:
                return
            kind = "uni" if halves.send is None else "bidi"
            stream = self._announce(halves, self.events.stream_name(), kind, "peer")
            self.tasks.start(taken(stream))

    async def _receive(self, datagram: Callable[[bytes], Awaitable[None]]) -> None:
        while True:
            await self.mode.reading.wait()
            try:
                data = await self.api.receive_datagram()
            except Over:
                return
            self.events.datagram(self.name, data)
            await datagram(data)

    async def _watch_draining(self) -> None:
        try:
            await self.api.draining()
        except Over:
            return
        self.events.emit("draining", session=self.name)

    def _announce(self, halves: Halves, name: str, kind: str, by: str) -> Stream:
        reader = None
        if halves.receive is not None:
            reader = Reader(halves.receive, name, self.events, self.mode.reading)
        stream = Stream(name, halves.send, reader)
        half = halves.send or halves.receive
        if by == "peer":
            self._adopt(stream)
        self.events.emit(
            "stream",
            session=self.name,
            stream=name,
            kind=kind,
            by=by,
            wire_id=half.wire_id if half is not None else None,
        )
        if halves.send is not None:
            self._waiting.start(self._watch_stop(stream, halves.send))
        return stream

    async def _watch_stop(self, stream: Stream, half: SendHalf) -> None:
        try:
            stream.stop_code = await half.stopped()
        except Over:
            return
        self.events.emit("stopped", stream=stream.name, code=stream.stop_code, wire_id=half.wire_id)
        stream.stop_asked.set()
