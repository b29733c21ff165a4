"""Decisions about data streams (draft-ietf-webtrans-http3-16 sections 4.1 to 4.4 and 4.6)."""

from collections.abc import Collection

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

    def own_payload(self, kind: str, data: bytes) -> bytes:
        """On a stream that we opened ("uni" or "bidi") nothing stands between it and the header."""
        del kind
        return data

    def finishes_unwritten(self) -> bool:
        """A stream that ends without payload ends like any other."""
        return True

    def repeats_signal(self) -> bool:
        """0x41 stands at the beginning of a data stream and nowhere else."""
        return False

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

    def reliable_in_answer(self) -> int:
        """And it keeps nothing reliable: who asked to stop reads no more."""
        return 0

    def resets_unasked(self) -> int | None:
        """An application code to reset each stream with that brings data; None: no reset."""
        return None

    # What we make of the peer's.

    def minds_session_id(self) -> bool:
        """A Session ID that is no client-initiated bidirectional stream's: H3_ID_ERROR."""
        return True

    def waits_for_header(self) -> bool:
        """A header may come in pieces."""
        return True

    def cut_header_code(self) -> int | None:
        """What a stream costs that ends inside its header: its connection lives on (None)."""
        return None

    def long_varint_code(self) -> int | None:
        """What a header costs whose numbers are longer than they must be: nothing (None)."""
        return None

    def is_of_known_session(self, session_id: int) -> bool:
        """Every session of the connection has its streams."""
        return True

    def unknown_session_code(self, session_id: int) -> int | None:
        """What a well-formed ID costs that no session has yet: nothing (None)."""
        del session_id
        return None

    def waits_for_session(self, session_id: int) -> bool:
        """A stream whose session is not there yet holds up no other."""
        del session_id
        return False

    def addressee(self, stream_id: int, streams: Collection[int]) -> int:
        """The stream that bytes belong to; `streams` are all data streams of the connection."""
        del streams
        return stream_id

    def frames_before_signal(self) -> bool:
        """Until draft 04 other frames may precede 0x41."""
        return True

    def minds_late_signal(self) -> bool:
        """0x41 where another frame could stand is H3_FRAME_ERROR."""
        return True

    def delivered(self, data: bytes, offset: int) -> bytes:
        """What reaches the application of bytes that arrive behind `offset` others: all of them."""
        del offset
        return data

    def takes_empty(self) -> bool:
        """A stream that ends without payload is a stream like any other."""
        return True

    def heeds_reset(self, code: int | None) -> bool:
        """A reset ends a direction, whether or not its code is the application's (not None)."""
        del code
        return True

    def shows_stops(self) -> bool:
        """The application is told of a STOP_SENDING."""
        return True

    def stop_ends_both(self) -> bool:
        """A STOP_SENDING is about the direction that is to stop, and no other."""
        return False

    def minds_reset_after_stop(self) -> bool:
        """What the application reads no more may be reset (RFC 9000 section 3.5)."""
        return False

    def tells_of_reset(self) -> bool:
        """A direction that was reset did not end: the application is told which it was."""
        return True

    def tells_of_cut(self) -> bool:
        """Nor did one that the end of the session cut."""
        return True

    def minds_early_stops(self) -> bool:
        """A stream may be stopped before its session is there."""
        return False

    def keeps_early_resets(self) -> bool:
        """What is kept of an early stream includes its end."""
        return True

    def shows_reset_streams(self) -> bool:
        """A stream that was reset before the application asked for it is shown all the same."""
        return True

    def foreign_code_costs_session(self) -> bool:
        """A reset ends its stream and nothing else."""
        return False

    def code_for_unsignalled(self, code: int) -> int | None:
        """A server's bidirectional stream without 0x41 costs the connection; None: ignored."""
        return code

    def code_for_unnegotiated(self, code: int) -> int | None:
        """Nor may a server open one where WebTransport cannot be used; None: ignored."""
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

    def refuses_overflow(self) -> bool:
        """The peer is told of each that is not kept."""
        return True

    def orphan_code(self) -> int | None:
        """What streams cost whose session was refused: nothing but themselves (None)."""
        return None

    def drops_early(self) -> bool:
        """An early stream is kept, not forgotten."""
        return False

    def resets_early(self) -> int | None:
        """A code to refuse each early stream with; None: they are kept."""
        return None
