import pytest

from wtspec.implementations.lines import (
    BYTES_PER_SECOND,
    LINES_PER_SECOND,
    LINES_PER_TEN_SECONDS,
    Flood,
    Lines,
    Tail,
)
from wtspec.suite.endpoint.contract import LINE_LIMIT_BYTES


def test_lines_are_cut_wherever_the_pieces_were() -> None:
    lines = Lines()
    found = [line for piece in (b"a", b"b\nc\n\nd", b"", b"e\nf") for line in lines.feed(piece, 0)]
    assert found == [b"ab", b"c", b"", b"de"]
    assert lines.rest() == b"f"


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_may_not_be_longer_than_the_contract_says(end: bytes) -> None:
    assert Lines().feed(bytes(LINE_LIMIT_BYTES) + end, 0) == ([bytes(LINE_LIMIT_BYTES)] * len(end))
    with pytest.raises(Flood, match="a line of more than 262144 bytes"):
        Lines().feed(bytes(LINE_LIMIT_BYTES + 1) + end, 0)


def test_a_line_may_not_grow_too_long_piece_by_piece() -> None:
    lines = Lines()
    assert lines.feed(bytes(LINE_LIMIT_BYTES), 0) == []
    with pytest.raises(Flood):
        lines.feed(b"x", 0)


def test_too_many_lines_in_one_second_are_a_flood() -> None:
    lines = Lines()
    for second in range(3):
        assert len(lines.feed(b"\n" * LINES_PER_SECOND, second)) == LINES_PER_SECOND
    with pytest.raises(Flood, match="lines in a second"):
        lines.feed(b"\n", 2.9)


def test_a_flood_may_be_slower_on_a_slow_machine() -> None:
    lines = Lines()
    for second in range(10, 15):
        lines.feed(b"\n" * (LINES_PER_TEN_SECONDS // 5), second)
    with pytest.raises(Flood, match="lines in 10 seconds"):
        lines.feed(b"\n", 19.9)


def test_too_many_bytes_in_one_second_are_a_flood() -> None:
    lines = Lines()
    piece = (bytes(64 * 1024 - 1) + b"\n") * 16
    for _ in range(BYTES_PER_SECOND // len(piece)):
        lines.feed(piece, 7.5)
    with pytest.raises(Flood, match="bytes in a second"):
        lines.feed(piece, 7.9)


def test_a_tail_keeps_the_newest_bytes_only() -> None:
    tail = Tail(limit_bytes=10)
    for piece in (b"first\n", b"second\n", b"3rd"):
        tail.add(piece)
    assert str(tail) == "second\n3rd"
    tail.add(b"0123456789abc")
    assert str(tail) == "3456789abc"


def test_a_tail_is_printable_whatever_was_logged() -> None:
    tail = Tail()
    tail.add(b"\x1b[31mred\x1b[0m \xff\tend\n\n")
    assert "\x1b" not in str(tail)
    assert tail.last_line == "�[31mred�[0m �\tend"


def test_the_last_line_is_short_and_may_be_absent() -> None:
    tail = Tail()
    assert tail.last_line == ""
    tail.add(b"x" * 1000)
    assert len(tail.last_line) == 200
