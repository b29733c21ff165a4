"""What a case says of the faults that must turn it red."""

import pytest

from wtspec.suite.case import Case, FaultReaction, case
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Fin, Reaction, Reset, Signal, Silence

SERVER, CLIENT = Role.SERVER, Role.CLIENT


def naming(reaction: FaultReaction) -> Case:
    @case(
        "a/case",
        title="a title",
        requires=["a-rule"],
        roles=BOTH,
        parameters={"one": 1, "two": 2},
        expect=Expect(Fin()),
        faults={"odd": reaction},
    )
    async def script(_peer: Peer, _parameter: int) -> Reaction:
        return Reaction("session")

    return script


@pytest.mark.parametrize(
    ("reaction", "wanted"),
    [
        (Silence(), [Silence()] * 4),
        ({CLIENT: Silence()}, [None, None, Silence(), Silence()]),
        ({"two": Silence()}, [None, Silence(), None, Silence()]),
        ({CLIENT: {"two": Silence()}}, [None, None, None, Silence()]),
        (lambda number: Reset(number) if number > 1 else None, [None, Reset(2)] * 2),
    ],
    ids=["one", "by-role", "by-parameter", "by-both", "function"],
)
def test_what_a_fault_must_produce(reaction: FaultReaction, wanted: list[Signal | None]) -> None:
    one = naming(reaction)
    cells = [(role, name) for role in (SERVER, CLIENT) for name in ("one", "two")]
    assert [one.fault_reaction("odd", role, name) for role, name in cells] == wanted
    assert one.fault_reaction("even", SERVER, "one") is None
