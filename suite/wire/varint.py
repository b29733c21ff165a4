"""Variable-length integers of QUIC (RFC 9000 section 16)."""

from typing import Final

MAX: Final = (1 << 62) - 1
_FORMS: Final = ((1, 0x00), (2, 0x40), (4, 0x80), (8, 0xC0))
_VALUE_BITS: Final = 0x3F


def encode(value: int, *, length: int | None = None) -> bytes:
    """The shortest encoding, or the one of `length` bytes (1, 2, 4, 8) for a non-minimal one."""
    for size_bytes, mark in _FORMS:
        if 0 <= value < 1 << (8 * size_bytes - 2) and length in (None, size_bytes):
            encoded = bytearray(value.to_bytes(size_bytes, "big"))
            encoded[0] |= mark
            return bytes(encoded)
    raise ValueError(f"no varint of length {length} holds {value}")


def decode(data: bytes | bytearray, offset: int = 0) -> tuple[int, int] | None:
    """The value and the offset behind it; None when more bytes are needed. Any length is legal."""
    if offset >= len(data):
        return None
    end = offset + (1 << (data[offset] >> 6))
    if end > len(data):
        return None
    value = data[offset] & _VALUE_BITS
    for byte in data[offset + 1 : end]:
        value = value << 8 | byte
    return value, end
