import math

import pytest

from wtspec.suite.network.path import (
    CLEAN,
    Corrupt,
    Delay,
    Direction,
    Drop,
    Duplicate,
    Fate,
    Hold,
    Path,
    Swap,
    shifted,
)

TO = Direction.TO_ENDPOINT


def test_a_clean_path_changes_nothing() -> None:
    assert Path() == CLEAN
    assert CLEAN.fates == ()


@pytest.mark.parametrize("name", ["loss", "reorder", "duplicate", "corrupt"])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_probability_lies_between_0_and_1(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        Path(**{name: value})  # type: ignore[arg-type]  # the names are floats


@pytest.mark.parametrize("name", ["delay_s", "jitter_s"])
@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_a_delay_is_finite_and_not_negative(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        Path(**{name: value})  # type: ignore[arg-type]  # the names are floats


@pytest.mark.parametrize("until_index", [2, 3])
def test_a_packet_waits_only_for_a_later_one(until_index: int) -> None:
    with pytest.raises(ValueError, match="cannot wait"):
        Hold(TO, 3, until_index=until_index)


@pytest.mark.parametrize(
    ("fate", "later"),
    [
        (Drop(TO, 1), Drop(TO, 6)),
        (Hold(TO, 1, 3), Hold(TO, 6, 8)),
        (Delay(TO, 1, 0.5), Delay(TO, 6, 0.5)),
        (Swap(TO, 1), Swap(TO, 6)),
        (Duplicate(TO, 1, 3), Duplicate(TO, 6, 3)),
        (Corrupt(TO, 1, bit=9), Corrupt(TO, 6, bit=9)),
    ],
)
def test_shifting_moves_the_indices_only(fate: Fate, later: Fate) -> None:
    assert shifted(fate, 5) == later
