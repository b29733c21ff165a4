"""Decisions about capsules (RFC 9297 section 3, draft-ietf-webtrans-http3-16 sections 4.7, 5.4)."""

from wtspec.suite.wire import frames
from wtspec.suite.wire.capsule import Received
from wtspec.suite.wire.frames import FrameType


class CapsuleRules:
    """How capsules travel, and which are minded."""

    def encoded(self, honest: bytes) -> bytes:
        """The bytes of one capsule, or of several sent together."""
        return honest

    def data_frames(self, payload: bytes) -> bytes:
        """They travel in DATA frames, whose bounds mean nothing."""
        return frames.encode(FrameType.DATA, payload)

    def taken(self, data: bytes) -> bytes:
        """Every byte that a DATA frame brought is read."""
        return data

    def joins_frames(self) -> bool:
        """Capsules know nothing of the frames that they came in."""
        return True

    def meant(self, received: Received) -> Received:
        """A capsule means what its type says."""
        return received

    def minds_truncation(self) -> bool:
        """An end inside a capsule is malformed."""
        return True

    def minds_malformed(self, name: str) -> bool:
        """A known capsule with too few or too many bytes is malformed; `name` is its type's."""
        return True

    def minds_close_message(self, why: str) -> bool:
        """Since draft 16 a message of over 1024 bytes or not in UTF-8 is H3_MESSAGE_ERROR.

        `why` is "too long", "not UTF-8" or, in every draft, "too short".
        """
        return True

    def minds_forbidden(self, capsule_type: int) -> bool:
        """WT_MAX_STREAM_DATA and WT_STREAM_DATA_BLOCKED close the session, limits on or off."""
        return True

    def ignores_unknown(self, capsule_type: int) -> bool:
        """Unknown types are skipped."""
        return True

    def drains(self) -> bool:
        """WT_DRAIN_SESSION reaches the application."""
        return True

    def minds_second_drain(self) -> bool:
        """It may come again, and says nothing new then."""
        return False

    def takes_datagram_capsules(self) -> bool:
        """A DATAGRAM capsule means what a QUIC datagram does."""
        return True
