"""In which dialect a server that runs already is asked, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wtspec.suite.commands import asking, target
from wtspec.suite.commands.asking import newest
from wtspec.suite.commands.failure import EnvironmentTrouble
from wtspec.suite.commands.server_url import Site, Trust
from wtspec.suite.commands.survey import Answer, Survey
from wtspec.suite.dialect import SessionLimits, Side, dialect
from wtspec.suite.quic.connection import Connection
from wtspec.suite.quic.options import Verify
from wtspec.suite.wire import fields, frames
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting

SITE = Site("a.test", ("192.0.2.1", 443), "a.test", "/echo", Trust(Verify.NONE, ""))
LIMITS = SessionLimits(4, 1000, 3, 3)


def surveyed(*settings: Setting, **answers: tuple[tuple[str, ...], int | None]) -> Survey:
    """`answers`: by dialect, what it lacks, and the status of its answer."""
    told = tuple(
        Answer(name.replace("_", "-"), lacks, status, str(status or "silence"), None)
        for name, (lacks, status) in answers.items()
    )
    return Survey((), tuple((int(one), 1) for one in settings), b"", told)


@pytest.mark.parametrize(
    ("seen", "asked", "why"),
    [
        (
            surveyed(
                Setting.WT_ENABLED,
                h3_07=((), 200),
                h3_14=((), 200),
                h3_15=(("WT_ENABLED",), 200),
                h3_16=((), 404),
            ),
            "h3-14",
            "of those that the server speaks: h3-07 h3-14",
        ),
        (
            surveyed(
                Setting.WEBTRANSPORT_MAX_SESSIONS_07,
                h3_07=((), 200),
                h3_11=((), 200),
                h3_12=((), 200),
            ),
            "h3-07",
            "h3-07 h3-11 h3-12",
        ),
        (
            surveyed(
                Setting.WEBTRANSPORT_MAX_SESSIONS_07,
                Setting.WT_INITIAL_MAX_DATA,
                h3_07=((), 200),
                h3_12=((), 200),
            ),
            "h3-12",
            "h3-07 h3-12",
        ),
        (
            surveyed(Setting.WT_ENABLED, h3_14=(("X",), 404), h3_15=((), 404), h3_16=((), 404)),
            "h3-16",
            "/echo gave no session: 404; --path",
        ),
        (
            surveyed(
                Setting.WT_ENABLED,
                Setting.ENABLE_WEBTRANSPORT,
                h3_02=(("X", "Y"), 200),
                h3_15=(("H3_DATAGRAM",), 200),
                h3_16=(("H3_DATAGRAM",), 200),
            ),
            "h3-16",
            "fits it best, though it lacks H3_DATAGRAM",
        ),
    ],
    ids=["spoken", "the-first-of-those-alike", "with-limits", "announced", "nearest"],
)
def test_the_newest_is_asked_and_explained(seen: Survey, asked: str, why: str) -> None:
    found = newest(SITE, seen)
    assert found.dialects == (dialect(asked),)
    assert why in found.why


def test_http3_without_webtransport_is_not_asked() -> None:
    answers = surveyed(Setting.H3_DATAGRAM, h3_16=(("WT_ENABLED",), 200))
    with pytest.raises(EnvironmentTrouble, match=r"its settings: H3_DATAGRAM\); switch"):
        newest(SITE, answers)


def test_a_run_asks_in_what_the_wire_shows(
    play: Callable[..., str], wtspec: Callable[..., Any]
) -> None:
    """The server accepts but answers nothing; which dialect the run chose is all that is looked
    at.
    """

    def accept(connection: Connection, stream_id: int, _request: Mapping[bytes, bytes]) -> None:
        head = frames.encode(FrameType.HEADERS, fields.encode([(b":status", b"200")]))
        connection.send(stream_id, head)

    url = play(dialect("h3-14").settings(Side.SERVER, LIMITS), accept)
    chosen = target.choose(target.Wanted(url=url))
    found = asking.choose_dialects((), chosen)
    assert [str(one) for one in found.dialects] == ["h3-14"]
    assert "h3-13 h3-14" in found.why
    said = asking.choose_dialects(("h3-07",), chosen)
    assert ([str(one) for one in said.dialects], said.why) == (["h3-07"], "")


def test_a_servers_own_path_keeps_its_query() -> None:
    from wtspec.implementations.remote import RemoteServer

    server = RemoteServer(("192.0.2.1", 443), {"/echo": "/my?room=7", "/sink": "/s"})
    catch_all = RemoteServer(("192.0.2.1", 443), {"/sink": "/s"}, serves_every_path=True)
    assert [catch_all.path_of(one) for one in ("/echo", "/sink", "/close?code=1")] == [
        "/echo",
        "/s",
        None,
    ]
    assert server.path_of("/echo?token=1") == "/my?room=7&token=1"
    assert server.path_of("/echo") == "/my?room=7"
    assert server.path_of("/sink?token=1") == "/s?token=1"
    assert server.path_of("/hold") == "/hold"
