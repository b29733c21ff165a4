"""Closes its port when somebody asks for a session at /origin, and lives on."""

import sys

from wtspec.implementations.reference import contract_server, program
from wtspec.implementations.reference.applications import SINK
from wtspec.implementations.reference.place import Application
from wtspec.suite.network.link import Addr, OnDatagram
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.udp import UdpLink, UdpNetwork


class Network(UdpNetwork):
    links: list[UdpLink] = []  # noqa: RUF012 - one program, one network

    def open(
        self, on_datagram: OnDatagram, local: Addr | None = None, path: Path = CLEAN
    ) -> UdpLink:
        self.links.append(super().open(on_datagram, local, path))
        return self.links[-1]


def close(_: dict[str, str]) -> Application:
    for link in Network.links:
        link.close()
    return SINK


vars(program)["UdpNetwork"] = Network
contract_server.PATHS["/origin"] = close
sys.exit(program.main())
