"""Sends garbage to whoever spoke last, as fast as it can, from the port that it serves at."""

import os
import sys
import threading
import time

from wtspec.implementations.reference import program
from wtspec.suite.network.link import Addr, OnDatagram
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.udp import UdpLink, UdpNetwork

PACKETS = [bytes((first,)) + os.urandom(1199) for first in (0x40, 0x7F, 0xC0, 0xE3, 0x00)]


class Network(UdpNetwork):
    def open(
        self, on_datagram: OnDatagram, local: Addr | None = None, path: Path = CLEAN
    ) -> UdpLink:
        speakers: list[Addr] = []

        def heard(data: bytes, source: Addr) -> None:
            speakers.append(source)
            if len(speakers) == 1:
                threading.Thread(target=flood, args=(link, speakers), daemon=True).start()
            on_datagram(data, source)

        link = super().open(heard, local, path)
        return link


def flood(link: UdpLink, speakers: list[Addr]) -> None:
    while True:
        for packet in PACKETS:
            link._socket.sendto(packet, speakers[-1])
        time.sleep(0.001)  # thousands a second, and time for the program to answer beside it


vars(program)["UdpNetwork"] = Network
sys.exit(program.main())
