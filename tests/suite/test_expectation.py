import pytest

from wtspec.suite.expectation import Expect, Grade
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Reset, Signal, Silence, Stop
from wtspec.suite.wire.error_codes import H3, QUIC, WT, ApplicationCode

EXPECT = Expect(
    Reset(5),
    Reset(6),
    readings={Stop(7): "A03/stopped-first"},
    tolerated={Reset(): "another code"},
    expected_beside=(Fin(),),
)


@pytest.mark.parametrize(
    ("signals", "grade", "note"),
    [
        ((Reset(5),), Grade.EXPECTED, ""),
        ((Reset(6), Fin()), Grade.EXPECTED, ""),
        ((Stop(7),), Grade.READING, "A03/stopped-first"),
        ((Reset(9),), Grade.TOLERATED, "another code"),
        ((Silence(),), Grade.NONE, ""),
        ((Fin(),), Grade.NONE, ""),
    ],
)
def test_the_best_grade_wins(signals: tuple[Signal, ...], grade: Grade, note: str) -> None:
    match = EXPECT.match(Reaction("stream 0", signals))
    assert (match.grade, match.note) == (grade, note)


def test_something_must_be_expected() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Expect()


@pytest.mark.parametrize(
    ("wanted", "seen", "grade"),
    [
        (ConnectionClosed(H3.ID_ERROR), ConnectionClosed(0x101, False), Grade.TOLERATED),
        (ConnectionClosed(H3.ID_ERROR, False), ConnectionClosed(0x101, False), Grade.TOLERATED),
        (Reset(H3.MESSAGE_ERROR), Reset(0x101, 0), Grade.TOLERATED),
        (ConnectionClosed(H3.ID_ERROR), ConnectionClosed(H3.FRAME_ERROR, False), Grade.NONE),
        (ConnectionClosed(H3.NO_ERROR), ConnectionClosed(0x101, False), Grade.NONE),
        (Reset(H3.REQUEST_REJECTED), Reset(0x101, 0), Grade.NONE),
        (Reset(WT.SESSION_GONE), Reset(0x101, 0), Grade.NONE),
        (Reset(ApplicationCode(1)), Reset(0x101, 0), Grade.NONE),
        (
            ConnectionClosed(QUIC.FRAME_ENCODING_ERROR, transport=True),
            ConnectionClosed(QUIC.PROTOCOL_VIOLATION, transport=True),
            Grade.TOLERATED,
        ),
        (
            ConnectionClosed(QUIC.FRAME_ENCODING_ERROR, transport=True),
            ConnectionClosed(QUIC.INTERNAL_ERROR, transport=False),
            Grade.NONE,
        ),
    ],
)
def test_an_error_may_be_told_by_a_code_that_says_less(
    wanted: Signal, seen: Signal, grade: Grade
) -> None:
    assert Expect(wanted).match(Reaction("stream 0", (seen,))).grade is grade
