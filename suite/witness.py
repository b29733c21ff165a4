"""A second reader of everything the Peer sends, so that our own bug is never printed as theirs.

Imports the standard library alone and shares no table, class or idea of an algorithm with
suite/wire: every number below was written down a second time. It returns plain names and values,
those of the classes and enumerations in suite/wire, for the caller to compare with what was meant;
`Disagreement` means that the bytes cannot be read at all. It judges formats, not values: a second
WT_ENABLED or a limit above 2^60 is legible. Bytes meant to be illegible do not come here.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias, TypeVar

Values: TypeAlias = dict[str, int | str | bytes]


class Disagreement(Exception):
    """Bytes of ours that their format forbids."""


class FieldLine(NamedTuple):
    """A field and how it was written; `huffman` says so of the name and of the value."""

    name: bytes
    value: bytes
    form: str
    never_indexed: bool = False
    huffman: tuple[bool, bool] = (False, False)


def _table(text: str) -> dict[int, str]:
    """Numbers in hexadecimal, each before its name."""
    words = text.split()
    return {int(number, 16): name for number, name in zip(words[::2], words[1::2], strict=True)}


_FRAMES: Final = _table(
    """
    0 DATA  1 HEADERS  3 CANCEL_PUSH  4 SETTINGS  5 PUSH_PROMISE  7 GOAWAY  d MAX_PUSH_ID
    f0700 PRIORITY_UPDATE_REQUEST  f0701 PRIORITY_UPDATE_PUSH
    """
)
_SETTINGS: Final = _table(
    """
    1 QPACK_MAX_TABLE_CAPACITY  6 MAX_FIELD_SECTION_SIZE  7 QPACK_BLOCKED_STREAMS
    8 ENABLE_CONNECT_PROTOCOL  33 H3_DATAGRAM  2b61 WT_INITIAL_MAX_DATA
    2b64 WT_INITIAL_MAX_STREAMS_UNI  2b65 WT_INITIAL_MAX_STREAMS_BIDI  ffd277 H3_DATAGRAM_04
    14e9cd29 WT_MAX_SESSIONS  2b603742 ENABLE_WEBTRANSPORT  2b603743 WEBTRANSPORT_MAX_SESSIONS_04
    2c7cf000 WT_ENABLED  3c48d522 WEBTRANSPORT_MAX_SESSIONS_06
    c671706a WEBTRANSPORT_MAX_SESSIONS_07
    """
)
_STREAMS: Final = _table(
    """
    0 CONTROL  1 PUSH  2 QPACK_ENCODER  3 QPACK_DECODER  54 WEBTRANSPORT
    """
)
_PARAMETERS: Final = _table(
    """
    0 ORIGINAL_DESTINATION_CONNECTION_ID  1 MAX_IDLE_TIMEOUT  2 STATELESS_RESET_TOKEN
    3 MAX_UDP_PAYLOAD_SIZE  4 INITIAL_MAX_DATA  5 INITIAL_MAX_STREAM_DATA_BIDI_LOCAL
    6 INITIAL_MAX_STREAM_DATA_BIDI_REMOTE  7 INITIAL_MAX_STREAM_DATA_UNI
    8 INITIAL_MAX_STREAMS_BIDI  9 INITIAL_MAX_STREAMS_UNI  a ACK_DELAY_EXPONENT  b MAX_ACK_DELAY
    c DISABLE_ACTIVE_MIGRATION  d PREFERRED_ADDRESS  e ACTIVE_CONNECTION_ID_LIMIT
    f INITIAL_SOURCE_CONNECTION_ID  10 RETRY_SOURCE_CONNECTION_ID  11 VERSION_INFORMATION
    1d RESET_STREAM_AT  20 MAX_DATAGRAM_FRAME_SIZE  2ab2 GREASE_QUIC_BIT
    17f7586d2cb571 RESET_STREAM_AT_OLD
    """
)
_HEADERS: Final = {0x54: "uni", 0x41: "bidi"}
_ERRORS: Final = _table(
    """
    100 H3_NO_ERROR  101 H3_GENERAL_PROTOCOL_ERROR  102 H3_INTERNAL_ERROR
    103 H3_STREAM_CREATION_ERROR  104 H3_CLOSED_CRITICAL_STREAM  105 H3_FRAME_UNEXPECTED
    106 H3_FRAME_ERROR  107 H3_EXCESSIVE_LOAD  108 H3_ID_ERROR  109 H3_SETTINGS_ERROR
    10a H3_MISSING_SETTINGS  10b H3_REQUEST_REJECTED  10c H3_REQUEST_CANCELLED
    10d H3_REQUEST_INCOMPLETE  10e H3_MESSAGE_ERROR  10f H3_CONNECT_ERROR  110 H3_VERSION_FALLBACK
    33 H3_DATAGRAM_ERROR  200 QPACK_DECOMPRESSION_FAILED  201 QPACK_ENCODER_STREAM_ERROR
    202 QPACK_DECODER_STREAM_ERROR  3994bd84 WT_BUFFERED_STREAM_REJECTED  170d7b68 WT_SESSION_GONE
    45d4487 WT_FLOW_CONTROL_ERROR  817b3dd WT_ALPN_ERROR  212c0d48 WT_REQUIREMENTS_NOT_MET
    """
)
_TRANSPORT_ERRORS: Final = _table(
    """
    0 NO_ERROR  1 INTERNAL_ERROR  2 CONNECTION_REFUSED  3 FLOW_CONTROL_ERROR  4 STREAM_LIMIT_ERROR
    5 STREAM_STATE_ERROR  6 FINAL_SIZE_ERROR  7 FRAME_ENCODING_ERROR  8 TRANSPORT_PARAMETER_ERROR
    9 CONNECTION_ID_LIMIT_ERROR  a PROTOCOL_VIOLATION  b INVALID_TOKEN  c APPLICATION_ERROR
    d CRYPTO_BUFFER_EXCEEDED  e KEY_UPDATE_ERROR  f AEAD_LIMIT_REACHED  10 NO_VIABLE_PATH
    """
)
# Name of the class, of its number's field, and the kind of stream where there are two.
_LIMIT_CAPSULES: Final[Mapping[int, tuple[str, str, str | None]]] = {
    0x190B4D3D: ("MaxData", "maximum", None),
    0x190B4D3F: ("MaxStreams", "maximum", "bidi"),
    0x190B4D40: ("MaxStreams", "maximum", "uni"),
    0x190B4D41: ("DataBlocked", "limit", None),
    0x190B4D43: ("StreamsBlocked", "limit", "bidi"),
    0x190B4D44: ("StreamsBlocked", "limit", "uni"),
}
# RFC 9204 appendix A in its order: a name and its neighbouring values.
_STATIC_ENTRIES: Final = """\
:authority|  :path|/  age|0  content-disposition|  content-length|0  cookie|  date|  etag|
if-modified-since|  if-none-match|  last-modified|  link|  location|  referer|  set-cookie|
:method|CONNECT|DELETE|GET|HEAD|OPTIONS|POST|PUT  :scheme|http|https  :status|103|200|304|404|503
accept|*/*|application/dns-message  accept-encoding|gzip, deflate, br  accept-ranges|bytes
access-control-allow-headers|cache-control|content-type  access-control-allow-origin|*
cache-control|max-age=0|max-age=2592000|max-age=604800|no-cache|no-store
cache-control|public, max-age=31536000  content-encoding|br|gzip
content-type|application/dns-message|application/javascript|application/json
content-type|application/x-www-form-urlencoded|image/gif|image/jpeg|image/png|text/css
content-type|text/html; charset=utf-8|text/plain|text/plain;charset=utf-8  range|bytes=0-
strict-transport-security|max-age=31536000|max-age=31536000; includesubdomains
strict-transport-security|max-age=31536000; includesubdomains; preload
vary|accept-encoding|origin  x-content-type-options|nosniff  x-xss-protection|1; mode=block
:status|100|204|206|302|400|403|421|425|500  accept-language|
access-control-allow-credentials|FALSE|TRUE  access-control-allow-headers|*
access-control-allow-methods|get|get, post, options|options
access-control-expose-headers|content-length  access-control-request-headers|content-type
access-control-request-method|get|post  alt-svc|clear  authorization|
content-security-policy|script-src 'none'; object-src 'none'; base-uri 'none'  early-data|1
expect-ct|  forwarded|  if-range|  origin|  purpose|prefetch  server|  timing-allow-origin|*
upgrade-insecure-requests|1  user-agent|  x-forwarded-for|  x-frame-options|deny|sameorigin
"""
_STATIC: Final = [
    (entry.split("|")[0].encode(), value.encode())
    for entry in re.split("  |\n", _STATIC_ENTRIES.strip())
    for value in entry.split("|")[1:]
]
# RFC 7541 appendix B: bits, the first code of so many bits, the octets in the order of their codes.
_HUFFMAN: Final = {
    5: (0x0, b"012aceiost"),
    6: (0x14, b" %-./3456789=A_bdfghlmnpru"),
    7: (0x5C, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    8: (0xF8, b"&*,;XZ"),
    10: (0x3F8, b'!"()?'),
    11: (0x7FA, b"'+|"),
    12: (0xFFA, b"#>"),
    13: (0x1FF8, bytes.fromhex("0024405b5d7e")),
    14: (0x3FFC, b"^}"),
    15: (0x7FFC, b"<`{"),
    19: (0x7FFF0, bytes.fromhex("5cc3d0")),
    20: (0xFFFE6, bytes.fromhex("808283a2b8c2e0e2")),
    21: (0x1FFFDC, bytes.fromhex("99a1a7acb0b1b3d1d8d9e3e5e6")),
    22: (0x3FFFD2, bytes.fromhex("8184858688929a9ca0a3a4a9aaadb2b5b9babbbdbec4c6e4e8e9")),
    23: (0x7FFFD8, bytes.fromhex("0187898a8b8c8d8f93959697989b9d9ea5a6a8aeafb4b6b7bcbfc5e7ef")),
    24: (0xFFFFEA, bytes.fromhex("098e9091949fabced7e1eced")),
    25: (0x1FFFFEC, bytes.fromhex("c7cfeaeb")),
    26: (0x3FFFFE0, bytes.fromhex("c0c1c8c9cacdd2d5dadbeef0f2f3ff")),
    27: (0x7FFFFDE, bytes.fromhex("cbccd3d4d6dddedff1f4f5f6f7f8fafbfcfdfe")),
    28: (0xFFFFFE2, bytes.fromhex("020304050607080b0c0e0f1011121314151718191a1b1c1d1e1f7fdcf9")),
    30: (0x3FFFFFFC, bytes.fromhex("0a0d16")),
}
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"([A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*)")


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def more(self) -> bool:
        return self.at < len(self.data)

    def take(self, size_bytes: int) -> bytes:
        start, self.at = self.at, self.at + size_bytes
        if self.at > len(self.data):
            raise Disagreement(f"{self.at - len(self.data)} bytes missing: {self.data[:64].hex()}")
        return self.data[start : self.at]

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def varint(self) -> int:
        size_bytes = (1, 2, 4, 8)[self.take(1)[0] // 64]
        self.at -= 1
        return int.from_bytes(self.take(size_bytes), "big") % (1 << 8 * size_bytes - 2)

    def prefixed(self, first: int, bits: int) -> int:
        """A prefix integer whose first byte was taken already."""
        full = (1 << bits) - 1
        value = first & full
        if value < full:
            return value
        scale = 1
        while True:
            byte = self.take(1)[0]
            value += byte % 128 * scale
            scale *= 128
            if byte < 128:
                return value

    def text(self, first: int, bits: int) -> tuple[bytes, bool]:
        """A string whose Huffman bit stands above `bits` bits of length, and that bit."""
        raw = self.take(self.prefixed(first, bits))
        is_huffman = bool(first >> bits & 1)
        return (_unpack(raw) if is_huffman else raw), is_huffman


_T = TypeVar("_T")


def _all(data: bytes, read: Callable[[_Cursor], _T]) -> list[_T]:
    cursor = _Cursor(data)
    found = []
    while cursor.more:
        found.append(read(cursor))
    return found


def _one(data: bytes, read: Callable[[_Cursor], _T]) -> _T:
    cursor = _Cursor(data)
    found = read(cursor)
    if cursor.more:
        raise Disagreement(f"bytes behind the end: {cursor.rest()[:64].hex()}")
    return found


def _name(table: Mapping[int, str], number: int) -> str:
    return table.get(number, hex(number))


def number(data: bytes) -> int:
    """A payload that is one varint, as those of GOAWAY and MAX_PUSH_ID are."""
    return _one(data, _Cursor.varint)


def settings(payload: bytes) -> list[tuple[str, int]]:
    return _all(payload, lambda cursor: (_name(_SETTINGS, cursor.varint()), cursor.varint()))


def frames(data: bytes) -> list[tuple[str, bytes]]:
    """Whole frames, DATA included."""
    return _all(
        data, lambda cursor: (_name(_FRAMES, cursor.varint()), cursor.take(cursor.varint()))
    )


def transport_parameters(data: bytes) -> list[tuple[str, bytes]]:
    return _all(
        data, lambda cursor: (_name(_PARAMETERS, cursor.varint()), cursor.take(cursor.varint()))
    )


def stream_type(data: bytes) -> str:
    """The type of a unidirectional stream, alone."""
    return _name(_STREAMS, number(data))


def stream_header(data: bytes) -> tuple[str, int]:
    """("uni" or "bidi", Session ID) of a data stream's header, alone."""
    first, session_id = _one(data, lambda cursor: (cursor.varint(), cursor.varint()))
    if first not in _HEADERS:
        raise Disagreement(f"no data stream begins with {first:#x}")
    return _HEADERS[first], session_id


def datagram(data: bytes) -> tuple[int, bytes]:
    """Session ID and payload."""
    cursor = _Cursor(data)
    session_id = cursor.varint() * 4
    if session_id >= 2**62:
        raise Disagreement(f"no stream has the ID {session_id}")
    return session_id, cursor.rest()


def capsules(data: bytes) -> list[tuple[str, Values]]:
    """Class name and fields of each capsule."""
    return _all(data, lambda cursor: _capsule(cursor.varint(), cursor.take(cursor.varint())))


def _capsule(capsule_type: int, payload: bytes) -> tuple[str, Values]:
    if capsule_type in _LIMIT_CAPSULES:
        name, field, kind = _LIMIT_CAPSULES[capsule_type]
        values: Values = {field: number(payload)}
        return name, values if kind is None else {"kind": kind, **values}
    if capsule_type == 0:
        return "DatagramCapsule", {"payload": payload}
    if capsule_type == 0x2843:
        return "CloseSession", _close(payload)
    if capsule_type == 0x78AE:
        if payload:
            raise Disagreement(f"DrainSession with a payload: {payload[:64].hex()}")
        return "DrainSession", {}
    return "UnknownCapsule", {"type": capsule_type, "payload": payload}


def _close(payload: bytes) -> Values:
    code, reason = payload[:4], payload[4:]
    if len(code) < 4 or len(reason) > 1024:
        raise Disagreement(f"CloseSession of {len(payload)} bytes")
    try:
        reason.decode("utf-8")
    except UnicodeDecodeError as why:
        raise Disagreement(f"CloseSession with a reason that is not UTF-8: {why}") from why
    return {"code": int.from_bytes(code, "big"), "reason": reason}


def error_code(code: int) -> str:
    """The name of a code of HTTP/3's space; an application's as "ApplicationCode(7)"."""
    place = code - 0x52E4A40FA8DB
    if 0 <= place <= 0x52E5AC983162 - 0x52E4A40FA8DB and (code - 0x21) % 0x1F:
        return f"ApplicationCode({place - place // 0x1F})"
    return _name(_ERRORS, code)


def transport_error(code: int) -> str:
    """The name of a code of QUIC's own space."""
    return _name(_TRANSPORT_ERRORS, code)


def strings(value: bytes) -> list[str]:
    """A structured field that is a list of strings, or one string."""
    return [re.sub(r"\\(.)", r"\1", member) for member in _members(value, _STRING)]


def tokens(value: bytes) -> list[str]:
    """A structured field that is a list of tokens, or one token."""
    return _members(value, _TOKEN)


def _members(value: bytes, pattern: re.Pattern[str]) -> list[str]:
    text, found, at = value.decode("latin-1"), [], 0
    while match := pattern.match(text, at):
        found.append(match[1])
        if match.end() == len(text):
            return found
        at = match.end() + 2
        if text[match.end() : at] != ", ":
            break
    raise Disagreement(f"not a list of one kind of member: {value[:64]!r}")


def fields(section: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values of a section that uses no dynamic table."""
    return [(line.name, line.value) for line in field_lines(section)]


def field_lines(section: bytes) -> list[FieldLine]:
    """The same with the way each line was written."""
    if section[:2] != b"\0\0":
        raise Disagreement(f"a section that begins with {section[:2].hex()!r}")
    return _all(section[2:], _field_line)


def _field_line(cursor: _Cursor) -> FieldLine:
    first = cursor.take(1)[0]
    digits = f"{first:08b}"
    if digits.startswith("11"):
        return FieldLine(*_entry(cursor.prefixed(first, 6)), "indexed")
    if digits.startswith("01") and digits[3] == "1":
        form, name, is_name_packed = "name-reference", _entry(cursor.prefixed(first, 4))[0], False
        never = digits[2] == "1"
    elif digits.startswith("001"):
        form, (name, is_name_packed) = "literal", cursor.text(first, 3)
        never = digits[3] == "1"
    else:
        raise Disagreement(f"a field line {digits} that needs a dynamic table")
    value, is_packed = cursor.text(cursor.take(1)[0], 7)
    return FieldLine(name, value, form, never, (is_name_packed, is_packed))


def _entry(index: int) -> tuple[bytes, bytes]:
    if index >= len(_STATIC):
        raise Disagreement(f"the static table has no entry {index}")
    return _STATIC[index]


def _unpack(raw: bytes) -> bytes:
    text = bytearray()
    code = bits = 0
    for digit in "".join(f"{byte:08b}" for byte in raw):
        code, bits = code * 2 + int(digit), bits + 1
        start, octets = _HUFFMAN.get(bits, (0, b""))
        if start <= code < start + len(octets):
            text.append(octets[code - start])
            code = bits = 0
        elif bits == 30:
            raise Disagreement("a Huffman code that stands for no octet")
    if bits > 7 or code != 2**bits - 1:
        raise Disagreement("Huffman padding that is not up to seven ones")
    return bytes(text)
