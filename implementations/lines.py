"""What an endpoint prints, cut into lines and kept within bounds.

An endpoint is somebody else's program: it may print without end, or never end a line.
"""

from collections import deque

from wtspec.suite.endpoint.contract import LINE_LIMIT_BYTES

LINES_PER_SECOND = 50_000
BYTES_PER_SECOND = 64 * 1024 * 1024


class Flood(Exception):
    """More than the contract lets an endpoint print; the message says of what."""


class Lines:
    """Cuts a stream of bytes at newlines; `now_s` of `feed` is any clock that never goes back."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._second = 0
        self._lines = 0
        self._bytes = 0

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
        self._count(len(complete), len(data), now_s)
        return complete

    def rest(self) -> bytes:
        """What stands after the last newline: the last line of a program that died in it."""
        return bytes(self._begun)

    def _count(self, lines: int, size_bytes: int, now_s: float) -> None:
        if int(now_s) != self._second:
            self._second = int(now_s)
            self._lines = self._bytes = 0
        self._lines += lines
        self._bytes += size_bytes
        if self._lines > LINES_PER_SECOND:
            raise Flood(f"more than {LINES_PER_SECOND} lines in a second")
        if self._bytes > BYTES_PER_SECOND:
            raise Flood(f"more than {BYTES_PER_SECOND} bytes in a second")


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
