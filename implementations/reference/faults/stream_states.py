"""Faults about what is done to a stream twice, and about telling its ends apart."""

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import fault


@fault("minds-resets-of-stopped-streams")
class MindsResetsOfStoppedStreams(StreamRules):
    """A reset of what the application has stopped costs the session."""

    def minds_reset_after_stop(self) -> bool:
        return True


@fault("tells-ends-of-streams-twice")
class TellsEndsOfStreamsTwice(ApplicationRules):
    """The application is told twice that a stream is over."""

    def reports_of_a_streams_end(self) -> int:
        return 2


@fault("takes-resets-for-ends")
class TakesResetsForEnds(StreamRules):
    """What was reset looks like what was finished."""

    def tells_of_reset(self) -> bool:
        return False


@fault("takes-the-end-of-sessions-for-fin")
class TakesTheEndOfSessionsForFin(StreamRules):
    """What the end of a session cut looks like what was finished."""

    def tells_of_cut(self) -> bool:
        return False
