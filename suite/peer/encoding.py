"""The bytes of whatever a script has to send, each read again by the witness."""

from wtspec.suite.peer import connect_stream, readback
from wtspec.suite.peer.raw import Raw
from wtspec.suite.wire.capsule import Capsule
from wtspec.suite.wire.frames import Frame
from wtspec.suite.wire.stream_header import StreamHeader, StreamType


def encode(value: Capsule | Frame | StreamType | StreamHeader | Raw) -> bytes:
    """Raw bytes as they are."""
    match value:
        case Frame():
            return readback.frame(value.type, value.payload)
        case StreamType():
            return readback.stream_type(value)
        case StreamHeader():
            return readback.header(value.kind, value.session_id)
        case _:
            return connect_stream.encode(value)
