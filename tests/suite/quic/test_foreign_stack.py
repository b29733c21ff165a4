"""Our raw frames and edited parameters as another stack reads them.

Between two engines of ours an ill-formed attack would go unnoticed: both ends are the same library.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from wtspec.implementations import building, manifest, process
from wtspec.implementations.launch import Launch
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic import events, identity
from wtspec.suite.quic.connection import Connection, connect
from wtspec.suite.quic.options import QuicOptions, Verify
from wtspec.suite.wire import varint
from wtspec.suite.wire.transport_parameters import Parameter

pytestmark = [pytest.mark.real, pytest.mark.asyncio]
NAME = "webtransport-go"
IDENTITY = identity.p256()
PINNED = QuicOptions(verify=Verify.hashes(IDENTITY.hash_sha256))

Dial = Callable[[QuicOptions], Awaitable["Caller"]]


class Caller:
    """A connection to the server; `handshake` and `closed` resolve when they happen."""

    def __init__(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self.connection = connection
        self.handshake: asyncio.Future[events.Event] = loop.create_future()
        self.closed: asyncio.Future[events.Event] = loop.create_future()
        self.pings: asyncio.Queue[int] = asyncio.Queue()
        connection.on_event = self._take

    def _take(self, event: events.Event) -> None:
        match event:
            case events.HandshakeCompleted():
                self.handshake.set_result(event)
            case events.Closed():
                self.closed.set_result(event)
            case events.PingAcknowledged(number):
                self.pings.put_nowait(number)
            case _:
                pass


@pytest_asyncio.fixture
async def dial() -> AsyncIterator[Dial]:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split():
            pytest.fail(reason)
        pytest.skip(reason)
    built = building.build(NAME)
    assert built.process is not None
    launch = Launch(built.process.exec, manifest.directory(NAME))
    server = await process.start(launch, Role.SERVER, DEFAULT, (), IDENTITY)
    callers: list[Caller] = []

    async def call(options: QuicOptions) -> Caller:
        callers.append(Caller(connect(UdpNetwork(), server.address, options)))
        return callers[-1]

    yield call
    for caller in callers:
        caller.connection.close()
        caller.connection.release()
    await server.stop()


def frame(*values: int) -> bytes:
    return b"".join(map(varint.encode, values))


async def soon(future: asyncio.Future[events.Event]) -> events.Event:
    return await asyncio.wait_for(future, 5)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((frame(0x3F),), 0x7),
        ((b"\x0a\x02\x03abc", frame(0x04, 2, 7, 1)), 0x6),
        ((frame(0x0E, 2, 1 << 40, 1) + b"x",), 0x3),
        ((frame(0x0A, 2 + 4 * 100_000, 1) + b"x",), 0x4),
        ((frame(0x04, 3, 7, 2),), 0x5),
        ((frame(0x24, 2, 7, 2, 50),), 0x7),
    ],
)
async def test_violations_are_read_as_meant(
    dial: Dial, frames: tuple[bytes, ...], code: int
) -> None:
    caller = await dial(PINNED)
    await soon(caller.handshake)
    caller.connection.send_packet(*frames)
    caller.connection.flush()
    closed = await soon(caller.closed)
    assert isinstance(closed, events.Closed)
    assert (closed.code, closed.by, closed.is_application) == (code, "peer", False)


@pytest.mark.parametrize(
    "options",
    [
        QuicOptions(extra_parameters=((int(Parameter.INITIAL_MAX_DATA), b"\x01"),)),
        QuicOptions(parameters={Parameter.MAX_UDP_PAYLOAD_SIZE: b"\x40\x64"}),
        QuicOptions(parameters={Parameter.ACK_DELAY_EXPONENT: b"\x15"}),
        QuicOptions(parameters={Parameter.RESET_STREAM_AT: b"\x01"}),
    ],
)
async def test_bad_parameters_are_read_as_meant(dial: Dial, options: QuicOptions) -> None:
    closed = await soon((await dial(options)).closed)
    assert isinstance(closed, events.Closed)
    # RFC 9000 section 7.4 wants 0x8; this server closes with INTERNAL_ERROR, and says why.
    assert "TRANSPORT_PARAMETER_ERROR" in closed.reason


async def test_legal_oddities_are_taken(dial: Dial) -> None:
    caller = await dial(PINNED)
    await soon(caller.handshake)
    connection = caller.connection
    assert connection.peer_resets_at
    assert connection.datagram_room() > 1000
    connection.send_packet(b"\x40\x01", b"\x00\x00")  # PING of two bytes, padding
    for reliable_size in (5, 2):
        stream_id = connection.open_stream("uni")
        connection.send(stream_id, b"\x40\x54\x00ab")
        connection.flush()
        connection.reset_at(stream_id, 0x52E4A40FA8DB, reliable_size)
        connection.flush()
    number = connection.ping()
    connection.flush()
    assert await asyncio.wait_for(caller.pings.get(), 5) == number
    assert not caller.closed.done()
