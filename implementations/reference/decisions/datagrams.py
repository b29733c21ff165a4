"""Decisions about datagrams (RFC 9297 section 2, draft-ietf-webtrans-http3-16 4.5, 4.6)."""


class DatagramRules:
    """What is sent, delivered, kept and dropped."""

    def sends(self) -> bool:
        """A datagram that fits is sent."""
        return True

    def session_id_in(self, session_id: int) -> int:
        """Its quarter stream ID is a quarter of the Session ID."""
        return session_id

    def payload(self, data: bytes) -> bytes:
        """The payload travels as it is."""
        return data

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        """What reaches the application: the payload, once."""
        return (payload,)

    def minds_malformed(self) -> bool:
        """One without a whole, legal quarter stream ID is H3_DATAGRAM_ERROR."""
        return True

    def queue_length(self) -> int:
        """How many wait for the application; then the oldest go."""
        return 256

    def early_datagrams(self) -> int:
        """How many are kept on a connection before their session is there; others are dropped."""
        return 64
