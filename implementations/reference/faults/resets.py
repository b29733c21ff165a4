"""Faults about resets: codes, frames, and who is told."""

from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import fault, oddity
from wtspec.suite.wire import error_codes
from wtspec.suite.wire.error_codes import to_http3

FIRST = to_http3(0)


@fault("maps-codes-without-gaps")
class MapsCodesWithoutGaps(StreamRules):
    """The mapping leaves no reserved codepoint out."""

    def wire_code(self, application_code: int) -> int:
        return FIRST + application_code


@fault("maps-back-without-gaps")
class MapsBackWithoutGaps(StreamRules):
    """The inverse knows of no reserved codepoints."""

    def application_code(self, code: int) -> int | None:
        known = error_codes.from_http3(code) is not None
        return (code - FIRST) & 0xFFFFFFFF if known else None


@fault("keeps-one-byte-of-codes")
class KeepsOneByteOfCodes(StreamRules):
    """The application gets the last byte of a code."""

    def application_code(self, code: int) -> int | None:
        known = error_codes.from_http3(code)
        return None if known is None else known & 0xFF


@fault("tells-nobody-of-stops")
class TellsNobodyOfStops(StreamRules):
    """A STOP_SENDING is answered, and the application does not get to know."""

    def shows_stops(self) -> bool:
        return False


@fault("ignores-stops")
class IgnoresStops(StreamRules):
    """A STOP_SENDING has no effect."""

    def heeds_stop(self) -> bool:
        return False


@fault("ignores-stops")
class AnswersNoStops(QuicRules):
    """The part of QUIC."""

    def answers_stops(self) -> bool:
        return False


@fault("answers-stops-with-another-code")
class AnswersStopsWithAnotherCode(StreamRules):
    """The reset that answers a STOP_SENDING has a code of its own."""

    def answer_to_stop(self, code: int) -> int:
        return to_http3(77)


@fault("stops-both-directions")
class StopsBothDirections(StreamRules):
    """A STOP_SENDING ends the direction that comes in, too."""

    def stop_ends_both(self) -> bool:
        return True


@fault("resets-own-streams-plainly")
class ResetsOwnStreamsPlainly(StreamRules):
    """Resets are RESET_STREAM."""

    def resets_reliably(self) -> bool:
        return False


@fault("promises-less-than-the-header")
class PromisesLessThanTheHeader(StreamRules):
    """RESET_STREAM_AT keeps one byte."""

    def reliable_size(self, header_bytes: int) -> int:
        return 1


@fault("hides-streams-reset-early")
class HidesStreamsResetEarly(StreamRules):
    """A stream that was reset before the application asked for it is passed over."""

    def shows_reset_streams(self) -> bool:
        return False


@fault("takes-reset-stream-at-for-reset-stream")
class TakesResetStreamAtForResetStream(QuicRules):
    """The Reliable Size is not read."""

    def heeds_reliable_size(self) -> bool:
        return False


@fault("ignores-resets-with-foreign-codes")
class IgnoresResetsWithForeignCodes(StreamRules):
    """A reset whose code is no application's has no effect."""

    def heeds_reset(self, code: int | None) -> bool:
        return code is not None


@fault("shows-foreign-codes")
class ShowsForeignCodes(StreamRules):
    """The application gets the last four bytes of a code that is no application's."""

    def application_code(self, code: int) -> int | None:
        known = error_codes.from_http3(code)
        return code & 0xFFFFFFFF if known is None else known


@fault("ends-sessions-for-foreign-codes")
class EndsSessionsForForeignCodes(StreamRules):
    """A reset whose code is no application's costs the session."""

    def foreign_code_costs_session(self) -> bool:
        return True


@oddity("answers-stops-with-code-0")
class AnswersStopsWithCode0(StreamRules):
    """The reset that answers a STOP_SENDING always has the application's code 0."""

    def answer_to_stop(self, code: int) -> int:
        return to_http3(0)


@oddity("shows-foreign-codes-as-0")
class ShowsForeignCodesAs0(StreamRules):
    """A code that is no application's is shown as 0."""

    def application_code(self, code: int) -> int | None:
        return error_codes.from_http3(code) or 0


@fault("answers-stops-reliably")
class AnswersStopsReliably(StreamRules):
    """What was asked to stop is reset with RESET_STREAM_AT, and keeps its first byte reliable."""

    def reliable_in_answer(self) -> int:
        return 1
