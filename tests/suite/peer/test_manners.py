"""What our SETTINGS say, honest and edited."""

from wtspec.suite.dialect import Side, dialect
from wtspec.suite.endpoint.configuration import FLOW_CONTROL, Limits
from wtspec.suite.peer.manners import AMPLE, Manners, session_limits
from wtspec.suite.wire.settings import Setting

D16 = dialect("h3-16")
HONEST = dict(Manners().settings(D16, Side.SERVER, Limits()))


def edited(**how: object) -> tuple[tuple[int, int], ...]:
    manners = Manners()
    full = {"settings": None, "extra": (), "without": (), "replaced": {}, **how}
    manners.announce(**full)  # type: ignore[arg-type]  # spelled out by each test
    return manners.settings(D16, Side.SERVER, Limits())


def test_honest_settings_follow_the_dialect_and_the_configuration() -> None:
    assert HONEST[Setting.WT_ENABLED] == 1
    assert Setting.WT_INITIAL_MAX_DATA not in HONEST
    granted = dict(Manners().settings(D16, Side.CLIENT, FLOW_CONTROL.ours))
    assert granted[Setting.WT_INITIAL_MAX_DATA] == FLOW_CONTROL.ours.initial_max_data


def test_edits() -> None:
    assert dict(edited(without=(Setting.H3_DATAGRAM,))).keys() == HONEST.keys() - {0x33}
    assert dict(edited(replaced={0x33: 2})) == {**HONEST, 0x33: 2}
    assert edited(replaced={0x4242: 2})[-1] == (0x4242, 2)
    assert edited(extra=((8, 1), (8, 1)))[-2:] == ((8, 1), (8, 1))
    assert edited(settings=((1, 2),)) == ((1, 2),)
    assert edited(settings=()) == ()


def test_open_limits_are_as_little_as_is_legal() -> None:
    assert session_limits(Limits(), 0).max_sessions == 1
    assert session_limits(Limits(max_sessions=0), 0).max_sessions == 0
    assert session_limits(Limits(initial_max_data=0), 9).initial_max_data == 0
    assert session_limits(Limits(), 9).initial_max_data == 9


def test_where_limits_always_bind_the_open_ones_are_ample() -> None:
    settings = dict(Manners().settings(dialect("h3-12"), Side.SERVER, Limits()))
    assert settings[Setting.WT_INITIAL_MAX_DATA] == AMPLE
    assert settings[Setting.WT_INITIAL_MAX_STREAMS_UNI] == AMPLE
    assert settings[Setting.WT_INITIAL_MAX_STREAMS_BIDI] == AMPLE
