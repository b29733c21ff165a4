"""A Peer against the reference on the virtual network, in either role."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from wtspec.implementations.reference.endpoint import start_reference
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.interruption import EndScript
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
