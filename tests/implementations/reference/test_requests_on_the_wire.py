"""Which requests the server answers how, byte by byte."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.quic import events
from wtspec.suite.wire import fields, frames
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting

Server = Callable[..., None]
Head = Callable[[Any], bytes]

SETTINGS = frames.encode(FrameType.SETTINGS, b"")
GREASE = frames.encode(0x21, b"grease")
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
