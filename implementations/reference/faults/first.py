"""The faults that the first cases of every family need."""

import math

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.faults.fault import CLIENT, fault
from wtspec.suite.wire.error_codes import H3


@fault("connects-before-settings", CLIENT)
class ConnectsBeforeSettings(NegotiationRules):
    """A client asks for a session before the server's SETTINGS are in."""

    def waits_for_settings(self) -> bool:
        return False


@fault("never-answers")
class NeverAnswers(RequestRules):
    """A server answers no request for a session; a client never sends one, and waits."""

    def answers(self) -> bool:
        return False

    def deadline_s(self, honest_s: float) -> float:
        return math.inf


@fault("sends-codes-unmapped")
class SendsCodesUnmapped(StreamRules):
    """Application codes go into RESET_STREAM_AT and STOP_SENDING as they are."""

    def wire_code(self, application_code: int) -> int:
        return application_code

    def answer_to_stop(self, code: int) -> int:
        return code


@fault("reports-codes-one-off")
class ReportsCodesOneOff(ApplicationRules):
    """The application is told a code that is one too high."""

    def reported_code(self, code: int | None) -> int | None:
        return None if code is None else code + 1


@fault("drops-datagrams")
class DropsDatagrams(DatagramRules):
    """No datagram reaches the application."""

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        return ()


@fault("assumes-1452-bytes")
class Assumes1452Bytes(QuicRules):
    """After the handshake packets of 1452 bytes are sent without asking the path."""

    def later_udp_payload_bytes(self) -> int | None:
        return 1452


@fault("drops-early-streams")
class DropsEarlyStreams(StreamRules):
    """A stream that comes before its session is forgotten."""

    def drops_early(self) -> bool:
        return True


@fault("resets-early-streams-with-no-code")
class ResetsEarlyStreamsWithNoCode(StreamRules):
    """A stream that comes before its session is refused with H3_NO_ERROR."""

    def resets_early(self) -> int | None:
        return H3.NO_ERROR


@fault("resets-every-stream")
class ResetsEveryStream(StreamRules):
    """Every stream is reset as soon as it brings data."""

    def resets_unasked(self) -> int | None:
        return 0


@fault("dies-after-answering")
class DiesAfterAnswering(ApplicationRules):
    """Having answered a violation with an error, the endpoint falls silent for ever."""

    def dies_after_answering(self) -> bool:
        return True
