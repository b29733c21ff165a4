"""The bare other side: QUIC and bytes without rules, so that each rule can be tried."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from wtspec.implementations.reference.endpoint import ReferenceEndpoint, start_reference
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.suite.dialect import SessionLimits as Granted
from wtspec.suite.dialect import Side, dialect
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import ApiEvent, Role
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.quic import events
from wtspec.suite.quic.connection import Connection, Listener, connect
from wtspec.suite.quic.identity import ed25519
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import capsule, fields, frames, settings, stream_header
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind

T = TypeVar("T")
AMPLE = Granted(16, 1 << 20, 16, 16)


class Wire:
    """One raw connection and what came on it; a stream is named by its id."""

    def __init__(self, quic: Connection) -> None:
        self.quic = quic
        self.seen: list[events.Event] = []
        self._news = asyncio.Event()
        quic.on_event = self._take

    def _take(self, event: events.Event) -> None:
        self.seen.append(event)
        self._news.set()

    async def until(self, test: Callable[[], T | None]) -> T:
        async with asyncio.timeout(20):
            while (found := test()) is None:
                self._news.clear()
                await self._news.wait()
            return found

    async def seen_event(self, kind: type[T], stream_id: int | None = None) -> T:
        def find() -> T | None:
            for event in self.seen:
                if isinstance(event, kind) and stream_id in {
                    None,
                    getattr(event, "stream_id", None),
                }:
                    return event
            return None

        return await self.until(find)

    def has(self, kind: type[T], stream_id: int) -> bool:
        return any(
            isinstance(e, kind) and getattr(e, "stream_id", 0) == stream_id for e in self.seen
        )

    def data(self, stream_id: int) -> bytes:
        return b"".join(
            e.data
            for e in self.seen
            if isinstance(e, events.StreamData) and e.stream_id == stream_id
        )

    async def fin(self, stream_id: int) -> bytes:
        def ended() -> bytes | None:
            for e in self.seen:
                if isinstance(e, events.StreamData) and e.stream_id == stream_id and e.finished:
                    return self.data(stream_id)
            return None

        return await self.until(ended)

    async def closed(self) -> int:
        return (await self.seen_event(events.Closed)).code

    async def reset_code(self, stream_id: int) -> int:
        return (await self.seen_event(events.StreamReset, stream_id)).code

    async def stop_code(self, stream_id: int) -> int:
        return (await self.seen_event(events.StopSending, stream_id)).code

    async def barrier(self) -> None:
        """One acknowledged PING: everything sent before has been read by the engine."""
        number = self.quic.ping()
        self.quic.flush()
        await self.until(
            lambda: next((e for e in self.seen if e == events.PingAcknowledged(number)), None)
        )

    def send(self, stream_id: int, data: bytes, *, finish: bool = False) -> None:
        self.quic.send(stream_id, data, finish=finish)
        self.quic.flush()

    def open(self, kind: str, data: bytes, *, finish: bool = False) -> int:
        stream_id = self.quic.open_stream("uni" if kind == "uni" else "bidi")
        self.send(stream_id, data, finish=finish)
        return stream_id

    def control(self, pairs: Sequence[tuple[int, int]]) -> int:
        payload = settings.encode(list(pairs))
        return self.open("uni", b"\x00" + frames.encode(FrameType.SETTINGS, payload))

    def capsules(self, stream_id: int, *values: capsule.Capsule, finish: bool = False) -> None:
        payload = b"".join(map(capsule.encode, values))
        self.send(stream_id, frames.encode(FrameType.DATA, payload), finish=finish)

    def data_stream(self, kind: StreamKind, session_id: int, data: bytes, **end: bool) -> int:
        return self.open(kind.value, stream_header.encode(kind, session_id) + data, **end)

    def peer_settings(self) -> dict[int, int]:
        """SETTINGS of the reference, which opened its control stream first."""
        first = 3 if self.quic.is_client else 2
        data = self.data(first)
        decoder = frames.FrameDecoder()
        frame = decoder.feed(data[1:])[0]
        assert isinstance(frame, frames.Frame)
        return dict(settings.decode(frame.payload))

    def section(self, stream_id: int) -> dict[bytes, bytes]:
        """The first field section on a stream."""
        section = self.found_section(stream_id)
        assert section is not None, f"no field section on {stream_id}"
        return section

    def found_section(self, stream_id: int) -> dict[bytes, bytes] | None:
        for event in frames.FrameDecoder().feed(self.data(stream_id)):
            if isinstance(event, frames.Frame) and event.type == FrameType.HEADERS:
                return dict(fields.FieldDecoder().decode(event.payload))
        return None

    def received_capsules(self, stream_id: int) -> list[capsule.Received]:
        decoder, found = capsule.CapsuleDecoder(), []
        for event in frames.FrameDecoder().feed(self.data(stream_id)):
            if isinstance(event, frames.Data):
                found += decoder.feed(event.payload)
        return found


def request_fields(
    name: str, address: tuple[str, int], path: bytes | None = b"/echo", **replaced: bytes | None
) -> tuple[fields.Field, ...]:
    """An honest CONNECT; a keyword replaces a pseudo-header, None takes it out."""
    pseudo: dict[str, bytes | None] = {
        "method": b"CONNECT",
        "scheme": b"https",
        "authority": f"{address[0]}:{address[1]}".encode(),
        "path": path,
        "protocol": dialect(name).token,
    }
    pseudo |= replaced
    kept = tuple((b":" + k.encode(), v) for k, v in pseudo.items() if v is not None)
    return (*kept, *dialect(name).request_fields)


def headers(section: Sequence[fields.Field]) -> bytes:
    return frames.encode(FrameType.HEADERS, fields.encode(section))


@dataclass
class Stage:
    """A reference in one role on a virtual network, its events, and raw sides to try it with."""

    network: VirtualNetwork
    endpoint: ReferenceEndpoint
    name: str
    granted: Granted
    api: list[ApiEvent] = field(default_factory=list)
    accepted: list[Wire] = field(default_factory=list)
    listener: Listener | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def events(self, name: str) -> list[Mapping[str, Any]]:
        return [event.fields for event in self.api if event.name == name]

    async def event(self, name: str, count: int = 1) -> Mapping[str, Any]:
        async with asyncio.timeout(20):
            while len(self.events(name)) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.events(name)[count - 1]

    def settings(self, side: Side) -> tuple[tuple[int, int], ...]:
        return dialect(self.name).settings(side, self.granted)

    async def bare_client(self, **options: Any) -> Wire:
        """A raw client that has sent nothing yet."""
        wire = Wire(connect(self.network, self.endpoint.address, QuicOptions(**options)))
        await wire.seen_event(events.HandshakeCompleted)
        return wire

    async def raw_client(
        self, pairs: Sequence[tuple[int, int]] | None = None, **options: Any
    ) -> Wire:
        """A raw client with its SETTINGS sent and the server's received."""
        wire = await self.bare_client(**options)
        wire.control(self.settings(Side.CLIENT) if pairs is None else pairs)
        await wire.seen_event(events.StreamData, 3)
        return wire

    async def session(self, path: bytes = b"/echo", wire: Wire | None = None) -> tuple[Wire, int]:
        """A raw client with a session."""
        wire = wire or await self.raw_client()
        stream_id = wire.open("bidi", headers(self.request(path)))
        section = await wire.until(lambda: wire.found_section(stream_id))
        assert section[b":status"].startswith(b"2")
        return wire, stream_id

    def request(
        self, path: bytes | None = b"/echo", **replaced: bytes | None
    ) -> tuple[fields.Field, ...]:
        return request_fields(self.name, self.endpoint.address, path, **replaced)

    def listen(self, **options: Any) -> str:
        """Accept connections for a reference client; its URL."""
        quic = QuicOptions(identity=ed25519(), **options)

        def take(connection: Connection) -> None:
            self.accepted.append(Wire(connection))
            self.changed.set()

        self.listener = Listener(self.network, quic, take, local=("127.0.0.1", 0))
        return f"https://127.0.0.1:{self.listener.address[1]}/echo"

    async def raw_server(
        self, pairs: Sequence[tuple[int, int]] | None = None, count: int = 1
    ) -> Wire:
        """The next connection of the reference client, our SETTINGS sent."""
        async with asyncio.timeout(20):
            while len(self.accepted) < count:
                self.changed.clear()
                await self.changed.wait()
        wire = self.accepted[count - 1]
        await wire.seen_event(events.HandshakeCompleted)
        wire.control(self.settings(Side.SERVER) if pairs is None else pairs)
        return wire

    async def connected(self, **command: Any) -> tuple[Wire, int]:
        """The reference client with a session at our raw server."""
        url = self.listen()
        self.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url, **command})
        wire = await self.raw_server()
        await wire.seen_event(events.StreamData, 0)
        wire.send(0, headers(((b":status", b"200"), *dialect(self.name).response_fields)))
        await self.event("session")
        return wire, 0


Script = Callable[[Stage], Awaitable[None]]


def play(
    role: Role,
    script: Script,
    *,
    name: str = "h3-16",
    configuration: Configuration = DEFAULT,
    rules: Rules = HONEST,
    granted: Granted = AMPLE,
) -> None:
    """Run a script in virtual time; the reference must come out of it without a bug."""

    async def run() -> None:
        network = VirtualNetwork()
        endpoint = await start_reference(role, configuration, (name,), network=network, rules=rules)
        stage = Stage(network, endpoint, name, granted)

        def note(event: ApiEvent) -> None:
            stage.api.append(event)
            stage.changed.set()

        endpoint.subscribe(note)
        await script(stage)
        assert endpoint.failure is None
        await endpoint.stop()
        if stage.listener is not None:
            stage.listener.close()

    run_virtual(run())


@pytest.fixture
def server() -> Callable[..., None]:
    """Plays a script against the reference as server."""

    def with_server(script: Script, **more: Any) -> None:
        play(Role.SERVER, script, **more)

    return with_server


@pytest.fixture
def client() -> Callable[..., None]:
    """Plays a script against the reference as client."""

    def with_client(script: Script, **more: Any) -> None:
        play(Role.CLIENT, script, **more)

    return with_client


@pytest.fixture
def head() -> Callable[[Sequence[fields.Field]], bytes]:
    """A HEADERS frame of a field section."""
    return headers
