"""Rules that the wire shows to be broken by one side for certain.

A rule is a function of the conversation so far and of one observation, which has not been applied
yet; it says what was wrong, or None. Each stands in a table under its id in the ledger; what it
finds counts only if the ledger has that rule in every dialect that this can be, which is known at
the end. An endpoint is blamed for what it sent, never for what it might have received, unless its
acknowledgements prove that.
"""

from collections.abc import Container, Iterator, Mapping

from wtspec.suite.bystander import blame_http3, blame_session
from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.facts import Finding
from wtspec.suite.bystander.negotiation import State
from wtspec.suite.bystander.observed import Observed
from wtspec.suite.bystander.rule import Rule
from wtspec.suite.dialect import Side
from wtspec.suite.requirements import ledger
from wtspec.suite.requirements.requirement import DOCUMENTS

RULES: tuple[Rule, ...] = (*blame_http3.RULES, *blame_session.RULES)


def _by_kind() -> Mapping[type, tuple[Rule, ...]]:
    kinds = {rule.kind for rule in RULES}
    return {kind: tuple(rule for rule in RULES if rule.kind is kind) for kind in kinds}


_BY_KIND = _by_kind()
# No stack waits so long to send what it has ready.
_AT_ONCE_S = 1.0


def blame(conversation: Conversation, seen: Observed) -> Iterator[Finding]:
    """What this observation shows to be against a rule, where that rule `holds`."""
    for rule in _BY_KIND.get(type(seen.what), ()):
        what = rule.broken(conversation, seen, seen.what)
        if what is not None:
            yield Finding(
                seen.side,
                rule.requirement,
                what,
                seen.time_s,
                seen.connection,
                seen.stream_id,
            )


def unfinished(conversation: Conversation, whole: Container[Side]) -> Iterator[Finding]:
    """Sides that said more a second after their close capsule, and never FIN.

    `whole` are those of whom the capture has every packet: else the FIN may be in a lost one.
    STOP_SENDING excuses, since it asks for a reset.
    """
    for session in conversation.facts.sessions.values():
        for side, at_s in session.closed_at_s.items():
            is_late = conversation.last_s[side] - at_s >= _AT_ONCE_S
            is_excused = side in session.endings or side.other in session.stops
            if is_late and side in whole and conversation.is_known(side) and not is_excused:
                yield Finding(
                    side,
                    "close-sender-fins",
                    "no FIN after the close capsule",
                    at_s,
                    conversation.facts.index,
                    session.session_id,
                )


def holds(finding: Finding, conversation: Conversation) -> bool:
    """A rule of HTTP/3 itself holds whatever was negotiated, one of a draft in that draft."""
    requirement = ledger.load()[finding.requirement]
    if DOCUMENTS[requirement.document].mapping is None:
        return True
    if conversation.facts.negotiation.state is not State.AGREED:
        return False
    return all(requirement.holds_in(one) for one in conversation.dialects)
