"""The Peer: our other side of a conversation with one endpoint, as cases see it, free of roles.

It arrives unconnected. What is withheld, announced or shaped before the first `await` that needs a
connection is in force from its first packet on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar, Unpack

from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.application import Application, Hold
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import ApiEvent, Endpoint, Role
from wtspec.suite.network.link import Network
from wtspec.suite.network.path import CLEAN, Fate, Path
from wtspec.suite.peer import observations, readback
from wtspec.suite.peer.absence import Absence
from wtspec.suite.peer.api import Api
from wtspec.suite.peer.bench import Bench, Violation
from wtspec.suite.peer.client import Dialer
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.encoding import encode
from wtspec.suite.peer.interruption import EndScript, HarnessError
from wtspec.suite.peer.manners import Withheld
from wtspec.suite.peer.opening import Opening, OpeningOptions
from wtspec.suite.peer.patience import FAST, Patience
from wtspec.suite.peer.raw import Raw
from wtspec.suite.peer.raw_streams import ask, new_stream
from wtspec.suite.peer.server import Host
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.setup import Setup
from wtspec.suite.peer.stream import MessageStream, Stream, collect, is_goaway
from wtspec.suite.peer.timeline import Timeline
from wtspec.suite.signal import Reaction, Signal
from wtspec.suite.wire.capsule import Capsule
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.settings import Pairs
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind, StreamType
from wtspec.suite.wire.transport_parameters import Parameter

__all__ = [
    "ACKNOWLEDGEMENTS",
    "ANSWERS",
    "DATA_CREDIT",
    "QPACK_STREAMS",
    "RESPONSE",
    "SETTINGS",
    "STREAM_LIMITS",
    "Peer",
    "Raw",
    "Session",
    "Stream",
]

T = TypeVar("T")

SETTINGS, QPACK_STREAMS, RESPONSE, ANSWERS, ACKNOWLEDGEMENTS, STREAM_LIMITS, DATA_CREDIT = Withheld


class Peer:
    """One cell's side. `finish` ends it, whatever happened.

    control_latency_s: how long the control's whole script took; the runner sets it, and proofs of
    quiet wait four times as long.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        network: Network,
        dialect: Dialect,
        *,
        configuration: Configuration = DEFAULT,
        path: Path = CLEAN,
        patience: Patience = FAST,
        seed: int = 0,
        cell: str = "",
        bench: Bench | None = None,
    ) -> None:
        self.dialect = dialect
        self.control_latency_s = 0.0
        self.sessions: list[Session] = []
        bench = bench or Bench(endpoint, patience)
        self._bench = bench
        self._born = len(bench.seen)
        self._setup = Setup(
            endpoint=endpoint,
            network=network,
            dialect=dialect,
            configuration=configuration,
            path=path,
            bench=bench,
            api=Api(endpoint, bench),
            seed=seed,
            cell=cell,
        )
        self._side = Dialer(self._setup) if endpoint.role is Role.SERVER else Host(self._setup)
        self._others: list[Peer] = []

    # Evidence

    @property
    def timeline(self) -> Timeline:
        return self._bench.timeline

    @property
    def violations(self) -> list[Violation]:
        """Rules of the wire that the endpoint broke, whatever the case is about."""
        return self._bench.violations

    @property
    def connections(self) -> list[Http3Connection]:
        mine = self._setup.connections
        return mine + [one for other in self._others for one in other.connections]

    @property
    def key_log(self) -> str:
        """The secrets of every connection, in the format of SSLKEYLOGFILE."""
        return "".join(f"{line}\n" for one in self.connections for line in one.quic.key_log)

    def packets(self) -> bytes:
        """Everything that was sent and received, as a pcapng file with its secrets."""
        return self._setup.packets.pcapng(self.key_log.encode())

    @property
    def api_events(self) -> list[ApiEvent]:
        """Events of our sessions, in order."""
        mine = self._setup.api.events
        return mine + [one for other in self._others for one in other.api_events]

    @property
    def is_handshake_stuck(self) -> bool:
        """One of ours does not end, though we do all as we should, over a clean path."""
        return self._setup.is_handshake_stuck

    # Before connecting

    def withhold(self, *what: Withheld) -> None:
        """Keep these back until they are released."""
        self._setup.manners.withheld.update(what)
        for connection in self._setup.connections:
            connection.hold_back()

    async def release(self, *what: Withheld) -> None:
        """Send, or grant again, what was withheld."""
        # In this order: what is no longer withheld would leave with the handshake, and then again.
        connection = await self.connect()
        self._setup.manners.withheld.difference_update(what)
        for one in what:
            connection.release(one)
        if RESPONSE in what:
            for session in self.sessions:
                await session.send_opening()
        connection.outlet.flush()

    def hurry(self) -> None:
        """As client, let our CONNECT leave before the server's SETTINGS have come."""
        self._setup.manners.hurries = True

    def announce(
        self,
        *,
        settings: Pairs | None = None,
        extra: Pairs = (),
        without: Collection[int] = (),
        replaced: Mapping[int, int] | None = None,
    ) -> None:
        """Our SETTINGS: a whole list instead of the honest one, and edits of either."""
        self._setup.manners.announce(
            settings=settings, extra=extra, without=without, replaced=replaced or {}
        )

    def shape(self, **changes: Any) -> None:
        """Fields of QuicOptions for the connections to come: parameters, windows, limits, sizes."""
        self._setup.changes.update(changes)
        self._side.reshape()

    def script(self, *fates: Fate) -> None:
        """Certain fates for packets; index 0 is the next one of its direction."""
        connection = self._side.connection
        if connection is not None:
            connection.quic.link.script(*fates)
        else:
            path = self._setup.path
            self._setup.path = replace(path, fates=(*fates, *path.fates))

    # Sessions

    def begin_session(self, application: Application, **options: Unpack[OpeningOptions]) -> Session:
        """A session to be; nothing of ours is sent. A client endpoint is commanded to connect."""
        session = self._side.begin(application, Opening(**options))
        self.sessions.append(session)
        return session

    async def open_session(
        self, application: Application, **options: Unpack[OpeningOptions]
    ) -> Session:
        """A session that is there; any other Reaction ends the script."""
        return await self.begin_session(application, **options).require()

    async def connect(self) -> Http3Connection:
        """A connection whose handshake is over.

        A client endpoint that no session has asked to connect is asked for one that holds.
        """
        if isinstance(self._side, Host) and not self.sessions:
            self.begin_session(Hold())
        return await self._side.connect()

    def another(self) -> "Peer":
        """A second Peer of the same endpoint with connections of its own, and the same timeline."""
        setup = self._setup
        other = Peer(
            setup.endpoint,
            setup.network,
            setup.dialect,
            configuration=setup.configuration,
            seed=setup.seed,
            cell=setup.cell,
            bench=self._bench,
        )
        other._setup.packets, other._setup.is_first = setup.packets, False
        other.control_latency_s = self.control_latency_s
        self._others.append(other)
        return other

    async def another_connection(self) -> "Peer":
        """The same, connected."""
        other = self.another()
        await other.connect()
        return other

    # The connection

    @property
    def connection(self) -> Http3Connection:
        """Ours, or the client's first."""
        connection = self._side.connection
        if connection is None:
            raise HarnessError("there is no connection yet: await peer.connect()")
        return connection

    @property
    def control(self) -> MessageStream:
        """Our control stream."""
        control = self.connection.control
        if control is None:
            raise HarnessError("the handshake is not over: await peer.connect()")
        return control

    def is_alive(self) -> bool:
        """There is a connection, and nobody closed it."""
        connection = self._side.connection
        return connection is not None and connection.is_ready and connection.closed is None

    async def settings(self) -> Mapping[int, int]:
        """The endpoint's SETTINGS; raises Deadline, and a close before them ends the script."""
        connection = await self.connect()
        await self._until(connection.knows_settings)
        found = connection.settings
        if found is None and connection.closed is not None:
            raise EndScript(await self.reaction())
        if found is None:
            raise self._bench.overdue("the endpoint's SETTINGS")
        return found

    async def announced(self, *which: int) -> Reaction:
        """What its SETTINGS say of these; Absent for one left out, Silence when none come."""
        connection = await self.connect()
        await self._until(connection.knows_settings)
        found = connection.settings
        return Reaction("SETTINGS") if found is None else observations.of_settings(found, which)

    async def parameter(self, *which: Parameter) -> Reaction:
        """What the endpoint's transport parameters say: bytes as hex; Absent for one left out."""
        found = (await self.connect()).quic.peer_parameters
        return observations.of_parameters(dict(found), which)

    @asynccontextmanager
    async def one_flight(self) -> AsyncIterator[None]:
        """What is sent inside leaves together, in as few packets as it fits."""
        connection = await self.connect()
        with connection.outlet.flight():
            yield

    async def goaway(self, last_id: int) -> None:
        """GOAWAY on our control stream."""
        await self.connect()
        await self.control.send_frames(Frame(FrameType.GOAWAY, readback.number(last_id)))

    async def open_raw(
        self, kind: StreamKind, first: bytes | Raw, *, finish: bool = False
    ) -> Stream:
        """A stream of ours that begins with these bytes; what comes back on it is not parsed."""
        stream = await new_stream(await self.connect(), kind)
        await stream.send(first, finish=finish)
        return stream

    async def request(
        self, fields: Sequence[Field] | Raw, *, finish: bool = False
    ) -> MessageStream:
        """Any request, or Raw bytes in its place; its answer is read as HTTP/3. Servers only."""
        return await ask(await self.connect(), fields, finish=finish)

    async def send_packet(self, *frames: bytes | Raw) -> None:
        """One 1-RTT packet of exactly these QUIC frames (suite/quic says what that costs)."""
        (await self.connect()).outlet.packet(*frames)

    async def close(self, code: int = H3.NO_ERROR, *, transport: bool = False) -> None:
        """Close the connection."""
        (await self.connect()).outlet.close(code, transport=transport)

    def vanish(self) -> None:
        """Fall silent: no packet leaves any more, no farewell."""
        self.timeline.note("silent from now on")
        self.connection.quic.abandon()

    def rebind(self) -> None:
        """Go on from another port, as behind a NAT that forgot us; clients only."""
        self.timeline.note("from another port from now on")
        self.connection.quic.link.rebind()

    # What comes of it

    async def barrier(self) -> bool:
        """A PING's acknowledgement: QUIC has received what we sent before. False: it is closed."""
        connection = await self.connect()
        passed = await connection.outlet.barrier(self._bench.patience.step_s)
        if not passed and connection.closed is None:
            raise self._bench.overdue("the acknowledgement of a PING")
        return passed

    async def reaction(self, *, within_s: float | None = None) -> Reaction:
        """What became of the connection: its close, behind a GOAWAY or not."""
        connection = await self.connect()
        signals = await collect(connection.outlet, connection.inbox, is_goaway, within_s=within_s)
        return Reaction("connection", signals)

    async def api_barrier(self) -> bool:
        """Every event that the API has shown is here: `sync`, or a later session of a server."""
        api = self._setup.api
        if self._setup.endpoint.role is Role.CLIENT:
            number = api.command("sync", {})
            return bool(await self._until(lambda: api.is_done(number)))
        later = await self.another().open_session(Hold())
        return await later.event("session") is not None

    def broken_rules(self, code: H3) -> Reaction:
        """Violations so far that call for this error, for a case that asks for them."""
        return observations.of_violations([one for one in self.violations if one.code is code])

    def mark(self) -> int:
        """A point in what was seen, for `absence(since=…)`."""
        return len(self._bench.seen)

    async def absence(
        self,
        what: Signal,
        *,
        release: Withheld | None = None,
        after: Callable[[], Awaitable[bool]] | None = None,
        since: int | None = None,
    ) -> Reaction:
        """Prove that the endpoint does not do `what`: Absent, or the signal that was seen.

        With `release`: quiet first, then what was withheld is released and `what` must follow, else
        the premise is missing. Without: a barrier (`after`, by default this Peer's PING) passes.
        """
        # What an earlier Peer of the cell provoked is not this one's.
        absence = Absence(self._bench, what, self._born if since is None else since)
        connection = await self.connect()
        if release is None:
            return await absence.after(after or self.barrier, connection.outlet)
        quiet_s = max(self._bench.patience.quiet_s, 4 * self.control_latency_s)
        return await absence.before(lambda: self.release(release), quiet_s)

    def encode(self, value: Capsule | Frame | StreamType | StreamHeader | Raw) -> bytes:
        """The bytes of a value, read again by the witness."""
        return encode(value)

    async def finish(self) -> None:
        """Close every connection, free the ports, stop listening to events."""
        for other in self._others:
            await other.finish()
        self._setup.api.close()
        for connection in self._setup.connections:
            if connection.closed is None:
                connection.quic.close()
            connection.quic.release()
        self._side.close()

    async def _until(self, look: Callable[[], T | None]) -> T | None:
        return await self._bench.bell.until(look, self._bench.patience.step_s)
