"""What the server answers to a client that breaks one rule, byte by byte."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.dialect import dialect
from wtspec.suite.quic import events
from wtspec.suite.wire import capsule, datagram, fields, frames, settings, stream_header, varint
from wtspec.suite.wire.capsule import CloseSession, DrainSession
from wtspec.suite.wire.error_codes import H3, WT, to_http3
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
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


def test_the_control_stream_may_not_end(server: Server) -> None:
    async def script(stage: Any) -> None:
        for ending in (
            lambda wire: wire.send(2, b"", finish=True),
            lambda wire: wire.quic.reset(2, 0),
            lambda wire: wire.quic.stop(3, 0),
        ):
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


MALFORMED = [
    {"method": None},
    {"scheme": None},
    {"path": None},
    {"path": b""},
    {"authority": None},
    {"authority": b""},
    {"authority": b"user@127.0.0.1"},
    {"protocol": b""},
    {"method": b"GET"},
    {"status": b"200"},
    {"unknown": b""},
]


async def _malformed(stage: Any, section: Any, head: Head) -> None:
    wire = await stage.raw_client()
    stream_id = wire.open("bidi", head(section))
    assert await wire.reset_code(stream_id) == H3.MESSAGE_ERROR
    assert await wire.stop_code(stream_id) == H3.MESSAGE_ERROR
    assert not wire.data(stream_id)
    await stage.session(wire=wire)


@pytest.mark.parametrize("replaced", MALFORMED, ids=str)
def test_malformed_pseudo_headers(server: Server, head: Head, replaced: Any) -> None:
    async def script(stage: Any) -> None:
        await _malformed(stage, stage.request(**replaced), head)

    server(script)


EXTRA = [
    (b"X-Upper", b"1"),
    (b"bad name", b"1"),
    (b"x", b"a\nb"),
    (b"x", b" padded"),
    (b"connection", b"close"),
    (b"te", b"gzip"),
    (b"content-length", b"0"),
    (b":path", b"/echo"),
    (b"host", b"elsewhere"),
]


@pytest.mark.parametrize("extra", EXTRA, ids=str)
def test_malformed_fields(server: Server, head: Head, extra: fields.Field) -> None:
    async def script(stage: Any) -> None:
        await _malformed(stage, (*stage.request(), extra), head)

    server(script)


def test_a_pseudo_header_behind_a_field(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        section = stage.request()
        await _malformed(stage, ((b"x", b"1"), *section), head)

    server(script)


def test_nothing_but_an_end(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        stream_id = wire.open("bidi", b"", finish=True)
        assert await wire.reset_code(stream_id) == H3.REQUEST_INCOMPLETE
        stream_id = wire.open("bidi", GREASE, finish=True)
        assert await wire.reset_code(stream_id) == H3.REQUEST_INCOMPLETE
        stream_id = wire.open("bidi", b"\x40\x41", finish=True)
        assert await wire.reset_code(stream_id) == H3.REQUEST_INCOMPLETE
        await stage.session(wire=wire)

    server(script)


STATUSES = [
    ({"protocol": b"webtransport"}, b"501"),
    ({"protocol": b"WebTransport-H3"}, b"501"),
    ({"scheme": b"http"}, b"400"),
    ({"path": b"/nowhere"}, b"405"),
    ({"path": b"/ech"}, b"405"),
    ({"path": b"/echo/"}, b"405"),
    ({"path": b"/reject?status=429"}, b"429"),
    ({"method": b"GET", "protocol": None}, b"405"),
    ({"scheme": None, "path": None, "protocol": None}, b"501"),
]


@pytest.mark.parametrize(("replaced", "status"), STATUSES, ids=str)
def test_statuses(server: Server, head: Head, replaced: Any, status: bytes) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        stream_id = wire.open("bidi", head(stage.request(**replaced)))
        await wire.fin(stream_id)
        section = wire.section(stream_id)
        assert section[b":status"] == status
        assert (b"allow" in section) == (status == b"405")
        assert await wire.stop_code(stream_id) == H3.NO_ERROR
        await stage.session(wire=wire)

    server(script)


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ((), b"200"),
        (((b"origin", b"https://allowed.test"),), b"200"),
        (((b"origin", b"https://allowed.test:443"),), b"403"),
        (((b"origin", b"null"),), b"403"),
    ],
)
def test_the_path_that_checks_origins(
    server: Server, head: Head, extra: Any, status: bytes
) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        stream_id = wire.open("bidi", head((*stage.request(b"/origin"), *extra)))
        await wire.seen_event(events.StreamData, stream_id)
        assert wire.section(stream_id)[b":status"] == status

    server(script)


PREREQUISITES = [
    ("h3-16", {Setting.H3_DATAGRAM: None}, {}),
    ("h3-16", {Setting.H3_DATAGRAM: 0}, {}),
    ("h3-14", {Setting.WT_MAX_SESSIONS: None}, {}),
    ("h3-12", {Setting.H3_DATAGRAM: None}, {}),
    ("h3-16", {}, {"max_datagram_frame_size": None}),
    ("h3-16", {}, {"reset_stream_at": ()}),
]


@pytest.mark.parametrize(("name", "changed", "options"), PREREQUISITES)
def test_a_client_that_lacks_something(
    server: Server, head: Head, name: str, changed: Any, options: Any
) -> None:
    async def script(stage: Any) -> None:
        pairs = dict(stage.settings("client")) | changed
        kept = [(key, value) for key, value in pairs.items() if value is not None]
        wire = await stage.raw_client(kept, **options)
        stream_id = wire.open("bidi", head(stage.request()))
        assert await wire.reset_code(stream_id) == H3.MESSAGE_ERROR

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


def test_close_is_answered_with_fin(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/hold")
        stream_id = wire.data_stream(StreamKind.BIDI, session_id, b"x")
        await stage.event("stream")
        wire.capsules(session_id, CloseSession(9, b"done"), finish=True)
        await wire.fin(session_id)
        assert await wire.reset_code(stream_id) == WT.SESSION_GONE
        assert await wire.stop_code(stream_id) == WT.SESSION_GONE
        closed = await stage.event("closed")
        assert (closed["code"], closed["reason"], closed["by"]) == (9, "done", "peer")
        late = wire.data_stream(StreamKind.UNI, session_id, b"x")
        assert await wire.stop_code(late) == WT.SESSION_GONE
        wire.quic.send_datagram(datagram.encode(session_id, b"late"))
        await wire.barrier()

    server(script)


def test_a_clean_end_is_close_0(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.send(session_id, b"", finish=True)
        await wire.fin(session_id)
        closed = await stage.event("closed")
        assert (closed["code"], closed["reason"], closed["clean"]) == (0, "", True)

    server(script)


@pytest.mark.parametrize("how", ["reset", "stop"])
def test_an_abrupt_end(server: Server, how: str) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        if how == "reset":
            wire.quic.reset(session_id, 0x10C)
        else:
            wire.quic.stop(session_id, WT.SESSION_GONE)
        wire.quic.flush()
        await wire.reset_code(session_id)
        if how == "stop":
            assert await wire.stop_code(session_id) == WT.SESSION_GONE
        closed = await stage.event("closed")
        assert (closed["code"], closed["clean"]) == (None, False)

    server(script)


CAPSULE_VIOLATIONS = [
    ("h3-16", capsule.encode_raw(0x2843, b"\x00" * 3), H3.MESSAGE_ERROR),
    ("h3-07", capsule.encode_raw(0x2843, b"\x00" * 3), H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode_raw(0x2843, b"\x00" * 4 + b"x" * 1025), H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode_raw(0x2843, b"\x00" * 4 + b"\xff"), H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode(CloseSession(0)) + b"\x00", H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode(CloseSession(0)) + capsule.encode_raw(0x17, b""), H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode_raw(0x78AE, b"x"), H3.MESSAGE_ERROR),
    ("h3-16", capsule.encode_raw(0x190B4D3E, b"\x00\x00"), H3.MESSAGE_ERROR),
    ("h3-12", capsule.encode_raw(0x190B4D42, b"\x00\x00"), H3.MESSAGE_ERROR),
]


@pytest.mark.parametrize(("name", "data", "code"), CAPSULE_VIOLATIONS)
def test_capsules_that_cost_the_session(server: Server, name: str, data: bytes, code: int) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.send(session_id, frames.encode(FrameType.DATA, data))
        assert await wire.reset_code(session_id) == code
        assert await wire.stop_code(session_id) == code
        assert (await stage.event("closed"))["clean"] is False
        await stage.session(wire=wire)

    server(script, name=name)


def test_a_capsule_cut_by_the_end(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.send(session_id, frames.encode(FrameType.DATA, b"\x17\x05"), finish=True)
        assert await wire.reset_code(session_id) == H3.MESSAGE_ERROR

    server(script)


@pytest.mark.parametrize("name", ["h3-07", "h3-15"])
def test_older_drafts_do_not_check_the_message(server: Server, name: str) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        data = capsule.encode_raw(0x2843, b"\x00\x00\x00\x05\xff")
        wire.send(session_id, frames.encode(FrameType.DATA, data), finish=True)
        await wire.fin(session_id)
        assert (await stage.event("closed"))["code"] == 5

    server(script, name=name)


def test_capsules_in_any_cut(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        data = capsule.encode_raw(capsule.grease(1), b"skip") + capsule.encode(DrainSession())
        wire.send(session_id, frames.encode(FrameType.DATA, b"") + GREASE)
        for place in range(len(data)):
            wire.send(session_id, frames.encode(FrameType.DATA, data[place : place + 1]))
        await stage.event("draining")

    server(script)


def test_frames_on_a_session_that_cost_the_connection(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        for data in (head(stage.request()), SETTINGS):
            wire, session_id = await stage.session()
            wire.send(session_id, data)
            assert await wire.closed() == H3.FRAME_UNEXPECTED

    server(script)


def test_early_capsules_wait_for_the_answer(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        close = frames.encode(FrameType.DATA, capsule.encode(CloseSession(4)))
        stream_id = wire.open("bidi", head(stage.request()) + close, finish=True)
        await wire.fin(stream_id)
        assert wire.section(stream_id)[b":status"] == b"200"
        broken = frames.encode(FrameType.DATA, capsule.encode_raw(0x2843, b""))
        stream_id = wire.open("bidi", head(stage.request(b"/nowhere")) + broken)
        await wire.fin(stream_id)
        assert wire.section(stream_id)[b":status"] == b"405"

    server(script)


@pytest.mark.parametrize("code", [0, 1, 0x1D, 0x1E, 0xFF, 0xFFFFFFFF])
def test_reset_codes_both_ways(server: Server, code: int) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        stream_id = wire.data_stream(StreamKind.BIDI, session_id, b"x")
        await stage.event("stream")
        wire.quic.reset_at(stream_id, to_http3(code), 3)
        wire.quic.flush()
        assert await wire.reset_code(stream_id) == to_http3(code)
        ended = await stage.event("ended")
        assert (ended["how"], ended["code"], ended["bytes"]) == ("reset", code, 1)

    server(script)


@pytest.mark.parametrize(("name", "reliable"), [("h3-09", 0), ("h3-10", 3), ("h3-16", 3)])
def test_a_reset_delivers_the_header(server: Server, name: str, reliable: int) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.session(b"/reset?code=7")
        reset = await wire.seen_event(events.StreamReset)
        assert (reset.code, reset.reliable_size) == (to_http3(7), reliable)

    server(script, name=name)


def test_one_session_without_flow_control(server: Server, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        second = wire.open("bidi", head(stage.request()))
        assert await wire.reset_code(second) == H3.REQUEST_REJECTED
        wire.send(session_id, b"", finish=True)
        await wire.fin(session_id)
        await stage.session(wire=wire)

    server(script)


@pytest.mark.parametrize("name", ["h3-02", "h3-05"])
def test_draft_headers(server: Server, name: str) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        section = wire.section(session_id)
        assert section[b"sec-webtransport-http3-draft"] == b"draft02"

    server(script, name=name)


@pytest.mark.parametrize("name", ["h3-02", "h3-07", "h3-13", "h3-16"])
def test_what_the_server_announces(server: Server, name: str) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        announced = wire.peer_settings()
        for announcement in dialect(name).server_announces:
            for setting in announcement.settings:
                assert announcement.legal.allows(announced.get(setting, 0))
        assert settings.HTTP2_SETTINGS.isdisjoint(announced)

    server(script, name=name)
