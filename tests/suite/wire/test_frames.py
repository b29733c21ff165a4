import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import frames, varint
from wtspec.suite.wire.errors import ExcessiveLoad, FrameError
from wtspec.suite.wire.frames import Data, Frame, FrameDecoder, FrameEvent, FrameType, Skipped

VECTORS = [
    (FrameType.DATA, b"abc", "0003616263"),
    (FrameType.HEADERS, b"\0\0\xd9", "01030000d9"),
    (FrameType.CANCEL_PUSH, b"\0", "030100"),
    (FrameType.SETTINGS, b"", "0400"),
    (FrameType.PUSH_PROMISE, b"\0", "050100"),
    (FrameType.GOAWAY, b"\x04", "070104"),
    (FrameType.MAX_PUSH_ID, b"\x05", "0d0105"),
    (FrameType.PRIORITY_UPDATE_REQUEST, b"\0", "800f07000100"),
    (FrameType.PRIORITY_UPDATE_PUSH, b"\0", "800f07010100"),
    (0x21, b"", "2100"),
]


def decode(data: bytes, **bounds: int) -> list[FrameEvent]:
    """Fed whole and byte by byte, to the same end."""
    whole, trickled = FrameDecoder(**bounds), FrameDecoder(**bounds)
    events = whole.feed(data)
    assert joined([event for byte in data for event in trickled.feed(bytes([byte]))]) == joined(
        events
    )
    whole.finish()
    trickled.finish()
    return events


def joined(events: list[FrameEvent]) -> list[FrameEvent]:
    found: list[FrameEvent] = []
    for event in events:
        if isinstance(event, Data) and found and isinstance(found[-1], Data):
            found[-1] = Data(found[-1].payload + event.payload)
        else:
            found.append(event)
    return found


@pytest.mark.parametrize(("frame_type", "payload", "encoded"), VECTORS)
def test_vectors(frame_type: int, payload: bytes, encoded: str) -> None:
    assert frames.encode(frame_type, payload) == bytes.fromhex(encoded)
    expected = Data(payload) if frame_type == 0 else Frame(frame_type, payload)
    assert decode(bytes.fromhex(encoded)) == [expected]


def test_a_known_type_is_named_and_an_unknown_one_a_number() -> None:
    known, unknown = decode(bytes.fromhex("04002100"))
    assert isinstance(known, Frame)
    assert known.type is FrameType.SETTINGS
    assert isinstance(unknown, Frame)
    assert type(unknown.type) is int


def test_types_of_http2_are_left_to_the_policy() -> None:
    events = decode(b"".join(frames.encode(kind, b"") for kind in sorted(frames.HTTP2_TYPES)))
    assert events == [Frame(0x2, b""), Frame(0x6, b""), Frame(0x8, b""), Frame(0x9, b"")]


def test_empty_data_is_seen() -> None:
    assert decode(bytes.fromhex("0000")) == [Data(b"")]


def test_a_lying_length() -> None:
    data = frames.encode(FrameType.GOAWAY, b"\x04", announced_length=2)
    assert data == bytes.fromhex("070204")
    decoder = FrameDecoder()
    assert decoder.feed(data) == []
    with pytest.raises(FrameError, match="inside a frame"):
        decoder.finish()


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 4, 7, 0x21, 0x2B603742]), st.binary(max_size=70))),
    st.binary(max_size=3),
)
def test_round_trip_with_trailing_bytes(sent: list[tuple[int, bytes]], head: bytes) -> None:
    data = b"".join(frames.encode(kind, payload) for kind, payload in sent)
    expected = [Frame(kind, payload) if kind else Data(payload) for kind, payload in sent]
    assert decode(data) == expected
    decoder = FrameDecoder()
    assert decoder.feed(data + frames.encode(0x1, head + b"more")[:-4]) == expected
    with pytest.raises(FrameError):
        decoder.finish()


@pytest.mark.parametrize("encoded", ["00", "0001", "0003ff", "01", "40", "0101", "800f0701"])
def test_a_stream_that_ends_inside_a_frame(encoded: str) -> None:
    decoder = FrameDecoder()
    decoder.feed(bytes.fromhex(encoded))
    with pytest.raises(FrameError):
        decoder.finish()


def test_a_large_unknown_frame_is_passed_over() -> None:
    data = frames.encode(0x21, b"x" * 101) + frames.encode(FrameType.GOAWAY, b"\0")
    events = decode(data, max_payload_bytes=100)
    assert events == [Skipped(0x21, 101), Frame(FrameType.GOAWAY, b"\0")]


def test_large_data_is_handed_on() -> None:
    assert joined(decode(frames.encode(0, b"x" * 101), max_payload_bytes=100)) == [Data(b"x" * 101)]


def test_the_bound_itself_is_admitted() -> None:
    assert decode(frames.encode(1, b"x" * 100), max_payload_bytes=100) == [Frame(1, b"x" * 100)]


def test_a_large_known_frame_is_refused_at_its_length_and_for_good() -> None:
    decoder = FrameDecoder(max_payload_bytes=100)
    data = frames.encode(FrameType.DATA, b"ok") + frames.encode(1, b"", announced_length=101)
    with pytest.raises(ExcessiveLoad, match="HEADERS of 101 bytes, over 100") as refused:
        decoder.feed(data)
    assert refused.value.before == (Data(b"ok"),)
    with pytest.raises(ExcessiveLoad) as again:
        decoder.feed(b"\0\0")
    assert again.value is refused.value
    with pytest.raises(ExcessiveLoad):
        decoder.finish()


def test_the_stream_signal_is_no_frame() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(bytes.fromhex("210040")) == [Frame(0x21, b"")]
    with pytest.raises(FrameError, match="WT_STREAM"):
        decoder.feed(bytes.fromhex("4100"))


@pytest.mark.parametrize("frame_type", [FrameType.HEADERS, FrameType.SETTINGS])
def test_sixteen_mebibytes_trickled_end_at_the_length(frame_type: FrameType) -> None:
    decoder = FrameDecoder()
    head = varint.encode(frame_type) + varint.encode(1 << 24)
    for byte in head[:-1]:
        assert decoder.feed(bytes([byte])) == []
    with pytest.raises(ExcessiveLoad):
        decoder.feed(head[-1:])


def test_a_large_bound_costs_each_byte_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: heads are decoded while bytes of a head come, never for a payload."""
    calls = 0
    decode_varint = varint.decode

    def counting(data: bytes | bytearray, offset: int = 0) -> tuple[int, int] | None:
        nonlocal calls
        calls += 1
        assert len(data) <= 16
        return decode_varint(data, offset)

    monkeypatch.setattr(varint, "decode", counting)
    payload = bytes(1 << 17)
    decoder = FrameDecoder(max_payload_bytes=1 << 24)
    events = [event for byte in frames.encode(1, payload) for event in decoder.feed(bytes([byte]))]
    assert events == [Frame(1, payload)]
    assert calls < 20


@given(st.binary(max_size=200))
def test_any_bytes_give_events_or_a_typed_error(data: bytes) -> None:
    decoder = FrameDecoder(max_payload_bytes=50)
    with contextlib.suppress(FrameError, ExcessiveLoad):
        assert all(isinstance(event, Frame | Data | Skipped) for event in decoder.feed(data))
        decoder.finish()
