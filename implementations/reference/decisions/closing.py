"""Decisions about the end of sessions (draft-ietf-webtrans-http3-16 section 6)."""


class CloseRules:
    """What we send at the end, and what the peer's end leads to."""

    # Our own close.

    def code(self, code: int) -> int:
        """The application's code, raw, in 32 bits."""
        return code

    def reason(self, reason: bytes) -> bytes:
        """At most 1024 bytes of UTF-8, cut at a character."""
        return reason if len(reason) <= 1024 else _cut(reason)

    def finishes_after_capsule(self) -> bool:
        """FIN follows the capsule at once."""
        return True

    def linger_s(self) -> float:
        """How long the peer's half may stay open before it is asked to stop."""
        return 5.0

    def idle_connection_s(self) -> float:
        """How long a client keeps a connection without sessions."""
        return 10.0

    # The peer's.

    def answers_close(self) -> bool:
        """The recipient of the capsule, or of a clean end, ends its half too."""
        return True

    def resets_in_answer(self) -> int | None:
        """By a FIN (None); a reset with any code would do as well."""
        return None

    def reported_code(self, code: int) -> int:
        """The application gets the code of the capsule."""
        return code

    def reported_reason(self, reason: str) -> str:
        """And its message."""
        return reason

    def code_of_clean_end(self) -> int | None:
        """A FIN without the capsule counts as code 0."""
        return 0

    def is_clean(self, clean: bool) -> bool:
        """Only the capsule, or a FIN behind whole capsules, ends a session cleanly."""
        return clean

    def minds_crossing_close(self) -> bool:
        """A capsule that comes when we have closed already changes nothing."""
        return False

    def minds_data_after_close(self) -> bool:
        """Data behind the capsule resets the CONNECT stream."""
        return True

    def code_after_close(self, code: int) -> int:
        """With H3_MESSAGE_ERROR."""
        return code

    def abrupt_code(self, code: int) -> int:
        """What ends our half when the peer abandoned its own, or reads no further."""
        return code

    def error_code(self, code: int) -> int:
        """What aborts the CONNECT stream when the peer broke a rule of the session."""
        return code

    def waits_behind_stop(self) -> bool:
        """A capsule may come right behind a STOP_SENDING: the frames of a packet have no order."""
        return True

    def ends_siblings(self) -> bool:
        """The end of one session is nobody else's."""
        return False

    # The session's streams and datagrams.

    def gone_code(self, code: int) -> int:
        """What aborts them: WT_SESSION_GONE since draft 03."""
        return code

    def ends_stream(self, place: int) -> bool:
        """All streams are aborted, however many there are; they are numbered by `place`."""
        del place
        return True

    def resets_send_sides(self) -> bool:
        """Every sending direction is reset."""
        return True

    def stops_receive_sides(self) -> bool:
        """Every receiving direction is asked to stop."""
        return True

    def resets_finished_sides(self) -> bool:
        """A direction that the application has finished may deliver what it holds (A28)."""
        return False

    def answers_late_streams(self) -> bool:
        """Nothing is opened for a session that is over."""
        return False

    def late_stream_code(self, code: int) -> int | None:
        """A stream that names an ended session is refused with the same code; None: ignored."""
        return code


def _cut(text: bytes) -> bytes:
    return text[:1024].decode(errors="ignore").encode()
