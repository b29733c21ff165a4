"""QUIC transport parameters (RFC 9000 section 18) as pairs of number and raw value."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import TransportParameterError


class Parameter(IntEnum):
    """RFC 9000 section 18.2, RFC 9221, 9287, 9368, and reset_stream_at under both its numbers."""

    ORIGINAL_DESTINATION_CONNECTION_ID = 0x0
    MAX_IDLE_TIMEOUT = 0x1
    STATELESS_RESET_TOKEN = 0x2
    MAX_UDP_PAYLOAD_SIZE = 0x3
    INITIAL_MAX_DATA = 0x4
    INITIAL_MAX_STREAM_DATA_BIDI_LOCAL = 0x5
    INITIAL_MAX_STREAM_DATA_BIDI_REMOTE = 0x6
    INITIAL_MAX_STREAM_DATA_UNI = 0x7
    INITIAL_MAX_STREAMS_BIDI = 0x8
    INITIAL_MAX_STREAMS_UNI = 0x9
    ACK_DELAY_EXPONENT = 0xA
    MAX_ACK_DELAY = 0xB
    DISABLE_ACTIVE_MIGRATION = 0xC
    PREFERRED_ADDRESS = 0xD
    ACTIVE_CONNECTION_ID_LIMIT = 0xE
    INITIAL_SOURCE_CONNECTION_ID = 0xF
    RETRY_SOURCE_CONNECTION_ID = 0x10
    VERSION_INFORMATION = 0x11
    RESET_STREAM_AT = 0x1D
    """since draft-ietf-quic-reliable-stream-reset-08"""
    MAX_DATAGRAM_FRAME_SIZE = 0x20
    GREASE_QUIC_BIT = 0x2AB2
    RESET_STREAM_AT_OLD = 0x17F7586D2CB571
    """drafts 05 to 07, and most stacks"""


_NAMES: Final[dict[int, str]] = {one: one.name.lower() for one in Parameter}
_INTEGERS: Final = frozenset(
    {
        Parameter.MAX_IDLE_TIMEOUT,
        Parameter.MAX_UDP_PAYLOAD_SIZE,
        Parameter.INITIAL_MAX_DATA,
        Parameter.INITIAL_MAX_STREAM_DATA_BIDI_LOCAL,
        Parameter.INITIAL_MAX_STREAM_DATA_BIDI_REMOTE,
        Parameter.INITIAL_MAX_STREAM_DATA_UNI,
        Parameter.INITIAL_MAX_STREAMS_BIDI,
        Parameter.INITIAL_MAX_STREAMS_UNI,
        Parameter.ACK_DELAY_EXPONENT,
        Parameter.MAX_ACK_DELAY,
        Parameter.ACTIVE_CONNECTION_ID_LIMIT,
        Parameter.MAX_DATAGRAM_FRAME_SIZE,
    }
)


def name(number: int) -> str:
    """The registry's name, or the number where it has none that is known here."""
    return _NAMES.get(number, f"{number:#x}")


def readable(number: int, value: bytes) -> int | str:
    """A number where the parameter is one and can be read, else hexadecimal digits."""
    read = integer(value) if number in _INTEGERS else None
    return value.hex() if read is None else read


def grease(n: int) -> int:
    """The n-th reserved parameter, to be ignored (RFC 9000 section 18.1)."""
    return 31 * n + 27


def encode(pairs: Sequence[tuple[int, bytes]]) -> bytes:
    """Nothing is checked, so duplicates and any value are possible."""
    return b"".join(varint.encode(key) + varint.encode(len(value)) + value for key, value in pairs)


def decode(data: bytes) -> tuple[tuple[int, bytes], ...]:
    """All parameters in order; TransportParameterError for a cut list or a repeated number."""
    found: dict[int, bytes] = {}
    offset = 0
    while offset < len(data):
        key = varint.decode(data, offset)
        size = key and varint.decode(data, key[1])
        if key is None or size is None or size[1] + size[0] > len(data):
            raise TransportParameterError("the list ends inside a parameter", data)
        if key[0] in found:
            raise TransportParameterError(f"parameter {key[0]:#x} given twice", data)
        offset = size[1] + size[0]
        found[key[0]] = data[size[1] : offset]
    return tuple(found.items())


def integer(value: bytes) -> int | None:
    """The value of an integer parameter; None when the bytes are not exactly one varint."""
    read = varint.decode(value)
    return read[0] if read is not None and read[1] == len(value) else None
