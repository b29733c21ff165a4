import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.errors import StreamCreationError
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind, StreamType

UNI, BIDI = StreamKind.UNI, StreamKind.BIDI


@pytest.mark.parametrize(
    ("kind", "session_id", "encoded"),
    [
        (UNI, 0, "405400"),
        (BIDI, 0, "404100"),
        (UNI, 4, "405404"),
        (BIDI, 64, "40414040"),
        (BIDI, 2**62 - 4, "4041fffffffffffffffc"),
    ],
)
def test_vectors(kind: StreamKind, session_id: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert stream_header.encode(kind, session_id) == data
    assert stream_header.header(kind, data) == (StreamHeader(kind, session_id), len(data))


def test_types_of_unidirectional_streams() -> None:
    assert {kind.name: int(kind) for kind in StreamType} == {
        "CONTROL": 0x0,
        "PUSH": 0x1,
        "QPACK_ENCODER": 0x2,
        "QPACK_DECODER": 0x3,
        "WEBTRANSPORT": 0x54,
    }
    assert (stream_header.UNI_TYPE, stream_header.BIDI_SIGNAL) == (0x54, 0x41)


def test_longer_varints_on_demand() -> None:
    data = stream_header.encode(UNI, 0, type_length=8, session_id_length=2)
    assert data == bytes.fromhex("c000000000000054 4000")
    assert stream_header.header(UNI, data) == (StreamHeader(UNI, 0), 10)


@given(st.sampled_from(StreamKind), st.integers(0, varint.MAX), st.binary(max_size=20))
def test_round_trip_byte_by_byte_and_with_trailing_bytes(
    kind: StreamKind, session_id: int, body: bytes
) -> None:
    data = stream_header.encode(kind, session_id)
    for size in range(len(data)):
        assert stream_header.header(kind, data[:size]) is None
    expected = StreamHeader(kind, session_id)
    assert stream_header.header(kind, data + body) == (expected, len(data))
    assert expected.names_request_stream == (session_id % 4 == 0)


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [(UNI, "4041"), (BIDI, "4054"), (UNI, "00"), (BIDI, "01"), (BIDI, "0004deadbeef")],
)
def test_another_kind_of_stream(kind: StreamKind, encoded: str) -> None:
    with pytest.raises(StreamCreationError, match="begins with") as other:
        stream_header.header(kind, bytes.fromhex(encoded))
    assert other.value.raw == bytes.fromhex(encoded)


def test_an_impossible_session_id_is_returned() -> None:
    read = stream_header.header(BIDI, bytes.fromhex("404103"))
    assert read == (StreamHeader(BIDI, 3), 3)
    assert not StreamHeader(BIDI, 3).names_request_stream
