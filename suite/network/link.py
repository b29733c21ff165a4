"""The seam between everything that speaks QUIC and what carries its packets."""

import ipaddress
import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from wtspec.suite.network.path import CLEAN, Fate, Path

Addr = tuple[str, int]
"""Host as an IPv4 or IPv6 literal, and port. Names are never resolved here."""

OnDatagram = Callable[[bytes, Addr], None]
OnRefused = Callable[[Addr], None]


class Link(Protocol):
    """One UDP-like socket. Calls belong to the running loop's thread."""

    @property
    def local(self) -> Addr:
        """The address the other side sees; `rebind` or the first send may change it."""

    def send(self, data: bytes, to: Addr) -> None:
        """Send one datagram; after `close` this does nothing."""

    def script(self, *fates: Fate) -> None:
        """Arm fates for the packets after this call: index 0 is the next one of its direction."""

    def rebind(self) -> None:
        """Move to another port, as a NAT does: what is still sent to the old one vanishes."""

    def close(self) -> None:
        """Deliver nothing more; what has been sent is still on its way. May be called twice."""


class Network(Protocol):
    """Opens links; needs a running event loop, whose clock is the only clock."""

    on_refused: OnRefused | None
    """Called with the address a datagram was sent to when nothing listens there."""

    def open(self, on_datagram: OnDatagram, local: Addr | None = None, path: Path = CLEAN) -> Link:
        """A new link at `local` (port 0: any), with `path` applied to both of its directions."""


@lru_cache(maxsize=1024)
def family(host: str) -> socket.AddressFamily:
    """The address family of a literal; ValueError for a name."""
    version = ipaddress.ip_address(host).version
    return socket.AF_INET if version == 4 else socket.AF_INET6
