"""Faults at the end of sessions."""

from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.closing import CloseRules
from wtspec.implementations.reference.faults.fault import fault
from wtspec.suite.wire.error_codes import H3


@fault("closes-with-another-code")
class ClosesWithAnotherCode(CloseRules):
    """The lowest bit of the code in the close capsule is wrong."""

    def code(self, code: int) -> int:
        return code ^ 1


@fault("forgets-fin-after-close")
class ForgetsFinAfterClose(CloseRules):
    """The close capsule is sent, and the CONNECT stream stays open."""

    def finishes_after_capsule(self) -> bool:
        return False


@fault("sends-any-close-message")
class SendsAnyCloseMessage(CloseRules):
    """A reason of any length is sent."""

    def reason(self, reason: bytes) -> bytes:
        return reason


@fault("cuts-close-messages-anywhere")
class CutsCloseMessagesAnywhere(CloseRules):
    """A reason that is too long is cut after 1024 bytes, inside a character if need be."""

    def reason(self, reason: bytes) -> bytes:
        return reason[:1024]


@fault("reports-close-codes-of-eight-bits")
class ReportsCloseCodesOfEightBits(CloseRules):
    """The application gets the lowest byte of the code in the close capsule."""

    def reported_code(self, code: int) -> int:
        return code & 0xFF


@fault("reports-half-of-reasons")
class ReportsHalfOfReasons(CloseRules):
    """The application gets the first half of the reason."""

    def reported_reason(self, reason: str) -> str:
        return reason[: len(reason) // 2]


@fault("leaves-closes-unanswered")
class LeavesClosesUnanswered(CloseRules):
    """The peer's end of the CONNECT stream is noted and not answered."""

    def answers_close(self) -> bool:
        return False


@fault("minds-data-after-close-with-no-error")
class MindsDataAfterCloseWithNoError(CloseRules):
    """Data behind the close capsule resets the CONNECT stream with H3_NO_ERROR."""

    def code_after_close(self, code: int) -> int:
        return H3.NO_ERROR


@fault("lets-the-last-close-win")
class LetsTheLastCloseWin(CloseRules):
    """A second close capsule takes the place of the first."""

    def minds_data_after_close(self) -> bool:
        return False


@fault("takes-any-close-message")
class TakesAnyCloseMessage(CapsuleRules):
    """A close message too long, or not in UTF-8, is taken."""

    def minds_close_message(self, why: str) -> bool:
        return False


@fault("minds-crossing-closes")
class MindsCrossingCloses(CloseRules):
    """A close capsule that comes after our own is treated as malformed."""

    def minds_crossing_close(self) -> bool:
        return True


@fault("takes-a-stop-for-the-end")
class TakesAStopForTheEnd(CloseRules):
    """A STOP_SENDING ends the session before anything else in its packet is looked at."""

    def waits_behind_stop(self) -> bool:
        return False
