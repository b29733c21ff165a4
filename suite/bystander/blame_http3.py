"""Rules of HTTP/3 and QUIC beneath WebTransport, which hold in every dialect."""

from collections import Counter

from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.observed import (
    BodyRead,
    CriticalBegun,
    DatagramRead,
    Finished,
    FrameRead,
    Observed,
    SectionRead,
    SettingsRead,
    Unreadable,
)
from wtspec.suite.bystander.rule import Broken, Rule
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import StreamReset
from wtspec.suite.wire import settings, transport_parameters, varint
from wtspec.suite.wire.errors import DatagramError
from wtspec.suite.wire.frames import HTTP2_TYPES, FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamType
from wtspec.suite.wire.transport_parameters import Parameter

_PLACES = {"request": "a request stream", "control": "the control stream"}
_REQUEST_PSEUDO = {b":method", b":scheme", b":authority", b":path", b":protocol"}


def _duplicate_setting(_c: Conversation, _seen: Observed, what: SettingsRead) -> str | None:
    counts = Counter(key for key, _ in what.pairs or ())
    twice = [settings.name(key) for key, count in counts.items() if count > 1]
    return f"SETTINGS has {', '.join(twice)} more than once" if twice else None


def _http2_setting(_c: Conversation, _seen: Observed, what: SettingsRead) -> str | None:
    # 0x0 was reserved in HTTP/2 and is in nobody's list (RFC 9114 section 11.2.2 names 2 to 5).
    found = [key for key, _ in what.pairs or () if key in {0x2, 0x3, 0x4, 0x5}]
    return f"SETTINGS has the setting {found[0]:#x} of HTTP/2" if found else None


def _connect_protocol(_c: Conversation, _seen: Observed, what: SettingsRead) -> str | None:
    value = dict(what.pairs or ()).get(Setting.ENABLE_CONNECT_PROTOCOL, 0)
    return f"SETTINGS_ENABLE_CONNECT_PROTOCOL is {value}" if value > 1 else None


def _settings_cut(_c: Conversation, _seen: Observed, what: SettingsRead) -> str | None:
    return "SETTINGS ends inside a setting" if what.pairs is None else None


def _settings_first(c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    if what.place != "control" or what.is_first is (what.type == FrameType.SETTINGS):
        return None
    if what.is_first:
        return f"the control stream begins with frame {what.type:#x}"
    is_second = seen.side in c.facts.settings_numbers
    return "a second SETTINGS" if is_second else "SETTINGS behind another frame"


def _frame(kind: FrameType, place: str) -> Broken:
    """A frame that stands where it may not."""

    def broken(_c: Conversation, _seen: Observed, what: FrameRead) -> str | None:
        is_there = what.place == place and what.type == kind
        return f"{kind.name} on {_PLACES[place]}" if is_there else None

    return broken


def _goaway_elsewhere(_c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    misplaced = what.place == "request" and what.type == FrameType.GOAWAY
    return "GOAWAY on a request stream" if misplaced and seen.side is Side.SERVER else None


def _max_push_id_from_server(_c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    is_one = what.type == FrameType.MAX_PUSH_ID and seen.side is Side.SERVER
    return "a server's MAX_PUSH_ID" if is_one else None


def _push_promise(_c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    is_one = what.type == FrameType.PUSH_PROMISE and seen.side is Side.CLIENT
    return "a client's PUSH_PROMISE" if is_one else None


def _http2_frame(_c: Conversation, _seen: Observed, what: FrameRead) -> str | None:
    return f"frame type {what.type:#x} of HTTP/2" if what.type in HTTP2_TYPES else None


def _data_on_control(_c: Conversation, _seen: Observed, what: BodyRead) -> str | None:
    return "DATA on the control stream" if what.place == "control" else None


def _data_before_headers(_c: Conversation, _seen: Observed, what: BodyRead) -> str | None:
    return "DATA before HEADERS" if what.place == "request" and what.is_early else None


def _goaway_id(_c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    found = _goaway(what)
    if found is None or seen.side is Side.CLIENT or found % 4 == 0:
        return None
    return f"GOAWAY {found} names no request stream"


def _goaway_grows(c: Conversation, seen: Observed, what: FrameRead) -> str | None:
    found, before = _goaway(what), c.facts.goaways[seen.side]
    if found is None or not before or found <= before[-1]:
        return None
    return f"GOAWAY {found} after GOAWAY {before[-1]}"


def _goaway(what: FrameRead) -> int | None:
    if what.place != "control" or what.type != FrameType.GOAWAY:
        return None
    read = varint.decode(what.payload)
    return read and read[0]


def _second_control(_c: Conversation, _seen: Observed, what: CriticalBegun) -> str | None:
    is_one = what.is_second and what.type is StreamType.CONTROL
    return "a second control stream" if is_one else None


def _second_qpack(_c: Conversation, _seen: Observed, what: CriticalBegun) -> str | None:
    is_one = what.is_second and what.type is not StreamType.CONTROL
    return f"a second {what.type.name.lower()} stream" if is_one else None


def _control_finished(c: Conversation, seen: Observed, _what: Finished) -> str | None:
    return "FIN on the control stream" if _is_control(c, seen) else None


def _control_reset(c: Conversation, seen: Observed, _what: StreamReset) -> str | None:
    # STOP_SENDING obliges to reset (RFC 9000 section 3.5): whoever asked for it is to blame.
    if not _is_control(c, seen) or seen.stream_id in c.stopped[seen.side.other]:
        return None
    return "reset of the control stream"


def _is_control(c: Conversation, seen: Observed) -> bool:
    return c.critical.get((seen.side, seen.stream_id or 0)) is StreamType.CONTROL


def _no_status(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if seen.side is Side.CLIENT or what.ordinal or what.value(b":status") is not None:
        return None
    return "a response without :status"


def _malformed_request(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if seen.side is Side.SERVER or what.ordinal:
        return None
    pseudo = [name for name, _ in what.fields if name.startswith(b":")]
    if not set(pseudo) <= _REQUEST_PSEUDO:
        return "a request with an undefined pseudo-header field"
    if len(set(pseudo)) < len(pseudo):
        return "a request with a pseudo-header field twice"
    if [name for name, _ in what.fields][: len(pseudo)] != pseudo:
        return "a request with a pseudo-header field behind a regular one"
    return None if b":method" in pseudo else "a request without :method"


def _upper_case(_c: Conversation, _seen: Observed, what: SectionRead) -> str | None:
    found = [name for name, _ in what.fields if name != name.lower()]
    return f"a field name in upper case, {found[0]!r}" if found else None


def _no_allow(_c: Conversation, seen: Observed, what: SectionRead) -> str | None:
    if seen.side is Side.CLIENT or what.value(b":status") != b"405":
        return None
    return "405 without Allow" if what.value(b"allow") is None else None


def _datagram_id(_c: Conversation, _seen: Observed, what: Unreadable) -> str | None:
    return str(what.why.args[0]) if isinstance(what.why, DatagramError) else None


def _datagram_size(c: Conversation, seen: Observed, what: DatagramRead) -> str | None:
    """The payload and at least the frame's type count (RFC 9221 section 3)."""
    announced = dict(c.facts.parameters.get(seen.side.other, ()))
    value = transport_parameters.integer(announced.get(Parameter.MAX_DATAGRAM_FRAME_SIZE, b""))
    quarter = len(varint.encode(what.session_id // 4))
    size_bytes = 1 + quarter + len(what.payload)
    if value is None or size_bytes <= value:
        return None
    return f"a DATAGRAM frame of at least {size_bytes} bytes, where {value} are the most"


RULES = (
    Rule("ref-settings-no-duplicates", SettingsRead, _duplicate_setting),
    Rule("ref-http2-settings", SettingsRead, _http2_setting),
    Rule("ref-connect-protocol-value", SettingsRead, _connect_protocol),
    Rule("ref-frame-payload-exact", SettingsRead, _settings_cut),
    Rule("ref-settings-first", FrameRead, _settings_first),
    Rule("ref-settings-elsewhere", FrameRead, _frame(FrameType.SETTINGS, "request")),
    Rule("ref-goaway-elsewhere", FrameRead, _goaway_elsewhere),
    Rule("ref-max-push-id-elsewhere", FrameRead, _frame(FrameType.MAX_PUSH_ID, "request")),
    Rule("ref-max-push-id-from-server", FrameRead, _max_push_id_from_server),
    Rule("ref-cancel-push-elsewhere", FrameRead, _frame(FrameType.CANCEL_PUSH, "request")),
    Rule("ref-push-promise-from-client", FrameRead, _push_promise),
    Rule("ref-headers-on-control-stream", FrameRead, _frame(FrameType.HEADERS, "control")),
    Rule("ref-http2-frames", FrameRead, _http2_frame),
    Rule("ref-data-on-control-stream", BodyRead, _data_on_control),
    Rule("ref-data-before-headers", BodyRead, _data_before_headers),
    Rule("ref-goaway-stream-id", FrameRead, _goaway_id),
    Rule("ref-goaway-not-growing", FrameRead, _goaway_grows),
    Rule("ref-one-control-stream", CriticalBegun, _second_control),
    Rule("ref-qpack-second-stream", CriticalBegun, _second_qpack),
    Rule("ref-control-stream-stays-open", Finished, _control_finished),
    Rule("ref-control-stream-stays-open", StreamReset, _control_reset),
    Rule("ref-status-required", SectionRead, _no_status),
    Rule("ref-messages-well-formed", SectionRead, _malformed_request),
    Rule("ref-field-names-lower-case", SectionRead, _upper_case),
    Rule("ref-405-allow", SectionRead, _no_allow),
    Rule("sid-invalid-on-datagram", Unreadable, _datagram_id),
    Rule("ref-quic-datagram-size-kept", DatagramRead, _datagram_size),
)
