"""Datagrams to packets, headers still protected (RFC 9000 section 17)."""

from collections.abc import Iterator
from dataclasses import dataclass

from wtspec.suite.quic.passive.keys import Level
from wtspec.suite.wire import varint

_LONG = 0x80
_VERSION_1 = 1
_LEVELS = {0x00: Level.INITIAL, 0x10: Level.ZERO_RTT, 0x20: Level.HANDSHAKE}
_CONNECTION_ID_MAX_BYTES = 20


@dataclass(frozen=True, slots=True)
class LongPacket:
    level: Level
    destination_id: bytes
    source_id: bytes
    data: bytes
    number_offset: int


@dataclass(frozen=True, slots=True)
class ShortPacket:
    """How long its connection ID is only its connection can tell."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Passed:
    """A Retry, a Version Negotiation, another version, or no packet: nothing to open."""

    why: str


Packet = LongPacket | ShortPacket | Passed


def split(datagram: bytes) -> Iterator[Packet]:
    """The packets of a datagram, the coalesced ones in turn (section 12.2)."""
    offset = 0
    while offset < len(datagram):
        if not datagram[offset]:
            return  # zeros behind the packets, which some stacks pad with
        if not datagram[offset] & _LONG:
            yield ShortPacket(datagram[offset:])
            return
        packet = _long(datagram[offset:])
        yield packet
        if isinstance(packet, Passed):
            return
        offset += len(packet.data)


def _long(data: bytes) -> LongPacket | Passed:
    ids = _connection_ids(data)
    if ids is None:
        return Passed("cut header")
    destination, source, offset = ids
    version = int.from_bytes(data[1:5], "big")
    if version != _VERSION_1:
        return Passed("another version" if version else "version negotiation")
    level = _LEVELS.get(data[0] & 0x30)
    if level is None:
        return Passed("retry")
    if level is Level.INITIAL:
        token = varint.decode(data, offset)
        if token is None:
            return Passed("cut header")
        offset = token[1] + token[0]
    length = varint.decode(data, offset)
    if length is None or length[1] + length[0] > len(data):
        return Passed("cut packet")
    return LongPacket(level, destination, source, data[: length[1] + length[0]], length[1])


def _connection_ids(data: bytes) -> tuple[bytes, bytes, int] | None:
    """Both, and where the header goes on."""
    found: list[bytes] = []
    offset = 5
    for _ in range(2):
        if offset >= len(data) or data[offset] > _CONNECTION_ID_MAX_BYTES:
            return None
        end = offset + 1 + data[offset]
        if end > len(data):
            return None
        found.append(data[offset + 1 : end])
        offset = end
    return found[0], found[1], offset
