"""Which dialect is spoken, what is missing, and how many sessions there may be."""

import pytest

from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.negotiation import (
    Limits,
    Negotiated,
    Offer,
    PeerAnnouncements,
    check_values,
    limits_for,
    negotiate,
    parameter_values,
)
from wtspec.suite.dialect import SessionLimits, Side, dialect
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter

RULES = NegotiationRules()
OFF = Limits(initial_max_data=0, initial_max_streams_uni=0, initial_max_streams_bidi=0)
PARAMETERS: dict[int, int] = {
    Parameter.MAX_DATAGRAM_FRAME_SIZE: 65535,
    Parameter.RESET_STREAM_AT: 1,
}


def offer(*names: str, limits: Limits | None = None) -> Offer:
    return Offer(tuple(map(dialect, names)), limits or Limits())


def settled(
    ours: Offer, side: Side, theirs: str, limits: SessionLimits | None = None
) -> Negotiated:
    pairs = dialect(theirs).settings(side.other, limits or SessionLimits(16, 100, 10, 10))
    return negotiate(ours, side, PeerAnnouncements(dict(pairs), PARAMETERS), RULES)


ALL = ("h3-16", "h3-14", "h3-12", "h3-07", "h3-02")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("side", Side)
def test_each_is_recognised_among_all(side: Side, name: str) -> None:
    negotiated = settled(offer(*ALL), side, name)
    family = dialect(name).enabling_setting
    assert negotiated.dialect.enabling_setting is family
    assert not negotiated.forbids_sessions(side)


def test_a_client_of_09_to_12_announces_nothing() -> None:
    assert settled(offer("h3-16", "h3-10", "h3-07"), Side.SERVER, "h3-11").dialect.draft == 10


def test_our_order_decides_within_a_family() -> None:
    assert settled(offer("h3-15", "h3-16"), Side.SERVER, "h3-16").dialect.draft == 15


@pytest.mark.parametrize("side", Side)
def test_every_requirement_counts_alone(side: Side) -> None:
    for name in ALL:
        spoken = dialect(name)
        honest = dict(spoken.settings(side.other, SessionLimits(16)))
        for requirement in spoken.requirements_of_peer(side):
            settings = {k: v for k, v in honest.items() if k not in requirement.what}
            parameters = {k: v for k, v in PARAMETERS.items() if k not in requirement.what}
            peer = PeerAnnouncements(settings, parameters)
            assert requirement in negotiate(offer(name), side, peer, RULES).unmet


@pytest.mark.parametrize(
    ("name", "is_forbidden"),
    [("h3-07", False), ("h3-10", False), ("h3-13", False), ("h3-14", True)],
)
def test_a_client_does_without_a_session_only_where_its_draft_says_so(
    name: str, is_forbidden: bool
) -> None:
    pairs = dict(dialect(name).settings(Side.SERVER, SessionLimits(16, 100, 10, 10)))
    lacking_parameters = PeerAnnouncements(pairs, {})
    found = negotiate(offer(name), Side.CLIENT, lacking_parameters, RULES)
    assert found.unmet
    assert found.forbids_sessions(Side.CLIENT) is is_forbidden


LIMITS = [
    ("h3-02", OFF, None, None),
    ("h3-07", OFF, 16, 16),
    ("h3-12", OFF, 16, 16),
    ("h3-13", OFF, 1, 1),
    ("h3-14", OFF, 1, 1),
    ("h3-16", OFF, 1, 1),
    ("h3-13", Limits(), 16, 16),
    ("h3-16", Limits(max_sessions=3), 3, None),
]


@pytest.mark.parametrize(("name", "limits", "serving", "asking"), LIMITS)
def test_session_limits(name: str, limits: Limits, serving: int | None, asking: int | None) -> None:
    ours = offer(name, limits=limits)
    assert settled(ours, Side.SERVER, name).session_limit == serving
    assert settled(ours, Side.CLIENT, name).client_session_limit == asking


def test_zero_limits_mean_one_session_where_a_count_would_switch_flow_control_on() -> None:
    assert limits_for(dialect("h3-14"), OFF).max_sessions == 1
    assert limits_for(dialect("h3-12"), OFF).max_sessions == 16
    assert limits_for(dialect("h3-14"), Limits(max_sessions=5)).max_sessions == 5


def test_settings_of_several_dialects_are_one_list() -> None:
    pairs = offer(*ALL).settings(Side.SERVER, RULES)
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys))
    for name in ALL:
        assert dialect(name).enabling_setting in keys


VALUES = [
    (("h3-16",), Setting.WT_ENABLED, True),
    (("h3-15",), Setting.WT_ENABLED, False),
    (("h3-15", "h3-16"), Setting.WT_ENABLED, False),
    (("h3-02",), Setting.ENABLE_WEBTRANSPORT, True),
    (("h3-07",), Setting.H3_DATAGRAM, True),
    (("h3-02",), Setting.ENABLE_CONNECT_PROTOCOL, True),
    (("h3-07",), Setting.WEBTRANSPORT_MAX_SESSIONS_07, False),
    (("h3-16",), Setting.WT_INITIAL_MAX_DATA, False),
]


@pytest.mark.parametrize(("names", "setting", "is_error"), VALUES)
def test_values_above_1(names: tuple[str, ...], setting: Setting, is_error: bool) -> None:
    def check(value: int) -> None:
        check_values(offer(*names), Side.CLIENT, {setting: value}, RULES)

    check(1)
    if not is_error:
        check(2)
        return
    with pytest.raises(ConnectionViolation) as caught:
        check(2)
    assert caught.value.code == H3.SETTINGS_ERROR


def test_parameters_as_numbers() -> None:
    raw = ((0x1D, b""), (0x20, b"\x80\x00\xff\xff"), (0x21, b"\x40"))
    assert parameter_values(raw) == {0x1D: 1, 0x20: 65535, 0x21: 0}
