"""The pieces of an encoded field section (RFC 9204 section 4.5), legal and illegal alike.

`prefix(...) + line + line ...` is a section. Nothing here keeps a dynamic table, so each piece
that refers to one is illegal unless someone fed the peer's decoder.
"""

from typing import Final

from wtspec.suite.wire import huffman

_INDEXED: Final = 0x80
_INDEXED_STATIC: Final = 0x40
_INDEXED_POST_BASE: Final = 0x10
_NAME_REFERENCE: Final = 0x40
_NAME_REFERENCE_NEVER: Final = 0x20
_NAME_REFERENCE_STATIC: Final = 0x10
_NAME_REFERENCE_POST_BASE: Final = 0x00
_NAME_REFERENCE_POST_BASE_NEVER: Final = 0x08
_LITERAL: Final = 0x20
_LITERAL_NEVER: Final = 0x10
_LITERAL_HUFFMAN: Final = 0x08
_VALUE_HUFFMAN: Final = 0x80
_BASE_SIGN: Final = 0x80


def integer(value: int, prefix_bits: int, flags: int = 0) -> bytes:
    """A prefix integer (RFC 7541 section 5.1) below the flags of its first byte."""
    full = (1 << prefix_bits) - 1
    if value < full:
        return bytes([flags | value])
    encoded = bytearray([flags | full])
    value -= full
    while value >= 0x80:
        encoded.append(0x80 | value & 0x7F)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def string(text: bytes, *, use_huffman: bool = False) -> bytes:
    """A value: seven bits of length behind the Huffman bit."""
    content = huffman.encode(text) if use_huffman else text
    return integer(len(content), 7, _VALUE_HUFFMAN if use_huffman else 0) + content


def prefix(
    *, encoded_insert_count: int = 0, delta_base: int = 0, is_base_negative: bool = False
) -> bytes:
    """The start of a section; the two zeros of the default stand for "no dynamic table"."""
    return integer(encoded_insert_count, 8) + integer(
        delta_base, 7, _BASE_SIGN if is_base_negative else 0
    )


def indexed(index: int, *, dynamic: bool = False) -> bytes:
    """A whole entry of the static table (0 to 98 exist) or of the dynamic one."""
    return integer(index, 6, _INDEXED if dynamic else _INDEXED | _INDEXED_STATIC)


def indexed_post_base(index: int) -> bytes:
    return integer(index, 4, _INDEXED_POST_BASE)


def name_reference(
    index: int,
    value: bytes,
    *,
    dynamic: bool = False,
    never_indexed: bool = False,
    use_huffman: bool = False,
) -> bytes:
    """The name of a table entry with a value of its own."""
    flags = _NAME_REFERENCE
    if not dynamic:
        flags |= _NAME_REFERENCE_STATIC
    if never_indexed:
        flags |= _NAME_REFERENCE_NEVER
    return integer(index, 4, flags) + string(value, use_huffman=use_huffman)


def name_reference_post_base(index: int, value: bytes, *, never_indexed: bool = False) -> bytes:
    flags = _NAME_REFERENCE_POST_BASE
    if never_indexed:
        flags |= _NAME_REFERENCE_POST_BASE_NEVER
    return integer(index, 3, flags) + string(value)


def literal(
    name: bytes,
    value: bytes,
    *,
    never_indexed: bool = False,
    huffman_name: bool = False,
    huffman_value: bool = False,
) -> bytes:
    flags = _LITERAL
    if never_indexed:
        flags |= _LITERAL_NEVER
    if huffman_name:
        flags |= _LITERAL_HUFFMAN
    content = huffman.encode(name) if huffman_name else name
    return integer(len(content), 3, flags) + content + string(value, use_huffman=huffman_value)
