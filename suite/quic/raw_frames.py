"""Frames that the library cannot write: whole raw ones, and RESET_STREAM_AT."""

from aioquic.buffer import UINT_VAR_MAX_SIZE, size_uint_var
from aioquic.quic.packet_builder import QuicPacketBuilder

from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.events import RESET_STREAM_AT
from wtspec.suite.quic.streams import Sender
from wtspec.suite.wire import varint

_RESET_STREAM_AT_CAPACITY = 1 + 4 * UINT_VAR_MAX_SIZE


def frame_type(frame: bytes) -> int:
    """The type of a frame given as bytes, in whatever length its varint has."""
    read = varint.decode(frame)
    if read is None:
        raise QuicMisuse(f"not a frame, it has no whole type: {frame.hex() or 'empty'}")
    return read[0]


def write_raw(builder: QuicPacketBuilder, frames: tuple[bytes, ...]) -> None:
    """Fill the packet that was just started; the caller has seen to it that they fit.

    The library writes the frame's type in its shortest form and keeps books on it; the exact
    bytes are then put over it.
    """
    for frame in frames:
        kind = frame_type(frame)
        buf = builder.start_frame(kind, len(frame))
        buf.seek(buf.tell() - size_uint_var(kind))
        buf.push_bytes(frame)


def write_reset_stream_at(builder: QuicPacketBuilder, stream_id: int, sender: Sender) -> None:
    buf = builder.start_frame(
        RESET_STREAM_AT,
        _RESET_STREAM_AT_CAPACITY,
        sender.on_reliable_reset_delivery,
        (sender.reliable_size,),
    )
    for value in (stream_id, *sender.get_reliable_reset_frame()):
        buf.push_uint_var(value)
