"""The table of drafts, literally: every number here was read out of the drafts, not of the code."""

import pytest

from wtspec.suite.dialect import (
    DIALECTS,
    Announced,
    Dialect,
    Legal,
    SessionLimits,
    Side,
    Unmet,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.settings import Setting

LIMITS = SessionLimits(
    max_sessions=7, initial_max_data=1000, initial_max_streams_uni=5, initial_max_streams_bidi=6
)
FLOW_CONTROL = [(0x2B64, 5), (0x2B65, 6), (0x2B61, 1000)]
SETTINGS: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {
    "h3-02": (
        [(0x2B603742, 1), (0xFFD277, 1), (0x33, 1), (0x08, 1)],
        [(0x2B603742, 1), (0xFFD277, 1), (0x33, 1), (0x08, 1)],
    ),
    "h3-03": (
        [(0x2B603742, 1), (0x33, 1), (0x08, 1)],
        [(0x2B603742, 1), (0x33, 1), (0x08, 1)],
    ),
    "h3-04": (
        [(0x2B603742, 1), (0x2B603743, 7), (0x33, 1), (0x08, 1)],
        [(0x2B603742, 1), (0x33, 1), (0x08, 1)],
    ),
    "h3-05": (
        [(0x2B603742, 1), (0x2B603743, 7), (0x08, 1), (0x33, 1)],
        [(0x2B603742, 1), (0x08, 1), (0x33, 1)],
    ),
    "h3-06": (
        [(0x2B603742, 1), (0x3C48D522, 7), (0x08, 1), (0x33, 1)],
        [(0x2B603742, 1), (0x08, 1), (0x33, 1)],
    ),
    "h3-07": ([(0xC671706A, 7), (0x08, 1), (0x33, 1)], [(0xC671706A, 7), (0x33, 1)]),
    "h3-08": ([(0xC671706A, 7), (0x08, 1), (0x33, 1)], [(0xC671706A, 7), (0x33, 1)]),
    "h3-09": ([(0xC671706A, 7), (0x08, 1), (0x33, 1)], [(0x08, 1), (0x33, 1)]),
    "h3-10": ([(0xC671706A, 7), (0x08, 1), (0x33, 1)], [(0x33, 1)]),
    "h3-11": ([(0xC671706A, 7), (0x08, 1), (0x33, 1)], [(0x33, 1)]),
    "h3-12": (
        [(0xC671706A, 7), (0x08, 1), (0x33, 1), *FLOW_CONTROL],
        [(0x33, 1), *FLOW_CONTROL],
    ),
    "h3-13": (
        [(0x14E9CD29, 7), (0x08, 1), (0x33, 1), *FLOW_CONTROL],
        [(0x14E9CD29, 7), (0x33, 1), *FLOW_CONTROL],
    ),
    "h3-14": (
        [(0x14E9CD29, 7), (0x08, 1), (0x33, 1), *FLOW_CONTROL],
        [(0x14E9CD29, 7), (0x33, 1), *FLOW_CONTROL],
    ),
    "h3-15": (
        [(0x2C7CF000, 1), (0x08, 1), (0x33, 1), *FLOW_CONTROL],
        [(0x2C7CF000, 1), (0x33, 1), *FLOW_CONTROL],
    ),
    "h3-16": (
        [(0x2C7CF000, 1), (0x08, 1), (0x33, 1), *FLOW_CONTROL],
        [(0x2C7CF000, 1), (0x33, 1), *FLOW_CONTROL],
    ),
}

# What the other side does when it is missing: n not required, u unspecified, s no session, c no
# session or WT_REQUIREMENTS_NOT_MET, m malformed. "tp" is a transport parameter, the rest settings.
RESET_AT = "tp0x1d/tp0x17f7586d2cb571"
LIMITS_TOO = " 0x2b64:n 0x2b65:n 0x2b61:n"
SERVER = {
    "h3-02": "0x2b603742:s 0xffd277/0x33:n 0x8:n tp0x20:n",
    "h3-03": "0x2b603742:s 0x33:n 0x8:n tp0x20:n",
    "h3-04": "0x2b603742:s 0x2b603743:s 0x33:n 0x8:n tp0x20:n",
    "h3-05": "0x2b603742:s 0x2b603743:s 0x8:s 0x33:u tp0x20:u",
    "h3-06": "0x2b603742:s 0x3c48d522:s 0x8:s 0x33:u tp0x20:u",
    "h3-07": "0xc671706a:s 0x8:s 0x33:u tp0x20:u",
    "h3-08": "0xc671706a:s 0x8:s 0x33:u tp0x20:u",
    "h3-09": "0xc671706a:s 0x8:s 0x33:u tp0x20:u",
    "h3-10": f"0xc671706a:s 0x8:s 0x33:u tp0x20:u {RESET_AT}:u",
    "h3-11": f"0xc671706a:s 0x8:s 0x33:u tp0x20:u {RESET_AT}:u",
    "h3-12": f"0xc671706a:s 0x8:s 0x33:u tp0x20:u {RESET_AT}:u" + LIMITS_TOO,
    "h3-13": f"0x14e9cd29:s 0x8:s 0x33:u tp0x20:u {RESET_AT}:u" + LIMITS_TOO,
    "h3-14": f"0x14e9cd29:s 0x8:s 0x33:s tp0x20:s {RESET_AT}:s" + LIMITS_TOO,
    "h3-15": f"0x2c7cf000:c 0x8:c 0x33:c tp0x20:c {RESET_AT}:c" + LIMITS_TOO,
    "h3-16": f"0x2c7cf000:c 0x8:c 0x33:c tp0x20:c {RESET_AT}:c" + LIMITS_TOO,
}
CLIENT = {
    "h3-02": "0x2b603742:u 0xffd277/0x33:n 0x8:n tp0x20:n",
    "h3-03": "0x2b603742:u 0x33:n 0x8:n tp0x20:n",
    "h3-04": "0x2b603742:u 0x33:n 0x8:n tp0x20:n",
    "h3-05": "0x2b603742:u 0x8:u 0x33:u tp0x20:u",
    "h3-06": "0x2b603742:u 0x8:u 0x33:u tp0x20:u",
    "h3-07": "0xc671706a:u 0x33:u tp0x20:u",
    "h3-08": "0xc671706a:u 0x33:u tp0x20:u",
    "h3-09": "0x8:u 0x33:u tp0x20:u",
    "h3-10": f"0x33:m tp0x20:m {RESET_AT}:u",
    "h3-11": f"0x33:m tp0x20:m {RESET_AT}:u",
    "h3-12": f"0x33:m tp0x20:m {RESET_AT}:u" + LIMITS_TOO,
    "h3-13": f"0x14e9cd29:u 0x33:m tp0x20:m {RESET_AT}:u" + LIMITS_TOO,
    "h3-14": f"0x14e9cd29:m 0x33:m tp0x20:m {RESET_AT}:m" + LIMITS_TOO,
    "h3-15": f"0x2c7cf000:u 0x33:m tp0x20:m {RESET_AT}:m" + LIMITS_TOO,
    "h3-16": f"0x2c7cf000:u 0x33:m tp0x20:m {RESET_AT}:m" + LIMITS_TOO,
}
LETTERS = {
    Unmet.NOT_REQUIRED: "n",
    Unmet.UNSPECIFIED: "u",
    Unmet.NO_SESSION: "s",
    Unmet.NO_SESSION_OR_CLOSE: "c",
    Unmet.MALFORMED: "m",
}


def every_dialect() -> list[Dialect]:
    return list(DIALECTS.values())


def test_there_are_fifteen_drafts_in_order() -> None:
    assert list(DIALECTS) == [f"h3-{draft:02}" for draft in range(2, 17)]
    assert [str(one) for one in DIALECTS.values()] == list(DIALECTS)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("role", Side)
def test_an_honest_endpoint_announces_exactly_this(name: str, role: Side) -> None:
    expected = SETTINGS[name][0 if role is Side.SERVER else 1]
    assert list(DIALECTS[name].settings(role, LIMITS)) == expected


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("role", Side)
def test_limits_of_zero_are_not_announced(name: str, role: Side) -> None:
    expected = [
        (setting, 1 if value == LIMITS.max_sessions else value)
        for setting, value in SETTINGS[name][0 if role is Side.SERVER else 1]
        if (setting, value) not in FLOW_CONTROL
    ]
    assert list(DIALECTS[name].settings(role, SessionLimits())) == expected


def test_a_server_that_takes_no_session_says_so() -> None:
    settings = dict(DIALECTS["h3-14"].settings("server", SessionLimits(max_sessions=0)))
    assert settings[Setting.WT_MAX_SESSIONS] == 0


@pytest.mark.parametrize(("role", "table"), [(Side.SERVER, SERVER), (Side.CLIENT, CLIENT)])
@pytest.mark.parametrize("name", DIALECTS)
def test_prerequisites_and_what_their_absence_costs(
    name: str, role: Side, table: dict[str, str]
) -> None:
    seen = []
    for announcement in DIALECTS[name].announcements(role):
        ids = [f"{'' if isinstance(one, Setting) else 'tp'}{one:#x}" for one in announcement.what]
        seen.append(f"{'/'.join(ids)}:{LETTERS[announcement.unmet]}")
    assert " ".join(seen) == table[name]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("role", Side)
def test_what_a_role_needs_is_what_the_other_side_must_announce(name: str, role: Side) -> None:
    needed = DIALECTS[name].requirements_of_peer(role)
    other = CLIENT if role is Side.SERVER else SERVER
    assert len(needed) == sum(not one.endswith(":n") for one in other[name].split())
    assert all(one in DIALECTS[name].announcements(role.other) for one in needed)


def test_values_above_one_that_cost_the_connection() -> None:
    costly = {
        (one.name, side.value): sorted(
            what.name for a in one.announcements(side) if a.too_large for what in a.what
        )
        for one in every_dialect()
        for side in Side
    }
    early = {f"h3-{draft:02}" for draft in range(2, 7)}
    for (name, side), settings in costly.items():
        expected = {"H3_DATAGRAM"}
        if name in early:
            expected.add("ENABLE_WEBTRANSPORT")
        if name == "h3-02":
            expected.add("H3_DATAGRAM_04")
        if (name, side) == ("h3-16", "server"):
            expected.add("WT_ENABLED")
        assert settings == sorted(expected), (name, side)


def test_too_large_values_are_settings_errors() -> None:
    codes = {a.too_large for one in every_dialect() for s in Side for a in one.announcements(s)}
    assert codes == {None, H3.SETTINGS_ERROR}


@pytest.mark.parametrize(
    ("legal", "allowed"),
    [
        (Legal.ONE, {1}),
        (Legal.POSITIVE, {1, 2, 2**62 - 1}),
        (Legal.PRESENT, {1, 2, 2**62 - 1}),
        (Legal.ANY, {0, 1, 2, 2**62 - 1}),
    ],
)
def test_legal_values(legal: Legal, allowed: set[int]) -> None:
    assert {value for value in (0, 1, 2, 2**62 - 1) if legal.allows(value)} == allowed


def test_wt_enabled_may_be_above_one_in_15_but_not_in_16() -> None:
    legal = {
        name: next(a.legal for a in DIALECTS[name].server_announces if Setting.WT_ENABLED in a.what)
        for name in ("h3-15", "h3-16")
    }
    assert legal == {"h3-15": Legal.POSITIVE, "h3-16": Legal.ONE}


def test_parameters_and_settings_of_an_announcement() -> None:
    reset_at = DIALECTS["h3-16"].announcements("client")[3]
    assert [int(one) for one in reset_at.parameters] == [0x1D, 0x17F7586D2CB571]
    assert reset_at.settings == ()
    assert reset_at.value is Announced.EMPTY
    assert reset_at.announced(SessionLimits()) == 1


def test_a_role_is_server_or_client() -> None:
    with pytest.raises(ValueError, match="proxy"):
        DIALECTS["h3-16"].settings("proxy", LIMITS)
