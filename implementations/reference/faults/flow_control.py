"""Session flow control: limits taken, kept and granted wrongly."""

from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.faults.fault import fault


@fault("takes-any-max-streams")
class TakesAnyMaxStreams(FlowRules):
    """A WT_MAX_STREAMS that does not grow is taken in silence."""

    def minds_stale(self, what: str) -> bool:
        return what == "max-data"


@fault("refuses-every-max-streams")
class RefusesEveryMaxStreams(FlowRules):
    """Every WT_MAX_STREAMS is treated as a violation."""

    def refuses_every_limit(self, what: str) -> bool:
        return what.startswith("max-streams")


@fault("takes-any-max-data")
class TakesAnyMaxData(FlowRules):
    """A WT_MAX_DATA that does not grow is taken in silence."""

    def minds_stale(self, what: str) -> bool:
        return what != "max-data"


@fault("refuses-every-max-data")
class RefusesEveryMaxData(FlowRules):
    """Every WT_MAX_DATA is treated as a violation."""

    def refuses_every_limit(self, what: str) -> bool:
        return what == "max-data"


@fault("takes-limits-over-2-60")
class TakesLimitsOver(FlowRules):
    """A WT_MAX_STREAMS above 2^60 is taken."""

    def minds_over_bound(self, what: str) -> bool:
        return what != "max-streams"


@fault("takes-blocked-over-2-60")
class TakesBlockedOver(FlowRules):
    """A WT_STREAMS_BLOCKED above 2^60 is taken."""

    def minds_over_bound(self, what: str) -> bool:
        return what != "streams-blocked"


@fault("ignores-data-limit")
class IgnoresDataLimit(FlowRules):
    """Payload is sent without regard to the peer's limit."""

    def send_room(self, room: int) -> int:
        return 1 << 62


@fault("opens-beyond-limit")
class OpensBeyondLimit(FlowRules):
    """Streams are opened without regard to the peer's limit."""

    def may_open(self, room: int) -> bool:
        return True


@fault("obeys-limits-when-off")
class ObeysLimitsWhenOff(FlowRules):
    """Capsules of flow control bind although it is off."""

    def obeys_capsules(self, is_on: bool) -> bool:
        return True


@fault("never-tells-blocked")
class NeverTellsBlocked(FlowRules):
    """No capsule tells that a limit blocks."""

    def tells_blocked(self) -> bool:
        return False


@fault("tells-wrong-limit")
class TellsWrongLimit(FlowRules):
    """The capsule that tells of being blocked names the limit that is wanted, not the one in force."""

    def blocked_limit(self, limit: int) -> int:
        return limit + 1


@fault("never-grants")
class NeverGrants(FlowRules):
    """Credit is never given back, whatever was consumed."""

    def is_time_to_grant(self, gain: int, window: int) -> bool:
        return False


@fault("ignores-raised-limits")
class IgnoresRaisedLimits(FlowRules):
    """A capsule that raises a limit is read and forgotten."""

    def new_limit(self, limit: int) -> int:
        return 1
