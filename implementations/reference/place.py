"""One session of the contract program, and what its application may use."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.reporting import Reporter
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import (
    BidirectionalStream,
    ReceiveStream,
    SendStream,
)

Begin = Callable[["Place"], Coroutine[Any, Any, None]]
OnBidirectional = Callable[["Place", BidirectionalStream, str], Coroutine[Any, Any, None]]
OnUnidirectional = Callable[["Place", ReceiveStream, str], Coroutine[Any, Any, None]]
OnDatagram = Callable[["Place", bytes], None]


@dataclass(frozen=True, slots=True)
class Application:
    """What is done as the session begins, and with what the peer opens and sends.

    Streams have been reported when they come here, with the name they were reported under. Without
    `datagram` none is read.
    """

    begin: Begin
    bidirectional: OnBidirectional
    unidirectional: OnUnidirectional
    datagram: OnDatagram | None


class Place:
    """A session, its name, and its application at work."""

    def __init__(
        self, session: Session, name: str, reporter: Reporter, rules: Rules, life: Life
    ) -> None:
        self.session = session
        self.name = name
        self.reporter = reporter
        self.rules = rules
        self._life = life

    def run(self, application: Application) -> None:
        """Report and serve the session until it ends."""
        self.spawn(self.reporter.draining(self.session, self.name))
        if not self.rules.application.takes_waiting_streams():
            self.session.forget_waiting_streams()
        self.spawn(self._take_bidirectional(application.bidirectional))
        self.spawn(self._take_unidirectional(application.unidirectional))
        if application.datagram is not None:
            self.spawn(self._take_datagrams(application.datagram))
        self.spawn(application.begin(self))
        self.spawn(self.reporter.closing(self.session, self.name))

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Do `work` beside everything else."""
        self._life.spawn(work)

    def stopping(self, stream: SendStream, name: str) -> None:
        """Report if the peer asks this stream to stop."""
        self.spawn(self.reporter.stopping(stream, name))

    async def discard(self, _: bytes) -> None:
        """Drop what was read."""

    async def open_uni(self) -> SendStream:
        """A stream of ours to send on, reported."""
        stream = await self.session.create_unidirectional_stream()
        name = self.reporter.new_name("stream")
        self.reporter.stream(self.name, name, "uni", "local", stream.stream_id)
        self.stopping(stream, name)
        return stream

    async def open_bidi(self) -> BidirectionalStream:
        """A stream of ours of both directions, reported; what comes back is read and dropped."""
        stream = await self.session.create_bidirectional_stream()
        name = self.reporter.new_name("stream")
        self.reporter.stream(self.name, name, "bidi", "local", stream.stream_id)
        self.stopping(stream.writable, name)
        self.spawn(self.reporter.reading(stream.readable, name, self.discard))
        return stream

    async def _take_bidirectional(self, serve: OnBidirectional) -> None:
        async for stream in self.session.incoming_bidirectional_streams:
            name = self.reporter.new_name("stream")
            self.reporter.stream(self.name, name, "bidi", "peer", stream.stream_id)
            await self._serve(serve(self, stream, name))

    async def _take_unidirectional(self, serve: OnUnidirectional) -> None:
        async for stream in self.session.incoming_unidirectional_streams:
            name = self.reporter.new_name("stream")
            self.reporter.stream(self.name, name, "uni", "peer", stream.stream_id)
            await self._serve(serve(self, stream, name))

    async def _serve(self, work: Coroutine[Any, Any, object]) -> None:
        if self.rules.application.serves_at_once():
            self.spawn(work)
        else:
            with suppress(WebTransportError):
                await work

    async def _take_datagrams(self, serve: OnDatagram) -> None:
        async for data in self.session.datagrams:
            self.reporter.datagram(self.name, data)
            serve(self, data)
