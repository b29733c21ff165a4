"""What was seen as lines for people, in the manner of the Peer's timeline."""

from wtspec.suite.bystander import observed
from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.facts import Line
from wtspec.suite.bystander.observed import Observed
from wtspec.suite.quic.passive.events import (
    Agreed,
    Closed,
    Offered,
    Parameters,
    StopSending,
    StreamReset,
    Undecided,
)
from wtspec.suite.wire import error_codes, settings, transport_parameters
from wtspec.suite.wire.capsule import CloseSession, DatagramCapsule, SkippedCapsule, UnknownCapsule
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import FrameType

_VALUE_LIMIT = 400
_SHORT_BYTES = 64
_FRAME_TYPES = frozenset(FrameType)


def line(conversation: Conversation, seen: Observed) -> Line | None:
    """None for what only those read who judge."""
    text = _quic(conversation, seen) or _http3(seen)
    if text is None:
        return None
    label = f" [{seen.connection}]" if seen.connection else ""
    where = "connection" if seen.stream_id is None else f"stream {seen.stream_id}"
    if isinstance(seen.what, observed.DatagramRead):
        where = f"session {seen.what.session_id}"
    return Line(seen.time_s, seen.side, where + label, text[:_VALUE_LIMIT])


def _quic(  # noqa: PLR0911 - one branch a kind
    conversation: Conversation, seen: Observed
) -> str | None:
    match seen.what:
        case Offered(alpn):
            return f"ClientHello {', '.join(alpn)}"
        case Agreed(agreed):
            return f"EncryptedExtensions {agreed or 'without a protocol'}"
        case Parameters(pairs):
            return "transport parameters " + " ".join(map(_parameter, pairs))
        case Undecided(why):
            return f"undecided: {why}"
        case Closed(code, frame_type, reason):
            name = _name(conversation, code) if frame_type is None else _transport(code)
            return f"CONNECTION_CLOSE {name} {_visible(reason)}".rstrip()
        case StreamReset(_, code, final_size, reliable_size):
            at = "" if reliable_size is None else f"_AT {reliable_size} of"
            return f"RESET_STREAM{at} {final_size} bytes {_name(conversation, code)}"
        case StopSending(_, code):
            return f"STOP_SENDING {_name(conversation, code)}"
        case _:
            return None


def _http3(seen: Observed) -> str | None:  # noqa: C901, PLR0911 - one branch a kind
    match seen.what:
        case observed.SettingsRead(None):
            return "SETTINGS that cannot be read"
        case observed.SettingsRead(pairs) if pairs is not None:
            return "SETTINGS " + " ".join(f"{settings.name(k)}={v}" for k, v in pairs)
        case observed.SectionRead(fields):
            return "HEADERS " + " ".join(map(_field, fields))
        case observed.FrameRead(_, kind, payload):
            return _frame(kind, payload)
        case observed.CapsuleRead(said):
            return _capsule(said)
        case observed.DataStreamBegun(kind, session_id):
            return f"{kind.value} stream of session {session_id}"
        case observed.DataRead(data):
            return f"{len(data)} bytes{_short(data)}"
        case observed.Finished():
            return "FIN"
        case observed.DatagramRead(_, payload):
            return f"datagram of {len(payload)} bytes{_short(payload)}"
        case observed.CriticalBegun(kind):
            return f"{kind.name.lower()} stream"
        case observed.Unreadable(place, why):
            return f"unreadable {place}: {_visible(str(why).encode())}"
        case _:
            return None


def _frame(kind: int, payload: bytes) -> str | None:
    if kind in {FrameType.SETTINGS, FrameType.HEADERS}:
        return None  # these are told decoded
    name = FrameType(kind).name if kind in _FRAME_TYPES else f"frame {kind:#x}"
    return f"{name} {payload[:32].hex()}".rstrip()


def _capsule(said: object) -> str:
    match said:
        case CloseSession(code, reason):
            return f"CloseSession {code} {_visible(reason)}".rstrip()
        case DatagramCapsule(payload):
            return f"DatagramCapsule of {len(payload)} bytes"
        case UnknownCapsule(kind, payload):
            return f"capsule {kind:#x} of {len(payload)} bytes"
        case SkippedCapsule(kind, size_bytes):
            return f"capsule {kind:#x} of {size_bytes} bytes"
        case _:
            return repr(said)


def _name(conversation: Conversation, code: int) -> str:
    if conversation.dialects:
        return conversation.dialects[0].error_name(code)
    return error_codes.name(code)


def _transport(code: int) -> str:
    return error_codes.transport_name(code)


def _parameter(pair: tuple[int, bytes]) -> str:
    number, value = pair
    return f"{transport_parameters.name(number)}={transport_parameters.readable(number, value)}"


def _field(one: Field) -> str:
    name, value = one
    return f"{_visible(name)}={_visible(value)}"


def _short(data: bytes) -> str:
    return f" {_visible(data)}" if 0 < len(data) <= _SHORT_BYTES else ""


def _visible(data: bytes) -> str:
    """Nothing that a terminal would obey."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data)
