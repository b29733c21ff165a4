"""The packets of a cell: kept for Wireshark, and their sizes for the timeline."""

from collections.abc import Callable

from wtspec.suite.network.capture import Capture
from wtspec.suite.network.link import Addr
from wtspec.suite.peer.timeline import Timeline


class Packets(Capture):
    """`is_ours` tells by source and destination whether our side sent a packet."""

    def __init__(self, timeline: Timeline, is_ours: Callable[[Addr, Addr], bool]) -> None:
        super().__init__()
        self._timeline = timeline
        self._is_ours = is_ours

    def add(self, time_s: float, source: Addr, destination: Addr, data: bytes) -> None:
        super().add(time_s, source, destination, data)
        direction = self._timeline.sent if self._is_ours(source, destination) else None
        (direction or self._timeline.received)("packet", f"{len(data)} bytes")
