"""What the client does with a server that breaks one rule, byte by byte."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.dialect import dialect
from wtspec.suite.quic import events
from wtspec.suite.wire import capsule, datagram, frames, settings
from wtspec.suite.wire.capsule import CloseSession, DrainSession
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind

Client = Callable[..., None]
Head = Callable[[Any], bytes]

SETTINGS = frames.encode(FrameType.SETTINGS, b"")


def test_the_request(client: Client) -> None:
    async def script(stage: Any) -> None:
        url = stage.listen()
        command = {"id": 1, "cmd": "connect", "session": "s", "url": url + "?a=%20&b"}
        stage.endpoint.command(
            {
                **command,
                "protocols": ["a", "b c"],
                "origin": "https://o.test",
                "headers": {"X-A": "1"},
            }
        )
        wire = await stage.raw_server()
        await wire.seen_event(events.StreamData, 0)
        assert wire.section(0) == {
            b":method": b"CONNECT",
            b":protocol": b"webtransport-h3",
            b":scheme": b"https",
            b":authority": url.split("/")[2].encode(),
            b":path": b"/echo?a=%20&b",
            b"origin": b"https://o.test",
            b"wt-available-protocols": b'"a", "b c"',
            b"x-a": b"1",
        }

    client(script)


@pytest.mark.parametrize("name", ["h3-02", "h3-07", "h3-09", "h3-13", "h3-16"])
def test_what_the_client_announces(client: Client, name: str) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.connected()
        announced = wire.peer_settings()
        for announcement in dialect(name).client_announces:
            for setting in announcement.settings:
                assert announcement.legal.allows(announced.get(setting, 0))
        assert settings.HTTP2_SETTINGS.isdisjoint(announced)

    client(script, name=name)


def test_no_request_before_settings(client: Client) -> None:
    async def script(stage: Any) -> None:
        url = stage.listen()
        stage.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url})
        await stage.changed.wait()
        wire = stage.accepted[0]
        await wire.seen_event(events.HandshakeCompleted)
        await wire.barrier()
        assert not wire.data(0)
        wire.control(stage.settings("server"))
        await wire.seen_event(events.StreamData, 0)

    client(script)


SETTINGS_VIOLATIONS = [
    ({Setting.WT_ENABLED: 2}, H3.SETTINGS_ERROR),
    ({Setting.H3_DATAGRAM: 2}, H3.SETTINGS_ERROR),
    ({Setting.WT_ENABLED: 0}, WT.REQUIREMENTS_NOT_MET),
    ({Setting.WT_ENABLED: None}, WT.REQUIREMENTS_NOT_MET),
    ({Setting.ENABLE_CONNECT_PROTOCOL: None}, WT.REQUIREMENTS_NOT_MET),
    ({Setting.ENABLE_CONNECT_PROTOCOL: 0}, WT.REQUIREMENTS_NOT_MET),
    ({Setting.H3_DATAGRAM: None}, WT.REQUIREMENTS_NOT_MET),
]


@pytest.mark.parametrize(("changed", "code"), SETTINGS_VIOLATIONS)
def test_settings_that_give_no_session(client: Client, changed: Any, code: int) -> None:
    async def script(stage: Any) -> None:
        pairs = dict(stage.settings("server")) | changed
        kept = [(key, value) for key, value in pairs.items() if value is not None]
        url = stage.listen()
        stage.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url})
        wire = await stage.raw_server(kept)
        assert await wire.closed() == code
        assert not wire.data(0)
        assert (await stage.event("refused"))["status"] is None

    client(script)


@pytest.mark.parametrize(
    "options", [{"max_datagram_frame_size": None}, {"reset_stream_at": ()}], ids=str
)
def test_parameters_that_give_no_session(client: Client, options: Any) -> None:
    async def script(stage: Any) -> None:
        url = stage.listen(**options)
        stage.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url})
        wire = await stage.raw_server()
        assert await wire.closed() == WT.REQUIREMENTS_NOT_MET

    client(script)


def test_draft_15_takes_any_positive_value(client: Client) -> None:
    async def script(stage: Any) -> None:
        pairs = dict(stage.settings("server")) | {Setting.WT_ENABLED: 7}
        url = stage.listen()
        stage.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url})
        wire = await stage.raw_server(list(pairs.items()))
        await wire.seen_event(events.StreamData, 0)

    client(script, name="h3-15")


async def _asked(stage: Any, **command: Any) -> Any:
    url = stage.listen()
    stage.endpoint.command({"id": 1, "cmd": "connect", "session": "s", "url": url, **command})
    wire = await stage.raw_server()
    await wire.seen_event(events.StreamData, 0)
    return wire


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_2xx_gives_the_session(client: Client, head: Head, status: int) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        wire.send(0, head(((b":status", b"103"),)) + head(((b":status", b"%d" % status),)))
        assert (await stage.event("session"))["status"] == status

    client(script)


@pytest.mark.parametrize("status", [302, 307, 404, 405, 429, 500])
def test_other_statuses_refuse_it(client: Client, head: Head, status: int) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        body = frames.encode(FrameType.DATA, b"\x68\x43\x00")
        section = ((b":status", b"%d" % status), (b"location", b"/echo"))
        wire.send(0, head(section) + body, finish=True)
        assert (await stage.event("refused"))["status"] == status
        await wire.fin(0)
        await wire.barrier()
        assert not wire.data(4)

    client(script)


MALFORMED = [
    ((b":status", b"204"),),
    ((b":status", b"101"),),
    ((b":status", b"20"),),
    ((b":status", b"200"), (b":status", b"200")),
    ((b":status", b"200"), (b":path", b"/")),
    ((b":status", b"200"), (b"X-A", b"1")),
    ((b":status", b"200"), (b"content-length", b"0")),
    ((b"x-a", b"1"),),
]


@pytest.mark.parametrize("section", MALFORMED, ids=str)
def test_malformed_responses(client: Client, head: Head, section: Any) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        wire.send(0, head(section))
        assert await wire.reset_code(0) == H3.MESSAGE_ERROR
        assert await wire.stop_code(0) == H3.MESSAGE_ERROR
        await stage.event("refused")

    client(script)


def test_an_end_without_a_response(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        wire.send(0, b"", finish=True)
        assert await wire.reset_code(0) == H3.MESSAGE_ERROR
        await stage.event("refused")

    client(script)


@pytest.mark.parametrize("code", [H3.REQUEST_REJECTED, 0])
def test_a_reset_instead_of_a_response(client: Client, code: int) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        wire.quic.stop(0, code)
        wire.quic.flush()
        await wire.barrier()
        assert not stage.events("refused")
        wire.quic.reset(0, code)
        wire.quic.flush()
        await stage.event("refused")

    client(script)


PROTOCOLS = [
    (("a", "b"), b'"b"', "b"),
    (("a", "b"), b'"b";x=1', "b"),
    (("a",), b"a", None),
    (("a",), b'"a", "a"', None),
    (("a",), None, None),
]


@pytest.mark.parametrize(("offered", "value", "agreed"), PROTOCOLS)
def test_protocols_of_the_response(
    client: Client, head: Head, offered: Any, value: Any, agreed: Any
) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage, protocols=list(offered))
        extra = () if value is None else ((b"wt-protocol", value),)
        wire.send(0, head(((b":status", b"200"), *extra)))
        assert (await stage.event("session"))["protocol"] == agreed

    client(script)


def test_a_protocol_that_was_not_offered(client: Client, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage, protocols=["a"])
        wire.send(0, head(((b":status", b"200"), (b"wt-protocol", b'"z"'))))
        assert await wire.reset_code(0) == WT.ALPN_ERROR
        await stage.event("refused")

    client(script)


def test_it_was_ignored_once(client: Client, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage, protocols=["a"])
        wire.send(0, head(((b":status", b"200"), (b"wt-protocol", b'"z"'))))
        assert (await stage.event("session"))["protocol"] is None

    client(script, name="h3-14")


CONNECTION_VIOLATIONS = [
    ("bidi", b"\x00\x00", H3.STREAM_CREATION_ERROR),
    ("bidi", b"\x40\x41\x01", H3.ID_ERROR),
    ("uni", b"\x40\x54\x02", H3.ID_ERROR),
    ("uni", b"\x01\x00", H3.ID_ERROR),
    ("uni", b"\x00" + SETTINGS, H3.STREAM_CREATION_ERROR),
]


@pytest.mark.parametrize(("kind", "data", "code"), CONNECTION_VIOLATIONS)
def test_streams_that_cost_the_connection(
    client: Client, kind: str, data: bytes, code: int
) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.connected()
        wire.open(kind, data)
        assert await wire.closed() == code
        closed = await stage.event("closed")
        assert (closed["by"], closed["clean"]) == ("transport", False)

    client(script)


CONTROL_VIOLATIONS = [
    (frames.encode(FrameType.MAX_PUSH_ID, b"\x00"), H3.FRAME_UNEXPECTED),
    (frames.encode(FrameType.PRIORITY_UPDATE_REQUEST, b"\x00"), H3.FRAME_UNEXPECTED),
    (frames.encode(FrameType.CANCEL_PUSH, b"\x00"), H3.ID_ERROR),
    (frames.encode(FrameType.GOAWAY, b"\x01"), H3.ID_ERROR),
]


@pytest.mark.parametrize(("frame", "code"), CONTROL_VIOLATIONS)
def test_control_frames_that_cost_the_connection(client: Client, frame: bytes, code: int) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.connected()
        wire.send(3, frame)
        assert await wire.closed() == code

    client(script)


def test_what_comes_before_the_response(client: Client, head: Head) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage, echo=True)
        stream_id = wire.data_stream(StreamKind.BIDI, 0, b"early", finish=True)
        wire.quic.send_datagram(datagram.encode(0, b"early"))
        await wire.barrier()
        assert not stage.events("stream")
        wire.send(0, head(((b":status", b"200"),)))
        assert await wire.fin(stream_id) == b"early"
        assert datagram.decode((await wire.seen_event(events.DatagramReceived)).data)[1] == b"early"
        assert (await stage.event("stream"))["by"] == "peer"

    client(script)


def test_the_servers_close(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.connected()
        data = capsule.encode(DrainSession()) + capsule.encode(CloseSession(3, b"end"))
        wire.send(session_id, frames.encode(FrameType.DATA, data), finish=True)
        await wire.fin(session_id)
        closed = await stage.event("closed")
        assert (closed["code"], closed["reason"], closed["by"]) == (3, "end", "peer")
        assert stage.events("draining")

    client(script)


def test_our_own_close(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.connected()
        stage.endpoint.command({"id": 2, "cmd": "close", "session": "s", "code": 9, "reason": "x"})
        await wire.fin(session_id)
        assert wire.received_capsules(session_id) == [CloseSession(9, b"x")]
        assert await wire.stop_code(session_id) == WT.SESSION_GONE  # we do not end our half
        assert await wire.closed() == H3.NO_ERROR

    client(script)


def test_goaway_drains_and_refuses_what_is_above_it(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire, _ = await stage.connected(pool=True)
        wire.send(3, frames.encode(FrameType.GOAWAY, b"\x04"))
        await stage.event("draining")
        url = f"https://127.0.0.1:{stage.listener.address[1]}/echo"
        command = {"id": 2, "cmd": "connect", "session": "t", "url": url, "pool": True}
        stage.endpoint.command(command)
        other = await stage.raw_server(count=2)
        await other.seen_event(events.StreamData, 0)

    client(script)


def test_goaway_below_a_pending_request(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire = await _asked(stage)
        wire.send(3, frames.encode(FrameType.GOAWAY, b"\x00"))
        await stage.event("refused")
        assert await wire.reset_code(0) == H3.REQUEST_CANCELLED

    client(script)


def test_the_connection_ends_under_a_session(client: Client) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.connected()
        wire.data_stream(StreamKind.UNI, session_id, b"cut")
        await stage.event("data")
        wire.quic.close(H3.NO_ERROR)
        ended = await stage.event("ended")
        assert (ended["how"], ended["bytes"]) == ("lost", 3)
        closed = await stage.event("closed")
        assert (closed["by"], closed["clean"], closed["code"]) == ("transport", False, None)

    client(script)
