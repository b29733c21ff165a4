import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import fields, qpack
from wtspec.suite.wire.errors import (
    ExcessiveLoad,
    QpackDecompressionFailed,
    QpackEncoderStreamError,
)
from wtspec.suite.wire.fields import DynamicFieldDecoder, Field, FieldDecoder, Form
from wtspec.suite.wire.static_table import STATIC_TABLE

CONNECT = (
    (b":method", b"CONNECT"),
    (b":scheme", b"https"),
    (b":authority", b"localhost:4433"),
    (b":path", b"/echo"),
    (b":protocol", b"webtransport-h3"),
    (b"origin", b"https://localhost"),
)
FIELDS = st.lists(
    st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=40))
    | st.sampled_from(STATIC_TABLE)
    | st.tuples(st.sampled_from([name for name, _ in STATIC_TABLE]), st.binary(max_size=20))
)


@pytest.mark.parametrize(
    ("form", "encoded"),
    [
        (Form.INDEXED, "0000d9"),
        (Form.INDEXED_HUFFMAN, "0000d9"),
        (Form.INDEXED_NEVER, "0000d9"),
        (Form.INDEXED_NEVER_HUFFMAN, "0000d9"),
        (Form.NAME_REFERENCE, "00005f0903323030"),
        (Form.NAME_REFERENCE_HUFFMAN, "00005f09821001"),
        (Form.NAME_REFERENCE_NEVER, "00007f0903323030"),
        (Form.NAME_REFERENCE_NEVER_HUFFMAN, "00007f09821001"),
        (Form.LITERAL, "000027003a73746174757303323030"),
        (Form.LITERAL_HUFFMAN, "00002db8848d36a3821001"),
        (Form.LITERAL_NEVER, "000037003a73746174757303323030"),
        (Form.LITERAL_NEVER_HUFFMAN, "00003db8848d36a3821001"),
    ],
)
def test_status_200_in_every_form(form: Form, encoded: str) -> None:
    section = fields.encode([(b":status", b"200")], form=form)
    assert section.hex() == encoded
    assert FieldDecoder().decode(section) == ((b":status", b"200"),)


def test_a_connect_request() -> None:
    section = fields.encode(CONNECT)
    assert section[:4] == bytes.fromhex("0000cfd7")
    assert FieldDecoder().decode(section) == CONNECT


def test_the_lowest_index_of_a_name_is_used() -> None:
    assert fields.encode_line((b":status", b"418"), Form.INDEXED) == qpack.name_reference(
        24, b"418"
    )


@given(FIELDS, st.sampled_from(Form))
def test_round_trip(sent: list[Field], form: Form) -> None:
    assert FieldDecoder().decode(fields.encode(sent, form=form)) == tuple(sent)


@pytest.mark.parametrize("encoded", ["0000", "0005", "007f00", "007f8001"])
def test_a_section_without_lines_is_legal(encoded: str) -> None:
    """Whatever its base, which nothing refers to."""
    assert FieldDecoder().decode(bytes.fromhex(encoded)) == ()
    assert FieldDecoder().decode(bytes.fromhex(encoded + "d9")) == ((b":status", b"200"),)


@pytest.mark.parametrize("encoded", ["00", "007f", "007f80", "ff00"])
def test_a_cut_prefix(encoded: str) -> None:
    with pytest.raises(QpackDecompressionFailed):
        FieldDecoder().decode(bytes.fromhex(encoded))


def test_a_decoder_reads_on_after_a_failure() -> None:
    decoder = FieldDecoder()
    with pytest.raises(QpackDecompressionFailed):
        decoder.decode(b"\0\0\xff")
    assert decoder.decode(fields.encode(CONNECT)) == CONNECT


ILLEGAL = fields.illegal_sections(CONNECT)


@pytest.mark.parametrize("defect", ILLEGAL)
def test_illegal_sections(defect: str) -> None:
    with pytest.raises(QpackDecompressionFailed) as refused:
        FieldDecoder().decode(ILLEGAL[defect])
    assert refused.value.raw == ILLEGAL[defect]


def test_each_illegal_section_has_one_defect() -> None:
    """What comes before the defect, or all but a wrong prefix, is the legal section."""
    whole = fields.encode(CONNECT)
    prefixes = {"empty", "cut-prefix", "insert-count", "negative-base"}
    assert len(set(ILLEGAL.values())) == len(ILLEGAL) == 18
    for defect, section in ILLEGAL.items():
        if defect not in prefixes:
            assert section.startswith(whole), defect
    assert ILLEGAL["insert-count"][2:] == ILLEGAL["negative-base"][2:] == whole[2:]


@given(FIELDS.filter(bool), st.sampled_from(Form), st.data())
def test_a_cut_section_is_refused_or_ends_between_lines(
    sent: list[Field], form: Form, data: st.DataObject
) -> None:
    section = fields.encode(sent, form=form)
    size = data.draw(st.integers(0, len(section) - 1))
    try:
        read = FieldDecoder().decode(section[:size])
    except QpackDecompressionFailed:
        return
    assert read == tuple(sent[: len(read)])
    assert fields.encode(read, form=form) == section[:size]


@pytest.mark.parametrize("size_bytes", [101, 1 << 24])
def test_an_encoded_section_over_the_bound(size_bytes: int) -> None:
    with pytest.raises(ExcessiveLoad) as refused:
        FieldDecoder(max_section_bytes=100).decode(bytes(size_bytes))
    assert len(refused.value.raw) == 100


def test_a_decoded_section_over_the_bound() -> None:
    """Small on the wire, large when read: each line counts 32 bytes and its text."""
    section = fields.encode([(b":path", b"/")] * 10)
    size_bytes = 10 * (32 + len(":path/"))
    assert len(section) == 12
    assert len(FieldDecoder(max_section_bytes=size_bytes).decode(section)) == 10
    with pytest.raises(ExcessiveLoad, match=f"{size_bytes} bytes"):
        FieldDecoder(max_section_bytes=size_bytes - 1).decode(section)


def test_a_large_section_costs_little_time() -> None:
    """A million lines of one byte: far from the minutes that anything quadratic would take."""
    section = qpack.prefix() + qpack.indexed(1) * (1 << 20)
    started_s = time.process_time()
    assert len(FieldDecoder(max_section_bytes=1 << 26).decode(section)) == 1 << 20
    assert time.process_time() - started_s < 30


@given(st.binary(max_size=100))
def test_any_bytes_give_fields_or_a_typed_error(section: bytes) -> None:
    with contextlib.suppress(ExcessiveLoad, QpackDecompressionFailed):
        read = FieldDecoder().decode(section)
        assert all(isinstance(part, bytes) for field in read for part in field)


# RFC 9204 sections 4.3.1, 4.3.3 and 4.5: capacity 220, "x-odd: value" inserted, then referred to.
CAPACITY, INSERTION = b"\x3f\xbd\x01", b"\x45x-odd\x05value"
REFERENCE = b"\x02\x00\x80"
ODD = ((b"x-odd", b"value"),)


def test_a_section_with_a_dynamic_table() -> None:
    decoder = DynamicFieldDecoder(220)
    assert decoder.feed_encoder(CAPACITY + INSERTION) == ()
    assert decoder.decode(1, REFERENCE) == ODD
    assert decoder.decode(2, fields.encode(CONNECT)) == CONNECT


def test_a_section_before_its_insertion() -> None:
    decoder = DynamicFieldDecoder(220)
    assert decoder.decode(1, REFERENCE) is None
    assert decoder.feed_encoder(CAPACITY) == ()
    assert decoder.feed_encoder(INSERTION) == (1,)
    assert decoder.decode(1) == ODD


def test_instructions_and_sections_that_cannot_be() -> None:
    with pytest.raises(QpackEncoderStreamError):
        DynamicFieldDecoder(220).feed_encoder(b"\x3f\xbe\x01")
    with pytest.raises(QpackDecompressionFailed):
        DynamicFieldDecoder(220).decode(1, b"\xff")
