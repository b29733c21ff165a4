"""What the capsules of a session mean (draft-ietf-webtrans-http3-16 sections 4.7, 5.6 and 6)."""

from typing import Protocol, assert_never

from wtspec.implementations.reference.errors import (
    ConnectionViolation,
    RequestViolation,
    SessionViolation,
)
from wtspec.implementations.reference.flow_control import Allowance, SessionFlow
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.wakeup import Wakeup
from wtspec.suite.dialect import Dialect, FlowControlRule, OverBoundRule, StaleLimitRule
from wtspec.suite.wire.capsule import (
    STREAMS_MAX,
    Capsule,
    CapsuleDecoder,
    CapsuleType,
    CloseSession,
    DataBlocked,
    DatagramCapsule,
    Defect,
    DrainSession,
    Malformed,
    MaxData,
    MaxStreams,
    Received,
    SkippedCapsule,
    StreamsBlocked,
    UnknownCapsule,
)
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.stream_header import StreamKind

# Capsules of the mapping to HTTP/2: QUIC has its own limits per stream (section 5.4).
_FORBIDDEN = {CapsuleType.MAX_STREAM_DATA, CapsuleType.STREAM_DATA_BLOCKED}


class CapsuleTarget(Protocol):
    """The session, as its capsules use it."""

    flow: SessionFlow
    credit: Wakeup

    @property
    def rules(self) -> Rules: ...
    @property
    def dialect(self) -> Dialect: ...
    def close_arrived(self, code: int, reason: str) -> None: ...
    def data_after_close(self) -> None: ...
    def drain_arrived(self) -> None: ...
    def datagram_arrived(self, payload: bytes) -> None: ...
    def send_capsule(self, value: Capsule) -> None: ...


class CapsuleReader:
    """Reads one session's capsules and acts on each."""

    def __init__(self, session: CapsuleTarget) -> None:
        self._session = session
        self._decoder = CapsuleDecoder()
        self._closed = False
        self._drained = False

    def feed(self, data: bytes) -> None:
        rules = self._session.rules.capsules
        if not rules.joins_frames():
            self._decoder = CapsuleDecoder()
        for received in self._decoder.feed(rules.taken(data)):
            if self._closed:
                self._session.data_after_close()
            self._act(rules.meant(received))
        if self._closed and data:
            self._check_nothing_behind()

    def _drain(self) -> None:
        rules = self._session.rules.capsules
        if not (self._is_known(CapsuleType.DRAIN_SESSION) and rules.drains()):
            return
        if self._drained and rules.minds_second_drain():
            raise RequestViolation(H3.MESSAGE_ERROR, "a second drain")
        self._drained = True
        self._session.drain_arrived()

    def finish(self) -> None:
        """The peer's half has ended: a capsule that this cuts is malformed (RFC 9297 3.3)."""
        try:
            self._decoder.finish()
        except WireError as error:
            if self._session.rules.capsules.minds_truncation():
                raise RequestViolation(error.code, str(error)) from error

    def _check_nothing_behind(self) -> None:
        # Bytes of a capsule that has only begun are data behind the close like a whole one.
        try:
            self._decoder.finish()
        except WireError:
            self._session.data_after_close()

    def _act(self, received: Received) -> None:
        session = self._session
        match received:
            case CloseSession(code, reason):
                self._close(code, reason)
            case Malformed():
                self._malformed(received)
            case DrainSession():
                self._drain()
            case DatagramCapsule(payload):
                if session.rules.capsules.takes_datagram_capsules():
                    session.datagram_arrived(payload)
            case UnknownCapsule(number, _) | SkippedCapsule(number, _):
                self._unknown(number)
            case MaxData() | MaxStreams() | DataBlocked() | StreamsBlocked():
                self._flow(received)
            case _:
                assert_never(received)

    def _is_known(self, capsule_type: CapsuleType) -> bool:
        return capsule_type in self._session.dialect.capsules

    def _close(self, code: int, reason: bytes) -> None:
        self._closed = True
        rules = self._session.rules.closing
        text = rules.reported_reason(reason.decode(errors="replace"))
        self._session.close_arrived(rules.reported_code(code), text)

    def _malformed(self, received: Malformed) -> None:
        rules = self._session.rules.capsules
        if received.type is CapsuleType.CLOSE_SESSION:
            checked = received.why is Defect.TOO_SHORT or (
                self._session.dialect.close_message_is_checked
            )
            if received.payload and not (checked and rules.minds_close_message(received.why.value)):
                # Drafts before 16 do not say what a too long or undecodable message leads to.
                code = int.from_bytes(received.payload[:4], "big")
                self._close(code, received.payload[4:])
                return
        elif not self._is_known(received.type) or not self._counts(received.type):
            return
        if rules.minds_malformed(received.type.name):
            raise RequestViolation(H3.MESSAGE_ERROR, f"{received.type.name} {received.why.value}")

    def _counts(self, capsule_type: CapsuleType) -> bool:
        # With flow control off its capsules are ignored, whatever they hold.
        return capsule_type is CapsuleType.DRAIN_SESSION or self._session.flow.is_on

    def _unknown(self, number: int) -> None:
        rules = self._session.rules.capsules
        has_limits = self._session.dialect.flow_control is not FlowControlRule.NONE
        if number in _FORBIDDEN and has_limits and rules.minds_forbidden(number):
            raise SessionViolation(H3.MESSAGE_ERROR, f"capsule {number:#x} belongs to HTTP/2")
        if number not in _FORBIDDEN and not rules.ignores_unknown(number):
            raise RequestViolation(H3.MESSAGE_ERROR, f"capsule {number:#x} is unknown")

    def _flow(self, value: MaxData | MaxStreams | DataBlocked | StreamsBlocked) -> None:
        flow = self._session.flow
        rules = self._session.rules.flow
        has_limits = self._session.dialect.flow_control is not FlowControlRule.NONE
        if has_limits and not flow.is_on and rules.refuses_when_off():
            raise SessionViolation(WT.FLOW_CONTROL_ERROR, "flow control is off")
        if not has_limits or not rules.obeys_capsules(is_on=flow.is_on):
            return
        match value:
            case MaxData(maximum):
                self._raise(flow.send_data, maximum, "max-data")
            case MaxStreams(kind, maximum):
                rule = self._session.dialect.max_streams_over_bound
                self._check_bound(maximum, rule, "max-streams")
                for one in StreamKind if rules.raises_both_kinds() else (kind,):
                    self._raise(flow.open_streams[one], maximum, f"max-streams-{one.value}")
            case DataBlocked(limit):
                self._blocked(limit, None)
            case StreamsBlocked(kind, limit):
                self._blocked(limit, kind)
                rule = self._session.dialect.streams_blocked_over_bound
                self._check_bound(limit, rule, "streams-blocked")

    def _blocked(self, limit: int, kind: StreamKind | None) -> None:
        if self._session.rules.flow.refuses_blocked():
            raise SessionViolation(WT.FLOW_CONTROL_ERROR, f"blocked at {limit}")
        credit = self._session.flow.asked(kind)
        if credit is not None:
            self._session.send_capsule(credit)

    def _check_bound(self, count: int, rule: OverBoundRule, what: str) -> None:
        most = self._session.rules.flow.streams_max(STREAMS_MAX)
        if count <= most or not self._session.rules.flow.minds_over_bound(what):
            return
        why = f"{what} of {count}, above 2^60"
        match self._session.rules.flow.over_bound(rule):
            case OverBoundRule.UNSPECIFIED:
                return
            case OverBoundRule.DATAGRAM_ERROR:
                raise ConnectionViolation(H3.DATAGRAM_ERROR, why)
            case OverBoundRule.FLOW_CONTROL_ERROR:
                raise SessionViolation(WT.FLOW_CONTROL_ERROR, why)

    def _raise(self, allowance: Allowance, maximum: int, what: str) -> None:
        """A new limit. The initial one of SETTINGS is no capsule to compare with (A21)."""
        rules = self._session.rules.flow
        previous, allowance.last_capsule = allowance.last_capsule, maximum
        if previous is not None and self._is_stale(maximum, previous) and rules.minds_stale(what):
            why = f"{what} {maximum} after {previous}"
            raise SessionViolation(WT.FLOW_CONTROL_ERROR, why)
        if rules.refuses_every_limit(what):
            raise SessionViolation(WT.FLOW_CONTROL_ERROR, f"{what} refused")
        new = rules.new_limit(what, maximum)
        if new > allowance.limit:
            allowance.limit = new
            self._session.credit.notify()

    def _is_stale(self, maximum: int, previous: int) -> bool:
        match self._session.rules.flow.stale_limit(self._session.dialect.stale_limit):
            case StaleLimitRule.UNSPECIFIED:
                return False
            case StaleLimitRule.LOWER:
                return maximum < previous
            case StaleLimitRule.NOT_HIGHER:
                return maximum <= previous
