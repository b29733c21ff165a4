"""Session flow control: what the peer lets us do, and what we let the peer do.

draft-ietf-webtrans-http3-16 sections 5.3 to 5.6. All numbers are totals over the life of one
session: payload bytes of its streams without their headers, and streams opened. The CONNECT stream
counts in none of them.
"""

from dataclasses import dataclass, field

from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.suite.dialect import SessionLimits
from wtspec.suite.wire.capsule import MaxData, MaxStreams
from wtspec.suite.wire.stream_header import StreamKind

UNLIMITED = 1 << 62


@dataclass(slots=True)
class Allowance:
    """What the peer allows us: `limit` in total, `used` so far.

    `blocked_at` is the limit that we last told the peer we are blocked at; `last_capsule` the value
    of the last capsule that changed it.
    """

    limit: int
    used: int = 0
    blocked_at: int | None = None
    last_capsule: int | None = None

    @property
    def room(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(slots=True)
class Grant:
    """What we allow the peer: `limit` in total, a `window` ahead of what is `released`.

    `what` is "data", "uni" or "bidi".
    """

    what: str
    window: int
    limit: int
    used: int = 0
    released: int = 0

    def take(self, amount: int, rules: FlowRules) -> bool:
        """The peer uses credit; False if it had none."""
        self.used += amount
        return rules.within_limit(self.what, self.used, self.limit)

    def open(self, window: int) -> None:
        self.window = self.limit = window

    def release(self, amount: int, rules: FlowRules) -> int | None:
        """Credit comes free; the new limit to announce, if it is time for one."""
        self.released += amount
        limit = self.released + self.window
        is_time = rules.is_time_to_grant(limit - self.limit, self.window)
        if limit <= self.limit or not is_time or not rules.is_granted_unasked():
            return None
        self.limit = limit
        return limit


@dataclass(slots=True)
class SessionFlow:
    """Both directions of one session. Off: nothing binds, nothing is counted or announced."""

    is_on: bool
    rules: FlowRules
    send_data: Allowance
    receive_data: Grant
    open_streams: dict[StreamKind, Allowance] = field(default_factory=dict)
    accept_streams: dict[StreamKind, Grant] = field(default_factory=dict)

    def asked(self, kind: StreamKind | None) -> MaxData | MaxStreams | None:
        """The peer says that it is blocked; None, since what is due was granted unasked."""
        if not self.is_on or self.rules.is_granted_unasked():
            return None
        grant = self.receive_data if kind is None else self.accept_streams[kind]
        grant.limit = grant.released + grant.window
        return MaxData(grant.limit) if kind is None else MaxStreams(kind, grant.limit)

    def open_windows(self, windows: SessionLimits) -> bool:
        """Whether we granted nothing in SETTINGS although limits bind: then grant this now.

        That is so in draft 12, whose limits always bind, and where a session count alone switched
        flow control on (13, 14).
        """
        grants = (self.receive_data, *self.accept_streams.values())
        if not self.is_on or any(grant.limit for grant in grants):
            return False
        self.receive_data.open(windows.initial_max_data)
        self.accept_streams[StreamKind.UNI].open(windows.initial_max_streams_uni)
        self.accept_streams[StreamKind.BIDI].open(windows.initial_max_streams_bidi)
        return True


def session_flow(
    ours: SessionLimits, theirs: SessionLimits, rules: FlowRules, *, is_on: bool
) -> SessionFlow:
    """The credit that a new session starts with; `theirs` is what the peer's SETTINGS grant."""

    def allowance(limit: int) -> Allowance:
        return Allowance(rules.initial_allowance(limit) if is_on else UNLIMITED)

    def grant(what: str, limit: int) -> Grant:
        return Grant(what, limit, limit if is_on else UNLIMITED)

    return SessionFlow(
        is_on,
        rules,
        send_data=allowance(theirs.initial_max_data),
        receive_data=grant("data", ours.initial_max_data),
        open_streams={
            StreamKind.UNI: allowance(theirs.initial_max_streams_uni),
            StreamKind.BIDI: allowance(theirs.initial_max_streams_bidi),
        },
        accept_streams={
            StreamKind.UNI: grant("uni", ours.initial_max_streams_uni),
            StreamKind.BIDI: grant("bidi", ours.initial_max_streams_bidi),
        },
    )
