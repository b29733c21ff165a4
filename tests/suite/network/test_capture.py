import ipaddress
import struct
from dataclasses import dataclass, field

import pytest

from wtspec.suite.network.capture import Capture

V4 = (("192.0.2.1", 49152), ("198.51.100.7", 443))
V6 = (("2001:db8::1", 49152), ("2001:db8::2", 443))
MAPPED = (("::ffff:192.0.2.1", 49152), ("2001:db8::2", 443))
SECRETS = b"CLIENT_RANDOM 00 11\nSERVER_HANDSHAKE_TRAFFIC_SECRET 22 33\n"

Seen = tuple[float, tuple[str, int], tuple[str, int], bytes]


@dataclass
class File:
    """What an independent reader makes of a pcapng file."""

    blocks: list[int] = field(default_factory=list)
    secrets: bytes = b""
    packets: list[Seen] = field(default_factory=list)
    received: int = -1
    dropped: int = -1
    comment: str = ""


def read(data: bytes) -> File:
    """Take the file apart strictly, checking every length and checksum on the way."""
    file = File()
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4)[0] == length
        file.blocks.append(kind)
        read_block(file, kind, data[8 : length - 4])
        data = data[length:]
    return file


def read_block(file: File, kind: int, body: bytes) -> None:
    if kind == 0x0A0D0D0A:
        assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
        assert read_options(body[16:]) == {4: b"wtspec"}
    elif kind == 1:
        assert struct.unpack_from("<HHI", body) == (101, 0, 0)
        assert read_options(body[8:]) == {9: b"\x09"}
    elif kind == 10:
        kind_of_secrets, size = struct.unpack_from("<II", body)
        assert kind_of_secrets.to_bytes(4, "big") == b"TLSK"
        file.secrets = body[8 : 8 + size]
        assert len(body) - 8 - size < 4
    elif kind == 6:
        interface, high, low, captured, original = struct.unpack_from("<5I", body)
        assert (interface, captured) == (0, original)
        assert len(body) - 20 - captured < 4
        file.packets.append(read_packet(((high << 32) + low) / 1e9, body[20 : 20 + captured]))
    else:
        assert kind == 5
        options = read_options(body[12:])
        file.received = int.from_bytes(options[4], "little")
        file.dropped = int.from_bytes(options[5], "little")
        file.comment = options.get(1, b"").decode()


def read_options(data: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    while True:
        code, size = struct.unpack_from("<HH", data)
        if code == 0:
            assert data == bytes(4)
            return options
        options[code] = data[4 : 4 + size]
        data = data[4 + size + -size % 4 :]


def read_packet(time_s: float, data: bytes) -> Seen:
    if data[0] >> 4 == 4:
        assert data[0] & 0xF == 5
        assert (data[8], data[9]) == (64, 17)
        assert folded(data[:20]) == 0xFFFF
        size, source, destination, udp = data[2:4], data[12:16], data[16:20], data[20:]
        assert int.from_bytes(size, "big") == len(data)
    else:
        assert data[:4] == b"\x60\x00\x00\x00"
        assert (data[6], data[7]) == (17, 64)
        size, source, destination, udp = data[4:6], data[8:24], data[24:40], data[40:]
        assert int.from_bytes(size, "big") == len(udp)
    source_port, destination_port, length, checksum = struct.unpack_from(">4H", udp)
    assert length == len(udp)
    assert checksum != 0
    assert folded(source + destination + struct.pack(">HH", 17, length) + udp) == 0xFFFF
    return (
        time_s,
        (str(ipaddress.ip_address(source)), source_port),
        (str(ipaddress.ip_address(destination)), destination_port),
        udp[8:],
    )


def folded(data: bytes) -> int:
    """Ones' complement sum; all ones when the checksum inside is right."""
    total = sum(
        int.from_bytes(data[start : start + 2].ljust(2, b"\0"), "big")
        for start in range(0, len(data), 2)
    )
    while total > 0xFFFF:
        total = total % 0x10000 + total // 0x10000
    return total


@pytest.mark.parametrize(("source", "destination"), [V4, V6])
def test_round_trip(source: tuple[str, int], destination: tuple[str, int]) -> None:
    capture = Capture()
    sent = [
        (0.0, source, destination, b""),
        (0.000000001, destination, source, b"odd"),
        (1.5, source, destination, bytes(range(256)) * 5),
        (86_400.25, destination, source, b"\xff" * 1200),
    ]
    for packet in sent:
        capture.add(*packet)
    file = read(capture.pcapng(SECRETS))
    assert file.packets == sent
    assert file.secrets == SECRETS
    assert (file.received, file.dropped, file.comment) == (4, 0, "")


def test_secrets_come_before_the_packets_they_open() -> None:
    capture = Capture()
    capture.add(0.0, *V4, b"packet")
    assert read(capture.pcapng(SECRETS)).blocks == [0x0A0D0D0A, 10, 1, 6, 5]


def test_without_secrets_there_is_no_secrets_block() -> None:
    assert read(Capture().pcapng()).blocks == [0x0A0D0D0A, 1, 5]


def test_a_packet_between_the_families_is_shown_as_ipv6() -> None:
    capture = Capture()
    capture.add(0.0, V4[0], V6[1], b"packet")
    ((_, source, destination, data),) = read(capture.pcapng()).packets
    assert (ipaddress.ip_address(source[0]), source[1]) == (
        ipaddress.ip_address(MAPPED[0][0]),
        MAPPED[0][1],
    )
    assert (destination, data) == (V6[1], b"packet")


def udp_checksum(payload: bytes) -> int:
    capture = Capture()
    capture.add(0.0, *V4, payload)
    written = capture.pcapng()
    assert read(written).packets == [(0.0, *V4, payload)]
    return int.from_bytes(written[written.index(b"\xbb\x00\x0a") + 3 :][:2], "big")


def test_a_udp_checksum_of_zero_is_written_as_all_ones() -> None:
    # The checksum completes the sum to all ones; moved into the payload, it leaves zero to be sent.
    missing = udp_checksum(bytes(2))
    assert missing not in (0, 0xFFFF)
    assert udp_checksum(missing.to_bytes(2, "big")) == 0xFFFF


def test_the_epoch_is_added_to_every_time() -> None:
    capture = Capture(epoch_s=1_700_000_000.0)
    capture.add(2.5, *V4, b"packet")
    assert read(capture.pcapng()).packets[0][0] == 1_700_000_002.5


def test_the_number_of_packets_is_bounded() -> None:
    capture = Capture(max_packets=2)
    for index in range(5):
        capture.add(float(index), *V4, b"packet")
    assert (len(capture.packets), capture.dropped_packets, capture.dropped_bytes) == (2, 3, 18)
    file = read(capture.pcapng())
    assert [time_s for time_s, *_ in file.packets] == [0.0, 1.0]
    assert (file.received, file.dropped) == (5, 3)
    assert file.comment == "3 of 5 packets were left out: the capture was full"


def test_the_bytes_are_bounded_and_the_capture_has_no_holes() -> None:
    capture = Capture(max_bytes=10)
    for data in (b"12345", b"too much", b"5", b""):
        capture.add(0.0, *V4, data)
    assert [packet.data for packet in capture.packets] == [b"12345"]
    assert (capture.size_bytes, capture.dropped_packets, capture.dropped_bytes) == (5, 3, 9)


def test_a_full_capture_takes_what_just_fits() -> None:
    capture = Capture(max_bytes=10)
    capture.add(0.0, *V4, b"1234567890")
    assert (capture.size_bytes, capture.dropped_packets) == (10, 0)
