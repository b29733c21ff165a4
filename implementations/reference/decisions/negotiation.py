"""Decisions about SETTINGS, dialects and prerequisites (draft-ietf-webtrans-http3-16 3.1)."""

from collections.abc import Sequence

from wtspec.suite.dialect import Announcement, Dialect, Side, Unmet

Pairs = tuple[tuple[int, int], ...]


class NegotiationRules:
    """What is announced, and what an announcement, or its absence, leads to."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        """Our SETTINGS as identifiers and values, each identifier once, in this order."""
        return honest

    def waits_for_settings(self) -> bool:
        """A client asks for no session before the server's SETTINGS are in."""
        return True

    def server_waits_for_settings(self) -> bool:
        """A server processes no request for a session before the client's SETTINGS are in."""
        return True

    def keeps_early_requests(self) -> bool:
        """Those that come before are answered once the SETTINGS are in."""
        return True

    def minds_value(self, setting: int, value: int) -> bool:
        """A value above 1 of a setting that is 0 or 1 is H3_SETTINGS_ERROR."""
        return True

    def chooses(self, named: Sequence[Dialect]) -> Dialect | None:
        """The highest family that both sides announce; in it, the dialect we want most."""
        if not named:
            return None
        newest = max(named, key=lambda one: one.draft)
        return next(one for one in named if one.enabling_setting is newest.enabling_setting)

    def requires(self, announcement: Announcement) -> bool:
        """Whether the lack of this announcement of the peer's counts."""
        return True

    def consequence(self, announcement: Announcement) -> Unmet:
        """What its lack leads to."""
        return announcement.unmet

    def client_minds_unmet(self) -> bool:
        """A client asks for no session when the server lacks what the dialect requires."""
        return True

    def closes_unusable(self) -> bool:
        """It then closes the connection, for which it has no other use."""
        return True

    def server_minds_unmet(self) -> bool:
        """A server treats sessions as malformed when the client lacks what the dialect requires."""
        return True

    def malformed_status(self) -> int | None:
        """A status to answer such a request with; None: its stream is reset."""
        return None

    def malformed_code(self, code: int, unmet: Sequence[Announcement]) -> int:
        """What resets such a request, for all that is missing: H3_MESSAGE_ERROR."""
        return code

    def requirements_code(self, code: int) -> int:
        """What a client closes the connection with that it cannot use."""
        return code

    def flow_control_on(self, by_the_rule: bool) -> bool:
        """Session flow control is on exactly when the dialect's rule says so."""
        return by_the_rule
