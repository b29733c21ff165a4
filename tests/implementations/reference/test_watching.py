import pytest

from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, Fault
from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES
from wtspec.implementations.reference.rules import Decisions, Rules
from wtspec.implementations.reference.watching import overrides, watched
from wtspec.suite.dialect import SessionLimits, Side, dialect
from wtspec.suite.wire import datagram
from wtspec.suite.wire.errors import DatagramError


class Stricter(FlowRules):
    def may_open(self, room: int) -> bool:
        return room > 1


class StricterStill(Stricter):
    unit = "streams"

    def send_room(self, room: int) -> int:
        return self._half(room)

    def _half(self, room: int) -> int:
        return room // 2


class Raises(FlowRules):
    def send_room(self, room: int) -> int:
        raise ValueError(room)


class OneOff(StreamRules):
    def wire_code(self, application_code: int) -> int:
        return super().wire_code(application_code) + 1


def watching(showing: set[str], *decisions: Decisions) -> Rules:
    fault = Fault("odd", frozenset({SERVER, CLIENT}), "", decisions)
    return watched([fault], showing)


def test_a_fault_shows_where_its_answer_differs() -> None:
    showing: set[str] = set()
    rules = watching(showing, Stricter())
    assert rules.flow.may_open(2) is True
    assert rules.flow.send_room(9) == 9
    assert showing == set()
    assert rules.flow.may_open(1) is True
    assert showing == {"odd"}


def test_a_fault_of_several_decisions_shows_in_any() -> None:
    showing: set[str] = set()
    rules = watching(showing, OneOff(), StricterStill())
    rules.flow.send_room(0)
    assert showing == set()
    rules.flow.send_room(2)
    assert showing == {"odd"}


def test_a_decision_that_raises_shows() -> None:
    showing: set[str] = set()
    assert watching(showing, Raises()).flow.send_room(5) == 5
    assert showing == {"odd"}


class ReadsAnything(DatagramRules):
    def read(self, data: bytes) -> tuple[int, bytes]:
        return 0, data


class ReadsAlike(DatagramRules):
    def read(self, data: bytes) -> tuple[int, bytes]:
        return datagram.decode(data)


@pytest.mark.parametrize(("rules", "shows"), [(ReadsAnything(), True), (ReadsAlike(), False)])
def test_what_the_honest_decision_refuses_is_compared_too(rules: Decisions, shows: bool) -> None:
    showing: set[str] = set()
    with pytest.raises(DatagramError):
        watching(showing, rules).datagrams.read(b"")
    assert bool(showing) is shows


# About settings that later drafts have not.
OF_OLDER_DRAFTS = {"counts-sessions-generously"}


def test_every_oddity_shows_in_some_draft() -> None:
    """Those that `wtspec prove` cannot show in h3-16 are known by name."""
    honest = dialect("h3-07").settings(Side.SERVER, SessionLimits(4, 0, 0, 0))
    for name in OF_OLDER_DRAFTS:
        rules = ODDITIES[name].rules.negotiation
        assert rules.settings(Side.SERVER, honest) != honest


def test_a_fault_shows_through_an_honest_decision_that_leans_on_its_own() -> None:
    showing: set[str] = set()
    rules = watching(showing, OneOff())
    assert rules.streams.stop_wire_code(1) == StreamRules().wire_code(1)
    assert showing == {"odd"}


def test_overrides_are_those_of_every_subclass_and_nothing_else() -> None:
    assert overrides(StricterStill()) == {"may_open", "send_room"}


def test_every_fault_and_oddity_overrides_something() -> None:
    for one in (*FAULTS.values(), *ODDITIES.values()):
        assert all(overrides(decisions) for decisions in one.decisions), one.name
