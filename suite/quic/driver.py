"""Drives an engine: packets in and out of a link, the timer, and events to the owner in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

from aioquic.quic import events as library

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.link import Addr, Link
from wtspec.suite.quic.events import Closed, Event, HandshakeCompleted, StopSending
from wtspec.suite.quic.shim import Engine
from wtspec.suite.quic.translate import translate

_SHORTEST_TICK_S = 1e-6  # the library's loss timer may ask for the instant at which it just fired


class State(Enum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    CLOSED = "closed"


class Driver:
    """The only place that sends. `on_end` frees the link, once, when nothing more can happen;
    `on_route` is told which connection IDs lead here and which no longer do.
    """

    def __init__(
        self,
        engine: Engine,
        link: Link,
        *,
        on_end: Callable[[], None],
        on_route: Callable[[bytes, bool], None] | None = None,
        capture: Capture | None = None,
    ) -> None:
        self.on_event: Callable[[Event], None] | None = None
        self.failure: Exception | None = None
        self.state = State.CONNECTING
        self.link = link
        self.capture = capture
        self.loop = asyncio.get_running_loop()
        self._engine = engine
        self._on_end: Callable[[], None] | None = on_end
        self._on_route = on_route
        self._events: deque[Event] = deque()
        self._is_delivering = False
        self._is_mute = False
        self._flush_handle: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._farewell: list[tuple[bytes, Addr]] = []
        self._strays = 0

    def start(self, address: Addr) -> None:
        self._engine.connect(address, self.loop.time())
        self.flush()

    def receive(self, data: bytes, source: Addr) -> None:
        """Take a datagram from the link."""
        if self._is_mute:
            return
        now = self.loop.time()
        if self.capture is not None:
            self.capture.add(now, source, self.link.local, data)
        if self.state is State.CLOSED:
            self._repeat_farewell()
            return
        if not self._engine.notice_stateless_reset(data):
            self._engine.receive_datagram(data, source, now)
        self._deliver()
        if self._flush_handle is None:
            self._flush_handle = self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is queued; what two flushes send is never in one packet."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if self._is_mute or self._engine.get_peer_address() is None:
            return
        datagrams = self._engine.datagrams_to_send(self.loop.time())
        if self._engine.closer == "local" and not self._farewell:
            self._farewell = datagrams
        for data, address in datagrams:
            self._transmit(data, address)
        self._deliver()
        self._arm()

    def transmit(self, data: bytes) -> None:
        """Send a datagram that the engine knows nothing of."""
        address = self._engine.get_peer_address()
        if address is not None and not self._is_mute:
            self._transmit(data, address)

    def _transmit(self, data: bytes, address: Addr) -> None:
        if self.capture is not None:
            self.capture.add(self.loop.time(), self.link.local, address, data)
        self.link.send(data, address)

    def _repeat_farewell(self) -> None:
        """The close may have been lost: say it again, to ever fewer packets (RFC 9000 10.2.1)."""
        self._strays += 1
        if self._strays & (self._strays - 1) == 0:
            for data, address in self._farewell:
                self._transmit(data, address)

    def _deliver(self) -> None:
        while (raw := self._engine.next_event()) is not None:
            self._route(raw)
            event = translate(self._engine, raw)
            if event is not None:
                self._note(event)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._events and self.on_event is not None:
                self._tell(self.on_event, self._events.popleft())
        finally:
            self._is_delivering = False

    def _tell(self, on_event: Callable[[Event], None], event: Event) -> None:
        try:
            on_event(event)
        except Exception as error:  # noqa: BLE001 - whatever the owner did wrong must surface
            self.failure = self.failure or error
            context = {"message": f"{event!r} was not taken", "exception": error}
            self.loop.call_exception_handler(context)
        if isinstance(event, StopSending) and self._engine.options.answers_stops:
            self._engine.answer_stop(event.stream_id)

    def _note(self, event: Event) -> None:
        if isinstance(event, HandshakeCompleted):
            self.state = State.CONNECTED
        elif isinstance(event, Closed):
            self.state = State.CLOSED
        self._events.append(event)

    def _route(self, event: library.QuicEvent) -> None:
        if self._on_route is None:
            return
        if isinstance(event, library.ConnectionIdIssued):
            self._on_route(event.connection_id, True)
        elif isinstance(event, library.ConnectionIdRetired):
            self._on_route(event.connection_id, False)

    def _arm(self) -> None:
        """Have the timer fire no later than the engine asks; a timer that is early just looks."""
        at = self._engine.get_timer()
        if at is None:
            self.release()
            return
        at = max(at, self.loop.time() + _SHORTEST_TICK_S)
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        at, now = self._engine.get_timer(), self.loop.time()
        if at is not None and at <= now + _SHORTEST_TICK_S:
            self._engine.handle_timer(max(at, now))
            self._deliver()
            self.flush()
        else:
            self._arm()

    def abandon(self) -> None:
        self._is_mute = True
        for handle in (self._timer, self._flush_handle):
            if handle is not None:
                handle.cancel()

    @property
    def is_released(self) -> bool:
        return self._on_end is None

    def release(self) -> None:
        self.abandon()
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()
