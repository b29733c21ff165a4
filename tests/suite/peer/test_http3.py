"""Reading what an endpoint sends: every rule it may break becomes a Violation, nothing raises."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.peer.bench import Violation
from wtspec.suite.peer.http3 import Http3Reader
from wtspec.suite.peer.sight import (
    Attached,
    CapsuleArrived,
    Finished,
    FrameSeen,
    GoawaySeen,
    HeadersSeen,
    Payload,
    SettingsSeen,
    Sight,
    UniOpened,
)
from wtspec.suite.wire import capsule, fields, frames, settings, stream_header, varint
from wtspec.suite.wire.capsule import CapsuleType, CloseSession, DrainSession, Malformed
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind

SETTINGS = frames.encode(FrameType.SETTINGS, settings.encode([(8, 1)]))
CONTROL = b"\0" + SETTINGS
OK = frames.encode(FrameType.HEADERS, fields.encode([(b":status", b"200")]))
EARLY = frames.encode(FrameType.HEADERS, fields.encode([(b":status", b"103")]))
TRAILER = frames.encode(FrameType.HEADERS, fields.encode([(b"x", b"y")]))
CONNECT_FIELDS = (
    (b":method", b"CONNECT"),
    (b":protocol", b"webtransport-h3"),
    (b":scheme", b"https"),
    (b":authority", b"a"),
    (b":path", b"/"),
)
CONNECT = frames.encode(FrameType.HEADERS, fields.encode(CONNECT_FIELDS))


def data(content: bytes) -> bytes:
    return frames.encode(FrameType.DATA, content)


class Reading:
    """A reader and what it found."""

    def __init__(self, *, of_client: bool = False) -> None:
        self.found: list[Sight] = []
        self.reader = Http3Reader(self.found.append, endpoint_is_client=of_client)

    def stream(self, stream_id: int, content: bytes, *, finished: bool = False) -> list[Sight]:
        before = len(self.found)
        self.reader.stream(stream_id, content, finished=finished)
        return self.found[before:]

    @property
    def codes(self) -> list[H3]:
        return [one.code for one in self.found if isinstance(one, Violation)]


def server_answering(*, to_session: bool = True) -> Reading:
    reading = Reading()
    reading.reader.expect_response(0, to_session=to_session)
    return reading


def test_control_stream() -> None:
    reading = Reading()
    goaway = frames.encode(FrameType.GOAWAY, varint.encode(4))
    grease = frames.encode(0x21, b"abc")
    assert reading.stream(3, CONTROL + goaway + grease) == [
        UniOpened(3, 0),
        SettingsSeen(((8, 1),)),
        GoawaySeen(4),
        FrameSeen(3, 0x21, 3),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\0" + frames.encode(FrameType.GOAWAY, b"\0"), H3.MISSING_SETTINGS),
        (b"\0" + frames.encode(0x21, b""), H3.MISSING_SETTINGS),
        (CONTROL + SETTINGS, H3.FRAME_UNEXPECTED),
        (CONTROL + data(b"x"), H3.FRAME_UNEXPECTED),
        (CONTROL + OK, H3.FRAME_UNEXPECTED),
        (CONTROL + frames.encode(0x2, b""), H3.FRAME_UNEXPECTED),
        (CONTROL + frames.encode(FrameType.GOAWAY, b""), H3.FRAME_ERROR),
        (CONTROL + frames.encode(FrameType.GOAWAY, b"\0\0"), H3.FRAME_ERROR),
        (b"\0" + frames.encode(FrameType.SETTINGS, b"\x08"), H3.FRAME_ERROR),
        (b"\0" + frames.encode(FrameType.SETTINGS, b"\x08\x01\x08\x01"), H3.SETTINGS_ERROR),
        (b"\0" + frames.encode(FrameType.SETTINGS, b"\x02\x01"), H3.SETTINGS_ERROR),
    ],
)
def test_control_stream_violations(content: bytes, code: H3) -> None:
    reading = Reading()
    reading.stream(3, content)
    assert reading.codes == [code]


def test_illegal_settings_are_shown_all_the_same() -> None:
    reading = Reading()
    reading.stream(3, b"\0" + frames.encode(FrameType.SETTINGS, b"\x08\x01\x08\x02"))
    assert SettingsSeen(((8, 1), (8, 2))) in reading.found


@pytest.mark.parametrize("first", [b"\0", b"\2", b"\3"])
def test_there_is_one_of_each_critical_stream_and_it_stays(first: bytes) -> None:
    reading = Reading()
    content = first + SETTINGS if first == b"\0" else first
    reading.stream(3, content)
    assert reading.codes == []
    reading.stream(7, content)
    assert reading.codes == [H3.STREAM_CREATION_ERROR]
    assert reading.stream(3, b"", finished=True)[-1] == Finished(3)
    assert reading.codes[1:] == [H3.CLOSED_CRITICAL_STREAM]


def test_a_reset_of_a_critical_stream() -> None:
    reading = Reading()
    reading.stream(3, CONTROL)
    reading.stream(7, b"\x21")
    reading.reader.was_reset(7)
    reading.reader.was_reset(11)
    assert reading.codes == []
    reading.reader.was_reset(3)
    assert reading.codes == [H3.CLOSED_CRITICAL_STREAM]


def test_unknown_stream_types_are_ignored() -> None:
    reading = Reading()
    found = reading.stream(3, varint.encode(0x1F * 7 + 0x21) + b"anything", finished=True)
    assert found == [UniOpened(3, 0x1F * 7 + 0x21), Finished(3)]


@pytest.mark.parametrize(
    ("of_client", "code"), [(True, H3.STREAM_CREATION_ERROR), (False, H3.ID_ERROR)]
)
def test_push_streams_are_never_allowed(of_client: bool, code: H3) -> None:
    reading = Reading(of_client=of_client)
    reading.stream(2 if of_client else 3, b"\1\0")
    assert reading.codes == [code]


@pytest.mark.parametrize("kind", StreamKind)
def test_data_streams_byte_by_byte(kind: StreamKind) -> None:
    reading = Reading()
    stream_id = 3 if kind is StreamKind.UNI else 1
    header = stream_header.encode(kind, 4096)
    for byte in header + b"xy":
        reading.stream(stream_id, bytes([byte]))
    reading.stream(stream_id, b"", finished=True)
    kept = [one for one in reading.found if one != Payload(stream_id, b"")]
    assert kept == [
        Attached(stream_id, kind, 4096, len(header)),
        Payload(stream_id, b"x"),
        Payload(stream_id, b"y"),
        Finished(stream_id),
    ]


@pytest.mark.parametrize("session_id", [1, 2, 3, 4097])
def test_a_session_id_that_cannot_be_one(session_id: int) -> None:
    reading = Reading()
    reading.stream(1, stream_header.encode(StreamKind.BIDI, session_id) + b"x")
    assert reading.codes == [H3.ID_ERROR]


def test_a_servers_bidirectional_stream_carries_sessions_only() -> None:
    reading = Reading()
    reading.stream(1, OK)
    assert reading.codes == [H3.STREAM_CREATION_ERROR]


def test_a_response_its_capsules_and_its_end() -> None:
    reading = server_answering()
    capsules = capsule.encode(DrainSession()) + capsule.encode(CloseSession(1, b"x"))
    found = reading.stream(0, EARLY + OK + data(capsules[:3]) + data(capsules[3:]), finished=True)
    assert found == [
        HeadersSeen(0, ((b":status", b"103"),), is_trailer=False),
        HeadersSeen(0, ((b":status", b"200"),), is_trailer=False),
        CapsuleArrived(0, DrainSession()),
        CapsuleArrived(0, CloseSession(1, b"x")),
        Finished(0),
    ]


def test_other_answers_have_a_body_and_trailers() -> None:
    reading = server_answering(to_session=False)
    found = reading.stream(0, OK + data(b"body") + TRAILER, finished=True)
    assert found[1:] == [
        Payload(0, b"body"),
        HeadersSeen(0, ((b"x", b"y"),), is_trailer=True),
        Finished(0),
    ]
    assert reading.codes == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (data(b"x"), H3.FRAME_UNEXPECTED),
        (OK + SETTINGS, H3.FRAME_UNEXPECTED),
        (OK + frames.encode(0x9, b""), H3.FRAME_UNEXPECTED),
        (frames.encode(FrameType.PUSH_PROMISE, b"\0"), H3.ID_ERROR),
        (OK + OK, H3.FRAME_UNEXPECTED),
        (OK + b"\x40\x41\0", H3.FRAME_ERROR),
        (OK + data(capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"abc")), H3.MESSAGE_ERROR),
        (OK[:-1], H3.FRAME_ERROR),
        (OK + data(b"\x17"), H3.MESSAGE_ERROR),
        (frames.encode(FrameType.HEADERS, b"\0\0\xff\xff\x7f"), H3.QPACK_DECOMPRESSION_FAILED),
        (TRAILER, H3.MESSAGE_ERROR),
    ],
)
def test_violations_on_the_connect_stream(content: bytes, code: H3) -> None:
    reading = server_answering()
    reading.stream(0, content, finished=True)
    assert reading.codes == [code]
    assert reading.found[-1] == Finished(0)


@pytest.mark.parametrize("content", [TRAILER + TRAILER, TRAILER + data(b"x")])
def test_nothing_follows_trailers(content: bytes) -> None:
    reading = server_answering(to_session=False)
    reading.stream(0, OK + content)
    assert reading.codes == [H3.FRAME_UNEXPECTED]


def test_malformed_capsules_are_shown_before_they_are_blamed() -> None:
    reading = server_answering()
    reading.stream(0, OK + data(capsule.encode_raw(CapsuleType.DRAIN_SESSION, b"x")))
    assert isinstance(reading.found[-2], CapsuleArrived)
    assert isinstance(reading.found[-2].capsule, Malformed)
    assert isinstance(reading.found[-1], Violation)


def test_a_broken_stream_is_read_no_further() -> None:
    reading = server_answering()
    reading.stream(0, OK + OK)
    assert reading.stream(0, data(b"x")) == []
    assert reading.stream(0, b"", finished=True) == [Finished(0)]


def test_a_clients_request_begins_a_session() -> None:
    reading = Reading(of_client=True)
    found = reading.stream(0, CONNECT + data(capsule.encode(DrainSession())))
    assert found == [
        HeadersSeen(0, CONNECT_FIELDS, is_trailer=False),
        CapsuleArrived(0, DrainSession()),
    ]


def test_answers_on_our_own_data_streams_have_no_header() -> None:
    reading = Reading()
    reading.reader.expect_payload(4)
    assert reading.stream(4, b"\x40\x41") == [Payload(4, b"\x40\x41")]


@given(st.lists(st.binary(max_size=40), max_size=8), st.booleans(), st.integers(0, 3))
def test_no_bytes_make_it_raise(pieces: Sequence[bytes], of_client: bool, stream_id: int) -> None:
    reading = Reading(of_client=of_client)
    for piece in pieces:
        reading.stream(stream_id, piece)
    assert reading.stream(stream_id, b"", finished=True)[-1] == Finished(stream_id)


@given(st.integers(1, 40))
def test_cuts_do_not_matter(size_bytes: int) -> None:
    whole = OK + data(capsule.encode(CloseSession(7, b"reason")))
    reading, reference = server_answering(), server_answering()
    reference.stream(0, whole, finished=True)
    for at in range(0, len(whole), size_bytes):
        reading.stream(0, whole[at : at + size_bytes])
    reading.stream(0, b"", finished=True)
    assert reading.found == reference.found
