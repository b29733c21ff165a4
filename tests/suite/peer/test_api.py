"""Events of a shared endpoint find their session; commands to a client carry their own ids."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.endpoint.interface import Role
from wtspec.suite.peer.api import Api, SessionEvents
from wtspec.suite.peer.interruption import Deadline, Unsupported
from wtspec.suite.signal import Reported

Tables = Callable[..., Any]


def names(events: SessionEvents) -> list[str]:
    return [event.name for event in events.events]


def test_a_servers_session_is_found_by_its_token(tables: Tables) -> None:
    one = tables()
    mine, other = one.api.expect("tok1", "/echo?token=tok1"), one.api.expect("tok2", "/x")
    one.endpoint.say("session", session="~1", path="/echo?token=tok1")
    one.endpoint.say("session", session="~2", path="/echo?token=stranger")
    one.endpoint.say("session", session="~3", path="/x")
    one.endpoint.say("stream", session="~1", stream="s", kind="uni", by="peer")
    one.endpoint.say("ended", stream="s", how="fin", code=None)
    one.endpoint.say("ended", stream="strange", how="fin")
    one.endpoint.say("closed", session="~2")
    assert names(mine) == ["session", "stream", "ended"]
    assert names(other) == ["session"]
    assert mine.session_count == 1
    assert len(one.api.events) == 4


def test_an_event_of_a_stream_knows_its_kind(tables: Tables) -> None:
    one = tables()
    mine = one.api.expect("tok1", "/")
    one.endpoint.say("session", session="~1", path="/?token=tok1")
    for stream, kind in (("a", "uni"), ("b", "bidi")):
        one.endpoint.say("stream", session="~1", stream=stream, kind=kind, by="peer")
        one.endpoint.say("ended", stream=stream, how="reset", code=7)
    found = mine.tell("ended", {"kind": "bidi"})
    assert found is not None
    assert found.fields["stream"] == "b"
    assert mine.tell("ended", {"kind": "bidi"}) is None
    assert mine.find("ended", {"kind": "bidi"}) is found
    assert mine.tell("ended", {}) is not None
    assert ("session's API", Reported("ended", "reset", 7)) in one.bench.seen


def test_a_clients_session_is_found_by_name_stream_and_command(tables: Tables) -> None:
    one = tables(Role.CLIENT)
    mine = one.api.expect("tok1", "/")
    one.api.name(mine, "tok1")
    number = one.api.command("open", {"session": "tok1", "stream": "s1", "kind": "uni"}, mine)
    sync = one.api.command("sync", {})
    assert one.api.is_done(sync) is None
    one.endpoint.say("done", id=sync)
    one.endpoint.say("done", id=999_999)
    one.endpoint.say("stopped", stream="s1", code=3)
    one.endpoint.say("error", id=number, error="no", kind="timeout")
    assert names(mine) == ["stopped", "error"]
    assert one.api.is_done(sync)
    assert one.api.is_done(number)


def test_bytes_travel_as_base64_and_ids_never_repeat(tables: Tables) -> None:
    one = tables(Role.CLIENT)
    first = one.api.command("write", {"stream": "s", "data": b"\0\1"})
    second = Api(one.endpoint, one.bench).command("sync", {})
    assert first != second
    assert one.endpoint.commands[0]["data"] == base64.b64encode(b"\0\1").decode()


def test_a_command_that_is_not_offered(tables: Tables) -> None:
    one = tables(Role.CLIENT)
    with pytest.raises(Unsupported, match="drain"):
        one.api.command("drain", {})
    assert one.endpoint.commands == []


def test_no_events_after_the_end(tables: Tables) -> None:
    one = tables()
    mine = one.api.expect("tok1", "/")
    one.api.close()
    one.endpoint.say("session", session="~1", path="/?token=tok1")
    assert mine.events == []


def test_what_is_overdue_of_an_endpoint_that_ended_is_its_end(tables: Tables) -> None:
    one = tables()
    assert isinstance(one.bench.overdue("x"), Deadline)
    one.endpoint.end = "exit status 3"
    assert "exit status 3" in str(one.bench.overdue("x"))
    assert not isinstance(one.bench.overdue("x"), Deadline)
