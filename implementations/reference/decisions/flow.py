"""Decisions about session flow control (draft-ietf-webtrans-http3-16 sections 5.3 to 5.6)."""

from wtspec.suite.dialect import OverBoundRule, StaleLimitRule


class FlowRules:
    """Limits as they are kept, enforced, raised and announced; only asked where they bind."""

    # What the peer grants us.

    def initial_allowance(self, limit: int) -> int:
        """The peer's SETTINGS are where its limits begin; absent is 0."""
        return limit

    def may_open(self, room: int) -> bool:
        """No stream is opened beyond the peer's limit."""
        return room > 0

    def send_room(self, room: int) -> int:
        """No byte of payload is sent beyond the peer's limit."""
        return room

    def counted_when_sent(self, size_bytes: int) -> int:
        """Payload counts, the stream header does not."""
        return size_bytes

    def tells_blocked(self) -> bool:
        """WT_DATA_BLOCKED and WT_STREAMS_BLOCKED are sent, once a limit."""
        return True

    def blocked_limit(self, limit: int) -> int:
        """What they say: the limit in force."""
        return limit

    def obeys_capsules(self, is_on: bool) -> bool:
        """With flow control off its capsules are ignored."""
        return is_on

    def minds_stale(self, what: str) -> bool:
        """A limit that does not grow as the dialect demands closes the session.

        `what` is "max-data", "max-streams-uni" or "max-streams-bidi".
        """
        return True

    def stale_limit(self, of_dialect: StaleLimitRule) -> StaleLimitRule:
        """Which limits those are."""
        return of_dialect

    def minds_over_bound(self, what: str) -> bool:
        """A stream count above 2^60 is an error where the dialect says so.

        `what` is "max-streams" or "streams-blocked".
        """
        return True

    def over_bound(self, of_dialect: OverBoundRule) -> OverBoundRule:
        """What it leads to."""
        return of_dialect

    def streams_max(self, honest: int) -> int:
        """The highest count of streams that any capsule may name: 2^60."""
        return honest

    def refuses_blocked(self) -> bool:
        """That the peer is blocked is no violation."""
        return False

    def refuses_every_limit(self, what: str) -> bool:
        """A good limit is taken; `what` as in `minds_stale`."""
        return False

    def new_limit(self, what: str, limit: int) -> int:
        """The limit as it is then in force; `what` as in `minds_stale`."""
        return limit

    def raises_both_kinds(self) -> bool:
        """A limit on bidirectional streams says nothing of unidirectional ones."""
        return False

    def counted_in_datagram(self, size_bytes: int) -> int:
        """Datagrams are outside every limit."""
        return 0

    # What we grant the peer.

    def within_limit(self, what: str, used: int, limit: int) -> bool:
        """What the peer uses beyond our limit closes the session with WT_FLOW_CONTROL_ERROR.

        `what` is "data", "uni" or "bidi".
        """
        return used <= limit

    def counted_at_opening(self, header_bytes: int) -> int:
        """The header of a stream counts against no limit on data."""
        return 0

    def counted_at_reset(self, missing_bytes: int) -> int:
        """A reset stream counts up to its final size, what never arrived included."""
        return missing_bytes

    def comes_back(self, ended: str) -> bool:
        """Every stream that is over makes room for another, `ended` by "fin" or by "reset"."""
        del ended
        return True

    def is_granted_unasked(self) -> bool:
        """Credit does not wait until the peer says that it is blocked."""
        return True

    def is_shared(self) -> bool:
        """Every session of a connection has credit of its own."""
        return False

    def refuses_when_off(self) -> bool:
        """With flow control off its capsules are no violation."""
        return False

    def is_time_to_grant(self, gain: int, window: int) -> bool:
        """Credit is announced when it makes up half a window, asked for or not."""
        return gain * 2 >= window

    def granted(self, limit: int) -> int:
        """The limit as it is announced: the total over the session's life."""
        return limit
