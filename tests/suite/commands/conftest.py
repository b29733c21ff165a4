"""A small HTTP/3 server in a thread, which says and answers what a test wants; and the door."""

import asyncio
import io
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from wtspec.suite.commands.main import main
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import Connection, Listener
from wtspec.suite.quic.events import Event, HandshakeCompleted, StreamData
from wtspec.suite.quic.identity import Identity, p256
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.wire import fields, frames, settings, varint
from wtspec.suite.wire.frames import FrameType

Answer = Callable[[Connection, int, Mapping[bytes, bytes]], None]


@dataclass(frozen=True)
class FakeServer:
    """`announces`: its SETTINGS, None for none at all."""

    announces: settings.Pairs | None
    answer: Answer
    alpn: tuple[str, ...]

    def accept(self, connection: Connection) -> None:
        def on_event(event: Event) -> None:
            match event:
                case HandshakeCompleted() if self.announces is not None:
                    payload = settings.encode(self.announces)
                    first = varint.encode(0) + frames.encode(FrameType.SETTINGS, payload)
                    connection.send(connection.open_stream("uni"), first)
                case StreamData(stream_id, data) if stream_id % 4 == 0 and data:
                    [frame] = frames.FrameDecoder().feed(data)
                    assert isinstance(frame, frames.Frame)
                    request = dict(fields.FieldDecoder().decode(frame.payload))
                    self.answer(connection, stream_id, request)

        connection.on_event = on_event


@pytest.fixture(scope="session")
def identity() -> Identity:
    return p256()


@pytest.fixture
def play(identity: Identity) -> Iterator[Callable[..., str]]:
    """`play(announces, answer, alpn=)` starts a FakeServer and returns its URL."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listeners: list[Listener] = []

    async def listen(server: FakeServer) -> Listener:
        options = QuicOptions(identity=identity, alpn=server.alpn)
        return Listener(UdpNetwork(), options, server.accept)

    def start(
        announces: settings.Pairs | None, answer: Answer, alpn: tuple[str, ...] = ("h3",)
    ) -> str:
        server = FakeServer(announces, answer, alpn)
        listener = asyncio.run_coroutine_threadsafe(listen(server), loop).result(10)
        listeners.append(listener)
        return f"https://127.0.0.1:{listener.address[1]}/echo"

    try:
        yield start
    finally:
        for listener in listeners:
            loop.call_soon_threadsafe(listener.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def mute_url() -> Iterator[str]:
    """A URL whose port is taken by something that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"https://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def free_url() -> str:
    """A URL where nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{free.getsockname()[1]}/"


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@pytest.fixture
def wtspec(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Said]:
    """`wtspec(*words, stdin=)` is the command line as the shell sees it, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["wtspec", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert isinstance(end.value.code, int)
        return Said(end.value.code, printed.out, printed.err)

    return call
