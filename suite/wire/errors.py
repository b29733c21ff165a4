"""What a decoder raises when bytes break a rule: one class for each HTTP/3 error code.

    WireError
      FrameError  FrameUnexpected  MessageError  SettingsError  MissingSettings  IdError
      DatagramError  StreamCreationError  ClosedCriticalStream  ExcessiveLoad
      QpackDecompressionFailed  QpackEncoderStreamError  QpackDecoderStreamError
    TransportParameterError      (a QUIC code, so no WireError)

The code is what the RFC calls for by default. A dialect or a fault may decide otherwise: the
exception is a finding, not yet a reaction.
"""

from typing import ClassVar

from wtspec.suite.wire.error_codes import H3, QUIC


class WireError(Exception):
    """`raw` are the offending bytes, as far as they were kept (bounded by the decoder).

    `before` holds what the same call had already decoded when it met the violation, so that
    nothing depends on how the bytes were cut.
    """

    code: ClassVar[H3] = H3.GENERAL_PROTOCOL_ERROR

    def __init__(self, why: str, raw: bytes = b"") -> None:
        super().__init__(why)
        self.raw = raw
        self.before: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.code.name})"


class FrameError(WireError):
    code = H3.FRAME_ERROR


class LateSignal(FrameError):
    """0x41 behind the beginning of a stream (section 4.3, since draft 05)."""


class FrameUnexpected(WireError):
    code = H3.FRAME_UNEXPECTED


class MessageError(WireError):
    code = H3.MESSAGE_ERROR


class SettingsError(WireError):
    code = H3.SETTINGS_ERROR


class MissingSettings(WireError):
    code = H3.MISSING_SETTINGS


class IdError(WireError):
    code = H3.ID_ERROR


class DatagramError(WireError):
    code = H3.DATAGRAM_ERROR


class StreamCreationError(WireError):
    code = H3.STREAM_CREATION_ERROR


class ClosedCriticalStream(WireError):
    code = H3.CLOSED_CRITICAL_STREAM


class ExcessiveLoad(WireError):
    """More than our own bound admits, which no draft forbids by itself."""

    code = H3.EXCESSIVE_LOAD


class QpackDecompressionFailed(WireError):
    code = H3.QPACK_DECOMPRESSION_FAILED


class QpackEncoderStreamError(WireError):
    code = H3.QPACK_ENCODER_STREAM_ERROR


class QpackDecoderStreamError(WireError):
    code = H3.QPACK_DECODER_STREAM_ERROR


class TransportParameterError(Exception):
    """A transport parameter list that cannot be read (RFC 9000 section 7.4)."""

    code: ClassVar[QUIC] = QUIC.TRANSPORT_PARAMETER_ERROR

    def __init__(self, why: str, raw: bytes = b"") -> None:
        super().__init__(why)
        self.raw = raw
