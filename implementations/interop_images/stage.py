"""One run of a pair: the forwarder between its two networks, both programs, and what they leave."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from wtspec.implementations import docker_engine_pairs as pairs
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.docker_engine import Engine
from wtspec.implementations.docker_engine_pairs import Part
from wtspec.implementations.interop_images import forwarder, packet_log
from wtspec.implementations.interop_images.forwarder import Errand
from wtspec.implementations.interop_images.ground import Ground
from wtspec.implementations.interop_images.harvest import Harvest, harvested
from wtspec.implementations.interop_images.left import Ending, Left
from wtspec.implementations.interop_images.testcases import Task
from wtspec.implementations.isolation import INTEROP, NATIVE
from wtspec.implementations.program import GRACE_S, MOST_KEYS_BYTES
from wtspec.suite.dialect import Side
from wtspec.suite.quic.identity_chain import issued

_VOLUME_BYTES = 16 << 20
_MOST_OUTPUT_BYTES = 64 << 10
_MOST_RUNNING_S = 60.0  # what the original runner gives
_LOOKS_EVERY_S = 0.1
# To whoever has not ended when the other one has: a close is still on its way.
_FAREWELL_S = 3.0
_NAMES = ("server", "server4", "server6", "server46")


class Halted(Exception):
    """We were told to stop in the middle of a run."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The images of one run; a side that is absent is not started.

    `testcases`: what each is told in place of the task's own test case.
    """

    images: Mapping[Side, str]
    forwarder: str
    testcases: Mapping[Side, str]
    deadline_s: float = _MOST_RUNNING_S


class Run:
    """One start of a cast. It blocks: see `match` for what the event loop calls."""

    def __init__(self, where: Ground, cast: Cast, halt: threading.Event) -> None:
        self._where = where
        self._engine = where.engine
        self._cast = cast
        self._halt = halt
        self._volumes: dict[tuple[Side, str], str] = {}
        self._containers: dict[Side, str] = {}

    def perform(self, task: Task, link: str, seed: int) -> Left:
        """Raises EngineTrouble, and Halted when told to."""
        with ExitStack() as kept:
            folder = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="wtspec-")))
            _write_certificates(folder / "certs")
            record = self._volume(kept, packet_log.MOST_BYTES + _VOLUME_BYTES)
            for side in self._cast.images:
                for name in ("logs", "downloads"):
                    self._volumes[side, name] = self._volume(kept, _VOLUME_BYTES)
            middle = self._start(kept, self._forwarder(record, link, seed))
            began_s = time.monotonic()
            # The server first: its client need not ask twice.
            for side in sorted(self._cast.images, key=lambda one: one is Side.CLIENT):
                part = self._endpoint(side, task, folder)
                self._containers[side] = self._start(kept, part)
            self._await_an_end()
            duration_s = time.monotonic() - began_s
            endings = {side: self._ended(side) for side in self._containers}
            return self._left(middle, endings, duration_s)

    def _left(self, middle: str, endings: Mapping[Side, Ending], duration_s: float) -> Left:
        # Volumes in memory live while a container has them: this one still runs.
        if pairs.state(self._engine, middle).status is not None:
            said = pairs.output(self._engine, middle, _MOST_OUTPUT_BYTES).decode(errors="replace")
            raise EngineTrouble(f"our forwarder ended: {said.strip()[-500:]}")
        keys = [
            self._engine.file(middle, f"{_kept(side, 'logs')}/keys.log", MOST_KEYS_BYTES)
            for side in self._containers
        ]
        recorded = self._engine.file(middle, f"{_RECORD}/packets", 2 * packet_log.MOST_BYTES)
        return Left(
            endings=endings,
            downloads={side: self._downloads(middle, side) for side in self._containers},
            secrets=b"\n".join(keys),
            packets=tuple(packet_log.read(recorded)),
            outputs={
                side: pairs.output(self._engine, one, _MOST_OUTPUT_BYTES)
                for side, one in self._containers.items()
            },
            duration_s=duration_s,
        )

    def _downloads(self, middle: str, side: Side) -> Harvest:
        path = _kept(side, "downloads")
        return harvested(self._engine.archive(middle, path, 2 * _VOLUME_BYTES))

    def _await_an_end(self) -> None:
        """Until one of them has ended, or the time is over."""
        until_s = time.monotonic() + self._cast.deadline_s
        while time.monotonic() < until_s:
            if any(self._state(side).status is not None for side in self._containers):
                return
            self._pause()

    def _ended(self, side: Side) -> Ending:
        """How it ended, after a while of grace; then it is told to."""
        until_s = time.monotonic() + _FAREWELL_S
        while (found := self._state(side)).status is None and time.monotonic() < until_s:
            self._pause()
        if found.status is None:
            self._engine.stop(self._containers[side], GRACE_S)
        return Ending(found.status, self._state(side).is_too_large)

    def _state(self, side: Side) -> pairs.State:
        return pairs.state(self._engine, self._containers[side])

    def _pause(self) -> None:
        if self._halt.wait(_LOOKS_EVERY_S):
            raise Halted

    def _volume(self, kept: ExitStack, size_bytes: int) -> str:
        name = pairs.open_volume(self._engine, self._where.owner, size_bytes)
        kept.callback(_quietly, pairs.remove_volume, self._engine, name)
        return name

    def _start(self, kept: ExitStack, part: Part) -> str:
        container = pairs.start(self._engine, part, self._where.owner)
        kept.callback(_quietly, Engine.remove, self._engine, container)
        return container

    def _forwarder(self, record: str, link: str, seed: int) -> Part:
        fronts = self._where.gateway(Side.CLIENT)
        server = self._where.endpoint(Side.SERVER)
        routes = ((fronts.ipv4, server.ipv4), (fronts.ipv6, server.ipv6))
        has_server = Side.SERVER in self._cast.images
        errand = Errand(routes if has_server else (), link, seed, f"{_RECORD}/packets")
        volumes = {_kept(*whose): name for whose, name in self._volumes.items()}
        return Part(
            image=self._cast.forwarder,
            hostname="sim",
            places=tuple(self._where.gateway(side) for side in Side),
            profile=NATIVE,
            environment={},
            folders={},
            volumes={**volumes, _RECORD: record},
            entry=("python", "-m", forwarder.__name__, errand.told()),
        )

    def _endpoint(self, side: Side, task: Task, folder: Path) -> Part:
        www = folder / f"www-{side}"
        _write_files(www / task.path, {} if task.case.asks in (None, side) else task.files)
        return Part(
            image=self._cast.images[side],
            hostname=str(side),
            places=(self._where.endpoint(side),),
            profile=INTEROP,
            environment={
                "ROLE": str(side),
                "TESTCASE": self._cast.testcases.get(side) or task.case.told(side),
                "REQUESTS": task.requests(side),
                "PROTOCOLS": " ".join(task.protocols[side]),
                "SSLKEYLOGFILE": "/logs/keys.log",
                "QLOGDIR": "/logs/qlog/",
                "CLIENT_PARAMS": "",
                "SERVER_PARAMS": "",
                "HOME": "/tmp",  # noqa: S108 - the container's own
            },
            folders={"/certs": str(folder / "certs"), "/www": str(www)},
            volumes={f"/{name}": self._volumes[side, name] for name in ("logs", "downloads")},
            hosts=self._hosts(side),
        )

    def _hosts(self, side: Side) -> tuple[tuple[str, str], ...]:
        gateway = self._where.gateway(side)
        server = self._where.endpoint(side) if side is Side.SERVER else gateway
        both = [(name, host) for name in _NAMES for host in (server.ipv4, server.ipv6)]
        wrong = {("server4", server.ipv6), ("server6", server.ipv4), ("server", server.ipv6)}
        return (*(one for one in both if one not in wrong), ("sim", gateway.ipv4))


_RECORD = "/record"


def _kept(side: Side, name: str) -> str:
    """Where the forwarder has what an endpoint calls by that name."""
    return f"/kept/{side}/{name}"


def _quietly(remove: Callable[[Engine, str], None], engine: Engine, what: str) -> None:
    """Whatever stays, the claim's end or the next run's sweep removes."""
    with suppress(EngineTrouble):
        remove(engine, what)


def _write_certificates(folder: Path) -> None:
    chain = issued(_NAMES)
    _write_files(
        folder,
        {"ca.pem": chain.authority_pem, "cert.pem": chain.leaf_pem, "priv.key": chain.key_pem},
    )


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Inside containers everybody may read them; here the directory above is ours alone."""
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
