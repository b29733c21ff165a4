"""What follows from what both sides said so far: the state that lines and rules look at."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property

from wtspec.suite.bystander import observed
from wtspec.suite.bystander.facts import KEPT, Connection, DataStream, Payload, Session
from wtspec.suite.bystander.negotiation import negotiate
from wtspec.suite.bystander.observed import Observed
from wtspec.suite.dialect import Dialect, ProtocolSyntax, Side
from wtspec.suite.quic.passive.events import (
    Acknowledged,
    Agreed,
    Closed,
    Parameters,
    StopSending,
    StreamReset,
    Undecided,
)
from wtspec.suite.wire import structured_fields, varint
from wtspec.suite.wire.capsule import (
    CapsuleType,
    CloseSession,
    DrainSession,
    MaxData,
    MaxStreams,
    Received,
)
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind, StreamType

_INITIAL = {
    CapsuleType.MAX_DATA: Setting.WT_INITIAL_MAX_DATA,
    CapsuleType.MAX_STREAMS_BIDI: Setting.WT_INITIAL_MAX_STREAMS_BIDI,
    CapsuleType.MAX_STREAMS_UNI: Setting.WT_INITIAL_MAX_STREAMS_UNI,
}
_COUNTS = {
    StreamKind.BIDI: CapsuleType.MAX_STREAMS_BIDI,
    StreamKind.UNI: CapsuleType.MAX_STREAMS_UNI,
}


class Conversation:
    """One connection. `facts` grow with every observation that is applied."""

    def __init__(self, index: int) -> None:
        self.facts = Connection(index)
        self.critical: dict[tuple[Side, int], StreamType] = {}
        self.streams: dict[int, DataStream] = {}
        self.last_s: dict[Side, float] = {}
        self._token: bytes | None = None
        self.stopped: dict[Side, set[int]] = {side: set() for side in Side}
        self._received: dict[Side, int] = dict.fromkeys(Side, -1)

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        return self.facts.negotiation.dialects

    def everywhere(self, holds: Callable[[Dialect], bool]) -> bool:
        """In every dialect that this can be; false while there is none."""
        return bool(self.dialects) and all(map(holds, self.dialects))

    def has_received(self, side: Side, number: int) -> bool:
        """Whether its acknowledgements prove that it got that packet and all before it."""
        return self._received[side] >= number

    def is_known(self, side: Side) -> bool:
        """Whether everything that this side sent could be read so far."""
        return not self.facts.undecided[side]

    def session(self, session_id: int) -> Session:
        if (known := self.facts.sessions.get(session_id)) is None:
            known = self.facts.sessions[session_id] = Session(session_id)
        return known

    def limit(self, session: Session, granted_by: Side, what: CapsuleType) -> int | None:
        """The highest that `granted_by` was seen to grant; None: no limit is known to bind."""
        settings = self.facts.settings
        if len(settings) < len(Side) or not self.everywhere(self._controls_flow):
            return None
        initial = settings[granted_by].get(_INITIAL[what], 0)
        return max(initial, session.limits[granted_by].get(what, 0))

    def stream_limit(self, session: Session, granted_by: Side, kind: StreamKind) -> int | None:
        return self.limit(session, granted_by, _COUNTS[kind])

    def _controls_flow(self, dialect: Dialect) -> bool:
        settings = self.facts.settings
        return dialect.flow_control_on(settings[Side.CLIENT], settings[Side.SERVER])

    def apply(self, seen: Observed) -> None:
        self.last_s[seen.side] = seen.time_s
        apply = self._appliers.get(type(seen.what))
        if apply is not None:
            apply(seen, seen.what)

    @cached_property
    def _appliers(self) -> dict[type, Callable[..., None]]:
        return {
            Agreed: self._agreed,
            Parameters: self._parameters,
            Acknowledged: self._acknowledged,
            Undecided: self._undecided,
            Closed: self._closed,
            StreamReset: self._reset,
            StopSending: self._stopped,
            observed.SettingsRead: self._settings,
            observed.FrameRead: self._frame,
            observed.SectionRead: self._section,
            observed.CapsuleRead: self._capsule,
            observed.DataStreamBegun: self._begun,
            observed.DataRead: self._data,
            observed.Finished: self._finished,
            observed.DatagramRead: self._datagram,
            observed.CriticalBegun: self._critical,
            observed.Unreadable: self._unreadable,
        }

    def _agreed(self, _seen: Observed, what: Agreed) -> None:
        self.facts.alpn = what.alpn

    def _parameters(self, seen: Observed, what: Parameters) -> None:
        self.facts.parameters[seen.side] = what.pairs

    def _acknowledged(self, seen: Observed, what: Acknowledged) -> None:
        self._received[seen.side] = max(self._received[seen.side], what.number)

    def _undecided(self, seen: Observed, what: Undecided) -> None:
        self.facts.undecided[seen.side].append(what.why)

    def _closed(self, seen: Observed, what: Closed) -> None:
        self.facts.closed.setdefault(seen.side, what)

    def _settings(self, seen: Observed, what: observed.SettingsRead) -> None:
        if seen.side in self.facts.settings_numbers:
            return
        self.facts.settings_numbers[seen.side] = seen.number
        if what.pairs is not None:
            self.facts.settings[seen.side] = dict(what.pairs)
            self.facts.settings_s[seen.side] = seen.time_s
            self.facts.negotiation = negotiate(self.facts.settings, self._token)

    def _frame(self, seen: Observed, what: observed.FrameRead) -> None:
        if what.place == "control" and what.type == FrameType.GOAWAY:
            read = varint.decode(what.payload)
            if read is not None:
                self.facts.goaways[seen.side].append(read[0])

    def _section(self, seen: Observed, what: observed.SectionRead) -> None:
        assert seen.stream_id is not None
        if seen.side is Side.CLIENT:
            token = what.value(b":protocol")
            if not what.ordinal and token is not None and token.startswith(b"webtransport"):
                self.session(seen.stream_id).request = what.fields
                self._token = self._token or token
                self.facts.negotiation = negotiate(self.facts.settings, self._token)
            return
        session = self.facts.sessions.get(seen.stream_id)
        is_interim = (what.value(b":status") or b"").startswith(b"1")
        if session is not None and session.request and not session.response and not is_interim:
            session.response = what.fields
            session.protocol = self.protocol_in(what.fields)

    def protocol_in(self, response: Iterable[Field]) -> str | None:
        """The application protocol that a response names, however its dialect writes it."""
        values = dict(response)
        for dialect in self.dialects:
            value = values.get(dialect.protocol_field)
            if value is not None and dialect.protocols is ProtocolSyntax.STRING:
                return structured_fields.parse_string(value)
            if value is not None and dialect.protocols is ProtocolSyntax.TOKEN:
                return structured_fields.parse_token(value)
        return None

    def _capsule(self, seen: Observed, what: observed.CapsuleRead) -> None:
        assert seen.stream_id is not None
        session = self.session(seen.stream_id)
        if len(session.capsules[seen.side]) < KEPT:
            session.capsules[seen.side].append(what.capsule)
        match what.capsule:
            case CloseSession() as close:
                session.closes.setdefault(seen.side, close)
                session.closed_at_s.setdefault(seen.side, seen.time_s)
            case DrainSession():
                session.drains.add(seen.side)
            case limit:
                _grant(session, seen.side, limit)

    def _begun(self, seen: Observed, what: observed.DataStreamBegun) -> None:
        assert seen.stream_id is not None
        stream = DataStream(
            seen.stream_id, what.kind, seen.side, what.session_id, what.header_bytes
        )
        self.streams[seen.stream_id] = stream
        session = self.session(what.session_id)
        session.streams[seen.stream_id] = stream
        key = (seen.side, what.kind)
        session.opened[key] = session.opened.get(key, 0) + 1

    def _data(self, seen: Observed, what: observed.DataRead) -> None:
        if (stream := self.streams.get(seen.stream_id or 0)) is not None:
            stream.flows[seen.side].add(what.data)
            self.session(stream.session_id).sent_bytes[seen.side] += len(what.data)

    def _finished(self, seen: Observed, what: observed.Finished) -> None:
        self._end(seen, what)

    def _reset(self, seen: Observed, what: StreamReset) -> None:
        self._end(seen, what)

    def _end(self, seen: Observed, what: observed.Finished | StreamReset) -> None:
        assert seen.stream_id is not None
        if (stream := self.streams.get(seen.stream_id)) is not None:
            flow = stream.flows[seen.side]
            flow.ending = flow.ending or what
        elif (session := self.facts.sessions.get(seen.stream_id)) is not None:
            session.endings.setdefault(seen.side, what)

    def _stopped(self, seen: Observed, what: StopSending) -> None:
        self.stopped[seen.side].add(what.stream_id)
        if (stream := self.streams.get(what.stream_id)) is not None:
            stream.flows[seen.side.other].stopped = what.code
        elif (session := self.facts.sessions.get(what.stream_id)) is not None:
            session.stops.setdefault(seen.side, what.code)

    def _datagram(self, seen: Observed, what: observed.DatagramRead) -> None:
        session = self.session(what.session_id)
        session.datagram_counts[seen.side] += 1
        if len(session.datagrams[seen.side]) < KEPT:
            digest = hashlib.sha256(what.payload).hexdigest()
            session.datagrams[seen.side].append(Payload(len(what.payload), digest))

    def _unreadable(self, seen: Observed, what: observed.Unreadable) -> None:
        # A lenient receiver may have read on where we cannot.
        self.facts.undecided[seen.side].append(str(what.why))

    def _critical(self, seen: Observed, what: observed.CriticalBegun) -> None:
        assert seen.stream_id is not None
        if not what.is_second:
            self.critical[seen.side, seen.stream_id] = what.type


def _grant(session: Session, side: Side, said: Received) -> None:
    match said:
        case MaxData(maximum):
            what = CapsuleType.MAX_DATA
        case MaxStreams(kind, maximum):
            what = _COUNTS[kind]
        case _:
            return
    session.limits[side][what] = max(maximum, session.limits[side].get(what, 0))
