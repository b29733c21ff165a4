"""Exchanges to look at: of the reference through a relay, and made by hand above QUIC."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.errors import SessionEnded, StreamReset, StreamStopped
from wtspec.implementations.reference.faults.registry import FAULTS
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.implementations.reference.serving import ServerOptions, SessionRequest, serve
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import BidirectionalStream
from wtspec.suite.bystander.blame import blame, holds
from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.exchange import read
from wtspec.suite.bystander.facts import Exchange, Finding
from wtspec.suite.bystander.http3 import Http3Reader
from wtspec.suite.dialect import SessionLimits, Side, dialect
from wtspec.suite.network.capture import Capture
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.pcapng import Packet
from wtspec.suite.network.relay import Relay
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.quic.identity import ed25519
from wtspec.suite.quic.passive import events
from wtspec.suite.quic.passive.events import Seen
from wtspec.suite.wire import fields, frames, settings
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.transport_parameters import Parameter

HERE = ("127.0.0.1", 0)
SCARCE = SessionLimits(4, 10, 1, 1)


@dataclass
class Captured:
    packets: list[Packet]
    client_keys: bytes
    server_keys: bytes
    wrong: list[BaseException] = field(default_factory=list)

    @property
    def exchange(self) -> Exchange:
        return read(self.packets, self.client_keys)


async def echo(request: SessionRequest) -> None:
    session = request.accept(request.common_protocol)

    async def streams() -> None:
        async for stream in session.incoming_bidirectional_streams:
            await answer(stream)

    async def answer(stream: BidirectionalStream) -> None:
        async for chunk in stream.readable:
            await stream.writable.write(chunk)
        await stream.writable.finish()

    async def datagrams() -> None:
        async for data in session.datagrams:
            session.datagrams.send(data)

    try:
        await asyncio.gather(streams(), datagrams())
    except (SessionEnded, StreamReset, StreamStopped):
        return


async def passed(seconds: float) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


Script = Callable[[Session], Awaitable[None]]


@dataclass(frozen=True)
class Between:
    """What stands between the two."""

    path: Path
    capture: Capture
    seed: int


async def relayed(
    script: Script,
    between: Between,
    serving: ServerOptions,
    asking: tuple[ClientOptions, SessionOptions],
    wrong: list[BaseException],
) -> None:
    """One session, its connection's end included; what a faulty side raises goes to `wrong`."""
    network = VirtualNetwork(between.seed)
    async with serve(HERE, {"/echo": echo}, options=serving, network=network) as server:
        relay = Relay(
            network, server.address, path=between.path, local=HERE, capture=between.capture
        )
        client = Client(asking[0], network)
        url = f"https://127.0.0.1:{relay.address[1]}/echo"
        try:
            await script(await client.connect(url, asking[1]))
            await passed(2)
        except Exception as error:  # noqa: BLE001 - a faulty side may end it in any way
            wrong.append(error)
        await client.close()
        await passed(2)
        relay.close()


def talk(
    script: Script,
    *,
    name: str = "h3-16",
    server_name: str | None = None,
    path: Path = CLEAN,
    seed: int = 0,
    client_fault: str | None = None,
    server_fault: str | None = None,
    protocols: tuple[str, ...] = (),
    **capture: Any,
) -> Captured:
    """The reference's client runs a script against its echo server, with our capture between."""
    client_keys, server_keys = list[str](), list[str]()
    taken, wrong = Capture(**capture), list[BaseException]()
    serving = ServerOptions(
        (dialect(server_name or name),),
        identity=ed25519(),
        protocols=protocols,
        key_log=server_keys.append,
        rules=rules_of(server_fault),
    )
    known = (dialect(name),)
    wishes = ClientOptions(known, key_log=client_keys.append, rules=rules_of(client_fault))

    session = SessionOptions(protocols=protocols)
    between = Between(path, taken, seed)
    run_virtual(relayed(script, between, serving, (wishes, session), wrong))
    return Captured(taken.packets, joined(client_keys), joined(server_keys), wrong)


def rules_of(fault: str | None) -> Rules:
    return FAULTS[fault].rules if fault else HONEST


def joined(lines: list[str]) -> bytes:
    return "\n".join(lines).encode()


Talk = Callable[..., Captured]


@pytest.fixture
def talks() -> Talk:
    """`talks(script, ...)`: one captured session of the reference."""
    return talk


class Dialogue:
    """One connection written by hand, above QUIC: what each side sends, one packet a call.

    Both sides have announced themselves, with so little credit that it is soon used up, and each
    has acknowledged what the other said.
    """

    def __init__(self, name: str = "h3-16", *, begun: bool = True) -> None:
        self.dialect = dialect(name)
        self.conversation = Conversation(0)
        self.findings: list[Finding] = []
        self._reader = Http3Reader()
        self._number = 0
        if begun:
            self.parameters(Side.CLIENT)
            self.parameters(Side.SERVER)
            for side in Side:
                self.send(side, 2 if side is Side.CLIENT else 3, b"\0" + self.settings(side))
            self.acknowledge(Side.CLIENT)
            self.acknowledge(Side.SERVER)

    @property
    def blamed(self) -> set[tuple[Side, str]]:
        kept = [one for one in self.findings if holds(one, self.conversation)]
        return {(one.side, one.requirement) for one in kept}

    def settings(self, side: Side, *more: tuple[int, int]) -> bytes:
        pairs = (*self.dialect.settings(side, SCARCE), *more)
        return frames.encode(FrameType.SETTINGS, settings.encode(pairs))

    def parameters(self, side: Side) -> None:
        pairs = ((Parameter.MAX_DATAGRAM_FRAME_SIZE, b"\x40\x64"), (Parameter.RESET_STREAM_AT, b""))
        self.say(side, events.Parameters(tuple((int(key), value) for key, value in pairs)))

    def say(self, side: Side, what: events.What) -> None:
        self._number += 1
        sender: events.Sender = "client" if side is Side.CLIENT else "server"
        seen = Seen(self._number / 1000, 0, sender, self._number, what)
        for one in self._reader.take(seen):
            self.findings += blame(self.conversation, one)
            self.conversation.apply(one)

    def acknowledge(self, side: Side) -> None:
        self.say(side, events.Acknowledged(self._number))

    def send(self, side: Side, stream_id: int, data: bytes, *, finished: bool = False) -> None:
        self.say(side, events.StreamBytes(stream_id, data, finished))

    def client(self, stream_id: int, data: bytes, *, finished: bool = False) -> None:
        self.send(Side.CLIENT, stream_id, data, finished=finished)

    def server(self, stream_id: int, data: bytes, *, finished: bool = False) -> None:
        self.send(Side.SERVER, stream_id, data, finished=finished)

    def client_datagram(self, data: bytes) -> None:
        self.say(Side.CLIENT, events.Datagram(data))

    def request(self, **replaced: bytes | None) -> bytes:
        return section(self.lines(**replaced))

    def lines(self, **replaced: bytes | None) -> list[fields.Field]:
        pseudo: dict[str, bytes | None] = {
            "method": b"CONNECT",
            "protocol": self.dialect.token,
            "scheme": b"https",
            "authority": b"a",
            "path": b"/",
        }
        pseudo |= replaced
        return [(b":" + key.encode(), value) for key, value in pseudo.items() if value is not None]

    def session(self) -> "Dialogue":
        """With session 0 established."""
        self.client(0, self.request())
        self.server(0, section([(b":status", b"200")]))
        return self


def section(lines: Iterable[fields.Field]) -> bytes:
    return frames.encode(FrameType.HEADERS, fields.encode(tuple(lines)))


@pytest.fixture
def dialogue() -> type[Dialogue]:
    return Dialogue
