"""Faults about QPACK's own streams: what is written on them, and what is made of the peer's."""

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamType

_CAPACITY_OF_ZERO = b"\x20"


@fault("sets-a-capacity-of-zero")
class SetsACapacityOfZero(ControlRules):
    """The size of the dynamic table is told also to a peer that has none."""

    def qpack_instructions(self, which: str) -> bytes:
        return _CAPACITY_OF_ZERO if which == StreamType.QPACK_ENCODER.name else b""


@fault("ends-its-qpack-streams")
class EndsItsQpackStreams(ControlRules):
    """A stream that will never be used again is finished."""

    def finishes_qpack_streams(self) -> bool:
        return True


@fault("reads-no-encoder-stream")
class ReadsNoEncoderStream(ControlRules):
    """Who announces no dynamic table need not look at what the peer's encoder says."""

    def minds_qpack_instructions(self, code: int) -> bool:
        return code != H3.QPACK_ENCODER_STREAM_ERROR


@fault("reads-no-decoder-stream")
class ReadsNoDecoderStream(ControlRules):
    """Who uses no dynamic table need not look at what the peer's decoder says."""

    def minds_qpack_instructions(self, code: int) -> bool:
        return code != H3.QPACK_DECODER_STREAM_ERROR


@fault("knows-no-stream-cancellations")
class KnowsNoStreamCancellations(ControlRules):
    """Without a dynamic table there can be no instruction at all."""

    def takes_stream_cancellations(self) -> bool:
        return False
