import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import structured_fields as sf

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
TOKENS = st.from_regex(r"[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*", fullmatch=True)


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b'"a"', ("a",)),
        (b'"a", "b"', ("a", "b")),
        (b'"a","b"', ("a", "b")),
        (b'"a" ,\t"b"', ("a", "b")),
        (b'  "a"', ("a",)),
        (b'"say \\"hi\\" \\\\"', ('say "hi" \\',)),
        (b'"a";q=1;x', ("a",)),
        (b'""', ("",)),
        (b"", ()),
        # Ignored as a whole: another type, in any place, or no list at all.
        (b"a", None),
        (b'"a", b', None),
        (b'"a", 1', None),
        (b'("a" "b")', None),
        (b'"a", ("b")', None),
        (b'"a",', None),
        (b'"a" "b"', None),
        (b'"a', None),
        (b'"\xc3\xa9"', None),
        (b'"\x00"', None),
        (b"'a'", None),
        (b":YQ==:", None),
        (b'%"a"', None),
        (b"?1", None),
    ],
)
def test_lists_of_strings(value: bytes, members: tuple[str, ...] | None) -> None:
    assert sf.parse_list_of_strings(value) == members


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"moq-00, h3", ("moq-00", "h3")),
        (b"a/b:c", ("a/b:c",)),
        (b"*", ("*",)),
        (b"a;x=1", ("a",)),
        (b'"a"', None),
        (b'a, "b"', None),
        (b"1a", None),
        (b"a b", None),
        (b"(a b)", None),
    ],
)
def test_lists_of_tokens(value: bytes, members: tuple[str, ...] | None) -> None:
    assert sf.parse_list_of_tokens(value) == members


@pytest.mark.parametrize(
    ("value", "string", "token"),
    [
        (b'"a"', "a", None),
        (b'"a";p', "a", None),
        (b"a", None, "a"),
        (b"a, b", None, None),
        (b'"a", "b"', None, None),
        (b"", None, None),
        (b"7", None, None),
        (b'("a")', None, None),
    ],
)
def test_items(value: bytes, string: str | None, token: str | None) -> None:
    assert sf.parse_string(value) == string
    assert sf.parse_token(value) == token


@given(st.lists(PRINTABLE))
def test_strings_round_trip(values: list[str]) -> None:
    assert sf.parse_list_of_strings(sf.format_strings(values)) == tuple(values)


@given(st.lists(TOKENS))
def test_tokens_round_trip(values: list[str]) -> None:
    assert sf.parse_list_of_tokens(sf.format_tokens(values)) == tuple(values)


@given(PRINTABLE)
def test_one_string_round_trips(value: str) -> None:
    assert sf.parse_string(sf.format_string(value)) == value


@pytest.mark.parametrize("value", ["é", "\0", "\x7f"])
def test_what_a_string_cannot_hold(value: str) -> None:
    with pytest.raises(ValueError, match="disallowed"):
        sf.format_string(value)


@pytest.mark.parametrize("value", ["", "1a", "a b", '"'])
def test_what_is_no_token(value: str) -> None:
    with pytest.raises(ValueError, match="Token"):
        sf.format_token(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_members_or_ignored(value: bytes) -> None:
    for parse in (sf.parse_list_of_strings, sf.parse_list_of_tokens):
        members = parse(value)
        assert members is None or all(isinstance(member, str) for member in members)
