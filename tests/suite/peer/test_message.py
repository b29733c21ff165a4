"""Well-formedness of the endpoint's field sections."""

import pytest

from wtspec.suite.peer import message
from wtspec.suite.wire.errors import MessageError
from wtspec.suite.wire.fields import Field

REQUEST = {
    b":method": b"CONNECT",
    b":protocol": b"webtransport-h3",
    b":scheme": b"https",
    b":authority": b"a",
    b":path": b"/",
}


def request(**changes: bytes | None) -> tuple[Field, ...]:
    edited = {**REQUEST, **{f":{name}".encode(): value for name, value in changes.items()}}
    return tuple((name, value) for name, value in edited.items() if value is not None)


@pytest.mark.parametrize(
    "fields",
    [
        request(),
        (*request(), (b"origin", b"https://a"), (b"x", b"1"), (b"x", b"2")),
        ((b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"host", b"a")),
        ((b":method", b"CONNECT"), (b":authority", b"a:1")),
    ],
)
def test_legal_requests(fields: tuple[Field, ...]) -> None:
    message.check(fields, is_request=True, is_trailer=False)


@pytest.mark.parametrize(
    "fields",
    [
        request(method=None),
        request(scheme=None),
        request(authority=None),
        request(path=b""),
        request(path=None),
        (*request(), (b":path", b"/")),
        (*request(), (b":status", b"200")),
        (*request(), (b":new", b"x")),
        ((b"x", b"y"), *request()),
        (*request(), (b"X", b"y")),
        (*request(), (b"connection", b"close")),
        (*request(), (b"x", b"a\r\nb")),
        (*request(), (b"x", b"\0")),
        ((b":method", b"CONNECT"),),
        (),
    ],
)
def test_malformed_requests(fields: tuple[Field, ...]) -> None:
    with pytest.raises(MessageError):
        message.check(fields, is_request=True, is_trailer=False)


@pytest.mark.parametrize("status", [b"200", b"103", b"599"])
def test_legal_responses(status: bytes) -> None:
    fields = ((b":status", status), (b"server", b"x"))
    message.check(fields, is_request=False, is_trailer=False)
    assert message.status_of(fields) == int(status)


@pytest.mark.parametrize("status", [b"", b"20", b"099", b"600", b"2000", b"abc", b"+20"])
def test_malformed_responses(status: bytes) -> None:
    fields = ((b":status", status),)
    with pytest.raises(MessageError):
        message.check(fields, is_request=False, is_trailer=False)
    assert message.status_of(fields) is None


def test_trailers_have_no_pseudo_headers() -> None:
    message.check(((b"x", b"y"),), is_request=False, is_trailer=True)
    with pytest.raises(MessageError):
        message.check(((b":status", b"200"),), is_request=False, is_trailer=True)


def test_what_asks_for_a_session() -> None:
    assert message.is_session_request(request())
    assert not message.is_session_request(request(protocol=None))
    assert not message.is_session_request(request(method=b"GET"))
