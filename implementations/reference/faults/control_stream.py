"""Faults about the control stream, the QPACK streams, and frames where they may not be."""

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity
from wtspec.implementations.reference.faults.long_numbers import begins_at_length
from wtspec.suite.wire import settings, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.errors import FrameError
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Pairs
from wtspec.suite.wire.stream_header import StreamType

_STREAM_ID_STEP = 4


@fault("opens-two-control-streams")
class OpensTwoControlStreams(ControlRules):
    """A second control stream is opened, without a word on it."""

    def extra_streams(self) -> tuple[bytes, ...]:
        return (varint.encode(StreamType.CONTROL),)


@fault("takes-a-second-control-stream")
class TakesASecondControlStream(ControlRules):
    """The peer may open as many control streams as it likes."""

    def minds_second_critical(self, what: str) -> bool:
        return what != StreamType.CONTROL.name


@fault("takes-a-second-qpack-stream")
class TakesASecondQpackStream(ControlRules):
    """The peer may open as many QPACK streams as it likes."""

    def minds_second_critical(self, what: str) -> bool:
        return what == StreamType.CONTROL.name


@fault("lives-on-without-control-stream")
class LivesOnWithoutControlStream(ControlRules):
    """The end of the peer's control stream is not minded."""

    def minds_closed_critical(self, what: str, how: str) -> bool:
        return what != "control"


@fault("minds-no-reset-of-critical-streams")
class MindsNoResetOfCriticalStreams(ControlRules):
    """A control stream may be reset, not finished."""

    def minds_closed_critical(self, what: str, how: str) -> bool:
        return (what, how) != ("control", "reset")


@fault("lives-on-without-qpack-streams")
class LivesOnWithoutQpackStreams(ControlRules):
    """The end of the peer's QPACK streams is not minded."""

    def minds_closed_critical(self, what: str, how: str) -> bool:
        return what != "QPACK"


@fault("wants-the-encoder-stream-before-the-decoder-stream")
class WantsTheEncoderStreamFirst(ControlRules):
    """A QPACK decoder stream that comes before everything else is an error."""

    def code_for_order(self, what: str, stream_id: int, before: int) -> int | None:
        is_odd = what == StreamType.QPACK_DECODER.name and before == 0
        return H3.STREAM_CREATION_ERROR if is_odd else None


@fault("wants-control-on-the-first-stream")
class WantsControlOnTheFirstStream(ControlRules):
    """A control stream on any other stream than the first is an error."""

    def code_for_order(self, what: str, stream_id: int, before: int) -> int | None:
        is_odd = what == StreamType.CONTROL.name and stream_id >= _STREAM_ID_STEP
        return H3.STREAM_CREATION_ERROR if is_odd else None


@fault("wants-qpack-streams")
class WantsQpackStreams(ControlRules):
    """No field section is decoded before both QPACK streams are open."""

    def needs_qpack_streams(self) -> bool:
        return True


class Lenient(ControlRules):
    """Passes over some kinds of frames that may not stand on the control stream."""

    kinds: frozenset[str]
    code: H3 = H3.FRAME_UNEXPECTED

    def minds_frame(self, kind: str, code: int) -> bool:
        return kind not in self.kinds or code != self.code


@fault("takes-any-first-frame")
class TakesAnyFirstFrame(ControlRules):
    """The control stream may begin with any frame."""

    def minds_frame(self, kind: str, code: int) -> bool:
        return code != H3.MISSING_SETTINGS


@fault("takes-settings-twice")
class TakesSettingsTwice(Lenient):
    """Later SETTINGS are passed over."""

    kinds = frozenset({"SETTINGS"})


@fault("takes-messages-on-the-control-stream")
class TakesMessagesOnTheControlStream(Lenient):
    """DATA and HEADERS on the control stream are passed over."""

    kinds = frozenset({"DATA", "HEADERS"})


@fault("passes-over-frames-of-http2")
class PassesOverFramesOfHttp2(Lenient):
    """Frame types of HTTP/2 on the control stream are passed over."""

    kinds = frozenset({"HTTP2"})


@fault("takes-max-push-id-of-a-server", CLIENT)
class TakesMaxPushIdOfAServer(Lenient):
    """A server may allow the client pushes."""

    kinds = frozenset({"MAX_PUSH_ID"})


@fault("reads-what-there-is-of-a-frame")
class ReadsWhatThereIsOfAFrame(ControlRules):
    """Missing and further bytes of a frame on the control stream are not minded."""

    def minds_frame_payload(self, kind: str) -> bool:
        return False


def _is_whole(payload: bytes) -> bool:
    try:
        settings.pairs(payload)
    except FrameError:
        return False
    return True


@fault("takes-what-is-whole-of-settings")
class TakesWhatIsWholeOfSettings(ControlRules):
    """Of SETTINGS that end inside a setting the others count, and nothing is missed."""

    def settings_in(self, payload: bytes) -> Pairs:
        while not _is_whole(payload):
            payload = payload[:-1]
        return super().settings_in(payload)


@fault("takes-any-id-in-goaway", CLIENT)
class TakesAnyIdInGoaway(ControlRules):
    """A GOAWAY may name any stream."""

    def minds_id(self, what: str, identifier: int) -> bool:
        return what != "GOAWAY" or identifier % 4 == 0


@fault("takes-growing-goaways")
class TakesGrowingGoaways(ControlRules):
    """A GOAWAY may name any stream that could be a request."""

    def minds_id(self, what: str, identifier: int) -> bool:
        return what != "GOAWAY" or identifier % 4 != 0


@fault("takes-one-goaway-only")
class TakesOneGoawayOnly(ControlRules):
    """A second GOAWAY is an error, whatever it says."""

    def minds_second_goaway(self) -> bool:
        return True


@fault("takes-a-lower-max-push-id", SERVER)
class TakesALowerMaxPushId(ControlRules):
    """MAX_PUSH_ID may fall."""

    def minds_id(self, what: str, identifier: int) -> bool:
        return what != "MAX_PUSH_ID"


@fault("takes-any-cancel-push")
class TakesAnyCancelPush(ControlRules):
    """CANCEL_PUSH may name pushes that there never were."""

    def minds_id(self, what: str, identifier: int) -> bool:
        return what != "CANCEL_PUSH"


@fault("takes-pushes-of-a-client", SERVER)
class TakesPushesOfAClient(ControlRules):
    """A client's push stream is read and dropped."""

    def minds_push(self) -> bool:
        return False


@fault("takes-pushes-of-a-server", CLIENT)
class TakesPushesOfAServer(ControlRules):
    """A server's push stream is read and dropped, though none was allowed."""

    def minds_push(self) -> bool:
        return False


@fault("lets-its-critical-streams-be-stopped")
class LetsItsCriticalStreamsBeStopped(ControlRules):
    """A critical stream is reset when the peer asks for that."""

    def minds_closed_critical(self, what: str, how: str) -> bool:
        return what != "ours"


@fault("closes-on-priorities", SERVER)
class ClosesOnPriorities(ControlRules):
    """PRIORITY_UPDATE is for nobody."""

    def minds_priorities(self) -> bool:
        return True


@fault("wants-short-numbers-on-the-control-stream")
class WantsShortNumbersOnTheControlStream(ControlRules):
    """A type or a length in more bytes than it needs is no number."""

    def code_for_long_type(self, stream_type: int, size_bytes: int) -> int | None:
        return H3.STREAM_CREATION_ERROR if stream_type == StreamType.CONTROL else None

    def taken(self, data: bytes) -> bytes:
        if begins_at_length(data, FrameType.SETTINGS):
            raise ConnectionViolation(H3.FRAME_ERROR, "a long number")
        return data


@fault("reads-a-clients-goaway-as-a-request", SERVER)
class ReadsAClientsGoawayAsARequest(ControlRules):
    """A client's GOAWAY has to name a request, too."""

    def goaway_read(self, identifier: int) -> int:
        if identifier % 4:
            raise ConnectionViolation(H3.ID_ERROR, f"GOAWAY of {identifier}")
        return identifier


@fault("closes-on-goaway", SERVER)
class ClosesOnGoaway(ControlRules):
    """A client's GOAWAY ends its connection at once."""

    def goaway_read(self, identifier: int) -> int:
        raise ConnectionViolation(H3.NO_ERROR, "GOAWAY")


@fault("closes-on-max-push-id", SERVER)
class ClosesOnMaxPushId(ControlRules):
    """MAX_PUSH_ID is an error even from a client."""

    def max_push_id_read(self, identifier: int) -> int:
        raise ConnectionViolation(H3.FRAME_UNEXPECTED, f"MAX_PUSH_ID of {identifier}")


@fault("minds-no-cut-frame-on-requests")
class MindsNoCutFrameOnRequests(RequestRules):
    """A request stream may end inside a frame."""

    def minds_cut_frame(self) -> bool:
        return False


@oddity("minds-the-cut-frame-first")
class MindsTheCutFrameFirst(ControlRules):
    """A control stream that ends inside a frame is told as H3_FRAME_ERROR."""

    def cut_code(self, code: int) -> int:
        return H3.FRAME_ERROR
