"""Sessions of pywebtransport, and the events of their connection that concern them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict

from pywebtransport import (
    Event,
    WebTransportBidirectionalStream,
    WebTransportConnection,
    WebTransportReceiveStream,
    WebTransportSession,
)
from pywebtransport.types import EventType

from contract.inbox import Inbox
from contract.stack import By, Closure, Ended, Failure, Halves, How, Over
from contract.tasks import Tasks
from pywebtransport_endpoint.streams import Receiver, Sender, Signals, calling

LOST = Closure(by="transport", clean=False)


class Session:
    """`connection` routes the events to it."""

    def __init__(self, api: WebTransportSession, tasks: Tasks) -> None:
        loop = asyncio.get_running_loop()
        self._api = api
        self._tasks = tasks
        self._signals: dict[int, Signals] = {}
        self._incoming: Inbox[Halves] = Inbox()
        self._closure: asyncio.Future[Closure] = loop.create_future()
        self._draining: asyncio.Future[None] = loop.create_future()
        self._closed_by_us = False
        self.wire_id = api.session_id
        tasks.start(self._take(api.incoming_bidirectional_streams()))
        tasks.start(self._take(api.incoming_unidirectional_streams()))

    # What the application asks for.

    async def accept(self) -> Halves:
        return await self._incoming.get()

    async def open(self, *, is_bidi: bool) -> Halves:
        with calling():
            if is_bidi:
                return self._bidi(await self._api.create_bidirectional_stream())
            stream = await self._api.create_unidirectional_stream()
        return Halves(Sender(stream, self._of(stream.stream_id)), None)

    async def send_datagram(self, data: bytes) -> None:
        with calling():
            await self._api.send_datagram(data=data)

    async def receive_datagram(self) -> bytes:
        try:
            with calling():
                return bytes(await self._api.read_datagram())
        except Failure as failure:
            raise Over from failure

    async def close(self, code: int, reason: str) -> None:
        self._closed_by_us = True
        await self._api.close(error_code=code, reason=reason)

    async def drain(self) -> None:
        """The API drains a connection with all its sessions, and closes it after the last one."""
        self._tasks.start(self._api.connection.close_gracefully())

    async def draining(self) -> None:
        await asyncio.shield(self._draining)

    async def closed(self) -> Closure:
        return await asyncio.shield(self._closure)

    async def stats(self) -> Mapping[str, object]:
        with calling():
            found = asdict(await self._api.diagnose())
        return {name: value for name, value in found.items() if isinstance(value, int)}

    # What the events of the connection tell.

    def on_drain(self) -> None:
        if not self._draining.done():
            self._draining.set_result(None)

    def on_stop(self, stream_id: int, code: int | None) -> None:
        self._of(stream_id).on_stop(code)

    def on_reset(self, stream_id: int, code: int | None) -> None:
        self._of(stream_id).reset = Ended("reset", code)

    def end(self, closure: Closure, how: How) -> None:
        """The first end counts; `how` it shows on streams."""
        if self._closure.done():
            return
        for signals in self._signals.values():
            signals.over = Ended(how)
        self._closure.set_result(closure)
        self._incoming.end(Over())

    def on_closed(self, code: int | None, reason: str | None) -> None:
        """The API tells a reset or a lost connection like a peer's close, with HTTP/3's codes."""
        by: By | None = "local" if self._closed_by_us else None
        self.end(Closure(code, reason or "", by), "session")

    async def _take(
        self,
        streams: AsyncIterator[WebTransportBidirectionalStream]
        | AsyncIterator[WebTransportReceiveStream],
    ) -> None:
        async for stream in streams:
            if isinstance(stream, WebTransportBidirectionalStream):
                self._incoming.put(self._bidi(stream))
            else:
                receiver = Receiver(stream, self._of(stream.stream_id))
                self._incoming.put(Halves(None, receiver))

    def _bidi(self, stream: WebTransportBidirectionalStream) -> Halves:
        signals = self._of(stream.stream_id)
        return Halves(Sender(stream, signals), Receiver(stream, signals))

    def _of(self, stream_id: int) -> Signals:
        return self._signals.setdefault(stream_id, Signals())


class Sessions:
    """The sessions of one connection, and its events, which tell what becomes of them."""

    def __init__(self, connection: WebTransportConnection) -> None:
        self.connection = connection
        self._sessions: dict[int, Session] = {}
        self._tasks = Tasks()
        on = connection.events.on
        on(event_type=EventType.SESSION_CLOSED, handler=self._on_closed)
        on(event_type=EventType.SESSION_DRAINING, handler=self._on_draining)
        on(event_type=EventType.STREAM_STOP_SENDING_RECEIVED, handler=self._on_stop)
        on(event_type=EventType.STREAM_RESET_RECEIVED, handler=self._on_reset)
        on(event_type=EventType.CONNECTION_CLOSED, handler=self._on_lost)

    def add(self, api: WebTransportSession) -> Session:
        """Without a pause after the library has given it, so that no event is missed."""
        session = self._sessions[api.session_id] = Session(api, self._tasks)
        return session

    def _on_closed(self, event: Event) -> None:
        data = event.data or {}
        if (session := self._sessions.pop(data["session_id"], None)) is not None:
            session.on_closed(data.get("error_code"), data.get("reason"))

    def _on_draining(self, event: Event) -> None:
        data = event.data or {}
        if (session := self._sessions.get(data["session_id"])) is not None:
            session.on_drain()

    def _on_stop(self, event: Event) -> None:
        data = event.data or {}
        for session in self._sessions.values():
            session.on_stop(data["stream_id"], data.get("error_code"))

    def _on_reset(self, event: Event) -> None:
        data = event.data or {}
        for session in self._sessions.values():
            session.on_reset(data["stream_id"], data.get("error_code"))

    def _on_lost(self, _: Event) -> None:
        for session in self._sessions.values():
            session.end(LOST, "lost")
