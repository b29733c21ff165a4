import pytest

from wtspec.suite.expectation import Expect, Grade
from wtspec.suite.signal import Fin, Reaction, Reset, Signal, Silence, Stop

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
