"""The model of a case: data above a script of a few lines."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wtspec.suite.dialect import DialectRange, http3
from wtspec.suite.endpoint.configuration import DEFAULT, Configuration
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.signal import Reaction, Signal

if TYPE_CHECKING:
    from wtspec.suite.peer.peer import Peer

Script = Callable[..., Awaitable[Reaction]]
# What a fault must produce: one pattern, or one by role, by the parameter's name, by both in this
# order, or a function of the parameter's value.
FaultReaction = (
    Signal
    | Mapping[str, Signal]
    | Mapping[Role, Signal | Mapping[str, Signal]]
    | Callable[[Any], Signal | None]
)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Requirements that grade what the reaction leaves behind; None: recorded, never red.

    A dead *new* connection is a crash whatever stands here.
    """

    session: str | None = None
    connection: str | None = None
    unasked: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One rule's test. Fields as in the `case` decorator; `source` is "file:line" of the script.

    `control_parameter`: which cell of the control it is, where no parameter of the case tells.
    """

    id: str
    title: str
    requires: tuple[str, ...]
    roles: tuple[Role, ...]
    expect: Expect | Callable[[Any], Expect]
    script: Script
    control: str | None = None
    control_parameter: str | None = None
    dialects: DialectRange = field(default_factory=lambda: http3.all)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    configuration: Configuration = DEFAULT
    link: Path = CLEAN
    faults: Mapping[str, FaultReaction] = field(default_factory=dict)
    aftermath: Aftermath = field(default_factory=Aftermath)
    needs: frozenset[str] = frozenset()
    violates: bool = False
    source: str = ""

    def __call__(self, peer: "Peer", *parameter: Any) -> Awaitable[Reaction]:
        """The script itself, so that a case can be the twin of another."""
        return self.script(peer, *parameter)

    @property
    def family(self) -> str:
        """The part of the id before the slash: the file it stands in."""
        return self.id.partition("/")[0]

    def expectation(self, parameter: str | None) -> Expect:
        """What is expected for one named parameter."""
        if isinstance(self.expect, Expect):
            return self.expect
        return self.expect(self.parameters[str(parameter)])

    def fault_reaction(self, fault: str, role: Role, parameter: str | None) -> Signal | None:
        """What this fault must produce in that cell; None: the cell does not name the fault."""
        wanted: Any = self.faults.get(fault)
        while isinstance(wanted, Mapping):
            wanted = wanted.get(role) or wanted.get(parameter)
        if wanted is None or isinstance(wanted, Signal):
            return wanted
        found: Signal | None = wanted(self.parameters[str(parameter)])
        return found


def case(
    id: str,  # noqa: A002 - the word that reports and selectors use
    *,
    title: str,
    requires: Sequence[str],
    roles: Iterable[Role],
    expect: Expect | Callable[[Any], Expect],
    parameters: Mapping[str, Any] | Iterable[Any] = (),
    needs: Iterable[str] = (),
    **rest: Any,
) -> Callable[[Script], Case]:
    """Declare a case above its script.

    `requires`: ledger ids, the first is the one whose level grades. `parameters`: each value a cell
    of its own, named by its key, or by itself when it is a number or word. `needs`: features of the
    contract's `hello`. `violates`: our side breaks a rule on purpose. `rest`: the other fields of
    Case.
    """

    def declare(script: Script) -> Case:
        code = inspect.unwrap(script).__code__
        named = parameters if isinstance(parameters, Mapping) else _named(parameters)
        return Case(
            id=id,
            title=title,
            requires=tuple(requires),
            roles=tuple(roles),
            expect=expect,
            parameters=named,
            needs=frozenset(needs),
            script=script,
            source=f"{code.co_filename}:{code.co_firstlineno}",
            **rest,
        )

    return declare


def _named(values: Iterable[Any]) -> dict[str, Any]:
    return {hex(value) if isinstance(value, int) else str(value): value for value in values}
