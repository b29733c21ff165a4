"""Streams and requests that no session asked for, and QUIC frames as bytes."""

from collections.abc import Sequence

from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.interruption import NotApplicable
from wtspec.suite.peer.raw import Raw
from wtspec.suite.peer.stream import MessageStream, Stream
from wtspec.suite.wire import varint
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamKind


async def new_stream(connection: Http3Connection, kind: StreamKind) -> Stream:
    """A stream of ours without a header; what comes back on it is not parsed.

    NotApplicable where the endpoint has no room for it.
    """
    await room(connection, kind)
    stream = Stream(connection.outlet, connection.quic.open_stream(kind.value), kind)
    if kind is StreamKind.BIDI:
        connection.reader.expect_payload(stream.id)
    return connection.add(stream)


async def room(connection: Http3Connection, kind: StreamKind) -> None:
    """Return once the endpoint lets us open a stream of that kind, else NotApplicable.

    RFC 9114 section 6.2 asks for three unidirectional streams, and those we have already; how many
    more there may be is the endpoint's choice (RFC 9000 section 4.6).
    """
    bench = connection.outlet.bench

    def has_room() -> bool | None:
        left = connection.quic.streams_left(kind.value) > 0
        return True if left or connection.closed is not None else None

    if await bench.bell.until(has_room, bench.patience.step_s) is None:
        raise NotApplicable(f"the endpoint lets us open no further {kind.value} stream")


async def ask(
    connection: Http3Connection, fields: Sequence[Field] | Raw, *, finish: bool
) -> MessageStream:
    """A request, whose answer is read as HTTP/3."""
    if not connection.quic.is_client:
        raise NotApplicable("servers send no requests")
    stream_id = connection.quic.open_stream("bidi")
    stream = MessageStream(connection.outlet, stream_id, StreamKind.BIDI, "request stream")
    connection.reader.expect_response(stream_id, to_session=False)
    connection.add(stream)
    if isinstance(fields, Raw):
        await stream.send_frames(fields, finish=finish)
    else:
        await stream.send_headers(fields, finish=finish)
    return stream


def quic_frame(frame_type: int, *numbers: int, data: bytes = b"") -> bytes:
    """A QUIC frame that is all varints, and then data, for `peer.send_packet` (RFC 9000 19).

    RESET_STREAM is `quic_frame(4, stream_id, code, final_size)`, STREAM with offset, length and FIN
    `quic_frame(0xf, stream_id, offset, len(data), data=data)`.
    """
    return b"".join(varint.encode(number) for number in (frame_type, *numbers)) + data
