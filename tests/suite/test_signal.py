import pytest

from wtspec.suite import signal
from wtspec.suite.signal import (
    Both,
    CapsuleSeen,
    ConnectionClosed,
    Data,
    Datagram,
    Established,
    Fin,
    Observed,
    Reaction,
    Refused,
    Reset,
    Response,
    SessionClosed,
    SessionError,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import grease
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode

SIGNALS = [
    one
    for one in vars(signal).values()
    if isinstance(one, type) and issubclass(one, Signal) and one is not Signal
]


@pytest.mark.parametrize("kind", SIGNALS, ids=lambda kind: kind.__name__)
def test_every_signal_is_a_hashable_value_that_prints(kind: type[Signal]) -> None:
    assert hash(kind()) == hash(kind())
    assert kind() == kind()
    assert isinstance(str(kind()), str)


@pytest.mark.parametrize(
    ("pattern", "seen", "fits"),
    [
        (Reset(), Reset(7), True),
        (Reset(H3.NO_ERROR), Reset(0x100), True),
        (Reset(H3.NO_ERROR), Reset(0x101), False),
        (Reset(H3.NO_ERROR), Reset(grease.identifier(9)), True),
        (Stop(frozenset({H3.NO_ERROR, WT.SESSION_GONE})), Stop(0), True),
        (Reset(H3.NO_ERROR), Reset(ApplicationCode(0)), False),
        (Reset(H3.MESSAGE_ERROR), Reset(0), False),
        (ConnectionClosed(H3.NO_ERROR), ConnectionClosed(0, transport=True), True),
        (ConnectionClosed(H3.NO_ERROR), ConnectionClosed(0xA, transport=True), False),
        (ConnectionClosed(H3.MISSING_SETTINGS), ConnectionClosed(0x10A, transport=True), False),
        (ConnectionClosed(H3.MISSING_SETTINGS), ConnectionClosed(0x10A, transport=False), True),
        (ConnectionClosed(0x10A, transport=True), ConnectionClosed(0x10A, transport=True), True),
        (ConnectionClosed(7, transport=False), ConnectionClosed(7, transport=True), False),
        (ConnectionClosed(), ConnectionClosed(0xA, transport=True), True),
        (ConnectionClosed(), Reset(), False),
        (Reset(0x100, 3), Reset(0x100, 3), True),
        (Reset(0x100, 3), Reset(0x100, 0), False),
        (Reset(), Stop(7), False),
        (Response(range(400, 500)), Response(404), True),
        (Response(range(400, 500)), Response(500), False),
        (Stop(frozenset({1, 2})), Stop(2), True),
        (Stop(frozenset({1, 2})), Stop(3), False),
        (Fin(b"x"), Fin(b"x"), True),
        (Fin(b"x"), Fin(b""), False),
        (Observed("a", 0), Observed("a", 0), True),
        (Observed("a", 0), Observed("a", 1), False),
        (Stop(range(0x21, 1 << 62, 0x1F)), Stop(0), False),
        (Stop(range(0x21, 1 << 62, 0x1F)), Stop(H3.NO_ERROR), False),
        (ConnectionClosed(H3.NO_ERROR), ConnectionClosed(ApplicationCode(7), False), True),
        (ConnectionClosed(H3.ID_ERROR), ConnectionClosed(ApplicationCode(7), False), False),
        (ConnectionClosed(H3.NO_ERROR, True), ConnectionClosed(ApplicationCode(7), False), False),
        (Stop(H3.NO_ERROR), Stop(ApplicationCode(0)), False),
        (SessionError(5), Reset(5), True),
        (SessionError(5), Stop(5), True),
        (SessionError(5), SessionClosed(5, b"why"), True),
        (SessionError(5), SessionClosed(6), False),
        (SessionError(5), Fin(), False),
    ],
)
def test_matching(pattern: Signal, seen: Signal, *, fits: bool) -> None:
    assert pattern.matches(seen) is fits


@pytest.mark.parametrize(
    ("signals", "pattern", "shown"),
    [
        ((Silence(),), Silence(), True),
        ((Data(b"ab"), Reset(5)), Reset(5), True),
        ((Stop(9), Reset(5)), Reset(5), True),
        ((Reset(5), Fin()), Reset(5), False),
        ((SessionClosed(7), Fin()), SessionError(7), True),
        ((SessionClosed(7), Reset(0x10E)), SessionError(7), False),
        ((Stop(WT.SESSION_GONE), SessionClosed(7), Fin()), SessionClosed(7), True),
        ((Reset(1), ConnectionClosed(H3.ID_ERROR)), ConnectionClosed(H3.ID_ERROR), True),
        ((Reset(1), ConnectionClosed(H3.ID_ERROR)), Reset(1), False),
        ((Fin(b""), Datagram(b"")), Both((Fin(), Datagram())), True),
        ((Fin(b""),), Both((Fin(), Datagram())), False),
        ((Refused(404), Fin()), Refused(), True),
    ],
)
def test_a_pattern_accounts_for_the_whole_reaction(
    signals: tuple[Signal, ...], pattern: Signal, *, shown: bool
) -> None:
    assert Reaction("stream 0", signals).shows(pattern) is shown


def test_what_is_declared_harmless_does_not_count() -> None:
    reaction = Reaction("stream 0", (Reset(5), Fin()))
    assert reaction.shows_beside(Reset(5), [Fin()])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Reset(H3.MESSAGE_ERROR), "Reset(H3_MESSAGE_ERROR)"),
        (Reset(ApplicationCode(7), 3), "Reset(ApplicationCode(7), reliable 3)"),
        (Reset(), "Reset()"),
        (Fin(b"abc"), "Fin(3 bytes)"),
        (Response(range(300, 600)), "Response(300..599)"),
        (Response(403), "Response(403)"),
        (Stop(frozenset({H3.NO_ERROR})), "Stop(H3_NO_ERROR)"),
        (ConnectionClosed(H3.ID_ERROR, transport=False), "ConnectionClosed(H3_ID_ERROR)"),
        (ConnectionClosed(H3.ID_ERROR), "ConnectionClosed(H3_ID_ERROR)"),
        (ConnectionClosed(), "ConnectionClosed()"),
        (
            ConnectionClosed(0x8, transport=True),
            "ConnectionClosed(transport TRANSPORT_PARAMETER_ERROR)",
        ),
        (ConnectionClosed(transport=True), "ConnectionClosed(transport)"),
        (CapsuleSeen("MaxStreams uni", 7), "CapsuleSeen(MaxStreams uni, 7)"),
        (Both((Fin(), Silence())), "Fin() and Silence()"),
        (Established(), "Established()"),
    ],
)
def test_printing(value: Signal, text: str) -> None:
    assert str(value) == text


def test_a_reaction_prints_its_place() -> None:
    assert str(Reaction("stream 4", (Stop(0x100), Fin(b"")))) == (
        "Stop(H3_NO_ERROR) + Fin(0 bytes) on stream 4"
    )
