"""Several sessions, and the end of one of them."""

from wtspec.implementations.reference.decisions.closing import CloseRules
from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault


@fault("knows-one-session-only")
class KnowsOneSessionOnly(StreamRules):
    """Streams of every session but the connection's first are forgotten."""

    def is_of_known_session(self, session_id: int) -> bool:
        return session_id == 0


@fault("knows-a-few-sessions-only")
class KnowsAFewSessionsOnly(StreamRules):
    """Streams of a session are forgotten that is not among the connection's first few streams."""

    def is_of_known_session(self, session_id: int) -> bool:
        return session_id < 12


@fault("forgets-requests-beside-another", SERVER)
class ForgetsRequestsBesideAnother(RequestRules):
    """A request that comes while another one waits for its answer is never answered."""

    def serves_requests_together(self) -> bool:
        return False


@fault("wants-answers-in-order", CLIENT)
class WantsAnswersInOrder(RequestRules):
    """A response that overtakes that to an earlier request is forgotten."""

    def answers_come_in_order(self) -> bool:
        return True


@fault("closes-for-excess-sessions", SERVER)
class ClosesForExcessSessions(RequestRules):
    """A request for a session too many costs the connection, and all that it carries."""

    def rejected_code(self, code: int) -> int:
        raise ConnectionViolation(code, "too many sessions")


@fault("one-end-ends-all")
class OneEndEndsAll(CloseRules):
    """The end of one session closes the others of its connection."""

    def ends_siblings(self) -> bool:
        return True


@fault("shares-limits-between-sessions")
class SharesLimits(FlowRules):
    """All sessions of a connection use up one common credit."""

    def is_shared(self) -> bool:
        return True


@fault("takes-sessions-without-flow-control", SERVER)
class TakesSessionsWithoutFlowControl(RequestRules):
    """A connection without session flow control gets as many sessions as it asks for."""

    def session_limit(self, limit: int | None) -> int | None:
        return None


@fault("one-session-a-connection", SERVER)
class OneSessionAConnection(RequestRules):
    """A session that has ended still counts."""

    def sessions_counted(self, open_now: int, ever: int) -> int:
        return ever


@fault("pools-without-flow-control", CLIENT)
class PoolsWithoutFlowControl(RequestRules):
    """A client shares a connection whether or not flow control is on."""

    def client_session_limit(self, limit: int | None) -> int | None:
        return None
