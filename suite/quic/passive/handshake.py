"""The TLS messages that a bystander reads in CRYPTO frames (RFC 8446 section 4)."""

from collections.abc import Iterator
from dataclasses import dataclass

_ALPN, _QUIC_PARAMETERS = 16, 57


@dataclass(frozen=True, slots=True)
class ClientHello:
    random: bytes
    alpn: tuple[str, ...]
    parameters: bytes | None


@dataclass(frozen=True, slots=True)
class ServerHello:
    """Also a HelloRetryRequest, which names the same suite."""

    suite: int


@dataclass(frozen=True, slots=True)
class EncryptedExtensions:
    alpn: str | None
    parameters: bytes | None


Message = ClientHello | ServerHello | EncryptedExtensions


class _Block:
    """Reads what has a length in front; a cut one gives what there is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def more(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        return self._data[start : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self, length_bytes: int) -> bytes:
        return self.take(self.number(length_bytes))


class Messages:
    """Cuts one level's bytes into messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        self._waiting += data
        while len(self._waiting) >= 4:
            end = 4 + int.from_bytes(self._waiting[1:4], "big")
            if len(self._waiting) < end:
                return
            kind, body = self._waiting[0], bytes(self._waiting[4:end])
            del self._waiting[:end]
            if (message := _message(kind, body)) is not None:
                yield message


def _message(kind: int, body: bytes) -> Message | None:
    block = _Block(body)
    match kind:
        case 1:  # ClientHello
            block.take(2)
            random = block.take(32)
            block.block(1)
            block.block(2)
            block.block(1)
            found = _extensions(block.block(2))
            return ClientHello(random, _names(found.get(_ALPN, b"")), found.get(_QUIC_PARAMETERS))
        case 2:  # ServerHello
            block.take(34)
            block.block(1)
            return ServerHello(block.number(2))
        case 8:  # EncryptedExtensions
            found = _extensions(block.block(2))
            names = _names(found.get(_ALPN, b""))
            return EncryptedExtensions(names[0] if names else None, found.get(_QUIC_PARAMETERS))
        case _:
            return None


def _extensions(data: bytes) -> dict[int, bytes]:
    block = _Block(data)
    found: dict[int, bytes] = {}
    while block.more:
        kind = block.number(2)
        found[kind] = block.block(2)
    return found


def _names(data: bytes) -> tuple[str, ...]:
    block = _Block(_Block(data).block(2))
    found = []
    while block.more:
        found.append(block.block(1).decode("latin-1"))
    return tuple(found)
