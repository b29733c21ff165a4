"""Packets as a pcapng file, with the TLS secrets inside, so that one file is enough to read it.

Block layouts: draft-ietf-opsawg-pcapng. Packets start at their IP header (link type 101).
"""

import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from wtspec.suite.network.link import Addr

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_INTERFACE_STATISTICS = 5
_ENHANCED_PACKET = 6
_DECRYPTION_SECRETS = 0x0A
_TLS_KEY_LOG = 0x544C534B
_LINK_TYPE_RAW_IP = 101
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
_NANOSECONDS = 9
_UDP = 17
_TTL = 64

_OPTION_END = 0
_OPTION_COMMENT = 1
_SECTION_APPLICATION = 4
_INTERFACE_TIME_RESOLUTION = 9
_STATISTICS_RECEIVED = 4
_STATISTICS_DROPPED = 5


@dataclass(frozen=True, slots=True)
class Packet:
    """One UDP datagram; `time_s` in the seconds of the capture."""

    time_s: float
    source: Addr
    destination: Addr
    data: bytes


def write(packets: Iterable[Packet], secrets: bytes, *, received: int, dropped: int) -> bytes:
    """The whole file; `secrets` is a TLS key log, `dropped` counts packets not in `packets`."""
    blocks = [_section_header()]
    if secrets:
        # In front of the packets: readers take secrets only for what follows.
        blocks.append(_secrets(secrets))
    blocks.append(_interface())
    blocks += [_packet(packet) for packet in packets]
    blocks.append(_statistics(received, dropped))
    return b"".join(blocks)


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(*pairs: tuple[int, bytes]) -> bytes:
    written = b""
    for code, value in (*pairs, (_OPTION_END, b"")):
        written += struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
    return written


def _section_header() -> bytes:
    fixed = struct.pack("<IHHQ", _BYTE_ORDER_MAGIC, 1, 0, _UNKNOWN_LENGTH)
    return _block(_SECTION_HEADER, fixed + _options((_SECTION_APPLICATION, b"wtspec")))


def _secrets(secrets: bytes) -> bytes:
    return _block(_DECRYPTION_SECRETS, struct.pack("<II", _TLS_KEY_LOG, len(secrets)) + secrets)


def _interface() -> bytes:
    fixed = struct.pack("<HHI", _LINK_TYPE_RAW_IP, 0, 0)
    resolution = (_INTERFACE_TIME_RESOLUTION, bytes([_NANOSECONDS]))
    return _block(_INTERFACE_DESCRIPTION, fixed + _options(resolution))


def _packet(packet: Packet) -> bytes:
    data = _ip_datagram(packet)
    time_ns = round(packet.time_s * 1e9)
    fixed = struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
    return _block(_ENHANCED_PACKET, fixed + data)


def _statistics(received: int, dropped: int) -> bytes:
    options = [
        (_STATISTICS_RECEIVED, struct.pack("<Q", received)),
        (_STATISTICS_DROPPED, struct.pack("<Q", dropped)),
    ]
    if dropped:
        note = f"{dropped} of {received} packets were left out: the capture was full"
        options.insert(0, (_OPTION_COMMENT, note.encode()))
    return _block(_INTERFACE_STATISTICS, struct.pack("<III", 0, 0, 0) + _options(*options))


def _ip_datagram(packet: Packet) -> bytes:
    source = ipaddress.ip_address(packet.source[0])
    destination = ipaddress.ip_address(packet.destination[0])
    length = 8 + len(packet.data)
    ports = (packet.source[1], packet.destination[1])
    if source.version == 4 and destination.version == 4:
        addresses = source.packed + destination.packed
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, _TTL, _UDP, 0)
        header = header[:10] + _checksum(header + addresses) + addresses
        pseudo = addresses + struct.pack(">HH", _UDP, length)
    else:
        addresses = _packed_as_ipv6(source) + _packed_as_ipv6(destination)
        header = struct.pack(">IHBB", 6 << 28, length, _UDP, _TTL) + addresses
        pseudo = addresses + struct.pack(">II", length, _UDP)
    unchecked = struct.pack(">HHHH", *ports, length, 0) + packet.data
    # A checksum of zero would say that there is none.
    checksum = _checksum(pseudo + unchecked).replace(b"\x00\x00", b"\xff\xff")
    return header + unchecked[:6] + checksum + packet.data


def _packed_as_ipv6(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    """IPv4 becomes ::ffff:a.b.c.d, for the virtual network may join an IPv4 and an IPv6 link."""
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def _checksum(data: bytes) -> bytes:
    """Complement of the sum of 16-bit words with the carries added back (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)
