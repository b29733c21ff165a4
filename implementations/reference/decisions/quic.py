"""Decisions about QUIC: parameters, packets, and the form of what is sent."""

from collections.abc import Mapping


class QuicRules:
    """How the connection is made, and how bytes are written to it."""

    def udp_payload_bytes(self) -> int:
        """Every path carries 1200 bytes (RFC 9000 section 14)."""
        return 1200

    def later_udp_payload_bytes(self) -> int | None:
        """Nothing larger is sent after the handshake without a probe; None: as before it."""
        return None

    def reset_stream_at(self, honest: tuple[int, ...]) -> tuple[int, ...]:
        """The transport parameters that announce RESET_STREAM_AT, under both of its numbers."""
        return honest

    def max_datagram_frame_size(self, honest: int | None) -> int | None:
        """The transport parameter that announces datagrams; None: not sent."""
        return honest

    def parameters(self) -> Mapping[int, bytes | None]:
        """Transport parameters to replace, or to withhold (None)."""
        return {}

    def grants_streams(self) -> bool:
        """As the peer's streams end, it may open others."""
        return True

    def answers_stops(self) -> bool:
        """A STOP_SENDING that nothing else answers is answered by a reset (RFC 9000 3.5)."""
        return True

    def cuts_at_credit(self, size_bytes: int) -> bool:
        """What the peer's credit does not allow yet waits for it, in a write of any size."""
        del size_bytes
        return False

    def drops_streams_that_wait(self) -> bool:
        """A stream that the peer's limit does not allow yet is opened when it does."""
        return False

    def heeds_reliable_size(self) -> bool:
        """What a RESET_STREAM_AT calls reliable is delivered before the reset."""
        return True

    def minds_reset_stream_at_value(self) -> bool:
        """The parameter that announces RESET_STREAM_AT is empty: else TRANSPORT_PARAMETER_ERROR."""
        return True

    def code_for_unknown_parameter(self, number: int) -> int | None:
        """Unknown parameters are ignored; else the transport error."""
        return None

    def writes(self, data: bytes) -> tuple[bytes, ...]:
        """One call of ours is one write; each piece but the last is flushed by itself."""
        return (data,)

    def reset_code(self, code: int) -> int:
        """Any code in a RESET_STREAM or RESET_STREAM_AT."""
        return code

    def stop_code(self, code: int) -> int:
        """Any code in a STOP_SENDING."""
        return code
