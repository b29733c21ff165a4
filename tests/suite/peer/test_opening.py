"""Requests and responses, honest and edited."""

import pytest

from wtspec.suite import witness
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.application import Echo, Protocols
from wtspec.suite.peer.opening import Opening, chosen_in, offered_in, request, response
from wtspec.suite.peer.raw import Raw

D16, D10, D02 = dialect("h3-16"), dialect("h3-10"), dialect("h3-02")
HONEST = ((b":status", b"200"), (b"server", b"x"))


def test_an_honest_request_of_each_syntax() -> None:
    assert dict(request(D16, "h:1", "/p", Echo())) == {
        b":method": b"CONNECT",
        b":protocol": b"webtransport-h3",
        b":scheme": b"https",
        b":authority": b"h:1",
        b":path": b"/p",
    }
    assert (b"sec-webtransport-http3-draft02", b"1") in request(D02, "h", "/", Echo())
    asks = Protocols(("a", "b"))
    assert offered_in(D16, request(D16, "h", "/", asks)) == ("a", "b")
    assert dict(request(D16, "h", "/", asks))[b"wt-available-protocols"] == b'"a", "b"'
    assert dict(request(D10, "h", "/", asks))[b"wt-available-protocols"] == b"a, b"
    assert offered_in(D10, request(D10, "h", "/", asks)) == ("a", "b")
    assert offered_in(D02, request(D02, "h", "/", asks)) == ()


def test_an_honest_response() -> None:
    assert response(D16, 404, "a") == ((b":status", b"404"),)
    assert chosen_in(D16, response(D16, 200, "a b")) == "a b"
    assert chosen_in(D10, response(D10, 200, "a")) == "a"
    assert chosen_in(D02, response(D02, 200, None)) is None
    assert (b"sec-webtransport-http3-draft", b"draft02") in response(D02, 200, None)


@pytest.mark.parametrize(
    ("opening", "meant"),
    [
        (Opening(), HONEST),
        (Opening(fields=((b"Y", b"z"),)), (*HONEST, (b"Y", b"z"))),
        (Opening(without=(b":status",)), HONEST[1:]),
        (Opening(replaced={b"server": b"y"}), ((b":status", b"200"), (b"server", b"y"))),
        (Opening(exactly=((b"a", b"b"),)), ((b"a", b"b"),)),
    ],
)
def test_edits(opening: Opening, meant: tuple[tuple[bytes, bytes], ...]) -> None:
    data, shown = opening.frame(HONEST)
    ((name, section),) = witness.frames(data)
    assert name == "HEADERS"
    assert tuple(witness.fields(section)) == meant
    assert shown.startswith("HEADERS")


def test_raw_bytes_stand_for_the_frame() -> None:
    data, shown = Opening(raw=Raw(b"\xff", "no frame")).frame(HONEST)
    assert data == b"\xff"
    assert "no frame" in shown
