"""Faults about what must have arrived and been announced before there is a session."""

from collections.abc import Sequence

from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.decisions.streams import StreamRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity
from wtspec.suite.dialect import Announcement, Unmet
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter


@fault("forgets-early-requests", SERVER)
class ForgetsEarlyRequests(NegotiationRules):
    """A request that comes before the client's SETTINGS is never answered."""

    def keeps_early_requests(self) -> bool:
        return False


@fault("answers-before-settings", SERVER)
class AnswersBeforeSettings(NegotiationRules):
    """A request is answered though the client's SETTINGS are not in."""

    def server_waits_for_settings(self) -> bool:
        return False


@fault("cuts-datagrams-of-77-bytes", SERVER)
class CutsDatagramsOf77Bytes(DatagramRules):
    """A datagram of just 77 bytes loses the last."""

    def payload(self, data: bytes) -> bytes:
        return data[:76] if len(data) == 77 else data


@fault("sends-datagrams-before-settings", SERVER)
class AnswersForDatagrams(AnswersBeforeSettings):
    """A session begins, and its datagrams leave, before the client's SETTINGS are in."""


@fault("sends-datagrams-before-settings", SERVER)
class SendsDatagramsUnannounced(DatagramRules):
    """The part of datagrams."""

    def needs_announcement(self) -> bool:
        return False


@fault("asks-whatever-the-server-lacks", CLIENT)
class AsksWhateverTheServerLacks(NegotiationRules):
    """A session is asked for, whatever the server did not announce."""

    def client_minds_unmet(self) -> bool:
        return False


@fault("asks-whatever-the-server-lacks", CLIENT)
class AsksForMoreSessionsThanNone(RequestRules):
    """The part of settings that are numbers of sessions."""

    def client_session_limit(self, limit: int | None) -> int | None:
        return limit or 1


@fault("serves-whatever-the-client-lacks", SERVER)
class ServesWhateverTheClientLacks(NegotiationRules):
    """A session is given, whatever the client did not announce."""

    def server_minds_unmet(self) -> bool:
        return False


class Needless(NegotiationRules):
    """Does not miss one kind of announcement."""

    what: Setting | Parameter

    def requires(self, announcement: Announcement) -> bool:
        return self.what not in announcement.what


@fault("needs-no-connect-protocol", CLIENT)
class NeedsNoConnectProtocol(Needless):
    """A server without SETTINGS_ENABLE_CONNECT_PROTOCOL is asked for a session."""

    what = Setting.ENABLE_CONNECT_PROTOCOL


@fault("needs-no-http-datagrams")
class NeedsNoHttpDatagrams(Needless):
    """A peer without SETTINGS_H3_DATAGRAM is good enough for a session."""

    what = Setting.H3_DATAGRAM


@fault("needs-no-quic-datagrams")
class NeedsNoQuicDatagrams(Needless):
    """A peer without max_datagram_frame_size is good enough for a session."""

    what = Parameter.MAX_DATAGRAM_FRAME_SIZE


@fault("needs-no-reset-stream-at")
class NeedsNoResetStreamAt(Needless):
    """A peer without reset_stream_at is good enough for a session."""

    what = Parameter.RESET_STREAM_AT


@fault("resets-the-malformed-with-no-error", SERVER)
class ResetsTheMalformedWithNoError(NegotiationRules):
    """Sessions of a client that lacks something are reset with H3_NO_ERROR."""

    def malformed_code(self, code: int, unmet: Sequence[Announcement]) -> int:
        return code if any(Setting.WT_ENABLED in one.what for one in unmet) else H3.NO_ERROR


@fault("resets-clients-without-wt-enabled", SERVER)
class InsistsOnWtEnabled(NegotiationRules):
    """A client that does not announce its draft has its sessions reset with H3_NO_ERROR."""

    def consequence(self, announcement: Announcement) -> Unmet:
        is_draft = Setting.WT_ENABLED in announcement.what
        return Unmet.MALFORMED if is_draft else announcement.unmet

    def malformed_code(self, code: int, unmet: Sequence[Announcement]) -> int:
        return H3.NO_ERROR if any(Setting.WT_ENABLED in one.what for one in unmet) else code


@fault("takes-streams-without-webtransport", CLIENT)
class KeepsUnusableConnections(NegotiationRules):
    """Bidirectional streams of a server are taken though it does not announce WebTransport."""

    def closes_unusable(self) -> bool:
        return False


@fault("takes-streams-without-webtransport", CLIENT)
class TakesUnnegotiatedStreams(StreamRules):
    """The part of streams."""

    def code_for_unsignalled(self, code: int) -> int | None:
        return None

    def code_for_unnegotiated(self, code: int) -> int | None:
        return None


@fault("asks-with-another-token", CLIENT)
class AsksWithAnotherToken(RequestRules):
    """:protocol is webtransport in the drafts of webtransport-h3, and the other way round."""

    def request_fields(self, honest: Fields) -> Fields:
        other = {b"webtransport": b"webtransport-h3", b"webtransport-h3": b"webtransport"}
        return tuple(
            (name, other.get(value, value) if name == b":protocol" else value)
            for name, value in honest
        )


@fault("closes-on-unknown-token", SERVER)
class ClosesOnUnknownToken(RequestRules):
    """An unknown :protocol costs the connection."""

    def status_for_unknown_token(self, status: int) -> int:
        raise ConnectionViolation(H3.GENERAL_PROTOCOL_ERROR, "unknown :protocol")


@fault("accepts-any-token", SERVER)
class AcceptsAnyToken(RequestRules):
    """Whatever :protocol says, it gives a session."""

    def is_token(self, protocol: bytes, token: bytes) -> bool:
        return True


@fault("accepts-tokens-that-begin-right", SERVER)
class AcceptsTokensThatBeginRight(RequestRules):
    """:protocol need only begin with the token."""

    def is_token(self, protocol: bytes, token: bytes) -> bool:
        return protocol.startswith(token)


@oddity("answers-the-malformed-with-400", SERVER)
class AnswersTheMalformedWith400(NegotiationRules):
    """A client that lacks something gets a status in place of a reset."""

    def malformed_status(self) -> int | None:
        return 400


@oddity("keeps-connections-it-cannot-use", CLIENT)
class KeepsConnectionsItCannotUse(NegotiationRules):
    """A server that lacks something is asked for no session; the connection stays."""

    def closes_unusable(self) -> bool:
        return False


@oddity("leaves-with-no-error", CLIENT)
class LeavesWithNoError(NegotiationRules):
    """A server that lacks something is left with H3_NO_ERROR."""

    def requirements_code(self, code: int) -> int:
        return H3.NO_ERROR


@oddity("insists-on-the-clients-setting", SERVER)
class InsistsOnTheClientsSetting(NegotiationRules):
    """A client that does not announce its draft has its sessions treated as malformed (A05)."""

    def consequence(self, announcement: Announcement) -> Unmet:
        is_draft = Setting.WT_ENABLED in announcement.what
        return Unmet.MALFORMED if is_draft else announcement.unmet


@oddity("takes-the-old-token", SERVER)
class TakesTheOldToken(RequestRules):
    """webtransport gives a session where webtransport-h3 would (A33)."""

    def is_token(self, protocol: bytes, token: bytes) -> bool:
        return protocol in {token, b"webtransport"}


@oddity("answers-unknown-tokens-with-404", SERVER)
class AnswersUnknownTokensWith404(RequestRules):
    """An unknown :protocol leads nowhere."""

    def status_for_unknown_token(self, status: int) -> int:
        return 404
