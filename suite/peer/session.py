"""A session as a script holds it, whichever side asked for it."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from wtspec.suite.endpoint.application import Application
from wtspec.suite.endpoint.interface import ApiEvent
from wtspec.suite.peer import limits, readback
from wtspec.suite.peer.api import SessionEvents, reported
from wtspec.suite.peer.connect_stream import ConnectStream
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.interruption import (
    EndScript,
    HarnessError,
    NotApplicable,
    PremiseMissing,
)
from wtspec.suite.peer.observations import fact
from wtspec.suite.peer.opening import Opening
from wtspec.suite.peer.raw import Raw
from wtspec.suite.peer.raw_streams import room
from wtspec.suite.peer.setup import Setup
from wtspec.suite.peer.stream import Stream, collect
from wtspec.suite.signal import (
    Absent,
    CapsuleSeen,
    ConnectionClosed,
    Established,
    Fin,
    Observed,
    Reaction,
    Reset,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire.capsule import CloseSession, DrainSession
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamKind

T = TypeVar("T")

DATAGRAM_TRIES = 5
BARRIER_BYTES = b"barrier"


class Side(Protocol):
    """How a session comes about: we ask for it, or a client does.

    `authority` is the server's, as a URL has it.
    """

    @property
    def authority(self) -> str: ...

    async def begun(self, session: "Session") -> None:
        """Give the session its connection and CONNECT stream; raises EndScript if it has none."""

    def open(self, session: "Session") -> None:
        """Send our CONNECT, or our answer."""

    async def established(self, session: "Session") -> tuple[Signal, ...]:
        """What came of it."""


class Session:
    """`path` is the request's, with the token by which the endpoint's events are found.

    `events` are those of the endpoint's API, in order, whatever scripts were told of them.
    """

    def __init__(
        self,
        setup: Setup,
        side: Side,
        application: Application,
        opening: Opening,
        *,
        path: str,
        events: SessionEvents,
    ) -> None:
        self.application = application
        self.opening = opening
        self.path = path
        self.api = events
        self._setup = setup
        setup.session_count += 1
        self._side = side
        self._connection: Http3Connection | None = None
        self._connect_stream: ConnectStream | None = None
        self._is_open_sent = False
        self._accepted: set[int] = set()

    # How it begins

    @property
    def is_begun(self) -> bool:
        """It has its stream, and so its id."""
        return self._connect_stream is not None

    @property
    def id(self) -> int:
        """The Session ID; only once it has begun."""
        return self.connect_stream.id

    @property
    def connect_stream(self) -> ConnectStream:
        if self._connect_stream is None:
            raise HarnessError("the session has no stream yet: await session.begun()")
        return self._connect_stream

    @property
    def connection(self) -> Http3Connection:
        if self._connection is None:
            raise HarnessError("the session has no connection yet: await session.begun()")
        return self._connection

    def bind(self, connection: Http3Connection, stream: ConnectStream) -> None:
        """Its side found the stream."""
        self._connection, self._connect_stream = connection, stream

    async def begun(self) -> None:
        """Its id is fixed; nothing of ours has been sent for it. As server: the CONNECT came."""
        if self._connect_stream is None:
            await self._side.begun(self)

    async def send_opening(self) -> None:
        """Our CONNECT, or our 2xx, without waiting for what comes of it; once only."""
        await self.begun()
        if not self._is_open_sent:
            self._is_open_sent = True
            self._side.open(self)

    async def establish(self) -> Reaction:
        """Our part of the opening and what came of it; at once when the session is there."""
        try:
            await self.send_opening()
        except EndScript as end:
            return end.reaction
        return await self.outcome()

    async def refusal(self) -> Reaction:
        """What came of an opening that has to fail.

        A response may come ahead of the reset (RFC 9114 section 4.1.2), and one that answers
        before it has looked undoes that at once: such a session was never there.
        """
        reaction = await self.establish()
        if not reaction.has(Established):
            return reaction
        behind = await self.connect_stream.reaction()
        return behind if behind.has(ConnectionClosed, Reset, Stop) else reaction

    async def outcome(self) -> Reaction:
        """What came of it, whatever was sent in place of our part."""
        try:
            await self.begun()
            signals = await self._side.established(self)
        except EndScript as end:
            return end.reaction
        return Reaction("session", signals)

    async def require(self) -> "Session":
        """Establish it; the Reaction ends the script when that fails.

        Where nothing had been done before that an endpoint could mind, the premise is missing.
        """
        reaction = await self.establish()
        if not reaction.has(Established):
            if self.is_begun:
                limits.check_room(self.connection, reaction)
            if self.opening == Opening() and self._setup.is_untouched:
                raise PremiseMissing(f"a session: {reaction}")
            raise EndScript(reaction)
        # A client's SETTINGS may come after its request, and what it grants is in them.
        await self._until(self.connection.knows_settings)
        limits.check_flow_control(self._setup, self.connection)
        return self

    # What it carries

    async def open_bidi(self, *, header: bytes | Raw | None = None) -> Stream:
        """A bidirectional stream of ours; nothing is sent before its first `send`."""
        return await self._open(StreamKind.BIDI, header)

    async def open_uni(self, *, header: bytes | Raw | None = None) -> Stream:
        """A unidirectional stream of ours; nothing is sent before its first `send`."""
        return await self._open(StreamKind.UNI, header)

    async def open(self, kind: StreamKind, *, header: bytes | Raw | None = None) -> Stream:
        """Either of them."""
        return await self._open(kind, header)

    async def _open(self, kind: StreamKind, header: bytes | Raw | None) -> Stream:
        await self.begun()
        connection = self.connection
        if kind not in connection.carried:
            await room(connection, kind)
        connection.carried.add(kind)
        stream_id = connection.quic.open_stream(kind.value)
        opening = readback.header(kind, self.id) if header is None else header
        stream = Stream(connection.outlet, stream_id, kind, opening)
        if kind is StreamKind.BIDI:
            connection.reader.expect_payload(stream_id)
        return connection.add(stream)

    def streams_of_endpoint(self, kind: StreamKind | None = None) -> list[Stream]:
        """Every stream the endpoint opened in this session so far."""
        streams = self.connection.traffic(self.id).streams
        return [one for one in streams if kind is None or one.kind is kind]

    async def accept_stream(self, kind: StreamKind) -> Stream:
        """The endpoint's next stream of that kind; raises Deadline.

        A session that ends before ends the script.
        """
        await self.begun()

        def arrived() -> Stream | None:
            fresh = (one for one in self.streams_of_endpoint(kind) if one.id not in self._accepted)
            return next(fresh, None)

        def over() -> bool | None:
            gone = self.connection.closed is not None or self.connect_stream.is_over
            return True if gone or arrived() is not None else None

        await self._until(over)
        stream = arrived()
        if stream is None and over():
            raise EndScript(await self.connect_stream.reaction())
        if stream is None:
            raise self._setup.bench.overdue(f"a {kind.value} stream of the endpoint")
        self._accepted.add(stream.id)
        return stream

    async def accept_uni(self) -> Stream:
        return await self.accept_stream(StreamKind.UNI)

    async def accept_bidi(self) -> Stream:
        return await self.accept_stream(StreamKind.BIDI)

    async def send_datagram(self, data: bytes | Raw) -> bool:
        """One datagram; Raw is the whole QUIC payload. False: it has no room, or none are taken."""
        await self.begun()
        payload = data.data if isinstance(data, Raw) else readback.datagram(self.id, data)
        return self.connection.outlet.datagram(payload)

    @property
    def datagram_count(self) -> int:
        """Datagrams of the endpoint so far, capsules included."""
        return self.connection.traffic(self.id).datagram_count

    async def datagrams(self, *, within_s: float | None = None) -> Reaction:
        """The datagrams since the last call, up to one round trip after the first."""
        connection = self.connection
        inbox = connection.traffic(self.id).datagrams
        return Reaction("session", await collect(connection.outlet, inbox, within_s=within_s))

    # What an Echo gives back

    async def echo(self, data: bytes) -> Reaction:
        """The bytes and FIN on a new bidirectional stream, and what comes of them there."""
        stream = await self.open_bidi()
        await stream.send(data, finish=True)
        return await stream.reaction()

    async def echo_uni(self, data: bytes) -> Reaction:
        """The same on a unidirectional stream; the Reaction is that of the stream that answers."""
        stream = await self.open_uni()
        await stream.send(data, finish=True)
        return await (await self.accept_uni()).reaction()

    async def echo_datagram(self, data: bytes | Raw) -> Reaction:
        """A datagram and what comes back: sent again, a few times, since datagrams get lost."""
        within_s = self._setup.bench.patience.step_s / DATAGRAM_TRIES
        reaction = Reaction("session")
        for _ in range(DATAGRAM_TRIES):
            if not await self.send_datagram(data):
                raise PremiseMissing(f"the endpoint takes no datagram of {len(data)} bytes")
            reaction = await self.datagrams(within_s=within_s)
            if reaction.signals != (Silence(),):
                break
        return reaction

    async def barrier(self) -> bool:
        """An echoed stream: the endpoint has *processed* what we sent before; Echo sessions only.

        False: it did not come back, since the session is over.
        """
        reaction = await self.echo(BARRIER_BYTES)
        passed = Fin(BARRIER_BYTES) in reaction.signals
        self._setup.bench.timeline.note("barrier of the session", "passed" if passed else "failed")
        return passed

    # Capsules and fields

    async def close(self, code: int = 0, reason: bytes = b"") -> None:
        """End it as an honest side does: capsule, then FIN."""
        await self.connect_stream.send_capsules(CloseSession(code, reason), finish=True)

    async def drain(self) -> None:
        """Ask the endpoint to end it."""
        await self.connect_stream.send_capsules(DrainSession())

    async def capsule(self, capsule_name: str, *, within_s: float | None = None) -> Reaction:
        """The endpoint's capsules of that name, e.g. "MaxStreams uni", once the first is there."""

        def found() -> tuple[Signal, ...] | None:
            seen = [
                one
                for one in self.connect_stream.inbox.seen
                if isinstance(one, CapsuleSeen) and one.capsule == capsule_name
            ]
            return tuple(seen) or None

        signals = await self._until(found, within_s)
        return Reaction(self.connect_stream.place, signals or (Silence(),))

    @property
    def credit(self) -> Mapping[str, int]:
        """What the endpoint grants now: "data" (bytes), "uni", "bidi" (streams), as totals."""
        return self.connection.granted(self.connect_stream)

    def asked(self, what: str) -> int | None:
        """The first credit that the configuration asks of the endpoint."""
        return limits.asked(self._setup.configuration, what)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The endpoint's header fields: of its request, or of its final response."""
        return self.connect_stream.fields

    def observed(self, name: bytes) -> Reaction:
        """Every value of one of the endpoint's header fields; Absent when it has none.

        What differs between runs has a fixed name in it: TOKEN, AUTHORITY.
        """
        shown = name.decode("latin-1")
        values = [value.decode("latin-1") for key, value in self.fields if key == name]
        signals = tuple(Observed(shown, self._steady(value)) for value in values)
        return Reaction(self.connect_stream.place, signals or (Absent(shown),))

    def _steady(self, value: str) -> str:
        return value.replace(self.api.token, "TOKEN").replace(self._side.authority, "AUTHORITY")

    def require_stated_limits(self) -> None:
        """NotApplicable unless the endpoint says which limits it was given."""
        if self._setup.endpoint.hello.limits.initial_max_data is None:
            raise NotApplicable("the endpoint does not say which limits are in force")

    # What its API says

    async def reported(
        self, event: str, *, within_s: float | None = None, **where: object
    ) -> Reaction:
        """The API's next event of that name whose fields are as in `where`, or Silence.

        Events of a stream also have the fields of its `stream` event (kind, by).
        """
        found = await self._event(event, where, within_s)
        return Reaction("session's API", (Silence() if found is None else reported(found),))

    async def event(
        self, event: str, *, within_s: float | None = None, **where: object
    ) -> ApiEvent | None:
        """The same as it was told, with all its fields."""
        return await self._event(event, where, within_s)

    async def _event(
        self, event: str, where: Mapping[str, object], within_s: float | None = None
    ) -> ApiEvent | None:
        self._require_events()
        return await self._until(lambda: self.api.tell(event, where), within_s)

    async def observed_event(self, event: str, field: str, **where: object) -> Reaction:
        """A field of the API's next event of that name, as ("closed", "reason"); null is Absent."""
        found = await self._event(event, where)
        value = Silence() if found is None else fact(field, found.fields.get(field))
        return Reaction("session's API", (value,))

    def unreported(self, event: str, **where: object) -> Reaction:
        """Absent unless the API has told it; await a barrier of the API first."""
        self._require_events()
        found = self.api.find(event, where)
        return Reaction("session's API", (Absent(event) if found is None else reported(found),))

    def is_open(self) -> bool:
        """Nothing seen so far ended it."""
        if not self.is_begun or self.connection.closed is not None:
            return False
        return not (self.connect_stream.is_over or self.connect_stream.our_side_ended)

    def _require_events(self) -> None:
        if not self._setup.endpoint.shows_events:
            raise NotApplicable("the endpoint shows no events of its API")

    async def _until(self, look: Callable[[], T | None], within_s: float | None = None) -> T | None:
        bench = self._setup.bench
        return await bench.bell.until(look, bench.patience.step_s if within_s is None else within_s)
