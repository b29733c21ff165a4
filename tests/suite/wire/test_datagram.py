import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import datagram
from wtspec.suite.wire.errors import DatagramError


@pytest.mark.parametrize(
    ("session_id", "payload", "encoded"),
    [
        (0, b"", "00"),
        (4, b"hi", "016869"),
        (256, b"\0", "404000"),
        (2**62 - 4, b"", "cfffffffffffffff"),
    ],
)
def test_vectors(session_id: int, payload: bytes, encoded: str) -> None:
    assert datagram.encode(session_id, payload) == bytes.fromhex(encoded)
    assert datagram.decode(bytes.fromhex(encoded)) == (session_id, payload)


@given(st.integers(0, 2**60 - 1), st.binary(max_size=50))
def test_round_trip(quarter: int, payload: bytes) -> None:
    assert datagram.decode(datagram.encode(quarter * 4, payload)) == (quarter * 4, payload)


@pytest.mark.parametrize("session_id", [1, 2, 3, 7])
def test_only_client_bidirectional_streams_have_a_quarter(session_id: int) -> None:
    with pytest.raises(ValueError, match="no quarter"):
        datagram.encode(session_id, b"")


def test_a_longer_varint_on_demand() -> None:
    data = datagram.encode_quarter(1, b"x", length=8)
    assert data == bytes.fromhex("c00000000000000178")
    assert datagram.decode(data) == (4, b"x")


def test_a_quarter_above_its_bound() -> None:
    data = datagram.encode_quarter(2**60, b"payload")
    assert data.hex() == "d000000000000000" + b"payload".hex()
    with pytest.raises(DatagramError, match="above") as refused:
        datagram.decode(data)
    assert refused.value.raw == data


@pytest.mark.parametrize("encoded", ["", "40", "c0000000000000"])
def test_too_short_for_a_quarter(encoded: str) -> None:
    with pytest.raises(DatagramError, match="too short"):
        datagram.decode(bytes.fromhex(encoded))
