"""What nobody reads fills no memory; what is read never stalls."""

from collections.abc import Callable
from typing import Any

from wtspec.implementations.reference.quic_options import STREAM_WINDOW_BYTES
from wtspec.suite.quic import events
from wtspec.suite.wire.error_codes import WT
from wtspec.suite.wire.stream_header import StreamKind

Server = Callable[..., None]


def test_what_is_not_read_stops_at_the_window(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/hold")
        stream_id = wire.data_stream(StreamKind.UNI, session_id, bytes(2 * STREAM_WINDOW_BYTES))
        await stage.event("stream")
        for _ in range(20):
            await wire.barrier()
        assert wire.quic.sent_bytes(stream_id) == STREAM_WINDOW_BYTES

    server(script)


def test_what_is_read_flows(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire, session_id = await stage.session(b"/sink")
        size_bytes = 3 * STREAM_WINDOW_BYTES
        wire.data_stream(StreamKind.UNI, session_id, bytes(size_bytes), finish=True)
        assert (await stage.event("ended"))["bytes"] == size_bytes

    server(script)


def test_an_ended_session_gives_back_what_was_never_read(server: Server) -> None:
    async def script(stage: Any) -> None:
        wire = await stage.raw_client()
        for _ in range(6):
            _, session_id = await stage.session(b"/hold", wire)
            stream_id = wire.data_stream(StreamKind.UNI, session_id, bytes(STREAM_WINDOW_BYTES - 8))
            await wire.barrier()
            while wire.quic.sent_bytes(stream_id) < STREAM_WINDOW_BYTES - 5:
                await wire.barrier()
            wire.send(session_id, b"", finish=True)
            assert await wire.stop_code(stream_id) == WT.SESSION_GONE
            wire.quic.reset(stream_id, 0)
            wire.quic.flush()
        await stage.session(wire=wire)
        assert not [e for e in wire.seen if isinstance(e, events.Closed)]

    server(script)
