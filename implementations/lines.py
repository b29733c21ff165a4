"""What an endpoint prints, cut into lines and kept within bounds.

An endpoint is somebody else's program: it may print without end, or never end a line.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from wtspec.suite.endpoint.contract import LINE_LIMIT_BYTES

LINES_PER_SECOND = 50_000
BYTES_PER_SECOND = 64 * 1024 * 1024
# On a slow machine nobody reads fast enough for the limits of a second to be reached.
LINES_PER_TEN_SECONDS = 150_000
BYTES_PER_TEN_SECONDS = 256 * 1024 * 1024


class Flood(Exception):
    """More than the contract lets an endpoint print; the message says of what."""


@dataclass(slots=True)
class _Window:
    """What may come in so many seconds."""

    length_s: int
    most_lines: int
    most_bytes: int
    number: int = 0
    lines: int = 0
    size_bytes: int = 0

    def count(self, lines: int, size_bytes: int, now_s: float) -> None:
        """Raises Flood."""
        number = int(now_s // self.length_s)
        if number != self.number:
            self.number, self.lines, self.size_bytes = number, 0, 0
        self.lines += lines
        self.size_bytes += size_bytes
        when = "a second" if self.length_s == 1 else f"{self.length_s} seconds"
        if self.lines > self.most_lines:
            raise Flood(f"more than {self.most_lines} lines in {when}")
        if self.size_bytes > self.most_bytes:
            raise Flood(f"more than {self.most_bytes} bytes in {when}")


class Lines:
    """Cuts a stream of bytes at newlines; `now_s` of `feed` is any clock that never goes back."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._windows = (
            _Window(1, LINES_PER_SECOND, BYTES_PER_SECOND),
            _Window(10, LINES_PER_TEN_SECONDS, BYTES_PER_TEN_SECONDS),
        )

    def feed(self, data: bytes, now_s: float) -> list[bytes]:
        """The lines that `data` completes, without newlines; raises Flood."""
        if b"\n" not in data:
            self._begun += data
            complete: list[bytes] = []
        else:
            first, *rest = data.split(b"\n")
            complete = [bytes(self._begun) + first, *rest[:-1]]
            self._begun = bytearray(rest[-1])
        if max(map(len, (self._begun, *complete))) > LINE_LIMIT_BYTES:
            raise Flood(f"a line of more than {LINE_LIMIT_BYTES} bytes")
        for window in self._windows:
            window.count(len(complete), len(data), now_s)
        return complete

    def rest(self) -> bytes:
        """What stands after the last newline: the last line of a program that died in it."""
        return bytes(self._begun)


class Tail:
    """The newest bytes of a log, cut at lines; what is older is forgotten."""

    def __init__(self, limit_bytes: int = 64 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._pieces: deque[bytes] = deque()

    def add(self, data: bytes) -> None:
        self._pieces.append(data[-self._limit_bytes :])
        self._size_bytes += len(self._pieces[-1])
        while self._size_bytes > self._limit_bytes:
            self._size_bytes -= len(self._pieces.popleft())

    def __str__(self) -> str:
        """Printable: a log may hold anything, terminal control sequences too."""
        text = b"".join(self._pieces).decode("utf-8", "replace")
        return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)

    @property
    def last_line(self) -> str:
        """The last line with something on it, at most 200 characters of it."""
        written = [line.strip() for line in str(self).splitlines() if line.strip()]
        return written[-1][:200] if written else ""


class Printed:
    """What a program prints on stdout: whole lines go to `on_line`, the rest at its end to the log.

    `now_s` of `take` is any clock that never goes back.
    """

    def __init__(self, on_line: Callable[[bytes], None], log: Tail) -> None:
        self._on_line = on_line
        self._log = log
        self._lines = Lines()

    def take(self, data: bytes, now_s: float) -> None:
        """Raises Flood."""
        for line in self._lines.feed(data, now_s):
            self._on_line(line)

    def end(self) -> None:
        if rest := self._lines.rest():
            self._log.add(rest + b"\n")
