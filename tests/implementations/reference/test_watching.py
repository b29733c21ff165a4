from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES
from wtspec.implementations.reference.watching import overrides, watched


class Stricter(FlowRules):
    def may_open(self, room: int) -> bool:
        return room > 1


class StricterStill(Stricter):
    unit = "streams"

    def send_room(self, room: int) -> int:
        return self._half(room)

    def _half(self, room: int) -> int:
        return room // 2


def test_a_decision_is_noted_when_it_is_asked() -> None:
    asked: set[str] = set()
    rules = watched(asked)
    assert rules.flow.may_open(0) is False
    assert asked == {"FlowRules.may_open"}


def test_a_decision_that_leans_on_another_notes_both() -> None:
    asked: set[str] = set()
    assert watched(asked).streams.stop_wire_code(1) == StreamRules().wire_code(1)
    assert asked == {"StreamRules.stop_wire_code", "StreamRules.wire_code"}


def test_overrides_are_those_of_every_subclass_and_nothing_else() -> None:
    assert overrides(StricterStill()) == {"FlowRules.may_open", "FlowRules.send_room"}


def test_every_fault_and_oddity_overrides_something() -> None:
    for one in (*FAULTS.values(), *ODDITIES.values()):
        assert all(overrides(decisions) for decisions in one.decisions), one.name
