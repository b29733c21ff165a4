"""Faults about Session IDs."""

from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.wire.error_codes import H3

FAR = 4000


@fault("names-the-session-one-off")
class NamesTheSessionOneOff(StreamRules):
    """The endpoint's streams name the next session."""

    def session_id_in(self, session_id: int) -> int:
        return session_id + 4


@fault("takes-any-session-id")
class TakesAnySessionId(StreamRules):
    """A stream may name any number as its session."""

    def minds_session_id(self) -> bool:
        return False


@fault("closes-for-sessions-never-opened")
class ClosesForSessionsNeverOpened(StreamRules):
    """A Session ID far beyond every stream costs the connection."""

    def unknown_session_code(self, session_id: int) -> int | None:
        return H3.ID_ERROR if session_id >= FAR else None


@fault("waits-for-sessions-never-opened")
class WaitsForSessionsNeverOpened(StreamRules):
    """While a stream waits for its session, those behind it wait too."""

    def waits_for_session(self, session_id: int) -> bool:
        return session_id >= FAR


@fault("writes-one-byte-session-ids")
class WritesOneByteSessionIdsInHeaders(StreamRules):
    """What does not fit into a Session ID's first byte is lost."""

    def session_id_in(self, session_id: int) -> int:
        return session_id % 64


@fault("writes-one-byte-session-ids")
class WritesOneByteSessionIdsInDatagrams(DatagramRules):
    """The part of datagrams, whose number is a quarter."""

    def session_id_in(self, session_id: int) -> int:
        return session_id % 256
