"""Lines that a program prints: events, and what is none however much it looks like one."""

import json

import pytest

from wtspec.suite.endpoint.contract import decode_event, decode_hello
from wtspec.suite.endpoint.interface import ApiEvent, EndpointMisuse


def nested(depth: int) -> bytes:
    return b'{"event":"x","a":' + b"[" * depth + b"]" * depth + b"}"


def test_an_event_is_an_object_with_its_name() -> None:
    found = decode_event(b' {"event":"done","id":7,"result":{"max_datagram_size":[1200]}}\r')
    assert found == ApiEvent("done", {"id": 7, "result": {"max_datagram_size": [1200]}})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"a log line",
        b"\xff\xfe{",
        b"{",
        b"{}",
        b'["event"]',
        b'{"event":7}',
        b'{"event":"x","a":' + b"9" * 5_000 + b"}",
        nested(8),
        nested(900),
        nested(100_000),
        b'{"event":' * 10_000,
    ],
)
def test_everything_else_is_a_log_line(line: bytes) -> None:
    assert decode_event(line) is None


def test_nesting_of_an_honest_depth_is_read() -> None:
    assert decode_event(nested(7)) is not None


def test_lone_surrogates_are_spelled_out() -> None:
    found = decode_event(b'{"event":"x","\\ud800":["\\udfff","\xc3\xa9"]}')
    assert found == ApiEvent("x", {"\\ud800": ["\\udfff", "é"]})
    json.dumps(found.fields, ensure_ascii=False).encode()


def test_a_name_without_end_is_cut() -> None:
    hello = decode_hello(ApiEvent("hello", {"contract": 1, "name": "x" * 10_000}))
    assert len(hello.name) == 200


@pytest.mark.parametrize("field", ["roles", "dialects", "features", "unsupported"])
def test_a_list_must_be_one(field: str) -> None:
    with pytest.raises(EndpointMisuse, match=f"{field} is not a list"):
        decode_hello(ApiEvent("hello", {"contract": 1, field: "server"}))
