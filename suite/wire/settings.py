"""The SETTINGS frame's payload and every setting a dialect of WebTransport knows."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeAlias

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import FrameError, SettingsError

Pairs: TypeAlias = Sequence[tuple[int, int]]
"""Identifiers and values, in the order of the wire."""


class Setting(IntEnum):
    """RFC 9114, 9204, 9220, 9297; the suffix of a name is the draft that introduced the number."""

    QPACK_MAX_TABLE_CAPACITY = 0x1
    MAX_FIELD_SECTION_SIZE = 0x6
    QPACK_BLOCKED_STREAMS = 0x7
    ENABLE_CONNECT_PROTOCOL = 0x8
    H3_DATAGRAM = 0x33
    WT_INITIAL_MAX_DATA = 0x2B61
    WT_INITIAL_MAX_STREAMS_UNI = 0x2B64
    WT_INITIAL_MAX_STREAMS_BIDI = 0x2B65
    H3_DATAGRAM_04 = 0xFFD277
    WT_MAX_SESSIONS = 0x14E9CD29
    ENABLE_WEBTRANSPORT = 0x2B603742
    WEBTRANSPORT_MAX_SESSIONS_04 = 0x2B603743
    WT_ENABLED = 0x2C7CF000
    WEBTRANSPORT_MAX_SESSIONS_06 = 0x3C48D522
    WEBTRANSPORT_MAX_SESSIONS_07 = 0xC671706A


HTTP2_SETTINGS: Final = frozenset({0x0, 0x2, 0x3, 0x4, 0x5})
"""Reserved since they meant something in HTTP/2: H3_SETTINGS_ERROR (RFC 9114 section 7.2.4.1)."""

_NAMES: Final[dict[int, str]] = {setting: setting.name for setting in Setting}


def name(identifier: int) -> str:
    return _NAMES.get(identifier, f"{identifier:#x}")


def encode(pairs: Pairs) -> bytes:
    """A payload with these pairs; nothing is checked, so duplicates and any value are possible."""
    return b"".join(varint.encode(key) + varint.encode(value) for key, value in pairs)


def pairs(payload: bytes) -> tuple[tuple[int, int], ...]:
    """All pairs, whatever they say; FrameError when the payload ends inside one."""
    found: list[tuple[int, int]] = []
    offset = 0
    while offset < len(payload):
        key = varint.decode(payload, offset)
        value = key and varint.decode(payload, key[1])
        if key is None or value is None:
            raise FrameError("SETTINGS ends inside a setting", payload)
        found.append((key[0], value[0]))
        offset = value[1]
    return tuple(found)


def decode(payload: bytes) -> tuple[tuple[int, int], ...]:
    """The pairs of a legal payload; SettingsError for a duplicate or an identifier of HTTP/2.

    Whether a value makes sense is not asked here.
    """
    found = pairs(payload)
    seen: set[int] = set()
    for key, _ in found:
        if key in HTTP2_SETTINGS:
            raise SettingsError(f"setting {key:#x} belongs to HTTP/2", payload)
        if key in seen:
            raise SettingsError(f"setting {name(key)} given twice", payload)
        seen.add(key)
    return found
