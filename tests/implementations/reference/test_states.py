"""The tables are total, over states and events, and say what the drafts say."""

from enum import Enum
from itertools import product
from typing import Any

import pytest

from wtspec.implementations.reference.states import (
    IMPOSSIBLE,
    RECEIVE,
    SEND,
    SESSION,
    ReceiveEvent,
    ReceiveState,
    SendEvent,
    SendState,
    SessionEvent,
    SessionState,
)

TABLES: list[tuple[Any, type[Enum], type[Enum]]] = [
    (SEND, SendState, SendEvent),
    (RECEIVE, ReceiveState, ReceiveEvent),
    (SESSION, SessionState, SessionEvent),
]


@pytest.mark.parametrize(("table", "states", "events"), TABLES)
def test_every_state_knows_every_event(table: Any, states: type[Enum], events: type[Enum]) -> None:
    assert set(table) == set(product(states, events))
    assert {step for step in table.values() if step is not IMPOSSIBLE} <= set(states)


@pytest.mark.parametrize(("table", "states", "events"), TABLES)
def test_every_state_can_be_reached(table: Any, states: type[Enum], events: type[Enum]) -> None:
    first = next(iter(states))
    reached, more = {first}, {first}
    while more:
        steps = {table[state, event] for state in more for event in events}
        more = {step for step in steps if isinstance(step, states)} - reached
        reached |= more
    assert reached == set(states)


@pytest.mark.parametrize("state", [one for one in SendState if one is not SendState.OPEN])
def test_nothing_is_written_once_a_direction_is_over(state: SendState) -> None:
    assert SEND[state, SendEvent.WRITE] is IMPOSSIBLE
    assert SEND[state, SendEvent.FINISH] is IMPOSSIBLE


@pytest.mark.parametrize("event", SendEvent)
@pytest.mark.parametrize("state", [SendState.RESET, SendState.STOPPED, SendState.GONE])
def test_an_abandoned_direction_stays_as_it_was_abandoned(
    state: SendState, event: SendEvent
) -> None:
    assert SEND[state, event] in {state, IMPOSSIBLE}


@pytest.mark.parametrize("event", [ReceiveEvent.RESET_ARRIVED, ReceiveEvent.SESSION_ENDED])
def test_a_clean_end_is_never_taken_back(event: ReceiveEvent) -> None:
    assert RECEIVE[ReceiveState.FINISHED, event] is ReceiveState.FINISHED


def test_cut_data_is_never_a_clean_end() -> None:
    clean = {key for key, step in RECEIVE.items() if step is ReceiveState.FINISHED}
    assert {state for state, _ in clean} == {ReceiveState.OPEN, ReceiveState.FINISHED}
    assert RECEIVE[ReceiveState.OPEN, ReceiveEvent.SESSION_ENDED] is ReceiveState.GONE


@pytest.mark.parametrize("event", SessionEvent)
def test_a_session_never_comes_back(event: SessionEvent) -> None:
    for state in (SessionState.CLOSED, SessionState.REFUSED):
        assert SESSION[state, event] in {state, IMPOSSIBLE}


@pytest.mark.parametrize("event", [SessionEvent.FAILED, SessionEvent.LOST])
@pytest.mark.parametrize("state", SessionState)
def test_failure_and_loss_end_any_session(state: SessionState, event: SessionEvent) -> None:
    assert SESSION[state, event] in {SessionState.CLOSED, SessionState.REFUSED}
