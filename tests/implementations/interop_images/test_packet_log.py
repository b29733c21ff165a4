from pathlib import Path

from wtspec.implementations.interop_images import packet_log
from wtspec.implementations.interop_images.packet_log import PacketLog
from wtspec.suite.network.pcapng import Packet

HERE, THERE = ("193.167.0.100", 4000), ("fd00:cafe:cafe:1::100", 443)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    log = PacketLog(tmp_path / "packets", epoch_s=1000.0)
    log.add(1.5, HERE, THERE, b"\x00\xff")
    log.add(2.0, THERE, HERE, b"")
    log.close()
    assert list(packet_log.read((tmp_path / "packets").read_bytes())) == [
        Packet(1001.5, HERE, THERE, b"\x00\xff"),
        Packet(1002.0, THERE, HERE, b""),
    ]


def test_a_last_line_that_is_cut_short_is_passed_over(tmp_path: Path) -> None:
    log = PacketLog(tmp_path / "packets", epoch_s=0.0)
    for _ in range(2):
        log.add(1.5, HERE, THERE, b"data")
    log.close()
    assert len(list(packet_log.read((tmp_path / "packets").read_bytes()[:-3]))) == 1


def test_a_full_one_keeps_its_beginning(tmp_path: Path) -> None:
    log = PacketLog(tmp_path / "packets", epoch_s=0.0, most_bytes=200)
    log.add(1.0, HERE, THERE, b"first")
    log.add(2.0, HERE, THERE, bytes(500))
    log.add(3.0, HERE, THERE, b"third")
    log.close()
    found = packet_log.read((tmp_path / "packets").read_bytes())
    assert [one.data for one in found] == [b"first"]
