"""Rules of the drafts, which hold where the ledger has them in every dialect it can be."""

from collections.abc import Callable

from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.observed import (
    BodyRead,
    CapsuleRead,
    DataRead,
    DataStreamBegun,
    Observed,
    SectionRead,
    Unreadable,
)
from wtspec.suite.bystander.rule import Broken, Rule
from wtspec.suite.dialect import ProtocolSyntax, Side
from wtspec.suite.quic.passive.events import StreamReset
from wtspec.suite.wire import error_codes, grease, structured_fields
from wtspec.suite.wire.capsule import (
    STREAMS_MAX,
    CapsuleType,
    Defect,
    Malformed,
    MaxStreams,
    UnknownCapsule,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.errors import LateSignal
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.wire.transport_parameters import Parameter

_TOKENS = {b"webtransport", b"webtransport-h3"}
_FORBIDDEN = {CapsuleType.MAX_STREAM_DATA, CapsuleType.STREAM_DATA_BLOCKED}
_PARSERS: dict[ProtocolSyntax, Callable[[bytes], tuple[str, ...] | None]] = {
    ProtocolSyntax.NONE: lambda _value: None,
    ProtocolSyntax.TOKEN: structured_fields.parse_list_of_tokens,
    ProtocolSyntax.STRING: structured_fields.parse_list_of_strings,
}
_RESETS_AT = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
# HTTP/3's registry gives nothing below this to anybody but itself (RFC 9114 section 11.2.3).
_SMALL_CODES = range(1, 0x40)


def _is_connect(seen: Observed, what: SectionRead) -> bool:
    is_request = seen.side is Side.CLIENT and not what.ordinal
    return is_request and what.value(b":protocol") in _TOKENS


def _early_connect(c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    """What the server sends is captured before the client can have it."""
    if not _is_connect(seen, what) or Side.SERVER in c.facts.settings_numbers:
        return None
    return "a CONNECT before the server's SETTINGS" if c.is_known(Side.SERVER) else None


def _scheme(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if not _is_connect(seen, what) or what.value(b":scheme") == b"https":
        return None
    return f"a CONNECT with the scheme {what.value(b':scheme')!r}"


def _authority(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if not _is_connect(seen, what) or what.value(b":authority"):
        return None
    return "a CONNECT without :authority"


def _path(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if not _is_connect(seen, what) or what.value(b":path"):
        return None
    return "a CONNECT without :path"


def _unlisted_protocol(c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    """Only where both fields can be read and stand on one line each (A34)."""
    session = c.facts.sessions.get(-1 if seen.stream_id is None else seen.stream_id)
    if seen.side is Side.CLIENT or session is None or not session.request or not c.dialects:
        return None
    dialect = c.dialects[0]
    offers = [value for name, value in session.request if name == dialect.available_protocols_field]
    answers = [value for name, value in what.fields if name == dialect.protocol_field]
    chosen = c.protocol_in(what.fields)
    if len(offers) != 1 or len(answers) != 1 or chosen is None:
        return None
    offered = _PARSERS[dialect.protocols](offers[0])
    if offered is None or chosen in offered:
        return None
    return f"chose the protocol {chosen!r}, which was not offered"


def _late_signal(_c: Conversation, _seen: Observed, what: Unreadable) -> str | None:
    # On a control stream it is another rule's matter.
    is_one = isinstance(what.why, LateSignal) and what.place == "request"
    return "WT_STREAM behind the beginning of a stream" if is_one else None


def _session_id(_c: Conversation, _seen: Observed, what: DataStreamBegun) -> str | None:
    if what.session_id % 4 == 0:
        return None
    return f"a data stream of session {what.session_id}, which no CONNECT stream can be"


def _too_many_streams(c: Conversation, seen: Observed, what: DataStreamBegun) -> str | None:
    session = c.session(what.session_id)
    limit = c.stream_limit(session, seen.side.other, what.kind)
    opened = session.counts_for(seen.side, what.kind) + 1
    if limit is None or opened <= limit or not _knows_settings(c, seen.side):
        return None
    return f"{what.kind.value} stream number {opened} of the session, where {limit} are allowed"


def _too_much_data(c: Conversation, seen: Observed, what: DataRead) -> str | None:
    stream = c.streams.get(-1 if seen.stream_id is None else seen.stream_id)
    if stream is None:
        return None
    session = c.session(stream.session_id)
    limit = c.limit(session, seen.side.other, CapsuleType.MAX_DATA)
    sent = session.sent_bytes[seen.side] + len(what.data)
    if limit is None or sent <= limit or not _knows_settings(c, seen.side):
        return None
    return f"{sent} bytes of the session's streams, where {limit} are allowed"


def _knows_settings(c: Conversation, side: Side) -> bool:
    """Who may not have had the SETTINGS cannot be held to their limits.

    A limit in a capsule needs no proof: it can only be above, and none that was sent is unread.
    """
    number = c.facts.settings_numbers.get(side.other)
    return number is not None and c.has_received(side, number) and c.is_known(side.other)


def _unmapped_code(c: Conversation, seen: Observed, what: StreamReset) -> str | None:
    """Only small codes, which are no protocol's and so an application's without the mapping."""
    stream = c.streams.get(what.stream_id)
    if stream is None or what.code not in _SMALL_CODES or grease.is_reserved(what.code):
        return None
    is_copied = stream.flows[seen.side].stopped == what.code
    if is_copied or not error_codes.means_nothing(what.code):
        return None
    return f"reset of a data stream with {what.code:#x}, which is not mapped"


def _unreliable_reset(c: Conversation, seen: Observed, what: StreamReset) -> str | None:
    """Of who wrote the header, and not in answer to STOP_SENDING (A14)."""
    stream = c.streams.get(what.stream_id)
    is_opener = stream is not None and stream.opener is seen.side
    if stream is None or not is_opener or stream.flows[seen.side].stopped is not None:
        return None
    announced = [{key for key, _ in pairs} for pairs in c.facts.parameters.values()]
    is_common = len(announced) == len(Side) and set.intersection(*announced) & set(_RESETS_AT)
    if not is_common or (what.reliable_size or 0) >= stream.header_bytes:
        return None
    return f"a reset that keeps {what.reliable_size or 0} of {stream.header_bytes} header bytes"


def _more_after_close(c: Conversation, seen: Observed, what: BodyRead) -> str | None:
    session = c.facts.sessions.get(-1 if seen.stream_id is None else seen.stream_id)
    if session is None or seen.side not in session.closes or not what.size_bytes:
        return None
    return f"{what.size_bytes} bytes on the CONNECT stream after the close capsule"


def _capsule_in_close(c: Conversation, seen: Observed, _what: CapsuleRead) -> str | None:
    """The close capsule and what follows it in the same DATA frame."""
    session = c.facts.sessions.get(-1 if seen.stream_id is None else seen.stream_id)
    is_late = session is not None and seen.side in session.closes
    return "a capsule after the close capsule" if is_late else None


def _reset_after_close(c: Conversation, seen: Observed, what: StreamReset) -> str | None:
    """Unless the other side had a hand in it: a close, an end, STOP_SENDING, or any violation."""
    if what.code not in {H3.NO_ERROR, H3.REQUEST_CANCELLED}:
        return None
    session = c.facts.sessions.get(-1 if seen.stream_id is None else seen.stream_id)
    if session is None or seen.side not in session.closes or seen.side in session.endings:
        return None
    other = seen.side.other
    if other in session.closes or other in session.endings or other in session.stops:
        return None
    return "reset of the CONNECT stream after the close capsule" if c.is_known(other) else None


def _malformed(types: set[CapsuleType], defects: frozenset[Defect]) -> Broken:
    def broken(_c: Conversation, _seen: Observed, what: CapsuleRead) -> str | None:
        said = what.capsule
        if not isinstance(said, Malformed) or said.type not in types or said.why not in defects:
            return None
        return f"{said.type.name} {said.why.value}"

    return broken


def _forbidden(_c: Conversation, _seen: Observed, what: CapsuleRead) -> str | None:
    said = what.capsule
    if isinstance(said, UnknownCapsule) and said.type in _FORBIDDEN:
        return f"the capsule {CapsuleType(said.type).name}"
    return None


def _stream_limit_over_bound(_c: Conversation, _seen: Observed, what: CapsuleRead) -> str | None:
    said = what.capsule
    is_over = isinstance(said, MaxStreams) and said.maximum > STREAMS_MAX
    return "a stream limit above 2^60" if is_over else None


def _stream_limit_falls(c: Conversation, seen: Observed, what: CapsuleRead) -> str | None:
    said = what.capsule
    session = c.facts.sessions.get(-1 if seen.stream_id is None else seen.stream_id)
    if not isinstance(said, MaxStreams) or session is None:
        return None
    kind = said.kind is StreamKind.UNI
    of = CapsuleType.MAX_STREAMS_UNI if kind else CapsuleType.MAX_STREAMS_BIDI
    before = session.limits[seen.side].get(of, 0)
    return f"a stream limit of {said.maximum} after {before}" if said.maximum < before else None


_FORMAT = frozenset({Defect.TOO_SHORT, Defect.TOO_LONG})

RULES = (
    Rule("setup-client-waits-server-settings", SectionRead, _early_connect),
    Rule("setup-scheme-https", SectionRead, _scheme),
    Rule("setup-authority-present", SectionRead, _authority),
    Rule("setup-path-present", SectionRead, _path),
    Rule("subproto-response-listed", SectionRead, _unlisted_protocol),
    Rule("bidi-wt-stream-only-first", Unreadable, _late_signal),
    Rule("sid-must-be-client-bidi", DataStreamBegun, _session_id),
    Rule("flow-open-within-stream-limit", DataStreamBegun, _too_many_streams),
    Rule("flow-send-within-data-limit", DataRead, _too_much_data),
    Rule("reset-code-mapped", StreamReset, _unmapped_code),
    Rule("reset-stream-at-used", StreamReset, _unreliable_reset),
    Rule("close-sender-fins", BodyRead, _more_after_close),
    Rule("close-sender-fins", CapsuleRead, _capsule_in_close),
    Rule("close-sender-fins", StreamReset, _reset_after_close),
    Rule(
        "close-capsule-format",
        CapsuleRead,
        _malformed({CapsuleType.CLOSE_SESSION}, frozenset({Defect.TOO_SHORT})),
    ),
    Rule(
        "close-message-max-1024",
        CapsuleRead,
        _malformed({CapsuleType.CLOSE_SESSION}, frozenset({Defect.TOO_LONG})),
    ),
    Rule(
        "close-message-utf8",
        CapsuleRead,
        _malformed({CapsuleType.CLOSE_SESSION}, frozenset({Defect.NOT_UTF8})),
    ),
    Rule("drain-capsule-format", CapsuleRead, _malformed({CapsuleType.DRAIN_SESSION}, _FORMAT)),
    Rule("flow-max-data-format", CapsuleRead, _malformed({CapsuleType.MAX_DATA}, _FORMAT)),
    Rule(
        "flow-max-streams-format",
        CapsuleRead,
        _malformed({CapsuleType.MAX_STREAMS_BIDI, CapsuleType.MAX_STREAMS_UNI}, _FORMAT),
    ),
    Rule("flow-h2-capsules-prohibited", CapsuleRead, _forbidden),
    Rule("flow-max-streams-cap-2-60", CapsuleRead, _stream_limit_over_bound),
    Rule("flow-max-streams-cumulative", CapsuleRead, _stream_limit_falls),
)
