import pylsqpack
import pytest

from wtspec.suite.wire.static_table import STATIC_TABLE


def test_its_size() -> None:
    assert len(STATIC_TABLE) == 99


@pytest.mark.parametrize(
    ("index", "entry"),
    [
        (0, (b":authority", b"")),
        (1, (b":path", b"/")),
        (15, (b":method", b"CONNECT")),
        (17, (b":method", b"GET")),
        (23, (b":scheme", b"https")),
        (25, (b":status", b"200")),
        (27, (b":status", b"404")),
        (63, (b":status", b"100")),
        (68, (b":status", b"403")),
        (90, (b"origin", b"")),
        (98, (b"x-frame-options", b"sameorigin")),
    ],
)
def test_entries_that_matter_here(index: int, entry: tuple[bytes, bytes]) -> None:
    assert STATIC_TABLE[index] == entry


@pytest.mark.parametrize("index", range(99))
def test_each_entry_is_the_one_of_another_implementation(index: int) -> None:
    line = bytes([0xC0 | index]) if index < 63 else bytes([0xFF, index - 63])
    assert pylsqpack.Decoder(0, 0).feed_header(0, b"\0\0" + line)[1] == [STATIC_TABLE[index]]
