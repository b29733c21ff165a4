"""HTTP Datagrams in QUIC DATAGRAM frames (RFC 9297 section 2.1)."""

from typing import Final

from wtspec.suite.wire import varint
from wtspec.suite.wire.errors import DatagramError

QUARTER_STREAM_ID_MAX: Final = (1 << 60) - 1


def encode(session_id: int, payload: bytes) -> bytes:
    quarter, rest = divmod(session_id, 4)
    if rest:
        raise ValueError(f"no quarter stream ID stands for stream {session_id}")
    return encode_quarter(quarter, payload)


def encode_quarter(quarter_stream_id: int, payload: bytes, *, length: int | None = None) -> bytes:
    """Any quarter stream ID, above its bound too; `length` in bytes makes its varint longer."""
    return varint.encode(quarter_stream_id, length=length) + payload


def decode(data: bytes) -> tuple[int, bytes]:
    """The Session ID and the payload. Whether that session exists is not asked here."""
    quarter = varint.decode(data)
    if quarter is None:
        raise DatagramError("a datagram too short for its quarter stream ID", data)
    if quarter[0] > QUARTER_STREAM_ID_MAX:
        raise DatagramError(f"quarter stream ID {quarter[0]} is above 2^60 - 1", data[:16])
    return quarter[0] * 4, data[quarter[1] :]
