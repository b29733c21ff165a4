"""How the runner gets endpoints: a factory that the door hands in."""

from collections.abc import Set as AbstractSet
from typing import Protocol, runtime_checkable

from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import Endpoint, Role
from wtspec.suite.network.link import Network


class CannotStart(Exception):
    """The endpoint did not start, in one sentence with a way out: the environment is to blame."""


@runtime_checkable
class Watched(Protocol):
    """An endpoint that can note which faults would have shown; None: it does not."""

    showing: AbstractSet[str] | None


class EndpointFactory(Protocol):
    """Starts endpoints of one kind. A hashable plain value: it crosses to worker processes."""

    @property
    def start_s(self) -> float:
        """How long `start` takes at most; what takes longer hangs in a process of ours."""
        ...

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        """A running endpoint of its own; raises EndpointNotOffered, EndpointGone, CannotStart."""
        ...

    def __hash__(self) -> int: ...
