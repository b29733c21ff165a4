"""The seven test cases: who asks for what in each, and what it finds there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import shake_256
from types import MappingProxyType

from wtspec.suite.dialect import Side
from wtspec.suite.network.randomness import draw

HANDSHAKE = "handshake"
ANSWERS = "transfer"  # what the side is told that asks for nothing
PROTOCOL_FILE = "negotiated_protocol.txt"
SITE = "https://server4:443"
_KIB = 1 << 10
_STREAM_SIZES = tuple(number * _KIB for number in (100, 500, 250, 1024, 2048))
_DATAGRAM_SIZES = tuple(range(600, 1000, 2))
_OFFERED = 5  # protocols of each side; two of them are common, in another order


class Kind(Enum):
    """How files travel."""

    UNI = "unidirectional"
    BIDI = "bidirectional"
    DATAGRAM = "datagram"


@dataclass(frozen=True, slots=True)
class Testcase:
    """`asks`: the side that asks for files; None where none are asked for."""

    __test__ = False  # of other people's programs, whatever pytest thinks of the name

    name: str
    title: str
    kind: Kind | None = None
    asks: Side | None = None

    @property
    def needs_every_packet(self) -> bool:
        """Nobody sends a datagram again."""
        return self.kind is Kind.DATAGRAM

    def told(self, side: Side) -> str:
        """TESTCASE of that side."""
        return self.name if self.asks in (None, side) else ANSWERS


@dataclass(frozen=True, slots=True)
class Task:
    """A test case with its names and bytes. `files`: what is to be fetched, by name.

    `path`: of the session; `protocols`: what each side offers; `agreed`: what comes of that.
    """

    case: Testcase
    path: str
    files: Mapping[str, bytes]
    protocols: Mapping[Side, tuple[str, ...]]
    agreed: str

    def requests(self, side: Side) -> str:
        """REQUESTS of that side; a client that asks for nothing still opens the session."""
        asked = [f"{self.path}/{name}" for name in self.files] if self.case.asks is side else []
        if side is Side.CLIENT:
            return " ".join(f"{SITE}/{one}" for one in asked or [self.path])
        return " ".join(asked)

    def expected(self, side: Side) -> Mapping[str, bytes]:
        """What /downloads of that side has to hold, by path."""
        if self.case.asks is None:
            return {PROTOCOL_FILE: self.agreed.encode()}
        if self.case.asks is not side:
            return {}
        return {f"{self.path}/{name}": data for name, data in self.files.items()}


def _transfers() -> list[Testcase]:
    titles = {
        Side.CLIENT: ("receive", "the client fetches files"),
        Side.SERVER: ("send", "the server fetches files"),
    }
    return [
        Testcase(f"transfer-{kind.value}-{word}", f"{title} ({kind.value})", kind, asks)
        for kind in Kind
        for asks, (word, title) in titles.items()
    ]


TESTCASES: Mapping[str, Testcase] = MappingProxyType(
    {
        one.name: one
        for one in (
            Testcase(HANDSHAKE, "a session is established, and both agree on a protocol"),
            *_transfers(),
        )
    }
)


def task(case: Testcase, seed: int) -> Task:
    """The same seed gives the same names, bytes and protocols."""

    def word(*purpose: object) -> str:
        return f"{int(draw(seed, case.name, *purpose) * (1 << 40)):010x}"

    sizes = {None: (), Kind.DATAGRAM: _DATAGRAM_SIZES}.get(case.kind, _STREAM_SIZES)
    files = {}
    for number, size in enumerate(sizes):
        name = word("file", number)
        files[name] = shake_256(f"{seed} {name}".encode()).digest(size)
    if case.asks is not None:
        only = word("protocol")
        return Task(case, word("path"), files, dict.fromkeys(Side, (only,)), only)
    shared = (word("protocol", 0), word("protocol", 1))
    offered = {side: [word("protocol", side, one) for one in range(_OFFERED)] for side in Side}
    for side, common in ((Side.CLIENT, shared), (Side.SERVER, shared[::-1])):
        offered[side][1], offered[side][3] = common
    protocols = {side: tuple(names) for side, names in offered.items()}
    return Task(case, word("path"), files, protocols, shared[0])
