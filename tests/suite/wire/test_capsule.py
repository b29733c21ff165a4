import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import capsule, varint
from wtspec.suite.wire.capsule import (
    Capsule,
    CapsuleDecoder,
    CapsuleType,
    CloseSession,
    DataBlocked,
    DatagramCapsule,
    Defect,
    DrainSession,
    Malformed,
    MaxData,
    MaxStreams,
    Received,
    SkippedCapsule,
    StreamsBlocked,
    UnknownCapsule,
)
from wtspec.suite.wire.errors import MessageError
from wtspec.suite.wire.stream_header import StreamKind

UNI, BIDI = StreamKind.UNI, StreamKind.BIDI

VECTORS: list[tuple[Capsule, str]] = [
    (CloseSession(0), "68430400000000"),
    (CloseSession(0xFFFFFFFF, b"bye"), "684307ffffffff627965"),
    (CloseSession(1, "é".encode()), "68430600000001c3a9"),
    (DrainSession(), "800078ae00"),
    (MaxData(0), "990b4d3d0100"),
    (MaxData(2**62 - 1), "990b4d3d08ffffffffffffffff"),
    (MaxStreams(BIDI, 1), "990b4d3f0101"),
    (MaxStreams(UNI, 2**60), "990b4d4008d000000000000000"),
    (DataBlocked(64), "990b4d41024040"),
    (StreamsBlocked(BIDI, 0), "990b4d430100"),
    (StreamsBlocked(UNI, 5), "990b4d440105"),
    (DatagramCapsule(b"dgram"), "0005646772616d"),
    (DatagramCapsule(b""), "0000"),
    (UnknownCapsule(0x17, b""), "1700"),
    (UnknownCapsule(CapsuleType.MAX_STREAM_DATA, b"\0\1"), "990b4d3e020001"),
    (UnknownCapsule(CapsuleType.STREAM_DATA_BLOCKED, b"\0\1"), "990b4d42020001"),
]
MALFORMED = [
    (CapsuleType.CLOSE_SESSION, b"", Defect.TOO_SHORT),
    (CapsuleType.CLOSE_SESSION, b"\0\0\0", Defect.TOO_SHORT),
    (CapsuleType.CLOSE_SESSION, bytes(4) + b"x" * 1025, Defect.TOO_LONG),
    (CapsuleType.CLOSE_SESSION, bytes(4) + b"\xff", Defect.NOT_UTF8),
    (CapsuleType.CLOSE_SESSION, bytes(4) + b"\xed\xa0\x80", Defect.NOT_UTF8),
    (CapsuleType.CLOSE_SESSION, bytes(4) + b"\xc3", Defect.NOT_UTF8),
    (CapsuleType.DRAIN_SESSION, b"\0", Defect.TOO_LONG),
    (CapsuleType.MAX_DATA, b"", Defect.TOO_SHORT),
    (CapsuleType.MAX_STREAMS_BIDI, b"\x40", Defect.TOO_SHORT),
    (CapsuleType.MAX_STREAMS_UNI, b"\0\0", Defect.TOO_LONG),
    (CapsuleType.DATA_BLOCKED, b"\x40\x00\x00", Defect.TOO_LONG),
    (CapsuleType.STREAMS_BLOCKED_BIDI, b"\xc0", Defect.TOO_SHORT),
    (CapsuleType.STREAMS_BLOCKED_UNI, b"", Defect.TOO_SHORT),
]
LIMITS = st.integers(0, varint.MAX)
KINDS = st.sampled_from(StreamKind)
KNOWN = {int(kind) for kind in CapsuleType} - {0x190B4D3E, 0x190B4D42}
CAPSULES = st.one_of(
    st.builds(
        CloseSession,
        st.integers(0, 2**32 - 1),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=250).map(str.encode),
    ),
    st.builds(DrainSession),
    st.builds(MaxData, LIMITS),
    st.builds(MaxStreams, KINDS, LIMITS),
    st.builds(DataBlocked, LIMITS),
    st.builds(StreamsBlocked, KINDS, LIMITS),
    st.builds(DatagramCapsule, st.binary(max_size=100)),
    st.builds(
        UnknownCapsule,
        st.integers(0, varint.MAX).filter(lambda kind: kind not in KNOWN),
        st.binary(max_size=100),
    ),
)


def decode(data: bytes, **bounds: int) -> list[Received]:
    """Fed whole and byte by byte, to the same end."""
    whole, trickled = CapsuleDecoder(**bounds), CapsuleDecoder(**bounds)
    received = whole.feed(data)
    assert [seen for byte in data for seen in trickled.feed(bytes([byte]))] == received
    whole.finish()
    trickled.finish()
    return received


@pytest.mark.parametrize(("value", "encoded"), VECTORS)
def test_vectors(value: Capsule, encoded: str) -> None:
    assert capsule.encode(value).hex() == encoded
    assert decode(bytes.fromhex(encoded)) == [value]


@given(st.lists(CAPSULES), st.sampled_from(["68", "68430400", "0005", "990b4d"]))
def test_round_trip_with_trailing_bytes(sent: list[Capsule], tail: str) -> None:
    data = b"".join(map(capsule.encode, sent))
    assert decode(data) == sent
    decoder = CapsuleDecoder()
    assert decoder.feed(data + bytes.fromhex(tail)) == sent
    with pytest.raises(MessageError, match="inside a capsule"):
        decoder.finish()


@pytest.mark.parametrize(("kind", "payload", "why"), MALFORMED)
def test_malformed_capsules_keep_their_payload(
    kind: CapsuleType, payload: bytes, why: Defect
) -> None:
    data = capsule.encode_raw(kind, payload) + capsule.encode(DrainSession())
    assert decode(data) == [Malformed(kind, payload, why), DrainSession()]


def test_the_longest_reason() -> None:
    close = CloseSession(7, b"x" * capsule.REASON_MAX_BYTES)
    assert decode(capsule.encode(close)) == [close]


def test_limits_may_be_written_long_and_may_be_too_high() -> None:
    long = capsule.encode_raw(CapsuleType.MAX_DATA, varint.encode(5, length=8))
    high = capsule.encode(MaxStreams(UNI, capsule.STREAMS_MAX + 1))
    assert decode(long + high) == [MaxData(5), MaxStreams(UNI, 2**60 + 1)]


def test_types_may_be_written_long() -> None:
    data = varint.encode(CapsuleType.DRAIN_SESSION, length=8) + varint.encode(0, length=8)
    assert decode(data) == [DrainSession()]


def test_a_close_code_has_32_bits() -> None:
    with pytest.raises(OverflowError):
        capsule.encode(CloseSession(2**32))


@pytest.mark.parametrize(("n", "kind"), [(0, 0x17), (1, 0x40), (1000, 0xA03F)])
def test_grease(n: int, kind: int) -> None:
    assert capsule.grease(n) == kind
    assert decode(capsule.encode_raw(capsule.grease(n), b"?")) == [UnknownCapsule(kind, b"?")]


def test_a_lying_length() -> None:
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, bytes(4), announced_length=8)
    assert data == bytes.fromhex("68430800000000")
    decoder = CapsuleDecoder()
    assert decoder.feed(data) == []
    with pytest.raises(MessageError):
        decoder.finish()


@pytest.mark.parametrize("kind", [0x17, CapsuleType.DATAGRAM, CapsuleType.MAX_STREAM_DATA])
def test_what_may_be_ignored_and_is_large_is_passed_over(kind: int) -> None:
    data = capsule.encode_raw(kind, bytes(2001)) + capsule.encode(DrainSession())
    assert decode(data, max_payload_bytes=2000) == [SkippedCapsule(kind, 2001), DrainSession()]


@pytest.mark.parametrize("kind", sorted(KNOWN - {0}))
def test_a_known_capsule_over_the_bound_is_malformed_at_once(kind: int) -> None:
    decoder = CapsuleDecoder()
    head = varint.encode(kind) + varint.encode(1 << 24)
    assert decoder.feed(head[:-1]) == []
    assert decoder.feed(head[-1:]) == [Malformed(CapsuleType(kind), b"", Defect.TOO_LONG)]
    assert decoder.feed(bytes(1 << 10)) == []
    with pytest.raises(MessageError):
        decoder.finish()


def test_sixteen_mebibytes_hold_no_memory() -> None:
    decoder = CapsuleDecoder()
    piece = bytes(1 << 16)
    tracemalloc.start()
    try:
        assert decoder.feed(varint.encode(0x17) + varint.encode((1 << 24) + 1)) == [
            SkippedCapsule(0x17, (1 << 24) + 1)
        ]
        for _ in range(1 << 8):
            assert decoder.feed(piece) == []
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * len(piece)
    with pytest.raises(MessageError):
        decoder.finish()


@given(st.binary(max_size=300))
def test_any_bytes_are_received_without_an_error(data: bytes) -> None:
    decoder = CapsuleDecoder(max_payload_bytes=100)
    for seen in decoder.feed(data):
        if isinstance(seen, SkippedCapsule):
            assert seen.size_bytes > 100
        elif not isinstance(seen, Malformed):
            assert decode(capsule.encode(seen)) == [seen]
