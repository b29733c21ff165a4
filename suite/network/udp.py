"""The real network: one UDP socket per link, read by the running loop."""

import asyncio
import ipaddress
import socket
from collections import deque
from dataclasses import dataclass, replace

from wtspec.suite.network import udp_socket
from wtspec.suite.network.lane import Crossing, Departure, Passage
from wtspec.suite.network.link import Addr, OnDatagram, OnRefused, family
from wtspec.suite.network.path import CLEAN, Fate, Path

_LOOPBACK: Addr = ("127.0.0.1", 0)
_READS_PER_WAKE_UP = 32  # more would starve timers and the other links of the loop
_TRACE_LENGTH = 10_000


@dataclass(slots=True)
class Counts:
    """Datagrams. A cell with `overflowed` above 0 lost packets of its own making."""

    sent: int = 0
    received: int = 0
    unsent: int = 0  # not taken by the system: buffer full, too long
    refused: int = 0  # nothing listens where they went
    overflowed: int = 0  # arrived here and found the receive buffer full


class UdpNetwork:
    """`trace` holds the newest 10,000 decisions about packets, `counts()` sums over all links."""

    def __init__(self, seed: int = 0, on_refused: OnRefused | None = None) -> None:
        self.seed = seed
        self.on_refused = on_refused
        self.trace: deque[Crossing] = deque(maxlen=_TRACE_LENGTH)
        self._links: list[UdpLink] = []

    def open(
        self, on_datagram: OnDatagram, local: Addr | None = None, path: Path = CLEAN
    ) -> "UdpLink":
        """A new link with a socket of its own, on loopback unless `local` says otherwise.

        Without `local`, the first `send` moves it to where its destination can be reached from.
        """
        passage = Passage(path, self.seed, len(self._links), self.trace.append)
        link = UdpLink(self, on_datagram, local, passage)
        self._links.append(link)
        return link

    def counts(self) -> Counts:
        """Of all links that were ever opened here."""
        total = Counts()
        for link in self._links:
            one = link.counts()
            total.sent += one.sent
            total.received += one.received
            total.unsent += one.unsent
            total.refused += one.refused
            total.overflowed += one.overflowed
        return total


class UdpLink:
    """A `Link` over one socket; a rebinding path gives it a second one."""

    def __init__(
        self, network: UdpNetwork, on_datagram: OnDatagram, local: Addr | None, passage: Passage
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._network = network
        self._on_datagram = on_datagram
        self._passage = passage
        self._may_move = local is None
        self._closed = False
        self._counts = Counts()
        self._delayed: dict[asyncio.TimerHandle, tuple[Departure, socket.socket]] = {}
        self._forgotten: list[socket.socket] = []
        self._listen(local or _LOOPBACK)

    @property
    def local(self) -> Addr:
        """Where this link is reached now."""
        return self._local

    def send(self, data: bytes, to: Addr) -> None:
        """Send one datagram through the path."""
        if self._closed:
            return
        if self._may_move:
            self._move_for(to)
        if self._passage.rebinds:
            self.rebind()
        for departure in self._passage.outgoing.push(data, to, self._loop.time()):
            if departure.at_once:
                self._transmit(departure, self._socket)
            else:
                self._delay(departure, self._socket)

    def script(self, *fates: Fate) -> None:
        """Arm fates, counted from the next packet of their direction."""
        self._passage.script(fates)

    def rebind(self) -> None:
        """Move to another port; packets on their way out keep the old source."""
        if self._closed:
            return
        # The old port stays open and unread, as behind a NAT that forgot it: closed, it would
        # answer the endpoint with a refusal, which no NAT does.
        self._loop.remove_reader(self._socket)
        self._forgotten.append(self._socket)
        self._listen((self._local[0], 0))

    def counts(self) -> Counts:
        """Up to now, or up to `close`."""
        if not self._closed:
            self._count_overflow()
        return replace(self._counts)

    def close(self) -> None:
        """Stop. What the path still delays leaves at once: the socket must not outlive its cell."""
        if self._closed:
            return
        self._count_overflow()
        self._closed = True
        self._report_refusals()
        self._loop.remove_reader(self._socket)
        for handle, (departure, made) in sorted(
            self._delayed.items(), key=lambda item: item[1][0].due_s
        ):
            handle.cancel()
            self._transmit(departure, made)
        self._delayed.clear()
        for made in (self._socket, *self._forgotten):
            made.close()

    def _listen(self, local: Addr) -> None:
        self._socket = udp_socket.open_socket(local)
        self._local = udp_socket.address_of(self._socket)
        self._loop.add_reader(self._socket, self._readable)

    def _move_for(self, to: Addr) -> None:
        self._may_move = False
        version = family(to[0])
        if ipaddress.ip_address(to[0]).is_loopback:
            host = "127.0.0.1" if version == socket.AF_INET else "::1"
        else:
            host = "0.0.0.0" if version == socket.AF_INET else "::"  # noqa: S104 - to reach out
        if host != self._local[0]:
            before = self._socket
            self._loop.remove_reader(before)
            # First, so that a host without this family of addresses leaves a link to close.
            self._listen((host, 0))
            before.close()

    def _delay(self, departure: Departure, made: socket.socket) -> None:
        def leave() -> None:
            del self._delayed[handle]
            self._transmit(departure, made)

        handle = self._loop.call_at(departure.due_s, leave)
        self._delayed[handle] = (departure, made)

    def _transmit(self, departure: Departure, made: socket.socket) -> None:
        if udp_socket.send(made, departure.data, departure.address):
            self._counts.sent += 1
        else:
            self._counts.unsent += 1

    def _readable(self) -> None:
        for _ in range(_READS_PER_WAKE_UP):
            arrived = udp_socket.receive(self._socket)
            if arrived is None:
                break
            self._counts.received += 1
            for departure in self._passage.incoming.push(*arrived, self._loop.time()):
                if departure.at_once:
                    self._deliver(departure)
                else:
                    self._loop.call_at(departure.due_s, self._deliver, departure)
            if self._closed:
                return
        # Also when datagrams were read: unread refusals would wake the loop for ever.
        self._report_refusals()

    def _report_refusals(self) -> None:
        for destination in udp_socket.refusals(self._socket):
            self._counts.refused += 1
            if self._network.on_refused is not None:
                self._network.on_refused(destination)

    def _deliver(self, departure: Departure) -> None:
        if not self._closed:
            self._on_datagram(departure.data, departure.address)

    def _count_overflow(self) -> None:
        self._counts.overflowed = udp_socket.dropped_by_kernel(self._socket)
