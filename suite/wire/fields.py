"""Field sections (RFC 9204 section 4.5): our own encoder, pylsqpack as decoder.

Neither uses a dynamic table, so every section stands alone and no encoder stream is needed. Only
`DynamicFieldDecoder` knows one, for whoever reads what two others say to each other.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, TypeAlias

import pylsqpack

from wtspec.suite.wire import qpack
from wtspec.suite.wire.errors import (
    ExcessiveLoad,
    QpackDecompressionFailed,
    QpackEncoderStreamError,
)
from wtspec.suite.wire.static_table import STATIC_TABLE

Field: TypeAlias = tuple[bytes, bytes]

_FIELD_OVERHEAD_BYTES: Final = 32  # what a field counts beyond its text (RFC 9114 section 4.2.2)

# A section without a line is legal (empty trailers), but pylsqpack refuses it: insert count zero,
# then a base of any size.
_NO_LINES: Final = re.compile(rb"\x00(?:[\x00-\x7e]|\x7f[\x80-\xff]{0,8}[\x00-\x7f])", re.DOTALL)
# A base below zero is invalid (RFC 9204 section 4.5.1.2), which pylsqpack does not mind. Without a
# dynamic table any sign is, and a longer insert count, which puts another byte here, is as well.
_NEGATIVE_BASE: Final = b"\x80"

_ENTRIES: Final = {entry: index for index, entry in reversed(list(enumerate(STATIC_TABLE)))}
_NAMES: Final = {name: index for (name, _), index in _ENTRIES.items()}


_MAX_CAPACITY_BYTES: Final = 1 << 24
_MAX_BLOCKED: Final = 1 << 14


class Table(Enum):
    """How much of a field line may be taken from the static table, where the table has it."""

    ENTRY = "entry"
    NAME = "name"
    NOTHING = "nothing"


class Form(Enum):
    """Every way to write a section without a dynamic table; all mean the same to a reader.

    A value is (what may come from the table, never-indexed bit, Huffman strings).
    """

    INDEXED = (Table.ENTRY, False, False)
    INDEXED_HUFFMAN = (Table.ENTRY, False, True)
    INDEXED_NEVER = (Table.ENTRY, True, False)
    INDEXED_NEVER_HUFFMAN = (Table.ENTRY, True, True)
    NAME_REFERENCE = (Table.NAME, False, False)
    NAME_REFERENCE_HUFFMAN = (Table.NAME, False, True)
    NAME_REFERENCE_NEVER = (Table.NAME, True, False)
    NAME_REFERENCE_NEVER_HUFFMAN = (Table.NAME, True, True)
    LITERAL = (Table.NOTHING, False, False)
    LITERAL_HUFFMAN = (Table.NOTHING, False, True)
    LITERAL_NEVER = (Table.NOTHING, True, False)
    LITERAL_NEVER_HUFFMAN = (Table.NOTHING, True, True)


def encode(fields: Sequence[Field], *, form: Form = Form.INDEXED) -> bytes:
    """A section of these fields in this order; names and values are not checked."""
    return qpack.prefix() + b"".join(encode_line(field, form) for field in fields)


def encode_line(field: Field, form: Form) -> bytes:
    """One field line, with the most that `form` lets it take from the static table."""
    table, never_indexed, use_huffman = form.value
    name, value = field
    if table is Table.ENTRY and field in _ENTRIES:
        return qpack.indexed(_ENTRIES[field])
    if table is not Table.NOTHING and name in _NAMES:
        return qpack.name_reference(
            _NAMES[name], value, never_indexed=never_indexed, use_huffman=use_huffman
        )
    return qpack.literal(
        name,
        value,
        never_indexed=never_indexed,
        huffman_name=use_huffman,
        huffman_value=use_huffman,
    )


def illegal_sections(fields: Sequence[Field]) -> Mapping[str, bytes]:
    """Sections that no decoder without a dynamic table can read, by what is wrong with each.

    All but the defect is the legal section of `fields`: QPACK_DECOMPRESSION_FAILED is due for
    that defect alone.
    """
    whole = encode(fields)
    lines = whole[len(qpack.prefix()) :]
    defects = {
        "static-index-99": qpack.indexed(len(STATIC_TABLE)),
        "static-name-index-99": qpack.name_reference(len(STATIC_TABLE), b"x"),
        "dynamic-index": qpack.indexed(0, dynamic=True),
        "dynamic-name-index": qpack.name_reference(0, b"x", dynamic=True),
        "post-base-index": qpack.indexed_post_base(0),
        "post-base-name-index": qpack.name_reference_post_base(0, b"x"),
        "index-overflow": b"\xff" + 10 * b"\xff" + b"\x7f",
        "cut-index": b"\xff",
        "cut-name": qpack.literal(b"x-cut", b"")[:-2],
        "cut-value": qpack.literal(b"x-cut", b"cut")[:-1],
        "missing-value": qpack.literal(b"x-cut", b"")[:-1],
        # 0x00 is the code of "0" and three padding zeros; then eleven padding ones; then EOS.
        "huffman-padding-zeros": qpack.literal(b"x", b"")[:-1] + b"\x81\x00",
        "huffman-padding-long": qpack.literal(b"x", b"")[:-1] + b"\x82\x07\xff",
        "huffman-eos": qpack.literal(b"x", b"")[:-1] + b"\x84\xff\xff\xff\xff",
    }
    return {
        "empty": b"",
        "cut-prefix": whole[:1],
        "insert-count": qpack.prefix(encoded_insert_count=1) + lines,
        "negative-base": qpack.prefix(is_base_negative=True) + lines,
        **{name: whole + line for name, line in defects.items()},
    }


class FieldDecoder:
    """Reads sections of one connection that announced no dynamic table.

    `max_section_bytes` bounds the encoded section and, as RFC 9114 section 4.2.2 counts it, the
    decoded one. pylsqpack takes an empty name or a string of 64 KiB for a failure to decompress.
    """

    def __init__(self, max_section_bytes: int = 65536) -> None:
        self._max_section_bytes = max_section_bytes

    def decode(self, section: bytes) -> tuple[Field, ...]:
        self._check_bound(len(section), section)
        if section[1:2] >= _NEGATIVE_BASE:
            raise QpackDecompressionFailed("negative base", section)
        if _NO_LINES.fullmatch(section):
            return ()
        try:
            # A fresh decoder each time: pylsqpack remembers a stream whose section failed.
            _, fields = pylsqpack.Decoder(0, 0).feed_header(0, section)
        except (pylsqpack.DecompressionFailed, pylsqpack.StreamBlocked) as why:
            raise QpackDecompressionFailed("unreadable field section", section) from why
        self._check_bound(
            sum(len(name) + len(value) + _FIELD_OVERHEAD_BYTES for name, value in fields), section
        )
        return tuple(fields)

    def _check_bound(self, size_bytes: int, section: bytes) -> None:
        if size_bytes > self._max_section_bytes:
            raise ExcessiveLoad(
                f"field section of {size_bytes} bytes, over {self._max_section_bytes}",
                section[: self._max_section_bytes],
            )


class DynamicFieldDecoder:
    """Reads the sections of an encoder that may use the table its peer has room for.

    A section can come before the insertions that it refers to: it is held under the ticket that its
    owner chose, a number never used before, until `feed_encoder` names it.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._decoder = pylsqpack.Decoder(min(capacity_bytes, _MAX_CAPACITY_BYTES), _MAX_BLOCKED)

    def feed_encoder(self, data: bytes) -> tuple[int, ...]:
        """Bytes of the encoder stream; the tickets of the sections that can be read now."""
        try:
            return tuple(self._decoder.feed_encoder(data))
        except pylsqpack.EncoderStreamError as why:
            raise QpackEncoderStreamError("unreadable encoder instruction", data[:64]) from why

    def decode(self, ticket: int, section: bytes | None = None) -> tuple[Field, ...] | None:
        """None: not yet. Without a section: the one that is held under the ticket."""
        try:
            if section is None:
                _, fields = self._decoder.resume_header(ticket)
            else:
                _, fields = self._decoder.feed_header(ticket, section)
        except pylsqpack.StreamBlocked:
            return None
        except pylsqpack.DecompressionFailed as why:
            raise QpackDecompressionFailed("unreadable field section", section or b"") from why
        return tuple(fields)
