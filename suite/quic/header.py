"""As much of a packet's header as routing needs (RFC 8999, the invariants of all versions)."""

from dataclasses import dataclass

from wtspec.suite.quic.configure import CONNECTION_ID_BYTES

_LONG = 0x80
_TYPE_BITS = 0x30
_SHORTEST_LONG_BYTES = 7


@dataclass(frozen=True, slots=True)
class Header:
    """`version` is 0 for a short header and for version negotiation."""

    version: int
    destination_id: bytes
    source_id: bytes
    is_initial: bool


def read_header(data: bytes) -> Header | None:
    """The header of a datagram's first packet; None when it is cut."""
    if data and not data[0] & _LONG:
        destination = data[1 : 1 + CONNECTION_ID_BYTES]
        return Header(0, destination, b"", is_initial=False)
    if len(data) < _SHORTEST_LONG_BYTES:
        return None
    version = int.from_bytes(data[1:5], "big")
    after = 6 + data[5]
    if after >= len(data) or after + 1 + data[after] > len(data):
        return None
    source = data[after + 1 : after + 1 + data[after]]
    return Header(version, data[6:after], source, is_initial=not data[0] & _TYPE_BITS)
