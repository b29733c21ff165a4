"""A Peer against the reference on the virtual network, in either role."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from wtspec.implementations.reference.endpoint import start_reference
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import BOTH, ApiEvent, Hello, Role
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.api import Api
from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.interruption import EndScript
from wtspec.suite.peer.patience import FAST
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Reaction

Script = Callable[[Peer], Awaitable[Any]]


@dataclass(frozen=True)
class Outcome:
    """What a script returned, and the Peer that it used."""

    value: Any
    peer: Peer

    @property
    def signals(self) -> tuple[object, ...]:
        assert isinstance(self.value, Reaction)
        return self.value.signals


async def _run(
    role: Role, script: Script, configuration: Configuration, draft: str, path: Path
) -> Outcome:
    network = VirtualNetwork(1)
    endpoint = await start_reference(role, configuration, (draft,), network=network)
    peer = Peer(endpoint, network, dialect(draft), configuration=configuration, path=path, seed=1)
    try:
        value = await script(peer)
    except EndScript as end:
        value = end.reaction
    finally:
        await peer.finish()
        await endpoint.stop()
    assert endpoint.failure is None
    return Outcome(value, peer)


class Scripted:
    """An endpoint that says what a test tells it to."""

    address = ("192.0.2.9", 1)
    shows_events = True

    def __init__(self, role: Role = Role.SERVER) -> None:
        self.role = role
        self.hello = Hello("scripted", "1", unsupported=frozenset({"drain"}))
        self.commands: list[Mapping[str, object]] = []
        self.end: str | None = None
        self._listeners: list[Callable[[ApiEvent], None]] = []

    def path_of(self, path: str) -> str | None:
        return path

    def subscribe(self, listener: Callable[[ApiEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def command(self, command: Mapping[str, object]) -> None:
        self.commands.append(command)

    def ended(self) -> str | None:
        return self.end

    def memory_bytes(self) -> int | None:
        return None

    async def stop(self) -> None:
        self.end = "stopped"

    def say(self, name: str, **fields: object) -> None:
        for listener in list(self._listeners):
            listener(ApiEvent(name, fields))


class Table:
    """An Api over a scripted endpoint."""

    def __init__(self, role: Role = Role.SERVER) -> None:
        self.endpoint = Scripted(role)
        self.bench = Bench(self.endpoint, FAST)
        self.api = Api(self.endpoint, self.bench)


Bout = Callable[..., Outcome]


def _bout_in(role: Role) -> Bout:
    def bout(
        script: Script,
        *,
        configuration: Configuration = DEFAULT,
        draft: str = "h3-16",
        path: Path = CLEAN,
    ) -> Outcome:
        return run_virtual(_run(role, script, configuration, draft, path))

    return bout


@pytest.fixture(params=BOTH, ids=str)
def bout(request: pytest.FixtureRequest) -> Bout:
    """`bout(script)` runs it in each role of the endpoint."""
    return _bout_in(request.param)


@pytest.fixture
def with_server() -> Bout:
    """The endpoint is a server."""
    return _bout_in(Role.SERVER)


@pytest.fixture
def with_client() -> Bout:
    """The endpoint is a client."""
    return _bout_in(Role.CLIENT)


@pytest.fixture
def scripted() -> type[Scripted]:
    """The class of endpoints that say what a test tells them to."""
    return Scripted


@pytest.fixture
def tables() -> Callable[..., Table]:
    """`tables(role)` is an Api over a scripted endpoint, its clock stopped at 0."""

    def table(role: Role = Role.SERVER) -> Table:
        async def made() -> Table:
            return Table(role)

        return run_virtual(made())

    return table
