"""A network in memory: addresses are dictionary keys, packets are timers of the running loop."""

import asyncio
import errno
from collections import deque
from itertools import count

from wtspec.suite.network.lane import Crossing, Departure, Passage
from wtspec.suite.network.link import Addr, OnDatagram, OnRefused, family
from wtspec.suite.network.path import CLEAN, Fate, Path

_HOST = "192.0.2.1"  # an address for documentation: no real packet carries it
_FIRST_PORT = 49152
_TRACE_LENGTH = 200_000


class VirtualNetwork:
    """`trace` holds the decision about every packet of every link, in order, the newest 200,000.

    A packet from one link of this network to another appears twice: as it leaves the one and as
    it reaches the other.
    """

    def __init__(self, seed: int = 0, on_refused: OnRefused | None = None) -> None:
        self.seed = seed
        self.on_refused = on_refused
        self.trace: deque[Crossing] = deque(maxlen=_TRACE_LENGTH)
        self._links: dict[Addr, VirtualLink | None] = {}
        self._ports = count(_FIRST_PORT)
        self._numbers = count()

    def open(
        self, on_datagram: OnDatagram, local: Addr | None = None, path: Path = CLEAN
    ) -> "VirtualLink":
        """A new link; OSError if `local` is taken."""
        passage = Passage(path, self.seed, next(self._numbers), self.trace.append)
        return VirtualLink(self, on_datagram, local or (_HOST, 0), passage)

    def claim(self, wanted: Addr, link: "VirtualLink") -> Addr:
        """Register the link at that address, at any free port of the host for port 0."""
        host, port = wanted
        family(host)
        while port == 0 or (port != wanted[1] and (host, port) in self._links):
            port = next(self._ports)
        if (host, port) in self._links:
            raise OSError(errno.EADDRINUSE, f"{host}:{port} is taken")
        self._links[host, port] = link
        return host, port

    def mute(self, address: Addr) -> None:
        """Packets to that address vanish from now on, as behind a NAT that forgot it."""
        self._links[address] = None

    def release(self, address: Addr) -> None:
        """Packets to that address are refused from now on."""
        self._links.pop(address, None)

    def carry(self, departure: Departure, source: Addr) -> None:
        """Let a packet arrive when it is due."""
        loop = asyncio.get_running_loop()
        loop.call_at(departure.due_s, self._arrive, departure.data, source, departure.address)

    def _arrive(self, data: bytes, source: Addr, destination: Addr) -> None:
        if destination not in self._links:
            if self.on_refused is not None and source in self._links:
                self.on_refused(destination)
            return
        link = self._links[destination]
        if link is not None:
            link.receive(data, source)


class VirtualLink:
    """A `Link` of a virtual network."""

    def __init__(
        self, network: VirtualNetwork, on_datagram: OnDatagram, local: Addr, passage: Passage
    ) -> None:
        self._network = network
        self._on_datagram = on_datagram
        self._passage = passage
        self._closed = False
        self._forgotten: list[Addr] = []
        self._local = network.claim(local, self)

    @property
    def local(self) -> Addr:
        """Where this link is reached now."""
        return self._local

    def send(self, data: bytes, to: Addr) -> None:
        """Send one datagram; it takes a nanosecond at least."""
        if self._closed:
            return
        if self._passage.rebinds:
            self.rebind()
        for departure in self._passage.outgoing.push(data, to, asyncio.get_running_loop().time()):
            self._network.carry(departure, self._local)

    def receive(self, data: bytes, source: Addr) -> None:
        """Take a packet that has crossed the network, and let our own path have it first."""
        loop = asyncio.get_running_loop()
        for departure in self._passage.incoming.push(data, source, loop.time()):
            if departure.at_once:
                self._deliver(departure)
            else:
                loop.call_at(departure.due_s, self._deliver, departure)

    def script(self, *fates: Fate) -> None:
        """Arm fates, counted from the next packet of their direction."""
        self._passage.script(fates)

    def rebind(self) -> None:
        """Move to another port; packets on their way out keep the old source."""
        if not self._closed:
            self._forgotten.append(self._local)
            self._network.mute(self._local)
            self._local = self._network.claim((self._local[0], 0), self)

    def close(self) -> None:
        """Stop; packets that were sent still arrive, packets to this link are refused."""
        if not self._closed:
            self._closed = True
            for address in (self._local, *self._forgotten):
                self._network.release(address)

    def _deliver(self, departure: Departure) -> None:
        if not self._closed:
            self._on_datagram(departure.data, departure.address)
