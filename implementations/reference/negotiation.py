"""Which dialect a connection speaks, and whether the peer announced all that it needs.

draft-ietf-webtrans-http3-16 section 3.1 and, for several dialects at once, section 7.1: both sides
announce every dialect they offer, the highest that both know is spoken. Within one family of
drafts the codepoints do not tell them apart; our own order of preference does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.suite.dialect import (
    Announced,
    Announcement,
    Dialect,
    FlowControlRule,
    SessionLimitRule,
    SessionLimits,
    Side,
    Unmet,
)
from wtspec.suite.wire import transport_parameters
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter

_FORBIDDING = {
    Side.CLIENT: {Unmet.NO_SESSION, Unmet.NO_SESSION_OR_CLOSE},
    Side.SERVER: {Unmet.MALFORMED},
}
_COUNTS_SESSIONS = {FlowControlRule.MAX_SESSIONS, FlowControlRule.EITHER}
_SINGLE_UNLESS_ON = _COUNTS_SESSIONS | {FlowControlRule.LIMITS}


@dataclass(frozen=True, slots=True)
class Limits:
    """What we grant; None is our default. See `limits_for` for how zeros are meant."""

    max_sessions: int | None = None
    initial_max_data: int | None = None
    initial_max_streams_uni: int | None = None
    initial_max_streams_bidi: int | None = None
    max_datagram: int | None = None


OUR_LIMITS = Limits()
DEFAULT_SESSIONS = 16
DEFAULT_LIMITS = SessionLimits(
    max_sessions=DEFAULT_SESSIONS,
    initial_max_data=1 << 20,
    initial_max_streams_uni=100,
    initial_max_streams_bidi=100,
)


def limits_for(dialect: Dialect, limits: Limits) -> SessionLimits:
    """Our limits in one dialect.

    Initial limits of zero mean flow control off. Where a session count above one would switch it
    on all the same (13, 14), we then allow one session only.
    """
    initial = SessionLimits(
        0,
        _or(limits.initial_max_data, DEFAULT_LIMITS.initial_max_data),
        _or(limits.initial_max_streams_uni, DEFAULT_LIMITS.initial_max_streams_uni),
        _or(limits.initial_max_streams_bidi, DEFAULT_LIMITS.initial_max_streams_bidi),
    )
    off = initial == SessionLimits(0) and dialect.flow_control in _COUNTS_SESSIONS
    return replace(initial, max_sessions=_or(limits.max_sessions, 1 if off else DEFAULT_SESSIONS))


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


@dataclass(frozen=True, slots=True)
class Offer:
    """What one endpoint offers on its connections; dialects most wanted first."""

    dialects: tuple[Dialect, ...]
    limits: Limits = OUR_LIMITS

    def settings(self, side: Side, rules: NegotiationRules) -> tuple[tuple[int, int], ...]:
        """Our SETTINGS, one identifier once, without what only QPACK wants."""
        merged: dict[int, int] = {}
        for dialect in self.dialects:
            for key, value in dialect.settings(side, limits_for(dialect, self.limits)):
                merged.setdefault(key, value)
        return rules.settings(side, tuple(merged.items()))


@dataclass(frozen=True, slots=True)
class PeerAnnouncements:
    """The peer's SETTINGS and transport parameters by number; empty parameters count 1."""

    settings: Mapping[int, int]
    parameters: Mapping[int, int]

    def value(self, what: Setting | Parameter) -> int:
        source = self.settings if isinstance(what, Setting) else self.parameters
        return source.get(what, 0)

    def meets(self, announcement: Announcement) -> bool:
        return announcement.legal.allows(max(self.value(what) for what in announcement.what))


def parameter_values(raw: tuple[tuple[int, bytes], ...]) -> dict[int, int]:
    """Transport parameters as numbers; what is no number counts 0 unless it is empty."""
    values: dict[int, int] = {}
    for key, value in raw:
        number = transport_parameters.integer(value) if value else 1
        values.setdefault(key, number or 0)
    return values


@dataclass(frozen=True, slots=True)
class Negotiated:
    """The dialect in force; `unmet` is what the peer lacks of it; `theirs` are its limits."""

    dialect: Dialect
    unmet: tuple[Announcement, ...]
    ours: SessionLimits
    theirs: SessionLimits
    flow_control_on: bool
    theirs_by_number: Mapping[int, int]

    def forbids_sessions(self, side: Side) -> bool:
        """Whether what is missing rules a session out: only where the draft says so.

        Before draft 14 both sides had to announce datagrams, and from 10 on RESET_STREAM_AT, but a
        client was not told to do without a session where a server did not.
        """
        return any(one.unmet in _FORBIDDING[side] for one in self.unmet)

    @property
    def session_limit(self) -> int | None:
        """How many sessions a connection may have at once on a server; None: no bound."""
        if self.dialect.session_limit is SessionLimitRule.QUIC:
            return None
        if self.dialect.flow_control in _SINGLE_UNLESS_ON and not self.flow_control_on:
            return 1
        return max(self.ours.max_sessions, 1)

    @property
    def client_session_limit(self) -> int | None:
        """The same for a client, which knows the server's setting where the draft has one."""
        if self.dialect.flow_control in _SINGLE_UNLESS_ON and not self.flow_control_on:
            return 1
        if self.dialect.session_limit is SessionLimitRule.MAX_SESSIONS:
            return self.theirs.max_sessions
        return None


def check_values(
    offer: Offer, side: Side, theirs: Mapping[int, int], rules: NegotiationRules
) -> None:
    """Values that make SETTINGS illegal, in every offered dialect that knows the setting."""
    verdicts: dict[int, list[H3 | None]] = {}
    for dialect in offer.dialects:
        for announcement in dialect.announcements(side.other):
            for setting in announcement.settings:
                verdicts.setdefault(setting, []).append(announcement.too_large)
    # RFC 9297 section 2.1.1 and RFC 8441 section 3 bound these wherever they are known.
    verdicts[Setting.H3_DATAGRAM] = [H3.SETTINGS_ERROR]
    verdicts[Setting.ENABLE_CONNECT_PROTOCOL] = [H3.SETTINGS_ERROR]
    for number, codes in verdicts.items():
        code = None if None in codes else codes[0]
        value = theirs.get(number, 0)
        if value > 1 and code is not None and rules.minds_value(number, value):
            raise ConnectionViolation(code, f"setting {number:#x} of {value}")


def negotiate(
    offer: Offer, side: Side, peer: PeerAnnouncements, rules: NegotiationRules
) -> Negotiated:
    """The dialect to speak with this peer; our first where the peer names none of ours."""
    named = [one for one in offer.dialects if _is_named(one, offer, side, peer)]
    chosen = rules.chooses(named) or offer.dialects[0]
    unmet = tuple(one for one in chosen.requirements_of_peer(side) if not peer.meets(one))
    ours_announced = dict(offer.settings(side, rules))
    return Negotiated(
        dialect=chosen,
        unmet=tuple(
            replace(one, unmet=rules.consequence(one)) for one in unmet if rules.requires(one)
        ),
        ours=limits_for(chosen, offer.limits),
        theirs=_limits_of(chosen, side, peer),
        flow_control_on=rules.flow_control_on(
            chosen.flow_control_on(ours_announced, peer.settings)
        ),
        theirs_by_number=peer.settings,
    )


def _is_named(dialect: Dialect, offer: Offer, side: Side, peer: PeerAnnouncements) -> bool:
    if side is Side.SERVER and not dialect.client_sends_enabling:
        # Clients of 09 to 12 announce nothing; those of other drafts have a setting that we know.
        return not any(peer.value(one.enabling_setting) for one in offer.dialects)
    return peer.value(dialect.enabling_setting) > 0


def _limits_of(dialect: Dialect, side: Side, peer: PeerAnnouncements) -> SessionLimits:
    found: dict[str, int] = {}
    for announcement in dialect.announcements(side.other):
        if announcement.value in _LIMIT_FIELDS and announcement.settings:
            found[announcement.value.value] = peer.value(announcement.settings[0])
    return SessionLimits(**({"max_sessions": 0} | found))


_LIMIT_FIELDS = {
    Announced.MAX_SESSIONS,
    Announced.INITIAL_MAX_DATA,
    Announced.INITIAL_MAX_STREAMS_UNI,
    Announced.INITIAL_MAX_STREAMS_BIDI,
}
