"""Faults in datagrams."""

from collections.abc import Collection

from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import SERVER, fault
from wtspec.suite.wire import datagram
from wtspec.suite.wire.error_codes import H3


@fault("drops-empty-datagrams")
class DropsEmptyDatagrams(DatagramRules):
    """A datagram without content is no datagram."""

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        return (payload,) if payload else ()


@fault("cuts-the-last-byte-of-datagrams")
class CutsTheLastByteOfDatagrams(DatagramRules):
    """The last byte does not reach the application."""

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        return (payload[:-1],)


@fault("takes-small-datagrams-only")
class TakesSmallDatagramsOnly(DatagramRules):
    """What has more than 1100 bytes is dropped."""

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        return (payload,) if len(payload) <= 1100 else ()


@fault("closes-for-unsent-datagrams")
class ClosesForUnsentDatagrams(DatagramRules):
    """A datagram that does not fit costs the connection."""

    def minds_refusal(self) -> bool:
        return True


@fault("ignores-datagram-limits")
class IgnoresDatagramLimits(DatagramRules):
    """What the peer says that it takes is not looked at."""

    def heeds_limit(self) -> bool:
        return False


@fault("reads-one-byte-quarter-ids")
class ReadsOneByteQuarterIds(DatagramRules):
    """A quarter stream ID is taken for one byte."""

    def read(self, data: bytes) -> tuple[int, bytes]:
        datagram.decode(data)
        return 4 * data[0], data[1:]


@fault("takes-malformed-datagrams")
class TakesMalformedDatagrams(DatagramRules):
    """A datagram without a legal quarter stream ID is dropped."""

    def minds_malformed(self) -> bool:
        return False


@fault("takes-every-datagram-for-its-session")
class TakesEveryDatagramForItsSession(DatagramRules):
    """Whatever a datagram names, the first open session gets it."""

    def addressee(self, session_id: int, known: Collection[int]) -> int:
        return next(iter(known), session_id)


@fault("minds-datagrams-for-unknown-streams")
class MindsDatagramsForUnknownStreams(DatagramRules):
    """Where there is a session, a datagram for another one costs the connection."""

    def addressee(self, session_id: int, known: Collection[int]) -> int:
        if known and session_id not in known:
            raise ConnectionViolation(H3.ID_ERROR, f"a datagram for stream {session_id}")
        return session_id


@fault("closes-for-impossible-streams", SERVER)
class ClosesForImpossibleStreams(DatagramRules):
    """A datagram for a stream that no limit allows is an internal error."""

    def addressee(self, session_id: int, known: Collection[int]) -> int:
        if session_id > 1 << 32:
            raise ConnectionViolation(H3.INTERNAL_ERROR, "no room for such a stream")
        return session_id


@fault("sends-whole-ids-in-datagrams")
class SendsWholeIdsInDatagrams(DatagramRules):
    """A datagram begins with the Session ID, not with a quarter of it."""

    def session_id_in(self, session_id: int) -> int:
        return 4 * session_id


@fault("returns-late-datagrams")
class ReturnsLateDatagrams(DatagramRules):
    """A datagram for a session that is over is still echoed."""

    def returns_late(self) -> bool:
        return True


@fault("delivers-datagrams-twice")
class DeliversDatagramsTwice(DatagramRules):
    """The application gets every datagram two times."""

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        return (payload, payload)


@fault("writes-zeros-before-numbers")
class WritesZerosBeforeNumbers(DatagramRules):
    """A datagram that is a decimal number is sent with a zero in front of it."""

    def payload(self, data: bytes) -> bytes:
        return b"0" + data if data.isdigit() else data


@fault("repeats-datagrams")
class RepeatsDatagrams(DatagramRules):
    """Every datagram is sent a second time, 50 ms later."""

    def repeated_after_s(self) -> float | None:
        return 0.05


@fault("closes-for-a-full-queue")
class ClosesForAFullQueue(DatagramRules):
    """Seventy datagrams that the application has not read cost the connection."""

    def minds_queue(self, length: int) -> bool:
        return length >= 70
