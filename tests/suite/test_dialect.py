"""The rules that differ between the drafts, literally, and what a dialect does with them."""

import pytest

from wtspec.suite import dialect as dialects
from wtspec.suite.dialect import (
    DIALECTS,
    DialectRange,
    FlowControlRule,
    FlowErrorForm,
    GoawayRule,
    OverBoundRule,
    ProtocolSyntax,
    SessionLimitRule,
    SignalPosition,
    StaleLimitRule,
    UnknownDialect,
    http3,
)
from wtspec.suite.wire.capsule import CapsuleType
from wtspec.suite.wire.error_codes import WT
from wtspec.suite.wire.settings import Setting

# A rule's values in the order of the drafts, each with the first draft that has it.
RULES: dict[str, dict[int, object]] = {
    "mapping": {2: "h3"},
    "token": {2: b"webtransport", 15: b"webtransport-h3"},
    "enabling_setting": {
        2: Setting.ENABLE_WEBTRANSPORT,
        7: Setting.WEBTRANSPORT_MAX_SESSIONS_07,
        13: Setting.WT_MAX_SESSIONS,
        15: Setting.WT_ENABLED,
    },
    "client_sends_enabling": {2: True, 9: False, 13: True},
    "implementable": {2: True, 6: False, 7: True},
    "datagram_setting": {2: 0xFFD277, 3: 0x33},
    "datagram_format_type": {2: 0xFF7C00, 3: None},
    "needs_connect_protocol": {2: False, 5: True},
    "request_fields": {2: ((b"sec-webtransport-http3-draft02", b"1"),), 6: ()},
    "response_fields": {2: ((b"sec-webtransport-http3-draft", b"draft02"),), 6: ()},
    "origin_always": {2: True, 5: False},
    "not_found_status": {2: 404, 16: 405},
    "forbids_following_redirects": {2: False, 6: True},
    "protocols": {2: ProtocolSyntax.NONE, 9: ProtocolSyntax.TOKEN, 13: ProtocolSyntax.STRING},
    "available_protocols_field": {
        2: b"",
        9: b"webtransport-subprotocols-available",
        10: b"wt-available-protocols",
    },
    "protocol_field": {2: b"", 9: b"webtransport-subprotocol", 10: b"wt-protocol"},
    "alpn_mismatch_is_fatal": {2: False, 15: True},
    "early_capsules": {2: False, 16: True},
    "signal_position": {2: SignalPosition.ANY_FRAME, 5: SignalPosition.FIRST},
    "application_code_max": {2: 0xFF, 6: 0xFFFFFFFF},
    "reset_stream_at": {2: False, 10: True},
    "exporters": {2: False, 10: True},
    "session_limit": {
        2: SessionLimitRule.QUIC,
        4: SessionLimitRule.MAX_SESSIONS,
        15: SessionLimitRule.RATE,
    },
    "flow_control": {
        2: FlowControlRule.NONE,
        12: FlowControlRule.ALWAYS,
        13: FlowControlRule.MAX_SESSIONS,
        14: FlowControlRule.EITHER,
        15: FlowControlRule.LIMITS,
    },
    "stale_limit": {
        2: StaleLimitRule.UNSPECIFIED,
        14: StaleLimitRule.LOWER,
        16: StaleLimitRule.NOT_HIGHER,
    },
    "equal_limit_is_error": {2: False, 16: True},
    "flow_error_form": {
        2: FlowErrorForm.UNSPECIFIED,
        14: FlowErrorForm.RESET,
        15: FlowErrorForm.CLOSE,
    },
    "excess_is_flow_error": {2: False, 15: True},
    "max_streams_over_bound": {
        2: OverBoundRule.UNSPECIFIED,
        15: OverBoundRule.DATAGRAM_ERROR,
        16: OverBoundRule.FLOW_CONTROL_ERROR,
    },
    "streams_blocked_over_bound": {
        2: OverBoundRule.UNSPECIFIED,
        16: OverBoundRule.FLOW_CONTROL_ERROR,
    },
    "never_lowered_on_resumption": {
        2: frozenset(),
        4: frozenset({0x2B603743}),
        6: frozenset({0x3C48D522}),
        7: frozenset({0xC671706A}),
        13: frozenset({0x14E9CD29, 0x2B61, 0x2B64, 0x2B65}),
        15: frozenset({0x2B61, 0x2B64, 0x2B65}),
    },
    "goaway": {
        2: GoawayRule.UNSPECIFIED,
        3: GoawayRule.CONNECTS,
        8: GoawayRule.BY_STREAM_ID,
        12: GoawayRule.NO_CONNECT,
    },
    "connect_stream_stopped_with": {2: None, 13: WT.SESSION_GONE},
    "close_message_is_checked": {2: False, 16: True},
    "name_prefix": {2: "H3_WEBTRANSPORT_", 6: "WEBTRANSPORT_", 13: "WT_"},
    "errors": {
        2: frozenset({0x3994BD84}),
        3: frozenset({0x3994BD84, 0x170D7B68}),
        14: frozenset({0x3994BD84, 0x170D7B68, 0x045D4487}),
        15: frozenset({0x3994BD84, 0x170D7B68, 0x045D4487, 0x0817B3DD, 0x212C0D48}),
    },
    "capsules": {
        2: frozenset({0x2843}),
        7: frozenset({0x2843, 0x78AE}),
        12: frozenset(
            {0x2843, 0x78AE}
            | {0x190B4D3D, 0x190B4D3F, 0x190B4D40, 0x190B4D41, 0x190B4D43, 0x190B4D44}
        ),
    },
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", DIALECTS)
def test_rules(name: str, rule: str) -> None:
    one = DIALECTS[name]
    expected = RULES[rule][max(draft for draft in RULES[rule] if draft <= one.draft)]
    assert getattr(one, rule) == expected


NONE: dict[int, int] = {}
SESSIONS_07 = {0xC671706A: 2}
SESSIONS = {0x14E9CD29: 2}
ONE_SESSION = {0x14E9CD29: 1, 0x2B64: 0}
DATA, UNI, BIDI = {0x2B61: 1}, {0x2B64: 1}, {0x2B65: 1}


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "on"),
    [
        ("h3-11", {**SESSIONS_07, **DATA}, {**SESSIONS_07, **DATA}, False),
        ("h3-12", NONE, NONE, True),
        ("h3-13", SESSIONS, SESSIONS, True),
        ("h3-13", SESSIONS, ONE_SESSION, False),
        ("h3-13", ONE_SESSION, SESSIONS, False),
        ("h3-13", SESSIONS, DATA, False),
        ("h3-14", SESSIONS, SESSIONS, True),
        ("h3-14", SESSIONS, UNI, True),
        ("h3-14", BIDI, DATA, True),
        ("h3-14", ONE_SESSION, SESSIONS, False),
        ("h3-15", UNI, BIDI, True),
        ("h3-15", SESSIONS, DATA, False),
        ("h3-16", DATA, UNI, True),
        ("h3-16", {0x2C7CF000: 2}, DATA, False),
        ("h3-16", {0x2B61: 0}, DATA, False),
        ("h3-16", DATA, NONE, False),
    ],
)
def test_flow_control_is_on(
    name: str, ours: dict[int, int], theirs: dict[int, int], on: bool
) -> None:
    assert DIALECTS[name].flow_control_on(ours, theirs) is on


@pytest.mark.parametrize(
    ("name", "code", "printed"),
    [
        ("h3-02", 0x3994BD84, "H3_WEBTRANSPORT_BUFFERED_STREAM_REJECTED"),
        ("h3-05", 0x170D7B68, "H3_WEBTRANSPORT_SESSION_GONE"),
        ("h3-12", 0x170D7B68, "WEBTRANSPORT_SESSION_GONE"),
        ("h3-13", 0x170D7B68, "WT_SESSION_GONE"),
        ("h3-14", 0x045D4487, "WT_FLOW_CONTROL_ERROR"),
        ("h3-16", 0x10E, "H3_MESSAGE_ERROR"),
    ],
)
def test_error_names(name: str, code: int, printed: str) -> None:
    assert DIALECTS[name].error_name(code) == printed


@pytest.mark.parametrize(
    ("name", "capsule", "printed"),
    [
        ("h3-02", CapsuleType.CLOSE_SESSION, "CLOSE_WEBTRANSPORT_SESSION"),
        ("h3-12", CapsuleType.DRAIN_SESSION, "DRAIN_WEBTRANSPORT_SESSION"),
        ("h3-12", CapsuleType.MAX_DATA, "WT_MAX_DATA"),
        ("h3-13", CapsuleType.CLOSE_SESSION, "WT_CLOSE_SESSION"),
        ("h3-16", CapsuleType.STREAMS_BLOCKED_UNI, "WT_STREAMS_BLOCKED_UNI"),
        ("h3-16", CapsuleType.DATAGRAM, "DATAGRAM"),
    ],
)
def test_capsule_names(name: str, capsule: CapsuleType, printed: str) -> None:
    assert DIALECTS[name].capsule_name(capsule) == printed


def test_a_dialect_is_found_by_name() -> None:
    assert dialects.dialect("h3-09") is DIALECTS["h3-09"]


@pytest.mark.parametrize(("name", "near"), [("h3-17", "h3-16"), ("h3-9", "h3-09"), ("?", "h3-16")])
def test_an_unknown_dialect_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UnknownDialect, match=near):
        dialects.dialect(name)


def names(of: DialectRange) -> list[int]:
    return [one.draft for one in of]


def test_ranges() -> None:
    assert names(http3.all) == [2, 3, 4, 5, *range(7, 17)]
    assert names(http3.since(14)) == [14, 15, 16]
    assert names(http3.until(3)) == [2, 3]
    assert names(http3.between(5, 7)) == [5, 7]
    assert str(http3.between(5, 7)) == "h3-05..h3-07"
    assert http3.since(2) == http3.all


def test_membership_of_a_range() -> None:
    assert DIALECTS["h3-14"] in http3.since(14)
    assert DIALECTS["h3-13"] not in http3.since(14)
    assert DIALECTS["h3-06"] not in http3.all
    assert "h3-14" not in http3.all


@pytest.mark.parametrize(("first", "last"), [(6, 6), (9, 8), (17, 20)])
def test_a_range_without_a_dialect_is_a_mistake(first: int, last: int) -> None:
    with pytest.raises(UnknownDialect):
        http3.between(first, last)


def test_dialects_are_values() -> None:
    assert len(set(DIALECTS.values())) == len(DIALECTS)
    assert {DIALECTS["h3-16"]: 1}[dialects.dialect("h3-16")] == 1
