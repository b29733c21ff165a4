"""The endpoint is a server: we dial it and send the CONNECT."""

from wtspec.suite.endpoint.application import Application, Nowhere
from wtspec.suite.peer import opening
from wtspec.suite.peer.connect_stream import ConnectStream
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.interruption import EndScript, NotApplicable, Unsupported
from wtspec.suite.peer.message import status_of
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.setup import Setup
from wtspec.suite.peer.stream import collect
from wtspec.suite.quic.connection import connect
from wtspec.suite.signal import Established, Reaction, Response, Signal
from wtspec.suite.wire.stream_header import StreamKind


class Dialer:
    """One connection at a time: the newest that is not closed, or the one that was asked for."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.connection: Http3Connection | None = None

    @property
    def authority(self) -> str:
        host, port = self._setup.endpoint.address
        host = self._setup.host_name or host
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def dial(self) -> Http3Connection:
        """A new connection on its way; nothing is awaited."""
        setup = self._setup
        address, options = setup.endpoint.address, setup.options()
        quic = connect(setup.network, address, options, path=setup.path, capture=setup.packets)
        self.connection = setup.adopt(quic)
        return self.connection

    async def connect(self) -> Http3Connection:
        """The connection, its handshake over; EndScript when the endpoint closes it instead."""
        connection = self.connection or self.dial()
        bench = self._setup.bench

        def over() -> bool | None:
            return True if connection.is_ready or connection.closed is not None else None

        if await bench.bell.until(over, bench.patience.connect_s) is None:
            raise bench.overdue("the end of the handshake")
        if not connection.is_ready:
            self._require_life(connection)
        return connection

    def begin(self, application: Application, how: opening.Opening) -> Session:
        """A session with a path of its own; nothing is sent."""
        setup = self._setup
        contract_path = application.path
        if not setup.api.offers(contract_path.partition("?")[0]):
            raise Unsupported(f"the path {contract_path}")
        path = setup.endpoint.path_of(contract_path)
        if path is None:
            raise NotApplicable(f"the endpoint has no path for {contract_path}")
        token = f"t{setup.api.number():x}t{setup.seed & 0xFFFF:x}"
        path = f"{path}{'&' if '?' in path else '?'}token={token}"
        sent = how.replaced.get(b":path", path.encode()).decode("latin-1")
        return Session(
            setup, self, application, how, path=sent, events=setup.api.expect(token, sent)
        )

    def reshape(self) -> None:
        """The next connection asks for the options itself."""

    def close(self) -> None:
        """Nothing is held beside the connections."""

    # The Side of a session

    async def begun(self, session: Session) -> None:
        """Connect, and take the CONNECT's stream."""
        connection = await self.connect()
        self._require_life(connection)
        if not self._setup.manners.hurries:
            await self._settings(connection)
        stream_id = connection.quic.open_stream("bidi")
        stream = ConnectStream(connection.outlet, stream_id, StreamKind.BIDI, "CONNECT stream")
        connection.add(stream)
        connection.reader.expect_response(stream_id, to_session=True)
        session.bind(connection, stream)

    async def _settings(self, connection: Http3Connection) -> None:
        """Wait for the server's SETTINGS, as an honest client does."""
        bench = self._setup.bench
        if await bench.bell.until(connection.knows_settings, bench.patience.step_s) is None:
            raise bench.overdue("the endpoint's SETTINGS")
        self._require_life(connection)
        self._check_dialect(connection)

    def _require_life(self, connection: Http3Connection) -> None:
        if connection.closed is not None:
            raise EndScript(Reaction("connection", (connection.closed,)))

    def _check_dialect(self, connection: Http3Connection) -> None:
        """An endpoint that declares no dialects is asked by its SETTINGS."""
        dialect, declared = self._setup.dialect, self._setup.endpoint.hello.dialects
        if not declared and not (connection.settings or {}).get(dialect.enabling_setting):
            raise NotApplicable(f"the endpoint does not announce {dialect.enabling_setting.name}")

    def open(self, session: Session) -> None:
        setup = self._setup
        honest = opening.request(setup.dialect, self.authority, session.path, session.application)
        session.opening.send(session.connection.outlet, session.id, honest)

    async def established(self, session: Session) -> tuple[Signal, ...]:
        stream, connection = session.connect_stream, session.connection
        bench = self._setup.bench

        def over() -> bool | None:
            return True if stream.fields or stream.has_news or connection.closed else None

        await bench.bell.until(over, bench.patience.step_s)
        status = status_of(stream.fields)
        if status is not None and 200 <= status < 300:
            self._check_named(session)
            return (Established(opening.chosen_in(self._setup.dialect, stream.fields) or ""),)
        signals = await collect(connection.outlet, stream.inbox, within_s=0)
        self._check_offered(session, signals)
        return signals

    def _check_named(self, session: Session) -> None:
        """One that has the same resource at every path has one where we thought of none."""
        remote = not self._setup.endpoint.shows_events
        if remote and isinstance(session.application, Nowhere):
            raise NotApplicable(f"the endpoint has a resource at {session.path}")

    def _check_offered(self, session: Session, signals: tuple[Signal, ...]) -> None:
        """A server that speaks no contract need not have the path."""
        remote = not self._setup.endpoint.shows_events
        missing = any(Response(status) in signals for status in (404, 405))
        if remote and missing and not isinstance(session.application, Nowhere):
            raise NotApplicable(f"the endpoint has nothing at {session.path}")
