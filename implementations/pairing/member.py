"""Who takes part: an implementation's image, or a program."""

from dataclasses import dataclass
from pathlib import Path

from wtspec.implementations import process
from wtspec.implementations.launch import HOST, Launch
from wtspec.implementations.program import ProgramEndpoint
from wtspec.suite.endpoint.configuration import PROTOCOLS
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.quic.identity import shown_to_real_clients


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pair meets. `owner`: the claim of their containers; `gateway`: we, seen from there.

    `folder`: where programs leave their key logs.
    """

    owner: str
    gateway: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Member:
    """`image` or `command` starts it. It speaks the dialects of its own choice."""

    name: str
    image: str = ""
    command: str = ""

    def finds_us_at(self, place: Place) -> str:
        """Our address, as it sees us."""
        return place.gateway if self.image else HOST

    async def start(self, role: Role, place: Place, shown_at: str) -> ProgramEndpoint:
        """`shown_at`: where clients come to. Raises what the ways to start it raise."""
        if self.image:
            # Containers need a library of their own, and only here.
            from wtspec.implementations.container import Berth
            from wtspec.implementations.container import start as start_container

            berth = Berth(self.image, place.owner, shown_at, keeps_keys=True)
            return await start_container(berth, role, PROTOCOLS, ())
        folder = place.folder / str(role)
        folder.mkdir(exist_ok=True)
        launch = Launch(self.command, evidence=folder)
        return await process.start(launch, role, PROTOCOLS, (), shown_to_real_clients(shown_at))
