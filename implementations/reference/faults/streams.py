"""Faults about streams: their headers, their bytes, and what a broken one costs."""

from collections.abc import Collection

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.wire import varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import BIDI_SIGNAL

A_PACKET_BYTES = 1400


@fault("opens-streams-of-type-55")
class OpensStreamsOfType55(StreamRules):
    """Unidirectional streams begin with a number that means nothing."""

    def header(self, kind: str, honest: bytes) -> bytes:
        return varint.encode(0x55) + honest[2:] if kind == "uni" else honest


@fault("signals-streams-with-42")
class SignalsStreamsWith42(StreamRules):
    """Bidirectional streams begin with a number that means nothing."""

    def header(self, kind: str, honest: bytes) -> bytes:
        return varint.encode(BIDI_SIGNAL + 1) + honest[2:] if kind == "bidi" else honest


@fault("frames-own-payload")
class FramesOwnPayload(StreamRules):
    """Payload on streams of its own is preceded by its length."""

    def own_payload(self, kind: str, data: bytes) -> bytes:
        return varint.encode(len(data)) + data


@fault("sends-nothing-for-empty-streams")
class SendsNothingForEmptyStreams(StreamRules):
    """A stream without payload never shows."""

    def sends_header_at_once(self) -> bool:
        return False

    def finishes_unwritten(self) -> bool:
        return False


@fault("leaves-empty-streams-open")
class LeavesEmptyStreamsOpen(StreamRules):
    """A stream without payload never ends."""

    def finishes_unwritten(self) -> bool:
        return False


@fault("repeats-the-signal")
class RepeatsTheSignal(StreamRules):
    """Each bidirectional stream is announced on the CONNECT stream too."""

    def repeats_signal(self) -> bool:
        return True


@fault("takes-the-first-byte-for-a-length")
class TakesTheFirstByteForALength(StreamRules):
    """Payload that begins with its own length loses it."""

    def delivered(self, data: bytes, offset: int) -> bytes:
        is_length = offset == 0 and len(data) > 1 and data[0] == len(data) - 1
        return data[1:] if is_length else data


@fault("forgets-headers-in-pieces")
class ForgetsHeadersInPieces(StreamRules):
    """A header must come in one piece."""

    def waits_for_header(self) -> bool:
        return False


@fault("takes-short-varints-only")
class TakesShortVarintsOnly(StreamRules):
    """A header longer than it must be costs the connection."""

    def long_varint_code(self) -> int | None:
        return H3.GENERAL_PROTOCOL_ERROR


@fault("forgets-empty-streams")
class ForgetsEmptyStreams(StreamRules):
    """A stream that ends without payload is never told to have ended."""

    def takes_empty(self) -> bool:
        return False


@fault("reads-payload-as-frames")
class ReadsPayloadAsFrames(StreamRules):
    """Payload that begins like a frame loses what would be the frame's head."""

    def delivered(self, data: bytes, offset: int) -> bytes:
        kind = varint.decode(data) if offset == 0 else None
        length = kind and varint.decode(data, kind[1])
        if not kind or not length:
            return data
        is_whole = kind[0] == 0 and length[0] == len(data) - length[1] > 0
        return data[length[1] :] if is_whole or kind[0] in {0x21, BIDI_SIGNAL} else data


@fault("cuts-what-exceeds-our-credit")
class CutsWhatExceedsOurCredit(QuicRules):
    """What the peer's credit does not allow at once is lost."""

    def cuts_at_credit(self, size_bytes: int) -> bool:
        return True


@fault("reads-zeros-behind-64-kilobytes")
class ReadsZerosBehind64Kilobytes(StreamRules):
    """The application gets the first 64 KiB of a stream, then zeros."""

    def delivered(self, data: bytes, offset: int) -> bytes:
        return data if offset < 1 << 16 else bytes(len(data))


@fault("cuts-long-writes")
class CutsLongWrites(StreamRules):
    """Of what the application writes at once the first 64 KiB are sent."""

    def own_payload(self, kind: str, data: bytes) -> bytes:
        return data[: 1 << 16]


@fault("loses-what-fills-a-gap")
class LosesWhatFillsAGap(StreamRules):
    """When late bytes make others readable, only the first packet's worth is read."""

    def delivered(self, data: bytes, offset: int) -> bytes:
        return data[:A_PACKET_BYTES]


@fault("mixes-streams")
class MixesStreams(StreamRules):
    """Bytes go to the newest stream of their kind."""

    def addressee(self, stream_id: int, streams: Collection[int]) -> int:
        return max(one for one in (*streams, stream_id) if one % 4 == stream_id % 4)


@fault("serves-one-stream-at-a-time")
class ServesOneStreamAtATime(ApplicationRules):
    """A stream waits until the one before it has ended."""

    def serves_at_once(self) -> bool:
        return False


@fault("never-grants-streams")
class NeverGrantsStreams(QuicRules):
    """The first limits of QUIC for streams are the last."""

    def grants_streams(self) -> bool:
        return False


@fault("answers-twice")
class AnswersTwice(ApplicationRules):
    """An echo returns what came on a unidirectional stream on two."""

    def answers_to_stream(self) -> int:
        return 2


@fault("takes-42-for-41")
class Takes42For41OnRequests(RequestRules):
    """A frame of the unknown type 0x42 costs the connection."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        return H3.FRAME_ERROR if frame_type == BIDI_SIGNAL + 1 else None


@fault("takes-42-for-41")
class Takes42For41OnControl(ControlRules):
    """The part of the control stream."""

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        return H3.FRAME_ERROR if frame_type == BIDI_SIGNAL + 1 else None


@fault("passes-over-late-signals")
class PassesOverLateSignals(StreamRules):
    """0x41 behind other frames is passed over."""

    def minds_late_signal(self) -> bool:
        return False


@fault("wants-the-signal-first")
class WantsTheSignalFirst(StreamRules):
    """A frame before 0x41 makes a stream something else."""

    def frames_before_signal(self) -> bool:
        return False


@fault("closes-for-cut-headers")
class ClosesForCutHeaders(StreamRules):
    """A stream that ends inside its header costs the connection."""

    def cut_header_code(self) -> int | None:
        return H3.GENERAL_PROTOCOL_ERROR


@fault("cuts-some-writes-at-our-credit")
class CutsSomeWritesAtOurCredit(QuicRules):
    """What the credit of the moment does not allow is lost, in writes of two sizes only."""

    def cuts_at_credit(self, size_bytes: int) -> bool:
        return 200 <= size_bytes < 210 or 1000 <= size_bytes < 1020


@fault("drops-streams-that-wait")
class DropsStreamsThatWait(QuicRules):
    """Of a stream that QUIC does not allow yet nothing is ever sent."""

    def drops_streams_that_wait(self) -> bool:
        return True
