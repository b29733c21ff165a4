"""Our client against our server: every dialect on the virtual network, one over UDP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.connecting import connect as connect_once
from wtspec.implementations.reference.errors import (
    SessionEnded,
    SessionRefused,
    StreamMisuse,
    StreamReset,
    StreamStopped,
)
from wtspec.implementations.reference.negotiation import Limits
from wtspec.implementations.reference.serving import (
    Handler,
    Server,
    ServerOptions,
    SessionRequest,
    serve,
)
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.session_core import Closure
from wtspec.implementations.reference.stream_api import BidirectionalStream
from wtspec.suite.dialect import dialect, http3
from wtspec.suite.network.link import Addr, Link, OnDatagram
from wtspec.suite.network.path import Path
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.network.virtual import VirtualLink, VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.quic.identity import ed25519, p256
from wtspec.suite.quic.options import Verify

ALL = [one.name for one in http3.all]
SCARCE = Limits(
    max_sessions=3, initial_max_data=100, initial_max_streams_uni=1, initial_max_streams_bidi=1
)


async def echo(session: Session) -> None:
    async def answer(stream: BidirectionalStream) -> None:
        async for chunk in stream.readable:
            await stream.writable.write(chunk)
        await stream.writable.finish()

    async def bidi() -> None:
        async for stream in session.incoming_bidirectional_streams:
            await answer(stream)

    async def uni() -> None:
        async for incoming in session.incoming_unidirectional_streams:
            outgoing = await session.create_unidirectional_stream()
            await outgoing.write(await incoming.read_all())
            await outgoing.finish()

    async def datagrams() -> None:
        async for data in session.datagrams:
            session.datagrams.send(data)

    await asyncio.gather(bidi(), uni(), datagrams())


async def echo_handler(request: SessionRequest) -> None:
    try:
        await echo(request.accept(request.common_protocol))
    except (SessionEnded, StreamReset, StreamStopped):
        return


@dataclass
class Pair:
    server: Server
    client: Client
    url: str

    async def session(self, path: str = "/echo", **options: Any) -> Session:
        return await self.client.connect(self.url + path, SessionOptions(**options))


@asynccontextmanager
async def pair(
    names: tuple[str, ...],
    routes: dict[str, Handler] | None = None,
    *,
    server_options: ServerOptions | None = None,
    client_options: ClientOptions | None = None,
) -> AsyncIterator[Pair]:
    network = VirtualNetwork()
    known = tuple(map(dialect, names))
    options = replace(server_options or ServerOptions(), dialects=known, identity=ed25519())
    wishes = client_options or ClientOptions(dialects=known)
    routes = routes or {"/echo": echo_handler}
    async with serve(("127.0.0.1", 0), routes, options=options, network=network) as server:
        client = Client(wishes, network)
        yield Pair(server, client, f"https://127.0.0.1:{server.address[1]}")
        await client.close()
    assert server.life.failure is None
    assert client.life.failure is None


def run(script: Callable[[], Awaitable[None]]) -> None:
    async def body() -> None:
        await script()

    run_virtual(body())


async def exchange(session: Session) -> None:
    """One stream of each kind and a datagram, there and back."""
    stream = await session.create_bidirectional_stream()
    await stream.writable.write(b"bidi")
    await stream.writable.finish()
    assert await stream.readable.read_all() == b"bidi"
    outgoing = await session.create_unidirectional_stream()
    await outgoing.write(b"uni")
    await outgoing.finish()
    incoming = await session.accept_unidirectional_stream()
    assert await incoming.read_all() == b"uni"
    assert session.datagrams.send(b"datagram")
    assert await session.datagrams.receive() == b"datagram"


@pytest.mark.parametrize("name", ALL)
def test_every_dialect_carries_everything(name: str) -> None:
    async def script() -> None:
        async with pair((name,)) as both:
            session = await both.session()
            assert session.dialect == name
            await exchange(session)
            session.close(7, "bye")
            assert await session.closed() == Closure(7, "bye", "local", clean=True)

    run(script)


@pytest.mark.parametrize("name", ALL)
def test_sessions_share_a_connection(name: str) -> None:
    async def script() -> None:
        async with pair((name,)) as both:
            first = await both.session(allow_pooling=True)
            second = await both.session(allow_pooling=True)
            assert {first.session_id, second.session_id} == {0, 4}
            first.close()
            await exchange(second)

    run(script)


@pytest.mark.parametrize("name", [one.name for one in http3.since(13)])
def test_a_second_session_without_flow_control_gets_its_own_connection(name: str) -> None:
    off = Limits(initial_max_data=0, initial_max_streams_uni=0, initial_max_streams_bidi=0)

    async def script() -> None:
        wishes = ClientOptions(dialects=(dialect(name),), limits=off)
        async with pair(
            (name,), server_options=ServerOptions(limits=off), client_options=wishes
        ) as both:
            first = await both.session(allow_pooling=True)
            second = await both.session(allow_pooling=True)
            assert first.session_id == second.session_id == 0
            await exchange(first)
            await exchange(second)

    run(script)


@pytest.mark.parametrize("name", [one.name for one in http3.since(12)])
def test_little_credit_is_enough_for_much_data(name: str) -> None:
    async def script() -> None:
        wishes = ClientOptions(dialects=(dialect(name),), limits=SCARCE)
        async with pair(
            (name,), server_options=ServerOptions(limits=SCARCE), client_options=wishes
        ) as both:
            session = await both.session()
            for _ in range(5):
                await exchange(session)
            stream = await session.create_bidirectional_stream()
            data = bytes(range(256)) * 20

            async def send() -> None:
                await stream.writable.write(data)
                await stream.writable.finish()

            sending = asyncio.create_task(send())
            assert await stream.readable.read_all() == data
            await sending

    run(script)


def test_sessions_asked_for_at_once_share_a_connection_too() -> None:
    async def script() -> None:
        async with pair(("h3-16",)) as both:
            asked = (both.session(allow_pooling=True) for _ in range(3))
            sessions = await asyncio.gather(*asked)
            assert [one.session_id for one in sessions] == [0, 4, 8]

    run(script)


CHOICES = [
    (("h3-16", "h3-07"), ("h3-07",), "h3-07"),
    (("h3-16", "h3-14", "h3-07", "h3-02"), ("h3-02",), "h3-02"),
    (("h3-02", "h3-16"), ("h3-16", "h3-02"), "h3-16"),
    (("h3-16", "h3-14"), ("h3-14", "h3-07"), "h3-14"),
    (("h3-12", "h3-02"), ("h3-12",), "h3-12"),
]


@pytest.mark.parametrize(("servers", "clients", "spoken"), CHOICES)
def test_the_newest_common_family_is_spoken(
    servers: tuple[str, ...], clients: tuple[str, ...], spoken: str
) -> None:
    async def script() -> None:
        wishes = ClientOptions(dialects=tuple(map(dialect, clients)))
        async with pair(servers, client_options=wishes) as both:
            session = await both.session()
            assert session.dialect == spoken
            await exchange(session)

    run(script)


def test_nothing_in_common_is_refused() -> None:
    async def script() -> None:
        wishes = ClientOptions(dialects=(dialect("h3-07"),))
        async with pair(("h3-16",), client_options=wishes) as both:
            with pytest.raises(SessionRefused):
                await both.session()

    run(script)


@pytest.mark.parametrize("name", ALL)
def test_reset_and_stop_carry_the_code(name: str) -> None:
    codes: list[int | None] = []

    async def handler(request: SessionRequest) -> None:
        session = request.accept()
        stream = await session.accept_bidirectional_stream()
        await stream.writable.write(await stream.readable.read())
        with pytest.raises(StreamReset) as caught:
            await stream.readable.read_all()
        codes.append(caught.value.code)
        codes.append(await stream.writable.stopped())
        await session.closed()

    async def script() -> None:
        async with pair((name,), {"/": handler}) as both:
            session = await both.session("/")
            stream = await session.create_bidirectional_stream()
            await stream.writable.write(b"x")
            assert await stream.readable.read() == b"x"
            stream.writable.reset(0x1E)
            stream.readable.stop(0xFF)
            with pytest.raises(StreamMisuse):
                await stream.writable.write(b"y")
            await asyncio.sleep(1)
            session.close()

    run(script)
    assert codes == [0x1E, 0xFF]


def test_the_servers_end_is_seen() -> None:
    async def handler(request: SessionRequest) -> None:
        session = request.accept()
        session.drain()
        stream = await session.create_bidirectional_stream()
        await stream.writable.write(b"cut")
        await session.accept_bidirectional_stream()
        session.close(1, "é" * 1000)

    async def script() -> None:
        async with pair(("h3-16",), {"/": handler}) as both:
            session = await both.session("/")
            await session.draining()
            stream = await session.accept_bidirectional_stream()
            assert await stream.readable.read(2) == b"cu"
            await session.create_bidirectional_stream()
            closure = await session.closed()
            assert closure == Closure(1, "é" * 512, "peer", clean=True)
            with pytest.raises(SessionEnded):
                await stream.readable.read_all()
            with pytest.raises(SessionEnded):
                await stream.writable.write(b"x")
            with pytest.raises(SessionEnded):
                await session.create_unidirectional_stream()

    run(script)


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [(("b", "a"), "b"), (("z", "a"), "a"), (("z",), None), ((), None)],
)
@pytest.mark.parametrize("name", [one.name for one in http3.since(9)])
def test_application_protocols(name: str, offered: tuple[str, ...], agreed: str | None) -> None:
    async def script() -> None:
        options = ServerOptions(protocols=("a", "b"))
        async with pair((name,), server_options=options) as both:
            session = await both.session(protocols=offered)
            assert session.protocol == agreed

    run(script)


def test_a_required_protocol_is_required() -> None:
    async def script() -> None:
        async with pair(("h3-16",)) as both:
            with pytest.raises(SessionRefused):
                await both.session(protocols=("a",), requires_protocol=True)

    run(script)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://allowed.test", 200), ("https://Allowed.test", 403), ("https://a.test", 403)],
)
def test_origins(origin: str, status: int) -> None:
    async def script() -> None:
        options = ServerOptions(origins=("https://allowed.test",))
        async with pair(("h3-16",), server_options=options) as both:
            if status == 200:
                assert (await both.session(origin=origin)).status == 200
            else:
                with pytest.raises(SessionRefused) as caught:
                    await both.session(origin=origin)
                assert caught.value.status == status

    run(script)


@pytest.mark.parametrize(("name", "status"), [("h3-15", 404), ("h3-16", 405)])
def test_a_path_without_webtransport(name: str, status: int) -> None:
    async def script() -> None:
        async with pair((name,)) as both:
            with pytest.raises(SessionRefused) as caught:
                await both.session("/echo2")
            assert caught.value.status == status
            assert (await both.session()).status == 200

    run(script)


def test_a_redirect_is_told_and_not_followed() -> None:
    async def handler(request: SessionRequest) -> None:
        request.reject(307, {"location": "/echo"})

    async def script() -> None:
        async with pair(("h3-16",), {"/": handler, "/echo": echo_handler}) as both:
            with pytest.raises(SessionRefused) as caught:
                await both.session("/")
            assert (caught.value.status, caught.value.location) == (307, "/echo")

    run(script)


def test_goaway_sends_new_sessions_elsewhere() -> None:
    async def script() -> None:
        async with pair(("h3-16",)) as both:
            first = await both.session(allow_pooling=True)
            both.server.go_away()
            await first.draining()
            second = await both.session(allow_pooling=True)
            assert first.session_id == second.session_id == 0
            await exchange(first)
            await exchange(second)

    run(script)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://", "https://127.0.0.1:1/#a"])
def test_urls_that_name_no_session(url: str) -> None:
    async def script() -> None:
        with pytest.raises(SessionRefused):
            await Client(None, VirtualNetwork()).connect(url)

    run(script)


def test_a_silent_server_costs_the_deadline() -> None:
    async def script() -> None:
        client = Client(None, VirtualNetwork())
        with pytest.raises(TimeoutError):
            await client.connect("https://127.0.0.1:9/", SessionOptions(deadline_s=3))
        await client.close()

    run(script)


class Counting(VirtualNetwork):
    """Knows which of its links are still open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Link] = []

    def open(self, on_datagram: OnDatagram, *more: Any, **named: Any) -> VirtualLink:
        link = super().open(on_datagram, *more, **named)
        self.opened.append(link)
        return link

    def claimed(self) -> list[Addr]:
        return [one.local for one in self.opened if not self._is_free(one.local)]

    def _is_free(self, local: Addr) -> bool:
        try:
            super().open(lambda _data, _source: None, local).close()
        except OSError:
            return False
        return True


def test_close_frees_the_links_of_ended_connections_too() -> None:
    """Over UDP each is a socket, which may still have to repeat the close when we end."""

    async def script() -> None:
        network = Counting()
        options = ServerOptions(dialects=(dialect("h3-02"),), identity=ed25519())
        serving = serve(("127.0.0.1", 0), {}, options=options, network=network)
        async with serving as server:
            client = Client(ClientOptions(), network)
            for _ in range(2):
                with pytest.raises(SessionRefused):
                    await client.connect(f"https://127.0.0.1:{server.address[1]}/")
            assert len(network.claimed()) == len(network.opened) == 3
            await client.close()
            assert network.claimed() == [server.address]

    run(script)


def test_over_udp() -> None:
    identity = p256()

    async def script() -> None:
        options = ServerOptions(identity=identity)
        async with serve(("127.0.0.1", 0), {"/echo": echo_handler}, options=options) as server:
            url = f"https://127.0.0.1:{server.address[1]}/echo"
            wish = SessionOptions(verify=Verify.hashes(identity.hash_sha256))
            async with connect_once(url, wish, network=UdpNetwork()) as session:
                await exchange(session)

    asyncio.run(script())


def test_a_lossy_path_loses_no_stream_data() -> None:
    class Lossy(VirtualNetwork):
        def open(self, on_datagram: Any, local: Any = None, path: Path | None = None) -> Any:
            del path
            worse = Path(delay_s=0.02, jitter_s=0.01, loss=0.05, duplicate=0.02)
            return super().open(on_datagram, local, worse)

    async def script() -> None:
        network = Lossy(3)
        options = ServerOptions(identity=ed25519())
        routes: dict[str, Handler] = {"/echo": echo_handler}
        async with serve(("127.0.0.1", 0), routes, options=options, network=network) as server:
            client = Client(None, network)
            session = await client.connect(f"https://127.0.0.1:{server.address[1]}/echo")
            stream = await session.create_bidirectional_stream()
            data = bytes(range(251)) * 400
            await stream.writable.write(data)
            await stream.writable.finish()
            assert await stream.readable.read_all() == data
            await client.close()

    run(script)
