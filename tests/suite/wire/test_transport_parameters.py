import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import transport_parameters, varint
from wtspec.suite.wire.errors import TransportParameterError
from wtspec.suite.wire.transport_parameters import Parameter


@pytest.mark.parametrize(
    ("parameter", "value", "encoded"),
    [
        (Parameter.ORIGINAL_DESTINATION_CONNECTION_ID, b"\1\2", "00020102"),
        (Parameter.MAX_IDLE_TIMEOUT, b"\x40\x64", "01024064"),
        (Parameter.STATELESS_RESET_TOKEN, b"", "0200"),
        (Parameter.MAX_UDP_PAYLOAD_SIZE, b"\x45\xc8", "030245c8"),
        (Parameter.INITIAL_MAX_DATA, b"\0", "040100"),
        (Parameter.INITIAL_MAX_STREAM_DATA_BIDI_LOCAL, b"\0", "050100"),
        (Parameter.INITIAL_MAX_STREAM_DATA_BIDI_REMOTE, b"\0", "060100"),
        (Parameter.INITIAL_MAX_STREAM_DATA_UNI, b"\0", "070100"),
        (Parameter.INITIAL_MAX_STREAMS_BIDI, b"\0", "080100"),
        (Parameter.INITIAL_MAX_STREAMS_UNI, b"\0", "090100"),
        (Parameter.ACK_DELAY_EXPONENT, b"\3", "0a0103"),
        (Parameter.MAX_ACK_DELAY, b"\x19", "0b0119"),
        (Parameter.DISABLE_ACTIVE_MIGRATION, b"", "0c00"),
        (Parameter.PREFERRED_ADDRESS, b"", "0d00"),
        (Parameter.ACTIVE_CONNECTION_ID_LIMIT, b"\2", "0e0102"),
        (Parameter.INITIAL_SOURCE_CONNECTION_ID, b"", "0f00"),
        (Parameter.RETRY_SOURCE_CONNECTION_ID, b"", "1000"),
        (Parameter.VERSION_INFORMATION, b"\0\0\0\1", "110400000001"),
        (Parameter.RESET_STREAM_AT, b"", "1d00"),
        (Parameter.MAX_DATAGRAM_FRAME_SIZE, b"\x80\1\0\0", "200480010000"),
        (Parameter.GREASE_QUIC_BIT, b"", "6ab200"),
        (Parameter.RESET_STREAM_AT_OLD, b"", "c017f7586d2cb57100"),
    ],
)
def test_vectors(parameter: Parameter, value: bytes, encoded: str) -> None:
    assert transport_parameters.encode([(parameter, value)]) == bytes.fromhex(encoded)
    assert transport_parameters.decode(bytes.fromhex(encoded)) == ((parameter, value),)


@given(st.dictionaries(st.integers(0, varint.MAX), st.binary(max_size=70)), st.binary(max_size=1))
def test_round_trip_and_cuts(parameters: dict[int, bytes], tail: bytes) -> None:
    pairs = tuple(parameters.items())
    data = transport_parameters.encode(pairs)
    assert transport_parameters.decode(data) == pairs
    if tail:
        with pytest.raises(TransportParameterError):
            transport_parameters.decode(data + tail)


@pytest.mark.parametrize("encoded", ["1d", "40", "2004", "20048001", "0140", "1d0020"])
def test_a_list_that_ends_inside_a_parameter(encoded: str) -> None:
    with pytest.raises(TransportParameterError, match="inside") as cut:
        transport_parameters.decode(bytes.fromhex(encoded))
    assert cut.value.raw == bytes.fromhex(encoded)


def test_a_repeated_number() -> None:
    with pytest.raises(TransportParameterError, match="0x1d given twice"):
        transport_parameters.decode(bytes.fromhex("1d001d00"))


@pytest.mark.parametrize(("n", "number"), [(0, 27), (1, 58), (4, 151)])
def test_grease(n: int, number: int) -> None:
    assert transport_parameters.grease(n) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [(b"\x25", 37), (b"\x40\x25", 37), (b"", None), (b"\x40", None), (b"\0\0", None)],
)
def test_integers(value: bytes, number: int | None) -> None:
    assert transport_parameters.integer(value) == number


@pytest.mark.parametrize(
    ("number", "value", "told"),
    [
        (0x4, varint.encode(1_000_000), ("initial_max_data", 1_000_000)),
        (0x4, b"\xff", ("initial_max_data", "ff")),
        (0x1D, b"", ("reset_stream_at", "")),
        (0x2AB2, b"\x01", ("grease_quic_bit", "01")),
        (0x1B, b"ab", ("0x1b", "6162")),
    ],
)
def test_for_people(number: int, value: bytes, told: tuple[str, int | str]) -> None:
    shown = transport_parameters.name(number), transport_parameters.readable(number, value)
    assert shown == told
