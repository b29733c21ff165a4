"""The endpoints that a door can attach, each as a plain value that a worker process can start."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.application import Nowhere
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import Addr, Endpoint, EndpointNotOffered, Hello, Role
from wtspec.suite.network.link import Network
from wtspec.suite.quic.identity import shown_to_real_clients
from wtspec.suite.run.factory import CannotStart, EndpointFactory

if TYPE_CHECKING:
    from wtspec.implementations.program import Making, S

_ANSWER_S = 3.0


class Attachment(EndpointFactory, Protocol):
    """What a door attaches. `isolation`: how it is kept from this host, for the record."""

    @property
    def isolation(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EmbeddedReference:
    """Our reference in the worker's own process; `fault` names what it does wrong or oddly.

    `is_watched`: it is honest and notes which faults would have shown.
    """

    fault: str = ""
    is_watched: bool = False

    @property
    def isolation(self) -> str:
        return "none: in our own process"

    @property
    def start_s(self) -> float:
        return _ANSWER_S

    def __str__(self) -> str:
        return f"reference, {self.fault}" if self.fault else "reference"

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        from wtspec.implementations.reference.endpoint import start_reference, start_watched
        from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES
        from wtspec.implementations.reference.rules import HONEST

        if self.is_watched:
            faults = (*FAULTS.values(), *ODDITIES.values())
            return await start_watched(
                role, configuration, (dialect.name,), network=network, faults=faults
            )
        rules = HONEST
        if self.fault:
            rules = (FAULTS if self.fault in FAULTS else ODDITIES)[self.fault].rules
        return await start_reference(
            role, configuration, (dialect.name,), network=network, rules=rules
        )


class _OfContract(ABC):
    """A program that speaks the contract, however it is started."""

    __slots__ = ()

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        del network  # it has sockets of its own
        return await self.started(role, configuration, (dialect.name,))

    async def started(
        self, role: Role, configuration: Configuration, dialects: tuple[str, ...]
    ) -> Endpoint:
        """Without dialects: in those of its own choice."""
        from wtspec.implementations.program import ProgramEndpoint

        return await self.started_for(ProgramEndpoint, role, configuration, dialects)

    @abstractmethod
    async def started_for(
        self,
        making: "Making[S]",
        role: Role,
        configuration: Configuration,
        dialects: tuple[str, ...],
    ) -> "S":
        """The same, for somebody else."""


@dataclass(frozen=True, slots=True)
class Program(_OfContract):
    """A program that speaks the contract, started for each group of cells (`--exec`).

    `directory`: where a relative program is looked for, and where it runs.
    """

    command: str
    directory: str

    @property
    def isolation(self) -> str:
        return "process: a session of its own, limits on files, clean environment"

    @property
    def start_s(self) -> float:
        from wtspec.implementations.launch import START_S

        return START_S

    def __str__(self) -> str:
        return self.command

    async def started_for(
        self,
        making: "Making[S]",
        role: Role,
        configuration: Configuration,
        dialects: tuple[str, ...],
    ) -> "S":
        from wtspec.implementations.launch import Launch
        from wtspec.implementations.process import start_for

        launch, identity = Launch(self.command, Path(self.directory)), shown_to_real_clients()
        return await start_for(making, launch, role, configuration, dialects, identity=identity)


@dataclass(frozen=True, slots=True)
class InContainer(_OfContract):
    """A program that speaks the contract as the entry point of an image (`--image`).

    `owner`: the claim under which its containers live; see `held`.
    """

    image: str
    owner: str

    @property
    def isolation(self) -> str:
        from wtspec.implementations.isolation import NATIVE

        return NATIVE.describe()

    @property
    def start_s(self) -> float:
        from wtspec.implementations.container import START_S

        return START_S

    def __str__(self) -> str:
        return f"image {self.image}"

    @contextmanager
    def held(self) -> Iterator[Mapping[str, str]]:
        """Its containers live inside, and none outlives it; what is worth knowing of the image."""
        from wtspec.suite.commands.engine_told import engine_told

        with engine_told():
            from wtspec.implementations.container import household

            with household(self.owner, self.image) as (found,):
                yield {"image": found.short_id}

    async def started_for(
        self,
        making: "Making[S]",
        role: Role,
        configuration: Configuration,
        dialects: tuple[str, ...],
    ) -> "S":
        from wtspec.implementations.claim import EngineTrouble
        from wtspec.implementations.container import Berth, start_for

        berth = Berth(self.image, self.owner)
        try:
            return await start_for(making, berth, role, configuration, dialects)
        except EngineTrouble as trouble:
            raise CannotStart(str(trouble)) from trouble


Launched = Program | InContainer  # what we start ourselves


async def greeting(factory: Launched, role: Role) -> Hello:
    """What it says of itself when nothing is asked of it; it is stopped at once."""
    endpoint = await factory.started(role, DEFAULT, ())
    await endpoint.stop()
    return endpoint.hello


@dataclass(frozen=True, slots=True)
class Remote:
    """A server that runs already (`--url`); `paths`: pairs of a contract path and its own."""

    url: str
    address: Addr
    paths: tuple[tuple[str, str], ...] = ()

    @property
    def isolation(self) -> str:
        return "none of ours: it was running already"

    @property
    def start_s(self) -> float:
        return 4 * _ANSWER_S

    def __str__(self) -> str:
        return self.url

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        from wtspec.implementations.readiness import answered
        from wtspec.implementations.remote import RemoteServer

        del configuration, network  # it was started by somebody else
        if role is not Role.SERVER:
            raise EndpointNotOffered("a URL names a server")
        try:
            await asyncio.wait_for(answered(self.address), _ANSWER_S)
        except TimeoutError as error:
            where = f"{self.address[0]} port {self.address[1]}"
            raise CannotStart(
                f"no QUIC answer from {where} in {_ANSWER_S:g} s: nothing listens there, or UDP"
                " does not get through; `wtspec probe URL` says more"
            ) from error
        return RemoteServer(
            self.address,
            dict(self.paths),
            urlsplit(self.url).hostname,
            serves_every_path=await self._serves(Nowhere().path, dialect),
        )

    async def _serves(self, path: str, dialect: Dialect) -> bool:
        """Whether a session is to be had there."""
        from wtspec.suite.commands.probe_connection import ask
        from wtspec.suite.commands.server_url import TrustChoice, find
        from wtspec.suite.commands.unreachable import Unreachable

        site = replace(find(self.url, TrustChoice(insecure=True)), path=path)
        try:
            heard = await ask(site, dialect, _ANSWER_S)
        except Unreachable:
            return False
        return heard.status is not None and heard.status // 100 == 2


@dataclass(frozen=True, slots=True)
class Listening:
    """A client that a person or a script starts; `control` is where it finds its commands."""

    control: Addr

    @property
    def isolation(self) -> str:
        return "none of ours: somebody else starts it"

    @property
    def start_s(self) -> float:
        return _HELLO_S

    def __str__(self) -> str:
        return f"a client that asks http://{self.control[0]}:{self.control[1]}/commands"

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        from wtspec.implementations.listening import ListeningClient

        # It cannot be started again: what the wire then lacks makes cases not applicable.
        del configuration, network
        if role is not Role.CLIENT:
            raise EndpointNotOffered("who asks for commands is a client")
        client = ListeningClient(self.control, _GREETINGS.get(self.control))
        try:
            await client.start(_HELLO_S)
        except OSError as error:
            raise CannotStart(f"cannot listen on {self.control}: {error.strerror}") from error
        _GREETINGS[self.control] = client.hello
        if client.hello.dialects and dialect.name not in client.hello.dialects:
            await client.stop()
            raise EndpointNotOffered(f"the client does not speak {dialect}")
        return client


_HELLO_S = 120.0
# A client says hello once, however many groups of cells it is asked to serve.
_GREETINGS: dict[Addr, Hello] = {}
