"""Draining and GOAWAY."""

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.faults.fault import CLIENT, fault
from wtspec.suite.wire.capsule import CloseSession, DrainSession, Received, encode


@fault("takes-drain-for-close")
class TakesDrainForClose(CapsuleRules):
    """A session that is asked to drain is ended at once."""

    def meant(self, received: Received) -> Received:
        return CloseSession(0) if isinstance(received, DrainSession) else received


@fault("hides-drain")
class HidesDrain(CapsuleRules):
    """The application never learns that its session is asked to drain."""

    def drains(self) -> bool:
        return False


@fault("minds-a-second-drain")
class MindsASecondDrain(CapsuleRules):
    """A session can be asked to drain once."""

    def minds_second_drain(self) -> bool:
        return True


@fault("sends-no-drain")
class SendsNoDrain(CapsuleRules):
    """An application that drains its session says so to nobody."""

    def encoded(self, honest: bytes) -> bytes:
        return b"" if honest == encode(DrainSession()) else honest


@fault("goaway-ends-sessions")
class GoawayEndsSessions(ControlRules):
    """GOAWAY ends the sessions that there are."""

    def goaway_ends_sessions(self) -> bool:
        return True


@fault("ignores-goaway", CLIENT)
class IgnoresGoaway(ControlRules):
    """After GOAWAY a client still asks for sessions on the same connection."""

    def heeds_goaway(self) -> bool:
        return False
