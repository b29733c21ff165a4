"""Faults about what has no meaning and is to be passed over."""

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.faults.fault import fault, oddity
from wtspec.suite.wire import grease
from wtspec.suite.wire.error_codes import H3, QUIC


@fault("closes-on-unknown-settings")
class ClosesOnUnknownSettings(ControlRules):
    """A setting without a meaning is H3_SETTINGS_ERROR."""

    def code_for_unknown_setting(self, number: int) -> int | None:
        return H3.SETTINGS_ERROR


@fault("closes-on-reserved-settings")
class ClosesOnReservedSettings(ControlRules):
    """A setting of the reserved form is H3_SETTINGS_ERROR."""

    def code_for_unknown_setting(self, number: int) -> int | None:
        return H3.SETTINGS_ERROR if grease.is_reserved(number) else None


@fault("closes-on-unknown-parameters")
class ClosesOnUnknownParameters(QuicRules):
    """A transport parameter without a meaning is TRANSPORT_PARAMETER_ERROR."""

    def code_for_unknown_parameter(self, number: int) -> int | None:
        return QUIC.TRANSPORT_PARAMETER_ERROR


@fault("closes-on-unknown-control-frames")
class ClosesOnUnknownControlFrames(ControlRules):
    """A frame without a meaning on the control stream is H3_FRAME_UNEXPECTED."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        return H3.FRAME_UNEXPECTED


@fault("takes-no-long-control-frames")
class TakesNoLongControlFrames(ControlRules):
    """Such a frame of over 64 kB is H3_FRAME_ERROR."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        return H3.FRAME_ERROR if size_bytes > 0xFFFF else None


@fault("takes-no-control-frame-in-pieces")
class TakesNoControlFrameInPieces(ControlRules):
    """Behind SETTINGS, a frame that does not come whole is H3_FRAME_ERROR."""

    def waits_for_rest(self, is_settings: bool) -> bool:
        return is_settings


@fault("closes-on-unknown-streams")
class ClosesOnUnknownStreams(ControlRules):
    """A unidirectional stream of unknown type is H3_STREAM_CREATION_ERROR for the connection."""

    def code_for_unknown_stream(self, stream_type: int, before: int) -> int | None:
        return H3.STREAM_CREATION_ERROR


@fault("wants-known-streams-first")
class WantsKnownStreamsFirst(ControlRules):
    """A unidirectional stream of unknown type that comes before all others is an error."""

    def code_for_unknown_stream(self, stream_type: int, before: int) -> int | None:
        return None if before else H3.MISSING_SETTINGS


@fault("minds-resets-of-unknown-streams")
class MindsResetsOfUnknownStreams(ControlRules):
    """The reset of such a stream is taken for that of a critical one."""

    def minds_unknown_reset(self) -> bool:
        return True


@fault("stops-unknown-streams-with-no-error")
class StopsUnknownStreamsWithNoError(ControlRules):
    """A unidirectional stream of unknown type is stopped with H3_NO_ERROR."""

    def stops_unknown_streams(self) -> int | None:
        return H3.NO_ERROR


@oddity("stops-unknown-streams")
class StopsUnknownStreams(ControlRules):
    """A unidirectional stream of unknown type is stopped, as RFC 9114 section 6.2 allows."""

    def stops_unknown_streams(self) -> int | None:
        return H3.STREAM_CREATION_ERROR


@oddity("stops-unknown-streams-with-a-reserved-code")
class StopsUnknownStreamsWithAReservedCode(ControlRules):
    """The same with a code that has no meaning."""

    def stops_unknown_streams(self) -> int | None:
        return grease.identifier(9)
