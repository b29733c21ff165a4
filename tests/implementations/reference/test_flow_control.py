"""Allowances and grants as numbers."""

import pytest

from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.flow_control import (
    UNLIMITED,
    Allowance,
    Grant,
    session_flow,
)
from wtspec.suite.dialect import SessionLimits
from wtspec.suite.wire.stream_header import StreamKind

RULES = FlowRules()
OURS = SessionLimits(4, 1000, 5, 7)
THEIRS = SessionLimits(4, 100, 1, 2)


def test_room_never_falls_below_zero() -> None:
    allowance = Allowance(10, used=4)
    assert allowance.room == 6
    allowance.used = 11
    assert allowance.room == 0


def test_credit_is_used_to_the_last_unit() -> None:
    grant = Grant("data", 10, 10)
    assert grant.take(10, RULES)
    assert not grant.take(1, RULES)


@pytest.mark.parametrize("window", [1, 2, 5, 100])
def test_grants_only_grow_and_keep_the_window(window: int) -> None:
    grant = Grant("data", window, window)
    announced: list[int] = []
    for released in range(1, 5 * window + 1):
        limit = grant.release(1, RULES)
        if limit is not None:
            announced.append(limit)
            assert limit == released + window
    assert announced == sorted(set(announced))
    assert announced[-1] >= 5 * window
    # Never more than half a window passes without an announcement.
    steps = zip([window, *announced], announced, strict=False)
    assert all(after - before <= window // 2 + 1 for before, after in steps)


def test_without_a_window_nothing_is_granted() -> None:
    grant = Grant("data", 0, UNLIMITED)
    assert grant.release(10, RULES) is None


def test_a_session_begins_with_the_settings() -> None:
    flow = session_flow(OURS, THEIRS, RULES, is_on=True)
    assert flow.send_data.limit == 100
    assert flow.receive_data.limit == 1000
    assert flow.open_streams[StreamKind.UNI].limit == 1
    assert flow.open_streams[StreamKind.BIDI].limit == 2
    assert flow.accept_streams[StreamKind.UNI].limit == 5
    assert flow.accept_streams[StreamKind.BIDI].limit == 7


def test_nothing_binds_while_off() -> None:
    flow = session_flow(OURS, SessionLimits(1), RULES, is_on=False)
    assert flow.send_data.room == UNLIMITED
    assert flow.accept_streams[StreamKind.UNI].take(1 << 40, RULES)


def test_windows_open_late_only_when_settings_gave_nothing() -> None:
    nothing = session_flow(SessionLimits(1), THEIRS, RULES, is_on=True)
    assert nothing.open_windows(OURS)
    assert nothing.receive_data.limit == 1000
    assert not nothing.open_windows(OURS)
    assert not session_flow(OURS, THEIRS, RULES, is_on=True).open_windows(OURS)
    assert not session_flow(SessionLimits(1), THEIRS, RULES, is_on=False).open_windows(OURS)
