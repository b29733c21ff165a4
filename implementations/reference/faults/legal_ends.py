"""Odd but allowed: other ends of sessions, other errors, other ways with capsules and datagrams."""

from collections.abc import Collection

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.closing import CloseRules
from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, oddity
from wtspec.suite.wire import capsule, datagram
from wtspec.suite.wire.capsule import CloseSession
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.errors import DatagramError

_NOTHING_SAID = capsule.encode(CloseSession(0))


@oddity("answers-closes-with-reset")
class AnswersClosesWithReset(CloseRules):
    """The close capsule is answered by reset and STOP_SENDING with WT_SESSION_GONE (A03)."""

    def resets_in_answer(self) -> int | None:
        return WT.SESSION_GONE


@oddity("leaves-with-its-last-session", CLIENT)
class LeavesWithItsLastSession(CloseRules):
    """A client closes the connection as soon as it carries no session."""

    def idle_connection_s(self) -> float:
        return 0.0


@oddity("closes-with-fin-alone")
class ClosesWithFinAlone(CapsuleRules):
    """An application that closes without code and reason sends a FIN, which says the same."""

    def encoded(self, honest: bytes) -> bytes:
        return b"" if honest == _NOTHING_SAID else honest


@oddity("resets-finished-streams-at-the-end")
class ResetsFinishedStreamsAtTheEnd(CloseRules):
    """The end of a session resets streams that their application has finished, too (A28)."""

    def resets_finished_sides(self) -> bool:
        return True


@oddity("rejects-late-streams")
class RejectsLateStreams(CloseRules):
    """A stream for a session that is over is refused with WT_BUFFERED_STREAM_REJECTED (A12)."""

    def late_stream_code(self, code: int) -> int | None:
        return WT.BUFFERED_STREAM_REJECTED


@oddity("ignores-late-streams")
class IgnoresLateStreams(CloseRules):
    """A stream for a session that is over is left alone (A12)."""

    def late_stream_code(self, code: int) -> int | None:
        return None


@oddity("escalates-broken-capsules")
class EscalatesBrokenCapsules(CloseRules):
    """A malformed CONNECT stream costs the connection (RFC 9114 section 8)."""

    def error_code(self, code: int) -> int:
        if code == H3.MESSAGE_ERROR:
            raise ConnectionViolation(code, "a malformed CONNECT stream")
        return code


@oddity("ignores-the-content-of-drains")
class IgnoresTheContentOfDrains(CapsuleRules):
    """A drain capsule with content is skipped (A30)."""

    def minds_malformed(self, name: str) -> bool:
        return name != "DRAIN_SESSION"


@oddity("skips-datagram-capsules")
class SkipsDatagramCapsules(CapsuleRules):
    """A DATAGRAM capsule is one of an unknown type (A37)."""

    def takes_datagram_capsules(self) -> bool:
        return False


@oddity("minds-ids-of-datagrams")
class MindsIdsOfDatagrams(DatagramRules):
    """A quarter stream ID out of range is H3_ID_ERROR (A10)."""

    def read(self, data: bytes) -> tuple[int, bytes]:
        try:
            return datagram.decode(data)
        except DatagramError:
            if data[:1] < b"\xc0" or len(data) < 8:
                raise
            raise ConnectionViolation(H3.ID_ERROR, "an impossible stream") from None


@oddity("minds-impossible-streams", SERVER)
class MindsImpossibleStreams(DatagramRules):
    """A datagram for a stream that no limit allows is H3_ID_ERROR (RFC 9297 section 2.1)."""

    def addressee(self, session_id: int, known: Collection[int]) -> int:
        if session_id > 1 << 32:
            raise ConnectionViolation(H3.ID_ERROR, f"a datagram for stream {session_id}")
        return session_id
