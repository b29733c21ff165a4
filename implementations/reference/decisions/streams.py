"""Decisions about data streams (draft-ietf-webtrans-http3-16 sections 4.1 to 4.4 and 4.6)."""

from wtspec.suite.wire import error_codes
from wtspec.suite.wire.error_codes import WT


class StreamRules:
    """Headers, FIN, resets and their codes, streams that come early."""

    # What we send.

    def header(self, kind: str, honest: bytes) -> bytes:
        """The stream header: 0x54 ("uni") or 0x41 ("bidi"), then the Session ID."""
        return honest

    def session_id_in(self, session_id: int) -> int:
        """The Session ID in a header: the CONNECT stream's ID."""
        return session_id

    def sends_header_at_once(self) -> bool:
        """A stream shows when it is opened, not with its first bytes."""
        return True

    def payload(self, data: bytes) -> bytes:
        """Payload travels as it is."""
        return data

    def sends_fin(self) -> bool:
        """The end of a direction is a FIN."""
        return True

    def wire_code(self, application_code: int) -> int:
        """A reset's code is mapped into WT_APPLICATION_ERROR, reserved points left out."""
        return error_codes.to_http3(application_code)

    def stop_wire_code(self, application_code: int) -> int:
        """A STOP_SENDING's code is mapped in the same way."""
        return self.wire_code(application_code)

    def reliable_size(self, header_bytes: int) -> int:
        """What RESET_STREAM_AT still delivers: the header, at least."""
        return header_bytes

    def resets_reliably(self) -> bool:
        """Where the dialect asks for RESET_STREAM_AT and the peer takes it, resets use it."""
        return True

    def heeds_stop(self) -> bool:
        """A STOP_SENDING is answered with a reset."""
        return True

    def answer_to_stop(self, code: int) -> int:
        """That reset has the code of the STOP_SENDING (RFC 9000 section 3.5)."""
        return code

    def resets_unasked(self) -> int | None:
        """An application code to reset each stream with that brings data; None: no reset."""
        return None

    # What we make of the peer's.

    def minds_session_id(self) -> bool:
        """A Session ID that is no client-initiated bidirectional stream's: H3_ID_ERROR."""
        return True

    def code_for_unsignalled(self, code: int) -> int | None:
        """A server's bidirectional stream without 0x41 costs the connection; None: ignored."""
        return code

    def application_code(self, code: int) -> int | None:
        """What the application is told; None for a code outside WT_APPLICATION_ERROR."""
        return error_codes.from_http3(code)

    def means_session_gone(self, code: int) -> bool:
        """WT_SESSION_GONE speaks for the session, not for the peer's application."""
        return code == WT.SESSION_GONE

    # What comes before its session.

    def early_streams(self) -> int:
        """How many are kept on a connection."""
        return 64

    def early_stream_bytes(self) -> int:
        """How much of each is kept."""
        return 1 << 20

    def overflow_code(self, code: int) -> int:
        """What refuses the others: WT_BUFFERED_STREAM_REJECTED."""
        return code

    def drops_early(self) -> bool:
        """An early stream is kept, not forgotten."""
        return False

    def resets_early(self) -> int | None:
        """A code to refuse each early stream with; None: they are kept."""
        return None
