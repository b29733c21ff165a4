"""Faults and oddities: how they are made, and that each of them shows."""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, Collection
from wtspec.implementations.reference.faults.registry import FAULTS, ODDITIES
from wtspec.implementations.reference.rules import HONEST, Rules
from wtspec.suite.quic import events
from wtspec.suite.wire.error_codes import H3, to_http3
from wtspec.suite.wire.stream_header import StreamKind

Play = Callable[..., None]
EVERY = [*FAULTS.values(), *ODDITIES.values()]
HONEST_CLASSES = [type(getattr(HONEST, place.name)) for place in fields(HONEST)]
REFERENCE = Path(inspect.getfile(Rules)).parent


def test_a_fault_overrides_its_decision_and_nothing_else() -> None:
    collection = Collection()

    @collection("free-for-all", SERVER)
    class FreeForAll(FlowRules):
        """Anything goes."""

        def tells_blocked(self) -> bool:
            return False

    made = collection["free-for-all"]
    assert (made.why, made.roles) == ("Anything goes.", frozenset({SERVER}))
    assert not made.rules.flow.tells_blocked()
    assert made.rules.requests is HONEST.requests
    assert list(collection) == ["free-for-all"]
    assert isinstance(made.decisions[0], FreeForAll)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_each_says_what_it_does_and_does_it(one: Any) -> None:
    assert one.why.endswith(".")
    assert one.roles <= {SERVER, CLIENT}
    for decision in one.decisions:
        honest = next(kind for kind in type(decision).__mro__ if kind in HONEST_CLASSES)
        below = type(decision).__mro__[: type(decision).__mro__.index(honest)]
        own = {name for kind in below for name, value in vars(kind).items() if callable(value)}
        assert own
        assert all(name.startswith("_") or hasattr(honest, name) for name in own)


def _decisions() -> list[tuple[str, str]]:
    return [
        (type(getattr(HONEST, place.name)).__name__, name)
        for place in fields(HONEST)
        for name in vars(type(getattr(HONEST, place.name)))
        if not name.startswith("_")
    ]


@pytest.mark.parametrize(("rules", "name"), _decisions())
def test_every_decision_is_asked_for_and_explained(rules: str, name: str) -> None:
    places = (*REFERENCE.glob("*.py"), *(REFERENCE / "decisions").glob("*.py"))
    assert any(re.search(rf"\.{name}\b", path.read_text()) for path in places)
    place = next(p for p in fields(HONEST) if type(getattr(HONEST, p.name)).__name__ == rules)
    assert getattr(getattr(HONEST, place.name), name).__doc__


@pytest.mark.parametrize("name", ODDITIES)
def test_a_session_works_on_every_oddity(server: Play, client: Play, name: str) -> None:
    async def serve(stage: Any) -> None:
        wire, session_id = await stage.session()
        stream_id = wire.data_stream(StreamKind.BIDI, session_id, b"x", finish=True)
        assert await wire.fin(stream_id) == b"x"

    async def connect(stage: Any) -> None:
        wire, session_id = await stage.connected(echo=True)
        stream_id = wire.data_stream(StreamKind.BIDI, session_id, b"x", finish=True)
        assert await wire.fin(stream_id) == b"x"

    server(serve, rules=ODDITIES[name].rules)
    client(connect, rules=ODDITIES[name].rules)


def test_after_its_answer_it_is_deaf_for_ever(server: Play) -> None:
    async def script(stage: Any) -> None:
        other, _ = await stage.session()
        wire = await stage.raw_client()
        wire.open("uni", b"\x40\x54\x01")
        assert await wire.closed() == H3.ID_ERROR
        other.quic.ping()
        other.quic.flush()
        with pytest.raises(TimeoutError):
            await other.seen_event(events.PingAcknowledged)
        with pytest.raises(TimeoutError):
            await stage.bare_client()

    server(script, rules=FAULTS["dies-after-answering"].rules)


def test_codes_unmapped(server: Play) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.session(b"/reset?code=7")
        assert (await wire.seen_event(events.StreamReset)).code == 7

    server(script, rules=FAULTS["sends-codes-unmapped"].rules)


def test_codes_one_off(server: Play) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        stream_id = wire.data_stream(StreamKind.UNI, session_id, b"x")
        wire.quic.reset_at(stream_id, to_http3(5), 4)
        wire.quic.flush()
        assert (await stage.event("ended"))["code"] == 6

    server(script, rules=FAULTS["reports-codes-one-off"].rules)
