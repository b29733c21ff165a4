"""Decisions about the control stream, GOAWAY and connection errors (RFC 9114 sections 5 to 8)."""

from wtspec.suite.wire import frames, settings
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Pairs


class ControlRules:
    """What we open and send there, and what of the peer's is minded."""

    # What we send.

    def settings_delay_s(self) -> float:
        """SETTINGS leave as soon as the handshake is over."""
        return 0.0

    def speaks_first(self) -> bool:
        """They wait for nothing that the peer sends."""
        return True

    def first_frames(self, settings_payload: bytes) -> bytes:
        """What the control stream begins with: SETTINGS, once."""
        return frames.encode(FrameType.SETTINGS, settings_payload)

    def opens_qpack_streams(self) -> bool:
        """Both QPACK streams are opened, though they stay empty."""
        return True

    def qpack_instructions(self, which: str) -> bytes:
        """Nothing is ever written on QPACK_ENCODER and QPACK_DECODER but the type."""
        del which
        return b""

    def finishes_qpack_streams(self) -> bool:
        """They stay open as long as the connection does."""
        return False

    def extra_streams(self) -> tuple[bytes, ...]:
        """The bytes of further unidirectional streams, opened and finished at the beginning."""
        return ()

    def goaway_id(self, identifier: int) -> int:
        """A server's GOAWAY names the first request that it will not take."""
        return identifier

    def connection_error(self, code: int) -> int | None:
        """What the connection is closed with; None: the violation passes."""
        return code

    # What we make of the peer's.

    def minds_frame(self, kind: str, code: int) -> bool:
        """A frame out of place on the control stream costs the connection.

        `code` tells H3_MISSING_SETTINGS from H3_FRAME_UNEXPECTED.
        """
        return True

    def settings_in(self, payload: bytes) -> Pairs:
        """A setting given twice or one of HTTP/2 is H3_SETTINGS_ERROR, a cut one H3_FRAME_ERROR."""
        return settings.decode(payload)

    def waits_for_rest(self, is_settings: bool) -> bool:
        """A frame, SETTINGS or a later one, may come in any number of pieces."""
        return True

    def code_for_unknown_setting(self, number: int) -> int | None:
        """Settings without a meaning are passed over; else what the connection is closed with."""
        return None

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        """Frames without a meaning are passed over, too; `size_bytes` is their payload's."""
        return None

    def minds_frame_payload(self, kind: str) -> bool:
        """Too few or too many bytes in a known frame are H3_FRAME_ERROR."""
        return True

    def minds_id(self, what: str, identifier: int) -> bool:
        """An identifier out of range in "GOAWAY", "MAX_PUSH_ID" ... is H3_ID_ERROR."""
        return True

    def minds_second_goaway(self) -> bool:
        """A GOAWAY may be followed by others (RFC 9114 section 5.2)."""
        return False

    def goaway_read(self, identifier: int) -> int:
        """To a server it is a Push ID, which can be any; checks come afterwards."""
        return identifier

    def max_push_id_read(self, identifier: int) -> int:
        """A client may allow pushes at any time; checks come afterwards."""
        return identifier

    def cut_code(self, code: int) -> int:
        """A control stream that ends inside a frame breaks two rules: what it is told with."""
        return code

    def taken(self, data: bytes) -> bytes:
        """What a control stream brings is read as it comes."""
        return data

    def code_for_long_type(self, stream_type: int, size_bytes: int) -> int | None:
        """A stream's type may be written in more bytes than it needs; else what that costs."""
        return None

    def minds_priorities(self) -> bool:
        """A client may tell of priorities, which are hints."""
        return False

    def minds_closed_critical(self, what: str, how: str) -> bool:
        """A critical stream that ends is H3_CLOSED_CRITICAL_STREAM.

        `what` is "control", "QPACK" or "ours"; `how` is "FIN", "reset" or, of ours, "stop".
        """
        return True

    def minds_second_critical(self, what: str) -> bool:
        """A second critical stream of one type is H3_STREAM_CREATION_ERROR."""
        return True

    def code_for_order(self, what: str, stream_id: int, before: int) -> int | None:
        """Critical streams arrive in any order, on any stream; else what the connection costs.

        `before`: how many of them have come already.
        """
        return None

    def needs_qpack_streams(self) -> bool:
        """A peer that has no use for its QPACK streams need not open them."""
        return False

    def minds_push(self) -> bool:
        """A push stream is an error for either role."""
        return True

    def stops_unknown_streams(self) -> int | None:
        """Streams of unknown types are read and dropped, not stopped; else the code for that."""
        return None

    def code_for_unknown_stream(self, stream_type: int, before: int) -> int | None:
        """They are no error; else what the connection is closed with.

        `before`: how many critical streams have come already.
        """
        return None

    def minds_unknown_reset(self) -> bool:
        """Nor is their reset."""
        return False

    def minds_qpack_instructions(self, code: int) -> bool:
        """Without a dynamic table hardly any instruction is legal; `code` is that of the error."""
        del code
        return True

    def takes_stream_cancellations(self) -> bool:
        """Who has no use for them need not send them, and may."""
        return True

    def heeds_goaway(self) -> bool:
        """After GOAWAY a client asks for new sessions on another connection."""
        return True

    def goaway_ends_sessions(self) -> bool:
        """The sessions that there are go on after GOAWAY."""
        return False

    def goaway_drains(self) -> bool:
        """GOAWAY also tells the application to wind its sessions down (since draft 08)."""
        return True
