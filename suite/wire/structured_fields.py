"""The two shapes of structured field (RFC 9651) that protocol negotiation uses.

Drafts 09 to 12 use tokens, 13 and later strings. A field that cannot be parsed or has members of
another type is to be ignored as a whole: None. Parameters of a member are dropped.
"""

from collections.abc import Iterable
from typing import Literal

import http_sf


def parse_list_of_strings(value: bytes) -> tuple[str, ...] | None:
    return _members(value, str)


def parse_list_of_tokens(value: bytes) -> tuple[str, ...] | None:
    return _members(value, http_sf.Token)


def parse_string(value: bytes) -> str | None:
    return _item(value, str)


def parse_token(value: bytes) -> str | None:
    return _item(value, http_sf.Token)


def format_string(value: str) -> bytes:
    """ValueError for what a string cannot hold: anything but printable ASCII."""
    return http_sf.ser(value).encode("ascii")


def format_token(value: str) -> bytes:
    """ValueError for what is no token."""
    return http_sf.ser(http_sf.Token(value)).encode("ascii")


def format_strings(values: Iterable[str]) -> bytes:
    """A list; the empty one is the empty value, whose field is better left out."""
    return b", ".join(map(format_string, values))


def format_tokens(values: Iterable[str]) -> bytes:
    return b", ".join(map(format_token, values))


def _parse(value: bytes, shape: Literal["list", "item"]) -> object:
    try:
        return http_sf.parse(value, tltype=shape)
    except http_sf.StructuredFieldError:
        return None


def _item(value: bytes, kind: type[str | http_sf.Token]) -> str | None:
    return _bare(_parse(value, "item"), kind)


def _members(value: bytes, kind: type[str | http_sf.Token]) -> tuple[str, ...] | None:
    parsed = _parse(value, "list")
    if not isinstance(parsed, list):
        return None
    members = tuple(name for item in parsed if (name := _bare(item, kind)) is not None)
    return members if len(members) == len(parsed) else None


def _bare(item: object, kind: type[str | http_sf.Token]) -> str | None:
    """An inner list is a pair like an item, so its first half is of neither kind."""
    value = item[0] if isinstance(item, tuple) else None
    return str(value) if isinstance(value, kind) else None
