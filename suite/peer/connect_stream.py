"""The stream of a session's CONNECT: its bytes are capsules, in DATA frames."""

from collections.abc import Sequence

from wtspec.suite.peer import readback
from wtspec.suite.peer.outlet import Outlet
from wtspec.suite.peer.raw import Raw, plain
from wtspec.suite.peer.stream import MessageStream, collect
from wtspec.suite.signal import (
    CapsuleSeen,
    Draining,
    Fin,
    Reaction,
    Reset,
    Response,
    SessionClosed,
    Signal,
)
from wtspec.suite.wire import capsule as capsules
from wtspec.suite.wire.capsule import Capsule, CapsuleType, Received
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind


class ConnectStream(MessageStream):
    """What is sent here is the session's; `send_frames` writes below the capsules.

    `capsules`: those the endpoint sent that neither close nor drain the session.
    """

    def __init__(self, outlet: Outlet, stream_id: int, kind: StreamKind, place: str) -> None:
        super().__init__(outlet, stream_id, kind, place)
        self.capsules: list[Received] = []

    @property
    def has_news(self) -> bool:
        """Something but capsules was seen that no script was told of."""
        return self.inbox.has(lambda one: not isinstance(one, CapsuleSeen | Draining))

    @property
    def is_over(self) -> bool:
        """The endpoint ended the session, one way or another."""
        endings = (Fin, Reset, Response, SessionClosed)
        return any(isinstance(one, endings) for one in self.inbox.seen)

    async def send(self, data: bytes | Raw, *, finish: bool = False) -> None:
        """Bytes of the capsule layer, as one DATA frame; nothing but FIN when there are none."""
        content = plain(data)
        framed = readback.frame(FrameType.DATA, content) if content or not finish else b""
        why = f"Raw({data.why}) " if isinstance(data, Raw) else ""
        shown = f"{why}DATA {len(content)} bytes {content[:24].hex()}" if framed else ""
        self._write(framed, finish=finish, what=shown)

    async def send_capsules(
        self, *values: Capsule | Raw, in_one_frame: bool = False, finish: bool = False
    ) -> None:
        """Capsules in one write, each in a DATA frame of its own or all in one."""
        pieces = [encode(value) for value in values]
        contents = [b"".join(pieces)] if in_one_frame else pieces
        framed = b"".join(readback.frame(FrameType.DATA, content) for content in contents)
        shown = " + ".join(describe(value) for value in values)
        self._write(framed, finish=finish, what=shown)

    async def send_in_pieces(self, data: bytes | Raw, sizes: Sequence[int]) -> None:
        """The bytes in DATA frames of these sizes, then one of the rest, in one write."""
        content, framed, at = plain(data), b"", 0
        for size_bytes in (*sizes, len(content)):
            framed += readback.frame(FrameType.DATA, content[at : at + size_bytes])
            at += size_bytes
        self._write(framed, what=f"DATA in pieces of {list(sizes)} and the rest")

    async def reaction(
        self,
        *,
        until: Signal | None = None,
        within_s: float | None = None,
        credit: bool = False,
    ) -> Reaction:
        """How the session ended or drained; other capsules are passed over unless `credit`."""
        passes_over = _never if credit else is_other_capsule
        signals = await collect(
            self._outlet, self.inbox, passes_over, until=until, within_s=within_s
        )
        return Reaction(self.place, signals)


def encode(value: Capsule | Raw) -> bytes:
    """The bytes of a capsule, read again by the witness, or Raw ones as they are."""
    return value.data if isinstance(value, Raw) else readback.capsule(value)


def is_other_capsule(signal: Signal) -> bool:
    """Credit and unknown capsules answer nothing by themselves."""
    return isinstance(signal, CapsuleSeen)


def _never(_: Signal) -> bool:
    return False


def describe(value: Received | Raw) -> str:
    """A capsule in one phrase, for the timeline."""
    if isinstance(value, Raw):
        return f"Raw({value.why}) {len(value)} bytes"
    signal = signal_of(value)
    return (
        str(signal) if not isinstance(signal, CapsuleSeen) else f"{signal.capsule} {signal.value}"
    )


def signal_of(value: Received) -> Signal:  # noqa: PLR0911 - one branch a capsule
    """What a script sees of a capsule."""
    match value:
        case capsules.CloseSession(code, reason):
            return SessionClosed(code, reason)
        case capsules.DrainSession():
            return Draining()
        case capsules.MaxStreams(kind, number) | capsules.StreamsBlocked(kind, number):
            return CapsuleSeen(f"{type(value).__name__} {kind.value}", number)
        case capsules.MaxData(number) | capsules.DataBlocked(number):
            return CapsuleSeen(type(value).__name__, number)
        case capsules.DatagramCapsule(payload):
            return CapsuleSeen("DatagramCapsule", len(payload))
        case capsules.UnknownCapsule(number, payload):
            return CapsuleSeen(_name(number), len(payload))
        case capsules.Malformed(number, payload):
            return CapsuleSeen(f"malformed {_name(number)}", len(payload))
        case capsules.SkippedCapsule(number, size_bytes):
            return CapsuleSeen(_name(number), size_bytes)


def _name(number: int) -> str:
    return CapsuleType(number).name if number in set(CapsuleType) else f"capsule {number:#x}"
