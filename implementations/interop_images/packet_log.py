"""How the forwarder hands over what it recorded: a JSON line a packet, written as they pass."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from wtspec.suite.network.link import Addr
from wtspec.suite.network.pcapng import Packet

MOST_BYTES = 48 << 20


class PacketLog:
    """Keeps packets in a file while it has room; then none, for one with holes reads as loss.

    `epoch_s` is the Unix time at which the clock of the packets said 0.
    """

    def __init__(self, path: Path, epoch_s: float, most_bytes: int = MOST_BYTES) -> None:
        self._file = path.open("ab", buffering=0)
        self._epoch_s = epoch_s
        self._room = most_bytes

    def add(self, time_s: float, source: Addr, destination: Addr, data: bytes) -> None:
        told = (time_s + self._epoch_s, *source, *destination, base64.b64encode(data).decode())
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        self._room -= len(line)
        if self._room >= 0:
            self._file.write(line)

    def close(self) -> None:
        self._file.close()


def read(data: bytes) -> Iterator[Packet]:
    """The packets of such a file; its last line may be cut short."""
    for line in data.splitlines(keepends=True):
        if line.endswith(b"\n"):
            time_s, host, port, to_host, to_port, encoded = json.loads(line)
            yield Packet(time_s, (host, port), (to_host, to_port), base64.b64decode(encoded))
