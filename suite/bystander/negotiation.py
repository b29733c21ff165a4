"""Which dialect two endpoints speak, as far as their SETTINGS and the CONNECT tell.

Neighbouring drafts share their codepoints, so there can be several: what is said of the
conversation must then hold in each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from wtspec.suite.dialect import Dialect, Side, http3

Settings = Mapping[int, int]


class State(Enum):
    OPEN = "not both SETTINGS were seen"
    AGREED = "at least one dialect is common"
    NONE = "no dialect is common to both"


@dataclass(frozen=True, slots=True)
class Negotiation:
    """`dialects`: all that it can be, the newest first. `offered`: what each side's SETTINGS say.

    NONE is no violation: two honest endpoints of different drafts have nothing to say to each
    other. Before draft 15 a client of some drafts announces nothing, and counts as offering those.
    """

    state: State
    dialects: tuple[Dialect, ...]
    offered: Mapping[Side, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.dialects)


def negotiate(settings: Mapping[Side, Settings], token: bytes | None = None) -> Negotiation:
    """`token` is the :protocol of a CONNECT, which narrows it down."""
    offered = {
        side: tuple(one for one in http3.all if _offers(one, side, settings.get(side, {})))
        for side in Side
    }
    names = {side: tuple(one.name for one in found) for side, found in offered.items()}
    if len(settings) < len(Side):
        return Negotiation(State.OPEN, (), names)
    common = [one for one in offered[Side.SERVER] if one in offered[Side.CLIENT]]
    if token is not None:
        common = [one for one in common if one.token == token]
    if not common:
        return Negotiation(State.NONE, (), names)
    # Of what both announce the newest is spoken; those that share its codepoint look the same.
    newest = max(common, key=lambda one: one.draft)
    alike = [one for one in common if one.enabling_setting is newest.enabling_setting]
    return Negotiation(State.AGREED, tuple(reversed(alike)), names)


def _offers(dialect: Dialect, side: Side, settings: Settings) -> bool:
    if side is Side.CLIENT and not dialect.client_sends_enabling:
        return True
    return settings.get(dialect.enabling_setting, 0) > 0
