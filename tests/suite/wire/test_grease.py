import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import grease


@pytest.mark.parametrize(("n", "value"), [(0, 0x21), (1, 0x40), (2, 0x5F), (100, 0xC3D)])
def test_vectors(n: int, value: int) -> None:
    assert grease.identifier(n) == value


@given(st.integers(0, 2**50))
def test_each_identifier_is_reserved_and_its_neighbours_are_not(n: int) -> None:
    value = grease.identifier(n)
    assert grease.is_reserved(value)
    assert not grease.is_reserved(value + 1)
    assert not grease.is_reserved(value - 1)


@pytest.mark.parametrize("value", [0x2, 0x0, 0x33, 0x41, 0x54])
def test_meaningful_numbers_are_not_reserved(value: int) -> None:
    assert not grease.is_reserved(value)
