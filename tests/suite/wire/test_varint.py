import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import varint

VECTORS = [
    (0, "00"),
    (63, "3f"),
    (64, "4040"),
    (16383, "7fff"),
    (16384, "80004000"),
    (2**30 - 1, "bfffffff"),
    (2**30, "c000000040000000"),
    (2**62 - 1, "ffffffffffffffff"),
    # RFC 9000 appendix A.1
    (151288809941952652, "c2197c5eff14e88c"),
    (494878333, "9d7f3e7d"),
    (15293, "7bbd"),
    (37, "25"),
]


@pytest.mark.parametrize(("value", "encoded"), VECTORS)
def test_vectors(value: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert varint.encode(value) == data
    assert varint.decode(data) == (value, len(data))


@pytest.mark.parametrize(
    ("length", "encoded"), [(1, "25"), (2, "4025"), (4, "80000025"), (8, "c000000000000025")]
)
def test_every_length_on_demand(length: int, encoded: str) -> None:
    data = varint.encode(37, length=length)
    assert data == bytes.fromhex(encoded)
    assert varint.decode(data) == (37, length)


@pytest.mark.parametrize(
    ("value", "length"),
    [(-1, None), (varint.MAX + 1, None), (64, 1), (2**14, 2), (2**30, 4), (1, 3), (1, 16)],
)
def test_what_does_not_fit(value: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="no varint"):
        varint.encode(value, length=length)


@given(st.integers(0, varint.MAX), st.binary(max_size=9), st.binary(max_size=9))
def test_round_trip_behind_an_offset_and_before_more(
    value: int, before: bytes, after: bytes
) -> None:
    encoded = varint.encode(value)
    data = before + encoded + after
    assert varint.decode(data, len(before)) == (value, len(before) + len(encoded))
    assert varint.decode(bytearray(data), len(before)) == varint.decode(data, len(before))


@given(st.integers(0, varint.MAX), st.sampled_from([None, 8]))
def test_every_prefix_asks_for_more(value: int, length: int | None) -> None:
    encoded = varint.encode(value, length=length)
    assert [varint.decode(encoded[:size]) for size in range(len(encoded))] == [None] * len(encoded)
