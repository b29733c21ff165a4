"""Faults in reading and sending capsules, and frames on the CONNECT stream."""

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.errors import ConnectionViolation, RequestViolation
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.wire import capsule, frames, varint
from wtspec.suite.wire.capsule import (
    CapsuleType,
    CloseSession,
    DatagramCapsule,
    Malformed,
    Received,
    SkippedCapsule,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import FrameType

_ENDLESS_DATA = frames.encode(FrameType.DATA, b"", announced_length=varint.MAX)
_LONG_BYTES = 1 << 40


@fault("refuses-unknown-capsules")
class RefusesUnknownCapsules(CapsuleRules):
    """A capsule of an unknown type is treated as malformed."""

    def ignores_unknown(self, capsule_type: int) -> bool:
        return False


@fault("reads-each-frame-for-itself")
class ReadsEachFrameForItself(CapsuleRules):
    """A capsule that a DATA frame did not complete is forgotten with the frame."""

    def joins_frames(self) -> bool:
        return False


@fault("reads-one-known-capsule-of-a-frame")
class ReadsOneKnownCapsuleOfAFrame(CapsuleRules):
    """What a DATA frame brings behind a capsule of a known type is lost."""

    def taken(self, data: bytes) -> bytes:
        kind = varint.decode(data)
        length = kind and varint.decode(data, kind[1])
        is_known = kind is not None and kind[0] in frozenset(CapsuleType)
        return data[: length[1] + length[0]] if length and is_known else data


@fault("wants-short-varints")
class WantsShortVarints(CapsuleRules):
    """A capsule whose type or length is longer than it needs to be is dropped."""

    def taken(self, data: bytes) -> bytes:
        kind = varint.decode(data)
        length = kind and varint.decode(data, kind[1])
        if kind is None or length is None:
            return data
        shortest = varint.encode(kind[0]) + varint.encode(length[0])
        return data if data.startswith(shortest) else b""


@fault("takes-truncated-capsules")
class TakesTruncatedCapsules(CapsuleRules):
    """An end inside a capsule passes for a clean one."""

    def minds_truncation(self) -> bool:
        return False


@fault("takes-malformed-capsules")
class TakesMalformedCapsules(CapsuleRules):
    """A known capsule with bytes too many or too few is dropped."""

    def minds_malformed(self, name: str) -> bool:
        return False


@fault("takes-odd-drain-for-close")
class TakesOddDrainForClose(CapsuleRules):
    """A drain capsule with content ends the session."""

    def meant(self, received: Received) -> Received:
        if isinstance(received, Malformed) and received.type is CapsuleType.DRAIN_SESSION:
            return CloseSession(0)
        return received


@fault("closes-for-long-capsules")
class ClosesForLongCapsules(CapsuleRules):
    """A capsule that announces more than can ever come costs the connection."""

    def meant(self, received: Received) -> Received:
        is_long = isinstance(received, SkippedCapsule) and received.size_bytes > _LONG_BYTES
        if is_long or (isinstance(received, Malformed) and _was_too_long_to_keep(received)):
            raise ConnectionViolation(H3.INTERNAL_ERROR, "no memory for this capsule")
        return received


def _was_too_long_to_keep(received: Malformed) -> bool:
    return received.type is CapsuleType.CLOSE_SESSION and received.why is capsule.Defect.TOO_LONG


@fault("waits-for-the-end-of-frames")
class WaitsForTheEndOfFrames(RequestRules):
    """What came of a DATA frame too long to be kept is not read before the rest."""

    def taken(self, data: bytes) -> bytes:
        return b"" if data.startswith(_ENDLESS_DATA) else data


@fault("takes-reserved-frames-for-data")
class TakesReservedFramesForData(RequestRules):
    """The payload of a reserved frame is read as capsules."""

    def reserved_frames_are_data(self) -> bool:
        return True


@fault("refuses-reserved-frames-in-messages")
class RefusesReservedFramesInMessages(RequestRules):
    """A reserved frame on a request stream costs the connection."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        return H3.FRAME_UNEXPECTED


@fault("takes-any-frame-for-unknown")
class TakesAnyFrameForUnknown(RequestRules):
    """Known frames that may not stand on the CONNECT stream are skipped."""

    def minds_frame(self, kind: str, code: int) -> bool:
        return False


@fault("refuses-datagram-capsules")
class RefusesDatagramCapsules(CapsuleRules):
    """A DATAGRAM capsule is treated as malformed."""

    def meant(self, received: Received) -> Received:
        if isinstance(received, DatagramCapsule):
            raise RequestViolation(H3.MESSAGE_ERROR, "datagrams travel in packets")
        return received
