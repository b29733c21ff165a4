import pytest

from wtspec.suite.quic.header import Header, read_header

LONG = bytes.fromhex("c000000001") + b"\x03abc\x02de"


def test_short_header() -> None:
    assert read_header(b"\x40" + b"12345678rest") == Header(0, b"12345678", b"", is_initial=False)


def test_long_header() -> None:
    assert read_header(LONG + b"rest") == Header(1, b"abc", b"de", is_initial=True)


def test_only_type_zero_is_initial() -> None:
    for first in (0xD0, 0xE0, 0xF0):
        header = read_header(bytes([first]) + LONG[1:])
        assert header is not None
        assert not header.is_initial


@pytest.mark.parametrize("size", range(len(LONG)))
def test_cut_long_header(size: int) -> None:
    assert read_header(LONG[:size]) is None
