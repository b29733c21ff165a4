import itertools
import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import varint
from wtspec.suite.wire.type_length_value import Item, Passed, Piece, Reader, Treatment, Whole

COLLECT, STREAM, SKIP = 1, 2, 3


def treat(kind: int, _: int) -> Treatment:
    return {COLLECT: Treatment.COLLECT, STREAM: Treatment.STREAM, SKIP: Treatment.SKIP}[kind]


def encode(kind: int, value: bytes, length: int | None = None) -> bytes:
    size = varint.encode(len(value), length=length)
    return varint.encode(kind, length=length) + size + value


def read(pieces: Iterable[bytes]) -> list[Item]:
    reader = Reader(treat)
    items = [item for piece in pieces for item in reader.feed(piece)]
    assert not reader.is_inside
    return items


def joined(items: Iterable[Item]) -> list[Item]:
    """Neighbouring pieces as one, since how a value is cut is not part of what was read."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Piece) and found and isinstance(found[-1], Piece):
            found[-1] = Piece(item.type, found[-1].value + item.value)
        else:
            found.append(item)
    return found


def test_the_three_treatments_of_empty_values() -> None:
    data = encode(COLLECT, b"") + encode(STREAM, b"") + encode(SKIP, b"")
    assert read([data]) == [Whole(COLLECT, b""), Piece(STREAM, b""), Passed(SKIP, 0)]


def test_the_three_treatments() -> None:
    data = encode(STREAM, b"one") + encode(SKIP, b"two") + encode(COLLECT, b"three")
    assert read([data]) == [Piece(STREAM, b"one"), Passed(SKIP, 3), Whole(COLLECT, b"three")]


def test_pieces_come_as_they_are_fed() -> None:
    reader = Reader(treat)
    data = encode(STREAM, b"abcdef")
    assert list(reader.feed(data[:4])) == [Piece(STREAM, b"ab")]
    assert list(reader.feed(data[4:])) == [Piece(STREAM, b"cdef")]


def test_a_skipped_value_is_told_with_its_head() -> None:
    reader = Reader(treat)
    assert list(reader.feed(encode(SKIP, b"x" * 100)[:3])) == [Passed(SKIP, 100)]
    assert reader.is_inside


@pytest.mark.parametrize("kind", [COLLECT, STREAM, SKIP])
def test_inside_from_the_first_byte_to_the_last(kind: int) -> None:
    reader = Reader(treat)
    data = encode(kind, b"value", length=4)
    for place, byte in enumerate(data, start=1):
        list(reader.feed(bytes([byte])))
        assert reader.is_inside == (place < len(data))


RECORDS = st.lists(
    st.tuples(
        st.sampled_from([COLLECT, STREAM, SKIP]),
        st.binary(max_size=80),
        st.sampled_from([None, 2, 4, 8]),
    )
)


@given(RECORDS, st.data())
def test_nothing_depends_on_how_bytes_are_cut(
    records: list[tuple[int, bytes, int | None]], data: st.DataObject
) -> None:
    whole = b"".join(encode(*record) for record in records)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=10).map(sorted))
    places = [0, *cuts, len(whole)]
    pieces = [whole[start:end] for start, end in itertools.pairwise(places)]
    expected = joined(read([whole]))
    assert joined(read(pieces)) == expected
    assert joined(read([bytes([byte]) for byte in whole])) == expected


def test_a_refusal_ends_the_reading_after_what_came_before() -> None:
    def refuse(kind: int, length: int) -> Treatment:
        if length > 10:
            raise ValueError(length)
        return treat(kind, length)

    items = Reader(refuse).feed(encode(COLLECT, b"small") + encode(COLLECT, b"larger than ten"))
    assert next(items) == Whole(COLLECT, b"small")
    with pytest.raises(ValueError, match="15"):
        next(items)


@pytest.mark.parametrize("kind", [STREAM, SKIP])
def test_memory_does_not_grow_with_what_is_not_collected(kind: int) -> None:
    reader = Reader(treat)
    piece = bytes(1 << 16)
    list(reader.feed(varint.encode(kind) + varint.encode(1 << 24)))
    tracemalloc.start()
    try:
        for _ in range(1 << 8):
            for _item in reader.feed(piece):
                pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not reader.is_inside
    assert peak_bytes < 4 * len(piece)
