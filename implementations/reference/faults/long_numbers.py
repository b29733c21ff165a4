"""What the faults have in common that want numbers in as few bytes as they need."""

from wtspec.suite.wire import varint
from wtspec.suite.wire.frames import FrameType


def begins_at_length(data: bytes, frame_type: FrameType) -> bool:
    """Whether a frame of the type begins these bytes, with more of them than its header needs."""
    first = varint.decode(data)
    length = None if first is None else varint.decode(data, first[1])
    if first is None or length is None or first[0] != frame_type:
        return False
    return length[1] > len(varint.encode(first[0]) + varint.encode(length[0]))
