import pylsqpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import huffman


def decoded_by_lsqpack(encoded: bytes) -> bytes:
    """The value of a literal field line with the name "x"."""
    assert len(encoded) < 127
    section = b"\0\0\x21x" + bytes([0x80 | len(encoded)]) + encoded
    [(_, value)] = pylsqpack.Decoder(0, 0).feed_header(0, section)[1]
    return value


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        # RFC 7541 appendix C.4 and C.6
        (b"www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"),
        (b"no-cache", "a8eb10649cbf"),
        (b"custom-key", "25a849e95ba97d7f"),
        (b"custom-value", "25a849e95bb8e8b4bf"),
        (b"302", "6402"),
        (b"private", "aec3771a4b"),
        (b"https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3"),
        (b"", ""),
        (b"0", "07"),
    ],
)
def test_vectors(text: bytes, encoded: str) -> None:
    assert huffman.encode(text) == bytes.fromhex(encoded)


def test_the_table_is_complete() -> None:
    assert len(huffman.CODE_LENGTHS) == 257
    assert sum(2 ** (30 - length) for length in huffman.CODE_LENGTHS) == 2**30


@pytest.mark.parametrize("octet", range(256))
def test_every_octet(octet: int) -> None:
    text = bytes([octet]) * 3
    assert decoded_by_lsqpack(huffman.encode(text)) == text


@given(st.binary(max_size=33))
def test_any_text(text: bytes) -> None:
    assert decoded_by_lsqpack(huffman.encode(text)) == text
