"""Capsules, resets and the end of a session of the server, byte by byte."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.dialect import dialect
from wtspec.suite.quic import events
from wtspec.suite.wire import capsule, datagram, frames, settings
from wtspec.suite.wire.capsule import CloseSession, DrainSession
from wtspec.suite.wire.error_codes import H3, WT, to_http3
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind

Server = Callable[..., None]
Head = Callable[[Any], bytes]

SETTINGS = frames.encode(FrameType.SETTINGS, b"")
GREASE = frames.encode(0x21, b"grease")


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
