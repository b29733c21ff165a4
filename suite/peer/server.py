"""The endpoint is a client: we listen, command it to connect, and answer its CONNECT."""

import base64

from wtspec.suite.endpoint.application import Application, Protocols
from wtspec.suite.peer import opening
from wtspec.suite.peer.conduct import Conduct, commands_of, mode
from wtspec.suite.peer.connect_stream import ConnectStream
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.interruption import EndScript, NotApplicable, Unsupported
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.setup import Setup
from wtspec.suite.peer.stream import collect
from wtspec.suite.quic.connection import Connection, Listener
from wtspec.suite.signal import Established, Reaction, Refused, Signal, Silence


class Host:
    """Sessions find their CONNECT by its path; a stray one goes to the only session waiting."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._listener: Listener | None = None
        self._waiting: list[Session] = []
        self._stray: list[tuple[Http3Connection, ConnectStream]] = []
        self._conducts: list[Conduct] = []
        self._asked = 0

    @property
    def connection(self) -> Http3Connection | None:
        """The client's first one that is alive, or the first."""
        made = self._setup.connections
        living = (one for one in made if one.is_ready and one.closed is None)
        return next(living, made[0] if made else None)

    async def connect(self) -> Http3Connection:
        """The client's first connection, its handshake over."""
        bench = self._setup.bench

        def over() -> Http3Connection | None:
            made = self.connection
            if made is None or not (made.is_ready or made.closed is not None):
                return None
            return made

        connection = await bench.bell.until(over, bench.patience.connect_s)
        if connection is None:
            raise bench.overdue("a connection of the client")
        if not connection.is_ready and connection.closed is not None:
            raise EndScript(Reaction("connection", (connection.closed,)))
        return connection

    def listen(self) -> Listener:
        """Our listener, opened when it is first needed."""
        setup = self._setup
        if self._listener is None:
            self._listener = Listener(
                setup.network,
                setup.options(),
                self._accept,
                local=setup.endpoint.address,
                path=setup.path,
                capture=setup.packets,
            )
            setup.packets.ours.add(self._listener.address)
        return self._listener

    def reshape(self) -> None:
        """The options changed: the next connection takes them."""
        if self._listener is not None:
            self._listener.options = self._setup.options()

    def close(self) -> None:
        """Give no more commands and free the port."""
        for conduct in self._conducts:
            conduct.end()
        if self._listener is not None:
            self._listener.close()

    @property
    def authority(self) -> str:
        host, port = self.listen().address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def begin(self, application: Application, how: opening.Opening) -> Session:
        """Command the endpoint to connect; whatever it does, we answer nothing yet."""
        setup = self._setup
        fields = dict(mode(application))
        for command in commands_of(application):
            if not setup.api.offers(command):
                raise Unsupported(f"the command {command}")
        pools = "pooling" in setup.endpoint.hello.features
        if self._asked and not pools:
            raise NotApplicable("the client does not share a connection between sessions")
        token = f"t{setup.api.number():x}t{setup.seed & 0xFFFF:x}"
        path = f"{application.path}{'&' if '?' in application.path else '?'}token={token}"
        fields["url"] = f"https://{self.authority}{path}"
        fields["hashes"] = [base64.b64encode(setup.identity().hash_sha256).decode()]
        fields.update({"session": token, "pool": pools, **how.command})
        events = setup.api.expect(token, path)
        setup.api.name(events, token)
        self._conducts.append(Conduct(application, setup.api, events))
        session = Session(setup, self, application, how, path=path, events=events)
        self._asked += 1
        self._waiting.append(session)
        events.connect_number = setup.api.command("connect", fields, events)
        return session

    def _accept(self, quic: Connection) -> None:
        self._setup.adopt(quic, self._on_request)

    def _on_request(self, connection: Http3Connection, stream: ConnectStream) -> None:
        path = dict(stream.fields).get(b":path", b"").decode("latin-1")
        fitting = [one for one in self._waiting if one.api.token in path]
        if not fitting and len(self._waiting) == 1:
            self._setup.bench.timeline.note("a request for another path than asked", path)
            fitting = self._waiting
        if fitting:
            session = fitting[0]
            self._waiting.remove(session)
            session.bind(connection, stream)
        else:
            self._stray.append((connection, stream))

    # The Side of a session

    async def begun(self, session: Session) -> None:
        bench = self._setup.bench

        def over() -> bool | None:
            failed = session.api.refusal() or self._all_closed()
            return True if session.is_begun or failed else None

        patience = bench.patience
        await bench.bell.until(over, max(patience.connect_s, patience.step_s))
        if not session.is_begun:
            raise EndScript(Reaction("session", await self._refused(session)))

    def open(self, session: Session) -> None:
        dialect, how = self._setup.dialect, session.opening
        protocol = how.protocol
        if protocol is None and isinstance(session.application, Protocols):
            offered = opening.offered_in(dialect, session.fields)
            protocol = next(iter(offered), None)
        honest = opening.response(dialect, how.status, protocol)
        how.send(session.connection.outlet, session.id, honest)

    async def established(self, session: Session) -> tuple[Signal, ...]:
        connection, stream = session.connection, session.connect_stream
        bench = self._setup.bench

        def over() -> bool | None:
            told = session.api.session_count or session.api.refusal()
            ended = connection.closed is not None or stream.has_news
            return True if told or ended else None

        await bench.bell.until(over, bench.patience.step_s)
        found = session.api.find("session", {})
        if found is not None:
            protocol = found.fields.get("protocol")
            return (Established(protocol if isinstance(protocol, str) else ""),)
        silent = connection.closed is None and not stream.has_news and not self._refusal(session)
        wire = await collect(connection.outlet, stream.inbox, within_s=0)
        told = () if silent else await self._refused(session)
        return tuple(one for one in (*wire, *told) if one != Silence()) or (Silence(),)

    async def _refused(self, session: Session) -> tuple[Signal, ...]:
        """What the client tells of a session it could not have, and how its connection ended."""
        bench = self._setup.bench
        await bench.bell.until(lambda: self._refusal(session), bench.patience.step_s)
        refused = self._refusal(session)
        connection = self.connection
        # The close of its connection can arrive behind what the client tells of it.
        if connection is not None and connection.is_ready:
            await connection.outlet.barrier(bench.patience.step_s)
        elif connection is not None:
            await bench.bell.until(lambda: connection.closed, bench.patience.quiet_s)
        closed = None if connection is None else connection.closed
        return tuple(one for one in (refused, closed) if one is not None) or (Silence(),)

    def _refusal(self, session: Session) -> Refused | None:
        event = session.api.refusal()
        if event is None:
            return None
        status = event.fields.get("status")
        return Refused(status if isinstance(status, int) else None)

    def _all_closed(self) -> bool:
        made = self._setup.connections
        return bool(made) and all(one.closed is not None for one in made)
