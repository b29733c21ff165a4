"""An endpoint attached as a container: the contract's program as the entry point of an image.

It speaks the contract on stdin and stdout, as a process does, on a network of the run's own that
leads to us and nowhere else.
"""

import asyncio
import contextlib
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wtspec.implementations import claim
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.docker_engine import (
    CERTIFICATES,
    LOGS,
    Engine,
    Image,
    Order,
    Started,
)
from wtspec.implementations.isolation import NATIVE, Profile
from wtspec.implementations.launch import certificates
from wtspec.implementations.lines import Flood, Printed, Tail
from wtspec.implementations.program import (
    GRACE_S,
    MOST_KEYS_BYTES,
    Making,
    OnEnd,
    OnLine,
    ProgramEndpoint,
    Running,
    S,
)
from wtspec.suite.endpoint import contract, processes
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.quic.identity import Identity, shown_to_real_clients

START_S = 30.0
_KEYS = f"{LOGS}/endpoint.keys"
_PORT = 4433  # in its own network namespace every port is free
_OUTPUT_GRACE_S = 1.0
_READ_BYTES = 64 * 1024
_FRAME_HEADER_BYTES = 8
_STDERR = 2
_MOST_STATUS_OF_SIGNAL = 128 + 64


@contextmanager
def household(owner: str, *tags: str) -> Iterator[tuple[Image, ...]]:
    """The place where a run's containers of these images live; nothing of it is left after it.

    First of all it removes what runs left that were killed. Raises EngineTrouble.
    """
    with claimed(owner, *tags) as (engine, images):
        engine.open_network(owner)
        yield images


@contextmanager
def claimed(owner: str, *tags: str) -> Iterator[tuple[Engine, tuple[Image, ...]]]:
    """The same without a network."""
    engine = Engine()
    with contextlib.closing(engine), claim.held(owner):
        engine.sweep()
        images = tuple(_image(engine, tag) for tag in tags)
        try:
            yield engine, images
        finally:
            with suppress(EngineTrouble):  # gone: the next run sweeps
                engine.remove_all(owner)


def _image(engine: Engine, tag: str) -> Image:
    if (found := engine.image(tag)) is None:
        raise EngineTrouble(
            f"there is no image {tag} here: `wtspec build` makes those of the known "
            "implementations, `docker build` yours"
        )
    return found


@dataclass(frozen=True, slots=True)
class Berth:
    """Which image is started, in whose household, and how it is kept.

    `shown_at`: where clients come to, for the certificate; None: to our address on its network.
    """

    image: str
    owner: str
    shown_at: str | None = None
    profile: Profile = NATIVE
    deadline_s: float = START_S
    keeps_keys: bool = False


async def start(
    berth: Berth, role: Role, configuration: Configuration, dialects: tuple[str, ...]
) -> ProgramEndpoint:
    """Start the container; raises EngineTrouble, and what `ProgramEndpoint.started` does."""
    return await start_for(ProgramEndpoint, berth, role, configuration, dialects)


async def start_for(
    making: Making[S],
    berth: Berth,
    role: Role,
    configuration: Configuration,
    dialects: tuple[str, ...],
) -> S:
    """The same, for somebody else."""
    engine = await asyncio.to_thread(Engine)
    host = await asyncio.to_thread(engine.gateway, berth.owner)
    files = tempfile.TemporaryDirectory(prefix="wtspec-")
    # A server's address is known when it runs; a client is told to come to ours.
    endpoint = making(role, (host, 0), files)

    async def starting(on_line: OnLine, on_end: OnEnd) -> Running:
        folder = Path(files.name, "certs")
        variables = {
            **contract.environment(configuration, dialects),
            **_environment(role),
            **_written(shown_to_real_clients(berth.shown_at or host), folder),
        }
        if berth.keeps_keys:
            variables["SSLKEYLOGFILE"] = _KEYS
        order = Order(berth.image, variables, folder, berth.profile, berth.keeps_keys)
        started = await asyncio.to_thread(engine.start, order, berth.owner)
        if role is Role.SERVER:
            # One that has ended already has none; that it ended shows below.
            endpoint.address = (started.address or host, _PORT)
        return await Contained.watched(engine, started, on_line, on_end)

    await endpoint.started(starting, berth.deadline_s)
    return endpoint


def _environment(role: Role) -> dict[str, str]:
    found = {"WT_ROLE": str(role), "HOME": "/tmp"}  # noqa: S108 - the container's own
    if role is Role.SERVER:
        found |= {"WT_HOST": "0.0.0.0", "WT_PORT": str(_PORT)}  # noqa: S104 - the container's own
    return found


def _written(identity: Identity, folder: Path) -> dict[str, str]:
    """The certificate's files, as the container names them; inside it everybody may read them.

    Nobody else here can: the directory above is ours alone.
    """
    folder.mkdir(mode=0o755)
    variables = certificates(identity, folder)
    for path in map(Path, variables.values()):
        path.chmod(0o644)
    return {name: f"{CERTIFICATES}/{Path(path).name}" for name, path in variables.items()}


class Contained:
    """A started container: `Running`."""

    def __init__(self, engine: Engine, started: Started, on_line: OnLine, on_end: OnEnd) -> None:
        self.log = Tail()
        self.broken: str | None = None
        self.status: int | None = None
        self._engine = engine
        self._started = started
        self._on_line = on_line
        self._on_end = on_end

    @classmethod
    async def watched(
        cls, engine: Engine, started: Started, on_line: OnLine, on_end: OnEnd
    ) -> "Contained":
        """`on_end`: `status` is there."""
        made = cls(engine, started, on_line, on_end)
        await made._open(started.stream)
        return made

    async def _open(self, stream: socket.socket) -> None:
        stream.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=stream, limit=_READ_BYTES)
        self._pump = asyncio.create_task(self._read(reader))
        self._end = asyncio.create_task(self._watch())

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def memory_bytes(self) -> int | None:
        """Of a container on this host: elsewhere the number belongs to another process."""
        try:
            group = Path(f"/proc/{self._started.pid}/cgroup").read_text()
        except OSError:
            return None
        return processes.resident_bytes(self._started.pid) if self._started.id in group else None

    def keys(self) -> bytes:
        """Its key log so far."""
        return self._engine.file(self._started.id, _KEYS, MOST_KEYS_BYTES)

    async def wait(self) -> None:
        await asyncio.shield(self._end)

    async def stop(self) -> None:
        """As promised; with an engine that is gone, the container is left to the next sweep."""
        try:
            with suppress(EngineTrouble):
                if self.status is None:
                    await asyncio.to_thread(self._engine.stop, self._started.id, GRACE_S)
                await asyncio.to_thread(self._engine.remove, self._started.id)
            await self.wait()
        finally:
            self._writer.close()
            self._engine.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        clock = asyncio.get_running_loop().time
        printed = Printed(self._on_line, self.log)
        try:
            while True:
                header = await reader.readexactly(_FRAME_HEADER_BYTES)
                left = int.from_bytes(header[4:], "big")
                while left:
                    data = await reader.read(min(left, _READ_BYTES))
                    if not data:
                        return
                    left -= len(data)
                    if header[0] == _STDERR:
                        self.log.add(data)
                    else:
                        printed.take(data, clock())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except Flood as flood:
            self.broken = f"it printed {flood}"
            # The engine would wait for a reader with what it still has of the flood.
            self._writer.transport.abort()
            await asyncio.to_thread(self._engine.kill, self._started.id)
        finally:
            printed.end()

    async def _watch(self) -> None:
        try:
            status, is_too_large = await asyncio.to_thread(self._engine.wait, self._started.id)
            if is_too_large:
                self.broken = "it was killed for using more memory than it has"
        except EngineTrouble as trouble:
            status = -signal.SIGKILL
            self.broken = self.broken or str(trouble)
        _, late = await asyncio.wait((self._pump,), timeout=_OUTPUT_GRACE_S)
        for pump in late:
            pump.cancel()
        self.status = _as_of_a_process(status)
        self._on_end()


def _as_of_a_process(status: int) -> int:
    """The init process tells a signal as shells do; SIGTERM is told as programs do, too."""
    is_signal = 128 < status <= _MOST_STATUS_OF_SIGNAL
    return 128 - status if is_signal else status
