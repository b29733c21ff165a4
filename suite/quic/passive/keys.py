"""Keys of a captured connection: from a TLS key log, or from the first connection ID."""

from dataclasses import dataclass
from enum import Enum, auto

from aioquic.quic.crypto import CryptoContext, CryptoPair, next_key_phase
from aioquic.quic.packet import decode_packet_number
from aioquic.tls import CipherSuite

from wtspec.suite.quic.passive.events import Sender

_VERSION_1 = 1
_LONG = 0x80
_KEY_PHASE = 0x04
_RANDOM_BYTES = 32


class Level(Enum):
    """Encryption levels; the two last share their packet numbers."""

    INITIAL = auto()
    HANDSHAKE = auto()
    ZERO_RTT = auto()
    ONE_RTT = auto()


_LABELS: dict[tuple[Sender, Level], str] = {
    ("client", Level.HANDSHAKE): "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    ("server", Level.HANDSHAKE): "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    ("client", Level.ZERO_RTT): "CLIENT_EARLY_TRAFFIC_SECRET",
    ("client", Level.ONE_RTT): "CLIENT_TRAFFIC_SECRET_0",
    ("server", Level.ONE_RTT): "SERVER_TRAFFIC_SECRET_0",
}
_SECRET_BYTES = {
    CipherSuite.AES_128_GCM_SHA256: 32,
    CipherSuite.AES_256_GCM_SHA384: 48,
    CipherSuite.CHACHA20_POLY1305_SHA256: 32,
}


class KeyLog:
    """Lines of an SSLKEYLOGFILE (RFC 9850), of either endpoint or of both; others are ignored."""

    def __init__(self, text: bytes) -> None:
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        for line in text.splitlines():
            words = line.decode("latin-1").split()
            if len(words) != 3:
                continue
            try:
                random, secret = bytes.fromhex(words[1]), bytes.fromhex(words[2])
            except ValueError:
                continue
            if len(random) == _RANDOM_BYTES:
                self._secrets[words[0], random] = secret

    def keys(self, random: bytes, suite: int, sender: Sender, level: Level) -> "Keys | None":
        """None where the log has no secret for them, or the suite is unknown."""
        secret = self._secrets.get((_LABELS.get((sender, level), ""), random))
        try:
            known = CipherSuite(suite)
        except ValueError:
            return None
        if secret is None or _SECRET_BYTES.get(known) != len(secret):
            return None
        context = CryptoContext()
        context.setup(cipher_suite=known, secret=secret, version=_VERSION_1)
        return Keys(context)


def initial_keys(connection_id: bytes, sender: Sender) -> "Keys":
    """Those of Initial packets, known to everybody (RFC 9001 section 5.2)."""
    pair = CryptoPair()
    pair.setup_initial(connection_id, is_client=sender == "client", version=_VERSION_1)
    return Keys(pair.send)


@dataclass(frozen=True, slots=True)
class Opened:
    number: int
    payload: bytes


class Keys:
    """One direction and level, through key updates (RFC 9001 section 6).

    Only the packet payload's key changes with the phase; the header's stays.
    """

    def __init__(self, context: CryptoContext) -> None:
        self._current = context
        self._previous: CryptoContext | None = None
        self._next: CryptoContext | None = None
        self._header = context.hp
        self._phase = 0
        self._first_of_phase = -1
        self.updates = 0

    def open(self, packet: bytes, number_offset: int, highest: int) -> Opened | None:
        """None when it is not a packet of these keys; `highest` is the largest number so far."""
        assert self._header is not None
        try:
            header, truncated = self._header.remove(packet, number_offset)
        except ValueError:
            return None
        bits = ((header[0] & 3) + 1) * 8
        number = decode_packet_number(truncated, bits, highest + 1)
        body = packet[len(header) :]
        is_other_phase = not header[0] & _LONG and bool(header[0] & _KEY_PHASE) != bool(self._phase)
        if not is_other_phase:
            return _opened(self._current, body, header, number)
        if number < self._first_of_phase:
            return _opened(self._previous, body, header, number)
        if self._next is None:
            self._next = next_key_phase(self._current)
        opened = _opened(self._next, body, header, number)
        if opened is not None:
            self._turn(number)
        return opened

    def _turn(self, number: int) -> None:
        assert self._next is not None
        self._previous, self._current, self._next = self._current, self._next, None
        self._phase ^= 1
        self._first_of_phase = number
        self.updates += 1


def _opened(
    context: CryptoContext | None, body: bytes, header: bytes, number: int
) -> Opened | None:
    if context is None or context.aead is None:
        return None
    try:
        return Opened(number, context.aead.decrypt(body, header, number))
    except ValueError:
        return None
