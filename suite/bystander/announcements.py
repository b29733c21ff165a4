"""What a side had to announce and did not, where no session came of it.

Only there: a session that was had all the same shows that its lack did no harm. Where the other
side left before it announced anything, what is due is due in every dialect that this one offers.
"""

from collections.abc import Iterator, Sequence

from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.facts import Connection, Finding
from wtspec.suite.bystander.negotiation import State
from wtspec.suite.dialect import DIALECTS, Announcement, Dialect, Side, Unmet
from wtspec.suite.requirements import ledger
from wtspec.suite.wire import transport_parameters
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter

_REQUIREMENTS = {
    Setting.ENABLE_CONNECT_PROTOCOL: "settings-enable-connect-protocol",
    Setting.H3_DATAGRAM: "settings-h3-datagram-both",
    Parameter.MAX_DATAGRAM_FRAME_SIZE: "settings-max-datagram-frame-size-both",
    Parameter.RESET_STREAM_AT: "settings-reset-stream-at-both",
}


def missing(conversation: Conversation) -> Iterator[Finding]:
    """At the end of a connection: what either side's SETTINGS and parameters lack."""
    facts = conversation.facts
    if any(one.is_established for one in facts.sessions.values()):
        return
    for side, at_s in facts.settings_s.items():
        for requirement, what in lacking(facts, side, _spoken(facts, side)):
            yield Finding(side, requirement, what, at_s, facts.index, None)


def lacking(
    facts: Connection, side: Side, dialects: Sequence[Dialect]
) -> Iterator[tuple[str, str]]:
    """What this side, whose SETTINGS are known, did not announce though it is due in each of these
    dialects: the requirement, and what follows.
    """
    for announcement in dialects[0].announcements(side) if dialects else ():
        requirement = _REQUIREMENTS.get(announcement.what[0])
        if requirement is None or not _is_due(announcement, requirement, dialects, side):
            continue
        if _is_missing(announcement, facts, side):
            name = announcement.what[0].name.lower()
            yield requirement, f"{name} is not announced: {announcement.unmet.value}"


def _spoken(facts: Connection, side: Side) -> Sequence[Dialect]:
    negotiation = facts.negotiation
    if negotiation.state is State.OPEN:
        return [DIALECTS[name] for name in reversed(negotiation.offered[side])]
    return negotiation.dialects


def _is_due(
    announcement: Announcement, requirement: str, dialects: Sequence[Dialect], side: Side
) -> bool:
    """In every dialect that this can be."""
    entry = ledger.load()[requirement]
    return all(
        entry.holds_in(dialect)
        and any(
            one.what == announcement.what and one.unmet is not Unmet.NOT_REQUIRED
            for one in dialect.announcements(side)
        )
        for dialect in dialects
    )


def _is_missing(announcement: Announcement, facts: Connection, side: Side) -> bool:
    settings = facts.settings[side]
    parameters = dict(facts.parameters.get(side, ()))
    if announcement.parameters and side not in facts.parameters:
        return False
    values = [settings.get(one, 0) for one in announcement.settings]
    for one in announcement.parameters:
        value = parameters.get(one)
        # What is said by being there is empty.
        number = 1 if value == b"" else transport_parameters.integer(value or b"") or 0
        values.append(number)
    return not any(map(announcement.legal.allows, values))
