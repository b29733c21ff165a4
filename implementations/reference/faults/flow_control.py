"""Session flow control: limits taken, kept and granted wrongly."""

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.dialect import OverBoundRule, StaleLimitRule


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


@fault("minds-2-60-streams")
class Minds260Streams(FlowRules):
    """The bound itself is taken for a violation, whatever the draft says of what is beyond it."""

    def streams_max(self, honest: int) -> int:
        return honest - 1

    def over_bound(self, of_dialect: OverBoundRule) -> OverBoundRule:
        return OverBoundRule.FLOW_CONTROL_ERROR


@fault("refuses-blocked-capsules")
class RefusesBlockedCapsules(FlowRules):
    """That the peer is blocked is treated as a violation."""

    def refuses_blocked(self) -> bool:
        return True


@fault("skips-forbidden-capsules")
class SkipsForbiddenCapsules(CapsuleRules):
    """The capsules of WebTransport over HTTP/2's stream limits are skipped like unknown ones."""

    def minds_forbidden(self, capsule_type: int) -> bool:
        return False


@fault("grants-one-less-than-announced")
class GrantsOneLess(FlowRules):
    """The last stream that was granted is taken for one too many."""

    def within_limit(self, what: str, used: int, limit: int) -> bool:
        return used <= limit if what == "data" else used < limit


@fault("ignores-excess-streams")
class IgnoresExcessStreams(FlowRules):
    """Streams beyond our limit are served."""

    def within_limit(self, what: str, used: int, limit: int) -> bool:
        return used <= limit or what != "data"


@fault("counts-headers-as-data")
class CountsHeadersAsData(FlowRules):
    """The bytes of stream headers use up the peer's data limit."""

    def counted_at_opening(self, header_bytes: int) -> int:
        return header_bytes


@fault("ignores-excess-data")
class IgnoresExcessData(FlowRules):
    """Payload beyond our limit is taken."""

    def within_limit(self, what: str, used: int, limit: int) -> bool:
        return used <= limit or what == "data"


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
    """Capsules of flow control bind although it is off, and their limits may never shrink."""

    def obeys_capsules(self, is_on: bool) -> bool:
        return True

    def stale_limit(self, of_dialect: StaleLimitRule) -> StaleLimitRule:
        is_open = of_dialect is StaleLimitRule.UNSPECIFIED
        return StaleLimitRule.LOWER if is_open else of_dialect


@fault("never-tells-blocked")
class NeverTellsBlocked(FlowRules):
    """No capsule tells that a limit blocks."""

    def tells_blocked(self) -> bool:
        return False


@fault("tells-wrong-limit")
class TellsWrongLimit(FlowRules):
    """The capsule that tells of being blocked names a limit that was never in force."""

    def blocked_limit(self, limit: int) -> int:
        return limit + 1


@fault("never-grants")
class NeverGrants(FlowRules):
    """Credit is never given back, whatever was consumed."""

    def is_time_to_grant(self, gain: int, window: int) -> bool:
        return False


@fault("ignores-raised-stream-limits")
class IgnoresRaisedStreamLimits(FlowRules):
    """A WT_MAX_STREAMS is read and forgotten."""

    def new_limit(self, what: str, limit: int) -> int:
        return limit if what == "max-data" else 0


@fault("ignores-raised-data-limits")
class IgnoresRaisedDataLimits(FlowRules):
    """A WT_MAX_DATA is read and forgotten."""

    def new_limit(self, what: str, limit: int) -> int:
        return 0 if what == "max-data" else limit


@fault("takes-one-limit-for-both-kinds")
class TakesOneLimitForBothKinds(FlowRules):
    """A WT_MAX_STREAMS of either type raises the limits of both."""

    def raises_both_kinds(self) -> bool:
        return True


@fault("takes-zero-for-unlimited")
class TakesZeroForUnlimited(FlowRules):
    """An initial limit of 0, or none, is taken for no limit at all."""

    def initial_allowance(self, limit: int) -> int:
        return limit or 1 << 60


@fault("counts-datagrams-as-data")
class CountsDatagramsAsData(FlowRules):
    """Datagrams wait for credit like data of streams."""

    def counted_in_datagram(self, size_bytes: int) -> int:
        return size_bytes


@fault("grants-only-when-asked")
class GrantsOnlyWhenAsked(FlowRules):
    """Credit comes back only to a peer that says that it is blocked."""

    def is_granted_unasked(self) -> bool:
        return False


@fault("refuses-flow-control-when-off")
class RefusesFlowControlWhenOff(FlowRules):
    """Capsules of flow control are violations while it is off."""

    def refuses_when_off(self) -> bool:
        return True


@fault("grants-nothing-for-resets")
class GrantsNothingForResets(FlowRules):
    """A stream that was reset makes no room for another."""

    def comes_back(self, ended: str) -> bool:
        return ended == "fin"


@fault("limits-by-its-own-settings-alone")
class LimitsByItsOwnSettingsAlone(NegotiationRules):
    """Session flow control is on although the peer said nothing of limits."""

    def flow_control_on(self, by_the_rule: bool) -> bool:
        return True


@fault("counts-more-at-resets")
class CountsMoreAtResets(FlowRules):
    """At its reset a stream's bytes count again, or as many as a header may have."""

    def counted_at_reset(self, missing_bytes: int) -> int:
        return missing_bytes + 10


@fault("counts-what-arrives-alone")
class CountsWhatArrivesAlone(FlowRules):
    """What a reset kept from arriving uses up no credit."""

    def counted_at_reset(self, missing_bytes: int) -> int:
        return 0


@fault("keeps-limits-in-32-bits")
class KeepsLimitsIn32Bits(FlowRules):
    """Of the limits in SETTINGS the lower 32 bits are kept."""

    def initial_allowance(self, limit: int) -> int:
        return limit & 0xFFFFFFFF
