"""The contract's client: commands in, events out, by contract sections 3 and 4."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from wtspec.implementations.reference import applications
from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.errors import SessionRefused, WebTransportError
from wtspec.implementations.reference.place import Application, Place
from wtspec.implementations.reference.reporting import Emit, Reporter, pattern
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import (
    BidirectionalStream,
    ReceiveStream,
    SendStream,
)
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.network.link import Network
from wtspec.suite.quic.options import Verify

GIVE_UP_S = 10.0
Command = Mapping[str, Any]


class Misuse(WebTransportError):
    """A command that names what is not there, or cannot be read."""


class Mode:
    """What a session does with incoming traffic; see the command of that name."""

    def __init__(self, *, echo: bool, read: bool) -> None:
        self.echo = echo
        self.read = read
        self.changed = Wakeup()

    async def may_read(self) -> None:
        while not self.read:
            await self.changed.wait()


class OpenStream:
    """A stream opened by command: commands on it wait for it, and keep their order."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[tuple[SendStream | None, ReceiveStream | None]] = (
            asyncio.get_running_loop().create_future()
        )
        self.order = asyncio.Lock()


class ContractClient:
    """Carries out commands, each on its own, and reports what the API shows."""

    def __init__(self, network: Network, options: ClientOptions, emit: Emit) -> None:
        self._options = options
        self._reporter = Reporter(emit, options.rules)
        self.client = Client(options, network)
        self.is_shut_down = asyncio.Event()
        self._places: dict[str, Place] = {}
        self._modes: dict[str, Mode] = {}
        self._streams: dict[str, OpenStream] = {}
        self._commands = {
            "connect": self._connect,
            "open": self._open,
            "write": self._write,
            "finish": self._finish,
            "reset": self._reset,
            "stop": self._stop,
            "datagram": self._datagram,
            "mode": self._mode,
            "close": self._close,
            "drain": self._drain,
            "stats": self._stats,
            "sync": self._sync,
            "shutdown": self._shutdown,
        }

    def execute(self, command: Command) -> None:
        """Begin one command; those on one stream begin in the order of the calls."""
        stream = command.get("stream")
        if command.get("cmd") == "open" and isinstance(stream, str):
            self._streams.setdefault(stream, OpenStream())
        self._options.life.spawn(self._run(command))

    async def _run(self, command: Command) -> None:
        name = str(command.get("cmd"))
        action = self._commands.get(name)
        try:
            if action is None:
                raise Misuse(f"no such command: {name}")
            result = await action(command)
        except SessionRefused as refusal:
            self._refused(command, refusal)
        except (WebTransportError, TimeoutError, ValueError, KeyError, TypeError) as error:
            kind = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
            self._reporter.event("error", id=command.get("id"), error=str(error), kind=kind)
        else:
            self._reporter.event("done", id=command.get("id"), result=result)

    def _refused(self, command: Command, refusal: SessionRefused) -> None:
        self._reporter.event(
            "refused",
            id=command.get("id"),
            session=command.get("session"),
            status=self._options.rules.application.reported_status(refusal.status),
            error=str(refusal),
        )

    # Sessions.

    async def _connect(self, command: Command) -> None:
        name = str(command["session"])
        mode = Mode(echo=bool(command.get("echo")), read=command.get("read", True) is not False)
        session = await self.client.connect(str(command["url"]), _session_options(command))
        self._modes[name] = mode
        self._reporter.event(
            "session",
            session=name,
            status=session.status,
            protocol=session.protocol,
            dialect=session.dialect,
            wire_id=session.session_id,
        )
        place = Place(session, name, self._reporter, self._options.rules, self._options.life)
        self._places[name] = place
        place.run(self._application(mode))

    def _application(self, mode: Mode) -> Application:
        """By the mode at the time that a stream or datagram comes: echo, or read and report."""

        async def begin(_: Place) -> None:
            """Wait for commands."""

        async def bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
            self._adopt(name, stream.writable, stream.readable)
            await mode.may_read()
            if mode.echo:
                await applications.echo_bidirectional(place, stream, name)
            else:
                place.stopping(stream.writable, name)
                await self._report(place, stream.readable, name, mode)

        async def unidirectional(place: Place, stream: ReceiveStream, name: str) -> None:
            self._adopt(name, None, stream)
            await mode.may_read()
            if mode.echo:
                await applications.echo_unidirectional(place, stream, name)
            else:
                await self._report(place, stream, name, mode)

        def datagram(place: Place, data: bytes) -> None:
            if mode.echo:
                applications.echo_datagram(place, data)

        return Application(begin, bidirectional, unidirectional, datagram)

    async def _report(self, place: Place, stream: ReceiveStream, name: str, mode: Mode) -> None:
        async def show(chunk: bytes) -> None:
            self._reporter.data(name, chunk)
            await mode.may_read()

        await place.reporter.reading(stream, name, show)

    async def _mode(self, command: Command) -> None:
        mode = self._modes[str(command["session"])]
        mode.echo = bool(command.get("echo", mode.echo))
        mode.read = command.get("read", mode.read) is not False
        mode.changed.notify()

    async def _close(self, command: Command) -> None:
        self._session(command).close(int(command.get("code", 0)), str(command.get("reason", "")))

    async def _drain(self, command: Command) -> None:
        self._session(command).drain()

    async def _datagram(self, command: Command) -> None:
        if not self._session(command).datagrams.send(_payload(command)):
            raise Misuse("the datagram does not fit, or the peer takes none")

    async def _stats(self, command: Command) -> Mapping[str, object]:
        session = self._session(command)
        return {
            "max_datagram_size": session.datagrams.max_size,
            "wire_id": session.session_id,
            "dialect": session.dialect,
        }

    # Streams.

    async def _open(self, command: Command) -> None:
        name = str(command["stream"])
        opened = self._streams[name].opened
        place = self._place(command)
        async with asyncio.timeout(GIVE_UP_S):
            if command.get("kind") == "uni":
                sending, reading = await place.session.create_unidirectional_stream(), None
            else:
                stream = await place.session.create_bidirectional_stream()
                sending, reading = stream.writable, stream.readable
        kind = "uni" if reading is None else "bidi"
        self._reporter.stream(place.name, name, kind, "local", sending.stream_id)
        place.stopping(sending, name)
        if reading is not None:
            place.spawn(self._report(place, reading, name, self._modes[place.name]))
        opened.set_result((sending, reading))

    async def _write(self, command: Command) -> None:
        data = _payload(command)
        async with self._stream(command).order:
            sending = await self._sending(command)
            await sending.write(data)
            if command.get("finish"):
                await sending.finish()

    async def _finish(self, command: Command) -> None:
        async with self._stream(command).order:
            await (await self._sending(command)).finish()

    async def _reset(self, command: Command) -> None:
        (await self._sending(command)).reset(int(command.get("code", 0)))

    async def _stop(self, command: Command) -> None:
        _, reading = await self._stream(command).opened
        if reading is None:
            raise Misuse("nothing is received on this stream")
        reading.stop(int(command.get("code", 0)))

    # The whole.

    async def _sync(self, _: Command) -> None:
        # What has arrived wakes its reader in the next turn of the loop; two turns are enough for
        # a reader that wakes another.
        for _turn in range(2):
            await asyncio.sleep(0)

    async def _shutdown(self, _: Command) -> None:
        await self.client.close()
        self.is_shut_down.set()

    # Names.

    def _place(self, command: Command) -> Place:
        name = str(command["session"])
        if name not in self._places:
            raise Misuse(f"no session {name}")
        return self._places[name]

    def _session(self, command: Command) -> Session:
        return self._place(command).session

    def _stream(self, command: Command) -> OpenStream:
        name = str(command["stream"])
        if name not in self._streams:
            raise Misuse(f"no stream {name}")
        return self._streams[name]

    async def _sending(self, command: Command) -> SendStream:
        sending, _ = await self._stream(command).opened
        if sending is None:
            raise Misuse("nothing is sent on this stream")
        return sending

    def _adopt(self, name: str, sending: SendStream | None, reading: ReceiveStream) -> None:
        stream = self._streams.setdefault(name, OpenStream())
        stream.opened.set_result((sending, reading))


def _session_options(command: Command) -> SessionOptions:
    hashes = [base64.b64decode(one) for one in command.get("hashes", ())]
    return SessionOptions(
        verify=Verify.hashes(*hashes) if hashes else Verify.NONE,
        protocols=tuple(command.get("protocols", ())),
        origin=command.get("origin"),
        headers=tuple(dict(command.get("headers", {})).items()),
        allow_pooling=bool(command.get("pool")),
        deadline_s=GIVE_UP_S,
    )


def _payload(command: Command) -> bytes:
    if "fill" in command:
        return pattern(int(command["fill"]))
    data = command.get("data", b"")
    return data if isinstance(data, bytes) else base64.b64decode(data, validate=True)
