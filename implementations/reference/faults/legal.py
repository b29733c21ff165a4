"""Odd but allowed behaviour: no case may turn red on it."""

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules, Pairs
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.faults.fault import oddity
from wtspec.suite.dialect import Side
from wtspec.suite.wire import capsule, frames, grease, varint
from wtspec.suite.wire.frames import FrameType

_GREASE_FRAME = frames.encode(grease.identifier(3), b"grease")
_GREASE_CAPSULE = capsule.encode_raw(capsule.grease(5), b"grease")


@oddity("one-byte-per-write")
class OneBytePerWrite(QuicRules):
    """Every byte of every stream leaves in a packet of its own (up to a limit a write)."""

    def writes(self, data: bytes) -> tuple[bytes, ...]:
        if not 1 < len(data) <= 64:
            return (data,)
        return tuple(data[place : place + 1] for place in range(len(data)))


@oddity("grease-everywhere")
class GreaseInSettings(NegotiationRules):
    """Reserved settings, frames, capsules and unidirectional streams wherever they may stand."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        return ((grease.identifier(1), 7), *honest, (grease.identifier(2), 0))


@oddity("grease-everywhere")
class GreaseOnControl(ControlRules):
    """The part of the control stream."""

    def first_frames(self, settings_payload: bytes) -> bytes:
        return super().first_frames(settings_payload) + _GREASE_FRAME

    def extra_streams(self) -> tuple[bytes, ...]:
        return (varint.encode(grease.identifier(4)) + b"grease",)


@oddity("grease-everywhere")
class GreaseOnRequests(RequestRules):
    """The part of request streams: a reserved frame before the first HEADERS."""

    def headers_frame(self, encoded: bytes) -> bytes:
        return _GREASE_FRAME + super().headers_frame(encoded)


@oddity("grease-everywhere")
class GreaseInCapsules(CapsuleRules):
    """The part of capsules: a reserved one in front of each, frames between."""

    def encoded(self, honest: bytes) -> bytes:
        return _GREASE_CAPSULE + honest

    def data_frames(self, payload: bytes) -> bytes:
        return frames.encode(FrameType.DATA, b"") + _GREASE_FRAME + super().data_frames(payload)


@oddity("late-settings")
class LateSettings(ControlRules):
    """SETTINGS leave 200 ms after the handshake."""

    def settings_delay_s(self) -> float:
        return 0.2


@oddity("late-settings")
class SettingsBackwards(NegotiationRules):
    """And in the opposite order."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        return tuple(reversed(honest))
