"""Which commands make a client behave as an Application."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.endpoint.application import (
    Application,
    ChecksOrigin,
    Closes,
    Drains,
    Echo,
    Hold,
    Nowhere,
    Protocols,
    Rejects,
    Resets,
    Sink,
    Source,
    Stops,
)
from wtspec.suite.endpoint.interface import EndpointGone, Role
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.conduct import DELIVERY_S, Conduct, commands_of, mode
from wtspec.suite.peer.interruption import NotApplicable

Tables = Callable[..., Any]
Commands = list[tuple[object, ...]]


def played(tables: Tables, application: Application, *happening: dict[str, Any]) -> Commands:
    """The commands after a session and these events: name, then the fields that matter."""
    table = tables(Role.CLIENT)
    table.endpoint.hello = replace(table.endpoint.hello, unsupported=frozenset())
    return run_virtual(_play(table, application, happening))


async def _play(
    table: Any, application: Application, happening: tuple[dict[str, Any], ...]
) -> Commands:
    events = table.api.expect("tok", "/")
    table.api.name(events, "tok")
    conduct = Conduct(application, table.api, events)
    table.endpoint.say("session", session="tok")
    for fields in happening:
        table.endpoint.say(**fields)
    await table.bench.bell.until(lambda: None, 2 * DELIVERY_S)
    conduct.end()
    table.endpoint.say("session", session="tok")
    kept = ("kind", "code", "reason", "fill", "data", "finish")
    return [
        (one["cmd"], *(one[key] for key in kept if key in one)) for one in table.endpoint.commands
    ]


def stream(name: str, kind: str) -> dict[str, Any]:
    return {"name": "stream", "session": "tok", "stream": name, "kind": kind, "by": "peer"}


def data(name: str) -> dict[str, Any]:
    return {"name": "data", "stream": name, "data": "eA=="}


@pytest.mark.parametrize(
    ("application", "fields"),
    [
        (Echo(), {"echo": True}),
        (Drains(), {"echo": True}),
        (Protocols(("a",)), {"echo": True, "protocols": ["a"]}),
        (Hold(), {"read": False}),
        (Sink(), {}),
        (Resets(1), {}),
    ],
)
def test_what_is_in_force_from_the_start(application: Application, fields: Any) -> None:
    assert dict(mode(application)) == fields


@pytest.mark.parametrize("application", [Rejects(404), ChecksOrigin(), Nowhere()])
def test_what_only_servers_can_be(application: Application) -> None:
    with pytest.raises(NotApplicable):
        mode(application)


@pytest.mark.parametrize(
    "application",
    [Source(bidi=1, uni=1, datagrams=1), Closes(1), Drains(), Resets(1), Stops(1), Echo()],
)
def test_every_command_is_announced(tables: Tables, application: Application) -> None:
    happening = [event for kind in ("bidi", "uni") for event in (stream(kind, kind), data(kind))]
    used = {one[0] for one in played(tables, application, *happening)}
    assert used == set(commands_of(application))


def test_a_source(tables: Tables) -> None:
    assert played(tables, Source(bidi=1, uni=2, datagrams=1, size_bytes=5)) == [
        ("open", "bidi"),
        ("write", 5, True),
        ("open", "uni"),
        ("write", 5, True),
        ("open", "uni"),
        ("write", 5, True),
        ("datagram", 5),
    ]


def test_closing_at_once_and_on_the_first_stream(tables: Tables) -> None:
    assert played(tables, Closes(7, "bye")) == [("close", 7, "bye")]
    late = Closes(7, after="stream")
    assert played(tables, late) == []
    assert played(tables, late, stream("a", "uni")) == [("close", 7, "")]


def test_resets_begin_with_the_first_byte_of_each_bidirectional_stream(tables: Tables) -> None:
    happening = [stream("a", "bidi"), data("a"), data("a"), stream("b", "uni"), data("b")]
    assert played(tables, Resets(9), *happening) == [
        ("open", "uni"),
        ("write", "AAECAw=="),
        ("reset", 9),
        ("reset", 9),
    ]


def test_stops_come_for_each_kind(tables: Tables) -> None:
    happening = [stream("a", "bidi"), data("a"), stream("b", "uni"), data("b"), data("b")]
    assert played(tables, Stops(9), *happening) == [("stop", 9), ("finish",), ("stop", 9)]


def test_a_client_that_is_gone_does_not_break_the_script(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise EndpointGone("exit status 1")

    table = tables(Role.CLIENT)
    monkeypatch.setattr(table.endpoint, "command", gone)
    assert run_virtual(_play(table, Closes(1), ())) == []
