"""Puts the bytes of a stream in order, whatever was lost, repeated or overtaken on the way."""

from heapq import heappop, heappush


class Inflow:
    """At most `max_held_bytes` wait behind a hole; what exceeds them is `is_broken` for good."""

    def __init__(self, max_held_bytes: int = 4 << 20) -> None:
        self.position = 0
        self.final_size: int | None = None
        self.is_broken = False
        self.is_finished = False
        self._max_held_bytes = max_held_bytes
        self._held_bytes = 0
        self._held: dict[int, bytes] = {}
        self._offsets: list[int] = []

    def take(self, offset: int, data: bytes, *, finished: bool = False) -> tuple[bytes, bool]:
        """What is next in order now, and whether that is the end; nothing twice."""
        if self.is_finished or self.is_broken:
            return b"", False
        if finished:
            self.final_size = offset + len(data)
        if offset > self.position:
            if data:
                self._hold(offset, data)
            return b"", False
        parts = [self._advance(offset, data)]
        while self._offsets and self._offsets[0] <= self.position:
            start = heappop(self._offsets)
            held = self._held.pop(start)
            self._held_bytes -= len(held)
            parts.append(self._advance(start, held))
        self.is_finished = self.position == self.final_size
        return b"".join(parts), self.is_finished

    def _advance(self, offset: int, data: bytes) -> bytes:
        fresh = data[self.position - offset :]
        self.position += len(fresh)
        return fresh

    def _hold(self, offset: int, data: bytes) -> None:
        known = self._held.get(offset)
        if known is None:
            heappush(self._offsets, offset)
        elif len(known) >= len(data):
            return
        self._held[offset] = data
        self._held_bytes += len(data) - len(known or b"")
        if self._held_bytes > self._max_held_bytes:
            self.is_broken = True
            self._held.clear()
            self._offsets.clear()
