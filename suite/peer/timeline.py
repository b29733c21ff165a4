"""What happened, in order, as evidence: decoded, bounded, ready to be stored."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal

Direction = Literal["sent", "received", "api", "note"]

FIRST, LAST = 1500, 1500
VALUE_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry. `time_s` counts from the cell's start; `where` is "stream 4", "packet", …"""

    time_s: float
    direction: Direction
    where: str
    what: str
    value: str = ""

    def __str__(self) -> str:
        arrow = {"sent": "->", "received": "<-", "api": "!!", "note": "--"}[self.direction]
        return (
            f"{self.time_s * 1000:9.2f} ms {arrow} {self.where}: {self.what} {self.value}".rstrip()
        )


class Timeline:
    """Keeps the first and the last moments of a long conversation, and counts what is left out."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._start_s = self._clock()
        self._first: list[Moment] = []
        self._last: deque[Moment] = deque(maxlen=LAST)
        self._count = 0

    @property
    def now_s(self) -> float:
        """Seconds since the cell's start."""
        return self._clock() - self._start_s

    @property
    def left_out(self) -> int:
        return self._count - len(self._first) - len(self._last)

    @property
    def moments(self) -> list[Moment]:
        return [*self._first, *self._last]

    def add(self, direction: Direction, where: str, what: str, value: str = "") -> None:
        moment = Moment(self.now_s, direction, where, what, bounded(value))
        self._count += 1
        if len(self._first) < FIRST:
            self._first.append(moment)
        else:
            self._last.append(moment)

    def sent(self, where: str, what: str, value: str = "") -> None:
        self.add("sent", where, what, value)

    def received(self, where: str, what: str, value: str = "") -> None:
        self.add("received", where, what, value)

    def note(self, what: str, value: str = "", where: str = "peer") -> None:
        """What our side decided or concluded, without a byte on the wire."""
        self.add("note", where, what, value)

    def to_json(self) -> list[dict[str, object]]:
        """Plain values, in order; a gap is an entry of its own."""
        last = list(self._last)
        if self.left_out:
            gap = Moment(last[0].time_s, "note", "timeline", f"{self.left_out} left out")
            last = [gap, *last]
        return [
            {name: getattr(moment, name) for name in Moment.__slots__}
            for moment in (*self._first, *last)
        ]


class Labelled:
    """The timeline as one connection writes to it: `label` goes behind every place."""

    def __init__(self, timeline: Timeline, label: str) -> None:
        self._timeline = timeline
        self._label = label

    def add(self, direction: Direction, where: str, what: str, value: str = "") -> None:
        self._timeline.add(direction, f"{where}{self._label}", what, value)

    def sent(self, where: str, what: str, value: str = "") -> None:
        self.add("sent", where, what, value)

    def received(self, where: str, what: str, value: str = "") -> None:
        self.add("received", where, what, value)

    def note(self, what: str, value: str = "", where: str = "peer") -> None:
        self.add("note", where, what, value)


def bounded(text: str) -> str:
    if len(text) <= VALUE_LIMIT:
        return text
    return f"{text[:VALUE_LIMIT]}… ({len(text)} characters)"
