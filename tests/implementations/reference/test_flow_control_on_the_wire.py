"""Session flow control of the server, tried from a raw client."""

from collections.abc import Callable
from typing import Any

import pytest

from wtspec.suite.dialect import SessionLimits
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.quic import events
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import (
    DataBlocked,
    MaxData,
    MaxStreams,
    StreamsBlocked,
)
from wtspec.suite.wire.error_codes import H3, WT, to_http3
from wtspec.suite.wire.stream_header import StreamKind

Server = Callable[..., None]
OVER = (1 << 60) + 1
UNI, BIDI = StreamKind.UNI, StreamKind.BIDI
LITTLE = SessionLimits(4, 100, 1, 1)


def limits_of(received: list[Any], kind: type[Any]) -> list[int]:
    return [getattr(c, "maximum", getattr(c, "limit", 0)) for c in received if isinstance(c, kind)]


VIOLATIONS = [
    ("h3-16", (MaxData(1 << 21), MaxData(1 << 21))),
    ("h3-16", (MaxData(1 << 21), MaxData(5))),
    ("h3-16", (MaxStreams(UNI, 100), MaxStreams(UNI, 100))),
    ("h3-16", (MaxStreams(BIDI, 100), MaxStreams(BIDI, 99))),
    ("h3-16", (MaxStreams(BIDI, OVER),)),
    ("h3-16", (StreamsBlocked(UNI, OVER),)),
    ("h3-15", (MaxStreams(BIDI, 100), MaxStreams(BIDI, 99))),
    ("h3-14", (MaxData(1 << 21), MaxData(5))),
]
LEGAL = [
    ("h3-16", (MaxStreams(UNI, 100), MaxStreams(BIDI, 100), MaxStreams(UNI, 101))),
    ("h3-16", (MaxStreams(UNI, 1 << 60), DataBlocked(OVER), StreamsBlocked(UNI, 1 << 60))),
    ("h3-15", (MaxData(1 << 21), MaxData(1 << 21))),
    ("h3-14", (MaxStreams(BIDI, 100), MaxStreams(BIDI, 100))),
    ("h3-13", (MaxStreams(BIDI, 100), MaxStreams(BIDI, 99))),
    ("h3-12", (MaxStreams(BIDI, 100), MaxStreams(BIDI, 99))),
]


@pytest.mark.parametrize(("name", "values"), VIOLATIONS)
def test_limits_that_close_the_session(
    server: Server, name: str, values: tuple[capsule.Capsule, ...]
) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.capsules(session_id, *values)
        assert await wire.reset_code(session_id) == WT.FLOW_CONTROL_ERROR
        assert await wire.stop_code(session_id) == WT.FLOW_CONTROL_ERROR
        await stage.session(wire=wire)

    server(script, name=name, configuration=FLOW_CONTROL)


@pytest.mark.parametrize(("name", "values"), LEGAL)
def test_limits_that_are_taken(
    server: Server, name: str, values: tuple[capsule.Capsule, ...]
) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.capsules(session_id, *values)
        stream_id = wire.data_stream(BIDI, session_id, b"x", finish=True)
        assert await wire.fin(stream_id) == b"x"

    server(script, name=name, configuration=FLOW_CONTROL)


@pytest.mark.parametrize(("name", "values"), VIOLATIONS)
def test_nothing_counts_while_flow_control_is_off(
    server: Server, name: str, values: tuple[capsule.Capsule, ...]
) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.capsules(session_id, *values)
        stream_id = wire.data_stream(BIDI, session_id, b"x", finish=True)
        assert await wire.fin(stream_id) == b"x"

    server(script, name=name, granted=SessionLimits(1))


def test_a_count_above_2_60_once_cost_the_connection(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        wire.capsules(session_id, MaxStreams(UNI, OVER))
        assert await wire.closed() == H3.DATAGRAM_ERROR

    server(script, name="h3-15", configuration=FLOW_CONTROL)


@pytest.mark.parametrize(("kind", "limit"), [(UNI, 5), (BIDI, 7)])
def test_streams_beyond_the_limit(server: Server, kind: StreamKind, limit: int) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/hold")
        for _ in range(limit):
            wire.data_stream(kind, session_id, b"x")
        await wire.barrier()
        assert not wire.has(events.StreamReset, session_id)
        wire.data_stream(kind, session_id, b"x")
        assert await wire.reset_code(session_id) == WT.FLOW_CONTROL_ERROR

    server(script, configuration=FLOW_CONTROL)


@pytest.mark.parametrize("by_reset", [False, True])
def test_data_beyond_the_limit(server: Server, by_reset: bool) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/hold")
        full = wire.data_stream(UNI, session_id, bytes(49_999))
        more = wire.data_stream(UNI, session_id, b"x")
        await stage.event("stream", 2)
        await wire.barrier()
        assert not wire.has(events.StreamReset, session_id)
        if by_reset:
            # Two bytes that never arrive, told by the final size.
            frame = b"\x04" + bytes([more | 0x40 if more > 63 else more]) + b"\x00\x05"
            wire.quic.send_packet(frame)
        else:
            wire.send(full, b"y")
        assert await wire.reset_code(session_id) == WT.FLOW_CONTROL_ERROR

    server(script, configuration=FLOW_CONTROL)


def test_credit_comes_back_unasked(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        for _ in range(8):
            stream_id = wire.data_stream(BIDI, session_id, bytes(10_000), finish=True)
            await wire.fin(stream_id)
        received = wire.received_capsules(session_id)
        data, streams = limits_of(received, MaxData), limits_of(received, MaxStreams)
        assert data == sorted(set(data))
        assert data[-1] > 80_000
        assert streams == sorted(set(streams))
        assert streams[-1] >= 8

    server(script, configuration=FLOW_CONTROL)


def test_the_servers_own_streams_wait_for_credit(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/source?uni=2&bidi=0&bytes=80")
        assert len(await wire.fin(15)) == 83
        await wire.barrier()
        received = wire.received_capsules(session_id)
        assert limits_of(received, StreamsBlocked) == [1]
        assert not limits_of(received, DataBlocked)
        wire.capsules(session_id, MaxStreams(UNI, 2))
        await wire.until(lambda: wire.data(19) or None)
        await wire.barrier()
        assert len(wire.data(19)) == 3 + 20
        assert limits_of(wire.received_capsules(session_id), DataBlocked) == [100]
        wire.capsules(session_id, MaxData(160))
        assert len(await wire.fin(19)) == 83

    server(script, configuration=FLOW_CONTROL, granted=LITTLE)


def test_zeros_bind_once_one_limit_is_not_zero(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/source?uni=1&bytes=0")
        await wire.barrier()
        assert limits_of(wire.received_capsules(session_id), StreamsBlocked) == [0]
        assert not wire.data(15)
        wire.capsules(session_id, MaxStreams(UNI, 1))
        assert len(await wire.fin(15)) == 3

    server(script, configuration=FLOW_CONTROL, granted=SessionLimits(4, 1, 0, 0))


def test_draft_12_grants_late_what_its_settings_do_not(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session()
        received = wire.received_capsules(session_id)
        assert limits_of(received, MaxData) == [1 << 20]
        assert limits_of(received, MaxStreams) == [100, 100]

    server(script, name="h3-12")


def test_a_reset_stream_gives_its_place_back_once(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/sink")
        for _ in range(5):
            stream_id = wire.data_stream(UNI, session_id, b"x")
            wire.quic.reset_at(stream_id, to_http3(1), 3)
            wire.quic.flush()
            await wire.barrier()
        granted = limits_of(wire.received_capsules(session_id), MaxStreams)
        assert granted == sorted(set(granted))
        assert granted[-1] in {8, 9, 10}

    server(script, configuration=FLOW_CONTROL)
