import pytest

from wtspec.implementations.pairing.outcome import Delivery
from wtspec.suite.bystander.facts import Connection, Exchange, Session
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import Closed
from wtspec.suite.wire.error_codes import H3

FAILED = Closed(H3.INTERNAL_ERROR, None, b"")
WELL = Closed(H3.NO_ERROR, None, b"")


def exchange(closed: dict[Side, Closed], undecided: int = 0) -> Exchange:
    session = Session(0, request=((b":method", b"CONNECT"),))
    connection = Connection(0, sessions={0: session}, closed=closed)
    unread = {(0, Side.CLIENT, "no key"): undecided} if undecided else {}
    return Exchange((connection,), (), 0, (), unread, {})


@pytest.mark.parametrize(
    ("closed", "undecided", "sent"),
    [
        ({}, 0, False),
        ({Side.SERVER: WELL}, 0, False),
        ({Side.CLIENT: WELL}, 0, None),
        ({Side.CLIENT: FAILED}, 0, None),
        ({Side.SERVER: FAILED}, 0, None),
        ({}, 3, None),
    ],
)
def test_what_the_server_did_not_send(
    closed: dict[Side, Closed], undecided: int, sent: bool | None
) -> None:
    missing = Delivery(Side.SERVER, "an echo", shown=False, wire=lambda _exchange: False)
    assert missing.on(exchange(closed, undecided)).sent is sent


def test_what_was_sent_was_sent_whatever_came_after() -> None:
    found = Delivery(Side.SERVER, "an echo", shown=False, wire=lambda _exchange: True)
    assert found.on(exchange({Side.CLIENT: FAILED}, 3)).blame is Side.CLIENT


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (True, "an echo: sent by the server, not shown by the client"),
        (False, "an echo: not sent by the server"),
        (None, "an echo, from the server: not shown by the client"),
    ],
)
def test_what_is_missing_in_words(sent: bool | None, told: str) -> None:
    found = Delivery(Side.SERVER, "an echo", shown=False, wire=lambda _exchange: False, sent=sent)
    assert str(found) == told
