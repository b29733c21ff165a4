"""What a fault is, and how one is added.

    @fault("takes-any-max-streams", SERVER, CLIENT)
    class TakesAnyMaxStreams(FlowRules):
        \"\"\"A limit that does not grow is taken in silence.\"\"\"

        def minds_stale(self, what: str) -> bool:
            return False

The docstring says what it does wrong. Put the class into the module of its family; `registry.py`
reads every module of this folder.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from wtspec.implementations.reference.rules import HONEST, Decisions, Rules
from wtspec.suite.dialect import Side

SERVER, CLIENT = Side.SERVER, Side.CLIENT
D = TypeVar("D", bound=Decisions)


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour, or one oddity: `roles` are those in which it can be seen at all."""

    name: str
    roles: frozenset[Side]
    why: str
    decisions: tuple[Decisions, ...]

    @property
    def rules(self) -> Rules:
        """Honest in everything else."""
        return HONEST.overridden(*self.decisions)


class Collection(Mapping[str, Fault]):
    """Faults by name, in the order of their definition."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def __call__(self, name: str, *roles: Side) -> Callable[[type[D]], type[D]]:
        """A decorator for the overriding class; no role means both.

        Several classes of one name make one fault that overrides several decisions.
        """

        def add(decisions: type[D]) -> type[D]:
            why = (decisions.__doc__ or "").strip()
            known = self._faults.get(name)
            before = known.decisions if known else ()
            where = frozenset(roles or (SERVER, CLIENT))
            self._faults[name] = Fault(
                name, where, known.why if known else why, (*before, decisions())
            )
            return decisions

        return add

    def __getitem__(self, name: str) -> Fault:
        return self._faults[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._faults)

    def __len__(self) -> int:
        return len(self._faults)


fault = Collection()
oddity = Collection()
