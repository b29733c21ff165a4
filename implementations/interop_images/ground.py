"""Where a pair meets: two closed networks that nobody else has."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from wtspec.implementations import docker_engine_pairs as pairs
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.docker_engine import Engine
from wtspec.implementations.docker_engine_pairs import Place
from wtspec.suite.dialect import Side

_MOST_PAIRS = 127


@dataclass(frozen=True, slots=True)
class Ground:
    """The networks of a pair: the client's and the server's, of which `number` makes addresses."""

    engine: Engine
    owner: str
    number: int

    def network(self, side: Side) -> str:
        return f"wtspec-{self.owner}-{self._third(side)}"

    def pools(self, side: Side) -> tuple[str, str]:
        third = self._third(side)
        return f"193.167.{third}.0/24", f"fd00:cafe:cafe:{third:x}::/64"

    def place(self, side: Side, last: int) -> Place:
        """Address number `last` on the network of that side."""
        third = self._third(side)
        ipv6 = f"fd00:cafe:cafe:{third:x}::{last}"
        return Place(self.network(side), f"193.167.{third}.{last}", ipv6)

    def gateway(self, side: Side) -> Place:
        return self.place(side, 2)

    def endpoint(self, side: Side) -> Place:
        return self.place(side, 100)

    def _third(self, side: Side) -> int:
        return 2 * self.number + (side is Side.SERVER)


@contextmanager
def ground(engine: Engine, owner: str) -> Iterator[Ground]:
    """The first pair of networks that is free on this engine."""
    for number in range(_MOST_PAIRS):
        made = Ground(engine, owner, number)
        with ExitStack() as opened:
            for side in Side:
                name = made.network(side)
                if not pairs.open_network(engine, owner, name, made.pools(side)):
                    break
                opened.callback(_removed, engine, name)
            else:
                yield made
                return
    raise EngineTrouble("all addresses of interop networks are taken: 193.167.0.0/16")


def _removed(engine: Engine, name: str) -> None:
    """Whatever stays, the claim's end or the next run's sweep removes."""
    with suppress(EngineTrouble):
        pairs.remove_network(engine, name)
