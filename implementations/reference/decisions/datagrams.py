"""Decisions about datagrams (RFC 9297 section 2, draft-ietf-webtrans-http3-16 4.5, 4.6)."""

from collections.abc import Collection

from wtspec.suite.wire import datagram


class DatagramRules:
    """What is sent, delivered, kept and dropped."""

    def sends(self) -> bool:
        """A datagram that fits is sent."""
        return True

    def needs_announcement(self) -> bool:
        """None leaves before the peer has announced that it takes them."""
        return True

    def session_id_in(self, session_id: int) -> int:
        """Its quarter stream ID is a quarter of the Session ID."""
        return session_id

    def payload(self, data: bytes) -> bytes:
        """The payload travels as it is."""
        return data

    def heeds_limit(self) -> bool:
        """Nothing larger is sent than the peer's max_datagram_frame_size and the path take."""
        return True

    def minds_refusal(self) -> bool:
        """A datagram that does not fit is lost, and nothing else."""
        return False

    def repeated_after_s(self) -> float | None:
        """A datagram is sent once."""
        return None

    def read(self, data: bytes) -> tuple[int, bytes]:
        """The Session ID and the payload."""
        return datagram.decode(data)

    def addressee(self, session_id: int, known: Collection[int]) -> int:
        """The session that it is for; `known` are the IDs of those that are open."""
        return session_id

    def returns_late(self) -> bool:
        """One for a session that is over is dropped."""
        return False

    def minds_queue(self, length: int) -> bool:
        """A full queue costs datagrams, not the connection."""
        return False

    def delivered(self, payload: bytes) -> tuple[bytes, ...]:
        """What reaches the application: the payload, once."""
        return (payload,)

    def minds_malformed(self) -> bool:
        """One without a whole, legal quarter stream ID is H3_DATAGRAM_ERROR."""
        return True

    def overflow_code(self) -> int | None:
        """What datagrams beyond the buffer cost: they are dropped (None)."""
        return None

    def queue_length(self) -> int:
        """How many wait for the application; then the oldest go."""
        return 256

    def early_datagrams(self) -> int:
        """How many are kept on a connection before their session is there; others are dropped."""
        return 64
