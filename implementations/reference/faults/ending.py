"""Faults in what the end of a session does to its streams, and in what is told of it."""

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.closing import CloseRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import SERVER, fault
from wtspec.suite.wire.error_codes import H3


@fault("knows-no-code-without-capsule")
class KnowsNoCodeWithoutCapsule(CloseRules):
    """A FIN without the capsule counts as code 255."""

    def code_of_clean_end(self) -> int | None:
        return 0xFF


@fault("knows-no-clean-end")
class KnowsNoCleanEnd(CloseRules):
    """Every end is reported as an abrupt one."""

    def is_clean(self, clean: bool) -> bool:
        return False


@fault("takes-every-end-for-clean")
class TakesEveryEndForClean(CloseRules):
    """Every end is reported as a clean one."""

    def is_clean(self, clean: bool) -> bool:
        return True


@fault("reports-ends-twice")
class ReportsEndsTwice(ApplicationRules):
    """The application is told twice that its session is over."""

    def reports_of_an_end(self) -> int:
        return 2


@fault("leaves-send-sides-open")
class LeavesSendSidesOpen(CloseRules):
    """The end of a session resets none of its streams."""

    def resets_send_sides(self) -> bool:
        return False


@fault("leaves-receive-sides-open")
class LeavesReceiveSidesOpen(CloseRules):
    """The end of a session stops none of its streams."""

    def stops_receive_sides(self) -> bool:
        return False


@fault("ends-streams-with-no-error")
class EndsStreamsWithNoError(CloseRules):
    """The streams of a session that ended are aborted with H3_NO_ERROR, finished ones too."""

    def gone_code(self, code: int) -> int:
        return H3.NO_ERROR

    def resets_finished_sides(self) -> bool:
        return True


@fault("answers-late-streams")
class AnswersLateStreams(CloseRules):
    """A stream for a session that is over is answered with another one."""

    def answers_late_streams(self) -> bool:
        return True


@fault("closes-for-late-streams")
class ClosesForLateStreams(CloseRules):
    """A stream for a session that is over costs the connection."""

    def late_stream_code(self, code: int) -> int | None:
        raise ConnectionViolation(H3.ID_ERROR, "no such session")


@fault("ends-ten-streams-of-a-session")
class EndsTenStreamsOfASession(CloseRules):
    """When a session ends, ten of its streams end with it."""

    def ends_stream(self, place: int) -> bool:
        return place < 10


@fault("calls-abandoned-sessions-rejected", SERVER)
class CallsAbandonedSessionsRejected(CloseRules):
    """A session that the peer abandoned is said never to have been processed."""

    def abrupt_code(self, code: int) -> int:
        return H3.REQUEST_REJECTED
