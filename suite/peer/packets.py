"""The packets of a cell: kept for Wireshark, and their sizes for the timeline."""

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.link import Addr
from wtspec.suite.peer.timeline import Timeline


class Packets(Capture):
    """All connections of a cell. `server`: the endpoint's address where that is the server;
    `ours`: where we listen, when it is a client.
    """

    def __init__(self, timeline: Timeline, server: Addr | None) -> None:
        super().__init__()
        self.ours: set[Addr] = set()
        self._timeline = timeline
        self._server = server

    def add(self, time_s: float, source: Addr, destination: Addr, data: bytes) -> None:
        super().add(time_s, source, destination, data)
        is_ours = source in self.ours if self._server is None else destination == self._server
        record = self._timeline.sent if is_ours else self._timeline.received
        record("packet", f"{len(data)} bytes")
