"""What the server answers to a client that breaks one rule, byte by byte."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.quic import events
from wtspec.suite.wire import capsule, datagram, frames, stream_header, varint
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind

Server = Callable[..., None]
Head = Callable[[Any], bytes]

SETTINGS = frames.encode(FrameType.SETTINGS, b"")
GREASE = frames.encode(0x21, b"grease")
CONTROL_VIOLATIONS = [
    (b"\x00" + frames.encode(FrameType.GOAWAY, b"\x00"), H3.MISSING_SETTINGS),
    (b"\x00" + GREASE + SETTINGS, H3.MISSING_SETTINGS),
    (b"\x00" + frames.encode(FrameType.DATA, b"x"), H3.MISSING_SETTINGS),
    (b"\x00\x40\x41\x00", H3.MISSING_SETTINGS),
    (b"\x00" + SETTINGS + SETTINGS, H3.FRAME_UNEXPECTED),
    (b"\x00" + SETTINGS + frames.encode(FrameType.DATA, b""), H3.FRAME_UNEXPECTED),
    (b"\x00" + SETTINGS + frames.encode(FrameType.HEADERS, b""), H3.FRAME_UNEXPECTED),
    (b"\x00" + SETTINGS + frames.encode(FrameType.PUSH_PROMISE, b"\x00"), H3.FRAME_UNEXPECTED),
    (b"\x00" + SETTINGS + frames.encode(0x2, b""), H3.FRAME_UNEXPECTED),
    (b"\x00" + SETTINGS + frames.encode(FrameType.CANCEL_PUSH, b"\x00"), H3.ID_ERROR),
    (b"\x00" + SETTINGS + frames.encode(FrameType.GOAWAY, b""), H3.FRAME_ERROR),
    (b"\x00" + SETTINGS + frames.encode(FrameType.GOAWAY, b"\x00\x00"), H3.FRAME_ERROR),
    (
        b"\x00"
        + SETTINGS
        + frames.encode(FrameType.GOAWAY, b"\x01")
        + frames.encode(FrameType.GOAWAY, b"\x02"),
        H3.ID_ERROR,
    ),
    (
        b"\x00"
        + SETTINGS
        + frames.encode(FrameType.MAX_PUSH_ID, b"\x05")
        + frames.encode(FrameType.MAX_PUSH_ID, b"\x04"),
        H3.ID_ERROR,
    ),
    (
        b"\x00" + SETTINGS + frames.encode(FrameType.PRIORITY_UPDATE_REQUEST, b"\x01u=1"),
        H3.ID_ERROR,
    ),
    (b"\x00" + SETTINGS + b"\x40\x41\x00", H3.FRAME_ERROR),
    (b"\x00" + frames.encode(FrameType.SETTINGS, b"\x33"), H3.FRAME_ERROR),
    (b"\x00" + frames.encode(FrameType.SETTINGS, b"\x33\x01\x33\x01"), H3.SETTINGS_ERROR),
    (b"\x00" + frames.encode(FrameType.SETTINGS, b"\x02\x01"), H3.SETTINGS_ERROR),
    (b"\x00" + frames.encode(FrameType.SETTINGS, b"\x33\x02"), H3.SETTINGS_ERROR),
    (b"\x00" + frames.encode(FrameType.SETTINGS, b"\x08\x02"), H3.SETTINGS_ERROR),
    (b"\x01\x00", H3.STREAM_CREATION_ERROR),
    (b"\x02\x21", H3.QPACK_ENCODER_STREAM_ERROR),
    (b"\x02\xc0", H3.QPACK_ENCODER_STREAM_ERROR),
    (b"\x03\x01", H3.QPACK_DECODER_STREAM_ERROR),
    (b"\x03\x80", H3.QPACK_DECODER_STREAM_ERROR),
    (b"\x40\x54\x01", H3.ID_ERROR),
]


@pytest.mark.parametrize(("data", "code"), CONTROL_VIOLATIONS)
def test_unidirectional_streams_that_cost_the_connection(
    server: Server, data: bytes, code: int
) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.bare_client()
        wire.open("uni", data)
        assert await wire.closed() == code
        await stage.session()  # the endpoint lives on

    server(script)


LEGAL_STREAMS = [
    b"\x02\x20",
    b"\x03\x40",
    b"\x03\x7f\x01",
    varint.encode(0x21) + b"anything",
    b"",
    b"\x40",
    b"\x40\x54",
]


@pytest.mark.parametrize("data", LEGAL_STREAMS)
@pytest.mark.parametrize("finish", [False, True])
def test_unidirectional_streams_that_cost_nothing(
    server: Server, data: bytes, finish: bool
) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        is_critical = data[:1] in {b"\x02", b"\x03"}
        wire.open("uni", data, finish=finish and not is_critical)
        await wire.barrier()
        await stage.session(wire=wire)

    server(script)


ENDINGS: tuple[Callable[[Any], object], ...] = (
    lambda wire: wire.send(2, b"", finish=True),
    lambda wire: wire.quic.reset(2, 0),
    lambda wire: wire.quic.stop(3, 0),
)


def test_the_control_stream_may_not_end(server: Server) -> None:
    async def script(stage: Any) -> None:
        for ending in ENDINGS:
            wire = await stage.raw_client()
            ending(wire)
            wire.quic.flush()
            assert await wire.closed() == H3.CLOSED_CRITICAL_STREAM

    server(script)


def test_a_second_control_stream(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        wire.open("uni", b"\x00" + SETTINGS)
        assert await wire.closed() == H3.STREAM_CREATION_ERROR

    server(script)


REQUEST_VIOLATIONS = [
    (frames.encode(FrameType.DATA, b""), H3.FRAME_UNEXPECTED),
    (frames.encode(FrameType.SETTINGS, b""), H3.FRAME_UNEXPECTED),
    (frames.encode(FrameType.GOAWAY, b"\x00"), H3.FRAME_UNEXPECTED),
    (frames.encode(FrameType.PUSH_PROMISE, b"\x00"), H3.FRAME_UNEXPECTED),
    (frames.encode(0x6, b""), H3.FRAME_UNEXPECTED),
    (GREASE + b"\x40\x41\x00", H3.FRAME_ERROR),
    (frames.encode(FrameType.HEADERS, b"", announced_length=1 << 40), H3.EXCESSIVE_LOAD),
    (frames.encode(FrameType.HEADERS, b"\x00\x00\xff"), H3.QPACK_DECOMPRESSION_FAILED),
    (b"\x40\x41\x03", H3.ID_ERROR),
]


@pytest.mark.parametrize(("data", "code"), REQUEST_VIOLATIONS)
def test_request_streams_that_cost_the_connection(server: Server, data: bytes, code: int) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        wire.open("bidi", data)
        assert await wire.closed() == code

    server(script)


def test_a_frame_cut_by_the_end(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        wire.open("bidi", head(stage.request())[:-1], finish=True)
        assert await wire.closed() == H3.FRAME_ERROR

    server(script)


@pytest.mark.parametrize("name", ["h3-02", "h3-04"])
def test_the_signal_was_a_frame_once(server: Server, name: str) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        header = stream_header.encode(StreamKind.BIDI, session_id)
        stream_id = wire.open("bidi", GREASE + header + b"x", finish=True)
        assert await wire.fin(stream_id) == b"x"

    server(script, name=name)


def test_no_answer_before_settings(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.bare_client()
        stream_id = wire.open("bidi", head(stage.request()))
        data_stream = wire.data_stream(StreamKind.BIDI, stream_id, b"early", finish=True)
        wire.quic.send_datagram(datagram.encode(stream_id, b"early too"))
        wire.quic.flush()
        await wire.barrier()
        assert not wire.data(stream_id)
        wire.control(stage.settings("client"))
        assert await wire.fin(data_stream) == b"early"
        got = await wire.seen_event(events.DatagramReceived)
        assert datagram.decode(got.data) == (stream_id, b"early too")

    server(script)


def test_early_streams_are_bounded(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        streams = [wire.data_stream(StreamKind.UNI, 400, b"x") for _ in range(70)]
        assert await wire.stop_code(streams[-1]) == WT.BUFFERED_STREAM_REJECTED
        assert not wire.has(events.StopSending, streams[0])
        bidi = wire.data_stream(StreamKind.BIDI, 400, b"x")
        assert await wire.stop_code(bidi) == WT.BUFFERED_STREAM_REJECTED
        assert await wire.reset_code(bidi) == WT.BUFFERED_STREAM_REJECTED

    server(script)


def test_streams_of_a_refused_session_are_refused(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        stream_id = wire.quic.open_stream("bidi")
        early = wire.data_stream(StreamKind.BIDI, stream_id, b"x")
        wire.send(stream_id, head(stage.request(b"/nowhere")))
        assert await wire.reset_code(early) == WT.BUFFERED_STREAM_REJECTED
        late = wire.data_stream(StreamKind.UNI, stream_id, b"x")
        assert await wire.stop_code(late) == WT.SESSION_GONE

    server(script)


@pytest.mark.parametrize("data", [b"", b"\x40", varint.encode(1 << 60)])
def test_datagrams_that_cost_the_connection(server: Server, data: bytes) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        wire.quic.send_datagram(data)
        wire.quic.flush()
        assert await wire.closed() == H3.DATAGRAM_ERROR

    server(script)


def test_a_datagram_capsule_is_a_datagram(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.capsules(session_id, capsule.DatagramCapsule(b"x"))
        got = await wire.seen_event(events.DatagramReceived)
        assert datagram.decode(got.data) == (session_id, b"x")

    server(script)
