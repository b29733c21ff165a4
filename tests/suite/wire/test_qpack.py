import pylsqpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import qpack
from wtspec.suite.wire.static_table import STATIC_TABLE


def lsqpack(line: bytes) -> list[tuple[bytes, bytes]]:
    return pylsqpack.Decoder(0, 0).feed_header(0, qpack.prefix() + line)[1]


@pytest.mark.parametrize(
    ("value", "bits", "flags", "encoded"),
    [
        # RFC 7541 appendix C.1
        (10, 5, 0, "0a"),
        (1337, 5, 0, "1f9a0a"),
        (42, 8, 0, "2a"),
        (62, 6, 0xC0, "fe"),
        (63, 6, 0xC0, "ff00"),
        (63 + 127, 6, 0, "3f7f"),
        (63 + 128, 6, 0, "3f8001"),
    ],
)
def test_prefix_integers(value: int, bits: int, flags: int, encoded: str) -> None:
    assert qpack.integer(value, bits, flags) == bytes.fromhex(encoded)


@pytest.mark.parametrize(
    ("made", "encoded"),
    [
        (qpack.prefix(), "0000"),
        (qpack.prefix(encoded_insert_count=2, delta_base=3), "0203"),
        (qpack.prefix(encoded_insert_count=255, is_base_negative=True), "ff0080"),
        (qpack.indexed(25), "d9"),
        (qpack.indexed(99), "ff24"),
        (qpack.indexed(0, dynamic=True), "80"),
        (qpack.indexed_post_base(0), "10"),
        (qpack.name_reference(1, b"/x"), "51022f78"),
        (qpack.name_reference(1, b"/x", never_indexed=True), "71022f78"),
        (qpack.name_reference(24, b"302", use_huffman=True), "5f09826402"),
        (qpack.name_reference(0, b"x", dynamic=True), "400178"),
        (qpack.name_reference(0, b"x", dynamic=True, never_indexed=True), "600178"),
        (qpack.name_reference_post_base(0, b"x"), "000178"),
        (qpack.name_reference_post_base(1, b"x", never_indexed=True), "090178"),
        (qpack.literal(b"a", b"b"), "21610162"),
        (qpack.literal(b"a", b"b", never_indexed=True), "31610162"),
        (qpack.literal(b"302", b"b", huffman_name=True), "2a64020162"),
        (qpack.literal(b"a", b"302", huffman_value=True), "2161826402"),
        (qpack.literal(b"seventy", b""), "2700736576656e747900"),
        (qpack.string(b"x" * 127), "7f00" + "78" * 127),
    ],
)
def test_vectors(made: bytes, encoded: str) -> None:
    assert made.hex() == encoded


@given(st.integers(0, 98), st.binary(max_size=200), st.booleans(), st.booleans())
def test_name_references_are_read_by_another_implementation(
    index: int, value: bytes, never_indexed: bool, use_huffman: bool
) -> None:
    line = qpack.name_reference(index, value, never_indexed=never_indexed, use_huffman=use_huffman)
    assert lsqpack(line) == [(STATIC_TABLE[index][0], value)]


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=200), *[st.booleans()] * 3)
def test_literals_are_read_by_another_implementation(
    name: bytes, value: bytes, never_indexed: bool, huffman_name: bool, huffman_value: bool
) -> None:
    line = qpack.literal(
        name,
        value,
        never_indexed=never_indexed,
        huffman_name=huffman_name,
        huffman_value=huffman_value,
    )
    assert lsqpack(line) == [(name, value)]
