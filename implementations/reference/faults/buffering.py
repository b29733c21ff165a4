"""Faults about what comes before its session."""

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import fault, oddity
from wtspec.suite.wire.error_codes import H3


@fault("misses-streams-before-it-listens")
class MissesStreamsBeforeItListens(ApplicationRules):
    """A stream that is there before the application asks for streams is lost."""

    def takes_waiting_streams(self) -> bool:
        return False


@fault("drops-early-datagrams")
class DropsEarlyDatagrams(DatagramRules):
    """A datagram that comes before its session is forgotten."""

    def early_datagrams(self) -> int:
        return 0


@fault("loses-excess-early-streams")
class LosesExcessEarlyStreams(StreamRules):
    """Early streams beyond those that are kept are forgotten in silence."""

    def refuses_overflow(self) -> bool:
        return False


@fault("refuses-excess-early-streams-by-another-code")
class RefusesExcessByAnotherCode(StreamRules):
    """Early streams beyond those that are kept are refused like requests."""

    def overflow_code(self, code: int) -> int:
        return H3.REQUEST_REJECTED


@fault("closes-for-excess-datagrams")
class ClosesForExcessDatagrams(DatagramRules):
    """Early datagrams beyond those that are kept cost the connection."""

    def overflow_code(self) -> int | None:
        return H3.EXCESSIVE_LOAD


@fault("closes-for-streams-of-refused-sessions")
class ClosesForStreamsOfRefusedSessions(StreamRules):
    """Streams whose session is refused cost the connection."""

    def orphan_code(self) -> int | None:
        return H3.ID_ERROR


@fault("forgets-early-resets")
class ForgetsEarlyResets(StreamRules):
    """The reset of an early stream is forgotten, its bytes are not."""

    def keeps_early_resets(self) -> bool:
        return False


@oddity("keeps-one-early-stream")
class KeepsOneEarlyStream(StreamRules):
    """One stream is kept until its session is there, and the others are refused."""

    def early_streams(self) -> int:
        return 1


@oddity("keeps-one-early-stream")
class KeepsNoEarlyDatagram(DatagramRules):
    """And no datagram."""

    def early_datagrams(self) -> int:
        return 0


@oddity("refuses-early-streams")
class RefusesEarlyStreams(StreamRules):
    """No stream is kept until its session is there."""

    def early_streams(self) -> int:
        return 0


@fault("minds-early-stops")
class MindsEarlyStops(StreamRules):
    """A stream that is stopped before its session is there costs the connection."""

    def minds_early_stops(self) -> bool:
        return True
