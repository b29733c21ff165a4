"""The drafts h3-02 to h3-16 as data, each as its differences from the one before.

Read from the tagged texts of draft-ietf-webtrans-http3; drafts 04 to 07 have no tag and were read
at the commits that match their publication dates. 06 moved a setting in one section and another in
its change log, and is kept for the record only.
"""

from dataclasses import replace

from wtspec.suite.draft_rules import (
    INITIAL_LIMITS,
    Announced,
    Announcement,
    Dialect,
    FlowControlRule,
    FlowErrorForm,
    GoawayRule,
    Legal,
    OverBoundRule,
    ProtocolSyntax,
    SessionLimitRule,
    SignalPosition,
    StaleLimitRule,
    Unmet,
)
from wtspec.suite.wire.capsule import CapsuleType
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter


def _one(setting: Setting, unmet: Unmet, too_large: H3 | None = None) -> Announcement:
    return Announcement((setting,), Announced.ONE, Legal.ONE, unmet, too_large)


def _sessions(setting: Setting, unmet: Unmet) -> Announcement:
    return Announcement((setting,), Announced.MAX_SESSIONS, Legal.POSITIVE, unmet)


def _datagrams(unmet: Unmet) -> Announcement:
    return _one(Setting.H3_DATAGRAM, unmet, H3.SETTINGS_ERROR)


def _connect_protocol(unmet: Unmet) -> Announcement:
    return _one(Setting.ENABLE_CONNECT_PROTOCOL, unmet)


def _quic_datagrams(unmet: Unmet) -> Announcement:
    return Announcement(
        (Parameter.MAX_DATAGRAM_FRAME_SIZE,), Announced.ANY_POSITIVE, Legal.POSITIVE, unmet
    )


def _reset_stream_at(unmet: Unmet) -> Announcement:
    # The drafts name the parameter and never its number, which moved in revision 08 of
    # draft-ietf-quic-reliable-stream-reset: either says it (A15).
    ids = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
    return Announcement(ids, Announced.EMPTY, Legal.PRESENT, unmet)


_INITIAL_LIMITS = tuple(
    Announcement((setting,), value, Legal.ANY, Unmet.NOT_REQUIRED)
    for setting, value in zip(
        INITIAL_LIMITS,
        (
            Announced.INITIAL_MAX_STREAMS_UNI,
            Announced.INITIAL_MAX_STREAMS_BIDI,
            Announced.INITIAL_MAX_DATA,
        ),
        strict=True,
    )
)

_ENABLE = _one(Setting.ENABLE_WEBTRANSPORT, Unmet.NO_SESSION, H3.SETTINGS_ERROR)
_ENABLE_BY_CLIENT = replace(_ENABLE, unmet=Unmet.UNSPECIFIED)
# Before draft 05 nothing but its own setting was asked for. Endpoints of that age announce the rest
# all the same, and some ask for it: so an honest endpoint does.
_UNASKED = (_connect_protocol(Unmet.NOT_REQUIRED), _quic_datagrams(Unmet.NOT_REQUIRED))
# draft-ietf-masque-h3-datagram-04 to -08 numbered the setting 0xffd277, -09 and RFC 9297 0x33.
_BOTH_DATAGRAM_SETTINGS = Announcement(
    (Setting.H3_DATAGRAM_04, Setting.H3_DATAGRAM),
    Announced.ONE,
    Legal.ONE,
    Unmet.NOT_REQUIRED,
    H3.SETTINGS_ERROR,
)

_DRAFT_02 = Dialect(
    draft=2,
    token=b"webtransport",
    enabling_setting=Setting.ENABLE_WEBTRANSPORT,
    server_announces=(_ENABLE, _BOTH_DATAGRAM_SETTINGS, *_UNASKED),
    client_announces=(_ENABLE_BY_CLIENT, _BOTH_DATAGRAM_SETTINGS, *_UNASKED),
    name_prefix="H3_WEBTRANSPORT_",
    datagram_settings=(Setting.H3_DATAGRAM_04, Setting.H3_DATAGRAM),
    capsules=frozenset({CapsuleType.CLOSE_SESSION}),
    errors=frozenset({WT.BUFFERED_STREAM_REJECTED}),
    request_fields=((b"sec-webtransport-http3-draft02", b"1"),),
    response_fields=((b"sec-webtransport-http3-draft", b"draft02"),),
    origin_always=True,
    signal_position=SignalPosition.ANY_FRAME,
    application_code_max=0xFF,
    datagram_format_type=0xFF7C00,
)

_DRAFT_03 = replace(
    _DRAFT_02,
    draft=3,
    server_announces=(_ENABLE, _datagrams(Unmet.NOT_REQUIRED), *_UNASKED),
    client_announces=(_ENABLE_BY_CLIENT, _datagrams(Unmet.NOT_REQUIRED), *_UNASKED),
    datagram_settings=(Setting.H3_DATAGRAM,),
    datagram_format_type=None,
    errors=frozenset({WT.BUFFERED_STREAM_REJECTED, WT.SESSION_GONE}),
    goaway=GoawayRule.CONNECTS,
)

_DRAFT_04 = replace(
    _DRAFT_03,
    draft=4,
    server_announces=(
        _ENABLE,
        _sessions(Setting.WEBTRANSPORT_MAX_SESSIONS_04, Unmet.NO_SESSION),
        _datagrams(Unmet.NOT_REQUIRED),
        *_UNASKED,
    ),
    session_limit=SessionLimitRule.MAX_SESSIONS,
    never_lowered_on_resumption=frozenset({Setting.WEBTRANSPORT_MAX_SESSIONS_04}),
)

# Who reads a missing HTTP or QUIC datagram announcement is not told what to do before draft 10.
_DATAGRAMS_UNSPECIFIED = (_datagrams(Unmet.UNSPECIFIED), _quic_datagrams(Unmet.UNSPECIFIED))

_DRAFT_05 = replace(
    _DRAFT_04,
    draft=5,
    server_announces=(
        _ENABLE,
        _sessions(Setting.WEBTRANSPORT_MAX_SESSIONS_04, Unmet.NO_SESSION),
        _connect_protocol(Unmet.NO_SESSION),
        *_DATAGRAMS_UNSPECIFIED,
    ),
    client_announces=(
        _ENABLE_BY_CLIENT,
        _connect_protocol(Unmet.UNSPECIFIED),
        *_DATAGRAMS_UNSPECIFIED,
    ),
    origin_always=False,
    signal_position=SignalPosition.FIRST,
)

_DRAFT_06 = replace(
    _DRAFT_05,
    draft=6,
    implementable=False,
    server_announces=(
        _ENABLE,
        _sessions(Setting.WEBTRANSPORT_MAX_SESSIONS_06, Unmet.NO_SESSION),
        _connect_protocol(Unmet.NO_SESSION),
        *_DATAGRAMS_UNSPECIFIED,
    ),
    never_lowered_on_resumption=frozenset({Setting.WEBTRANSPORT_MAX_SESSIONS_06}),
    name_prefix="WEBTRANSPORT_",
    request_fields=(),
    response_fields=(),
    forbids_following_redirects=True,
    application_code_max=0xFFFFFFFF,
)

_DRAFT_07 = replace(
    _DRAFT_06,
    draft=7,
    implementable=True,
    enabling_setting=Setting.WEBTRANSPORT_MAX_SESSIONS_07,
    server_announces=(
        _sessions(Setting.WEBTRANSPORT_MAX_SESSIONS_07, Unmet.NO_SESSION),
        _connect_protocol(Unmet.NO_SESSION),
        *_DATAGRAMS_UNSPECIFIED,
    ),
    client_announces=(
        _sessions(Setting.WEBTRANSPORT_MAX_SESSIONS_07, Unmet.UNSPECIFIED),
        *_DATAGRAMS_UNSPECIFIED,
    ),
    never_lowered_on_resumption=frozenset({Setting.WEBTRANSPORT_MAX_SESSIONS_07}),
    capsules=frozenset({CapsuleType.CLOSE_SESSION, CapsuleType.DRAIN_SESSION}),
)

_DRAFT_08 = replace(_DRAFT_07, draft=8, goaway=GoawayRule.BY_STREAM_ID)

_DRAFT_09 = replace(
    _DRAFT_08,
    draft=9,
    client_announces=(_connect_protocol(Unmet.UNSPECIFIED), *_DATAGRAMS_UNSPECIFIED),
    protocols=ProtocolSyntax.TOKEN,
    available_protocols_field=b"webtransport-subprotocols-available",
    protocol_field=b"webtransport-subprotocol",
)

_RESET_STREAM_AT_UNSPECIFIED = _reset_stream_at(Unmet.UNSPECIFIED)
_DATAGRAMS_OR_MALFORMED = (_datagrams(Unmet.MALFORMED), _quic_datagrams(Unmet.MALFORMED))

_DRAFT_10 = replace(
    _DRAFT_09,
    draft=10,
    server_announces=(*_DRAFT_09.server_announces, _RESET_STREAM_AT_UNSPECIFIED),
    client_announces=(*_DATAGRAMS_OR_MALFORMED, _RESET_STREAM_AT_UNSPECIFIED),
    available_protocols_field=b"wt-available-protocols",
    protocol_field=b"wt-protocol",
    reset_stream_at=True,
    exporters=True,
)

_DRAFT_11 = replace(_DRAFT_10, draft=11)

_DRAFT_12 = replace(
    _DRAFT_11,
    draft=12,
    server_announces=(*_DRAFT_11.server_announces, *_INITIAL_LIMITS),
    client_announces=(*_DRAFT_11.client_announces, *_INITIAL_LIMITS),
    capsules=_DRAFT_11.capsules
    | {
        CapsuleType.MAX_DATA,
        CapsuleType.MAX_STREAMS_BIDI,
        CapsuleType.MAX_STREAMS_UNI,
        CapsuleType.DATA_BLOCKED,
        CapsuleType.STREAMS_BLOCKED_BIDI,
        CapsuleType.STREAMS_BLOCKED_UNI,
    },
    flow_control=FlowControlRule.ALWAYS,
    goaway=GoawayRule.NO_CONNECT,
)

_DRAFT_13 = replace(
    _DRAFT_12,
    draft=13,
    enabling_setting=Setting.WT_MAX_SESSIONS,
    server_announces=(
        _sessions(Setting.WT_MAX_SESSIONS, Unmet.NO_SESSION),
        _connect_protocol(Unmet.NO_SESSION),
        *_DATAGRAMS_UNSPECIFIED,
        _RESET_STREAM_AT_UNSPECIFIED,
        *_INITIAL_LIMITS,
    ),
    client_announces=(
        _sessions(Setting.WT_MAX_SESSIONS, Unmet.UNSPECIFIED),
        *_DATAGRAMS_OR_MALFORMED,
        _RESET_STREAM_AT_UNSPECIFIED,
        *_INITIAL_LIMITS,
    ),
    name_prefix="WT_",
    protocols=ProtocolSyntax.STRING,
    flow_control=FlowControlRule.MAX_SESSIONS,
    never_lowered_on_resumption=frozenset({Setting.WT_MAX_SESSIONS, *INITIAL_LIMITS}),
    connect_stream_stopped_with=WT.SESSION_GONE,
)

_DRAFT_14 = replace(
    _DRAFT_13,
    draft=14,
    server_announces=(
        _sessions(Setting.WT_MAX_SESSIONS, Unmet.NO_SESSION),
        _connect_protocol(Unmet.NO_SESSION),
        _datagrams(Unmet.NO_SESSION),
        _quic_datagrams(Unmet.NO_SESSION),
        _reset_stream_at(Unmet.NO_SESSION),
        *_INITIAL_LIMITS,
    ),
    client_announces=(
        _sessions(Setting.WT_MAX_SESSIONS, Unmet.MALFORMED),
        *_DATAGRAMS_OR_MALFORMED,
        _reset_stream_at(Unmet.MALFORMED),
        *_INITIAL_LIMITS,
    ),
    errors=_DRAFT_13.errors | {WT.FLOW_CONTROL_ERROR},
    flow_control=FlowControlRule.EITHER,
    stale_limit=StaleLimitRule.LOWER,
    flow_error_form=FlowErrorForm.RESET,
)

_SERVER_SINCE_15 = (
    _connect_protocol(Unmet.NO_SESSION_OR_CLOSE),
    _datagrams(Unmet.NO_SESSION_OR_CLOSE),
    _quic_datagrams(Unmet.NO_SESSION_OR_CLOSE),
    _reset_stream_at(Unmet.NO_SESSION_OR_CLOSE),
    *_INITIAL_LIMITS,
)
# A paragraph for drafts only asks clients for it; what a server does without it is open (A05).
_WT_ENABLED_BY_CLIENT = Announcement(
    (Setting.WT_ENABLED,), Announced.ONE, Legal.POSITIVE, Unmet.UNSPECIFIED
)

_DRAFT_15 = replace(
    _DRAFT_14,
    draft=15,
    token=b"webtransport-h3",
    enabling_setting=Setting.WT_ENABLED,
    server_announces=(
        replace(_WT_ENABLED_BY_CLIENT, unmet=Unmet.NO_SESSION_OR_CLOSE),
        *_SERVER_SINCE_15,
    ),
    client_announces=(
        _WT_ENABLED_BY_CLIENT,
        *_DATAGRAMS_OR_MALFORMED,
        _reset_stream_at(Unmet.MALFORMED),
        *_INITIAL_LIMITS,
    ),
    errors=_DRAFT_14.errors | {WT.ALPN_ERROR, WT.REQUIREMENTS_NOT_MET},
    alpn_mismatch_is_fatal=True,
    session_limit=SessionLimitRule.RATE,
    flow_control=FlowControlRule.LIMITS,
    flow_error_form=FlowErrorForm.CLOSE,
    excess_is_flow_error=True,
    max_streams_over_bound=OverBoundRule.DATAGRAM_ERROR,
    never_lowered_on_resumption=frozenset(INITIAL_LIMITS),
)

_DRAFT_16 = replace(
    _DRAFT_15,
    draft=16,
    server_announces=(
        _one(Setting.WT_ENABLED, Unmet.NO_SESSION_OR_CLOSE, H3.SETTINGS_ERROR),
        *_SERVER_SINCE_15,
    ),
    not_found_status=405,
    early_capsules=True,
    stale_limit=StaleLimitRule.NOT_HIGHER,
    max_streams_over_bound=OverBoundRule.FLOW_CONTROL_ERROR,
    streams_blocked_over_bound=OverBoundRule.FLOW_CONTROL_ERROR,
    close_message_is_checked=True,
)

DRAFTS = (
    _DRAFT_02,
    _DRAFT_03,
    _DRAFT_04,
    _DRAFT_05,
    _DRAFT_06,
    _DRAFT_07,
    _DRAFT_08,
    _DRAFT_09,
    _DRAFT_10,
    _DRAFT_11,
    _DRAFT_12,
    _DRAFT_13,
    _DRAFT_14,
    _DRAFT_15,
    _DRAFT_16,
)
