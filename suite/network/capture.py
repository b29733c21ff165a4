"""Keeps the packets of a cell as evidence, within bounds."""

from wtspec.suite.network import pcapng
from wtspec.suite.network.link import Addr
from wtspec.suite.network.pcapng import Packet


class Capture:
    """The first packets are kept, since without the handshake no reader can decrypt the rest.

    `epoch_s` is added to every time: the Unix time at which the loop's clock said 0. The virtual
    clock starts at 0 anyway and needs none.
    """

    def __init__(
        self, *, max_packets: int = 20_000, max_bytes: int = 16 << 20, epoch_s: float = 0.0
    ) -> None:
        self.packets: list[Packet] = []
        self.size_bytes = 0
        self.dropped_packets = 0
        self.dropped_bytes = 0
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._epoch_s = epoch_s

    def add(self, time_s: float, source: Addr, destination: Addr, data: bytes) -> None:
        """Keep one datagram, or count it as dropped; once one was dropped, none is kept any more.

        A capture with holes in it would read as packet loss.
        """
        full = len(self.packets) >= self._max_packets
        full = full or self.size_bytes + len(data) > self._max_bytes
        if full or self.dropped_packets:
            self.dropped_packets += 1
            self.dropped_bytes += len(data)
            return
        self.size_bytes += len(data)
        self.packets.append(Packet(time_s + self._epoch_s, source, destination, data))

    def pcapng(self, secrets: bytes = b"") -> bytes:
        """A pcapng file; `secrets` are lines in the format of SSLKEYLOGFILE (RFC 9850)."""
        received = len(self.packets) + self.dropped_packets
        return pcapng.write(self.packets, secrets, received=received, dropped=self.dropped_packets)
