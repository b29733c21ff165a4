"""What one run of a pair leaves, for a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wtspec.implementations.interop_images.harvest import Harvest
from wtspec.suite.dialect import Side
from wtspec.suite.network.pcapng import Packet


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended. `status`: of its own accord; None: it ran until it was told to stop."""

    status: int | None
    is_too_large: bool = False

    def __str__(self) -> str:
        if self.is_too_large:
            return "was killed for using more memory than it has"
        return "did not end" if self.status is None else f"ended with status {self.status}"


@dataclass(frozen=True, slots=True)
class Left:
    """`secrets`: the key logs of both; `outputs`: the end of what each printed, for people."""

    endings: Mapping[Side, Ending]
    downloads: Mapping[Side, Harvest]
    secrets: bytes
    packets: Sequence[Packet]
    outputs: Mapping[Side, bytes]
    duration_s: float
