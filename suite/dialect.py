"""The dialects: one frozen record per draft of WebTransport over HTTP/3, and ranges of them.

Everything that depends on the draft is asked of a `Dialect`; a comparison of draft numbers anywhere
else in the project is a mistake. The record is defined in `draft_rules`, filled in `drafts`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from wtspec.suite.draft_rules import (
    INITIAL_LIMITS,
    Announced,
    Announcement,
    Dialect,
    FlowControlRule,
    FlowErrorForm,
    GoawayRule,
    Legal,
    OverBoundRule,
    ProtocolSyntax,
    SessionLimitRule,
    SessionLimits,
    Side,
    SignalPosition,
    StaleLimitRule,
    Unmet,
)
from wtspec.suite.drafts import DRAFTS

__all__ = [
    "DIALECTS",
    "INITIAL_LIMITS",
    "Announced",
    "Announcement",
    "Dialect",
    "DialectRange",
    "FlowControlRule",
    "FlowErrorForm",
    "GoawayRule",
    "Http3",
    "Legal",
    "OverBoundRule",
    "ProtocolSyntax",
    "SessionLimitRule",
    "SessionLimits",
    "Side",
    "SignalPosition",
    "StaleLimitRule",
    "UnknownDialect",
    "Unmet",
    "dialect",
    "http3",
]

DIALECTS: Mapping[str, Dialect] = MappingProxyType({draft.name: draft for draft in DRAFTS})


class UnknownDialect(Exception):
    """No dialect has that name; the message offers the nearest names."""


def dialect(name: str) -> Dialect:
    if (found := DIALECTS.get(name)) is not None:
        return found
    near = get_close_matches(name, DIALECTS, n=3, cutoff=0.5) or [DRAFTS[-1].name]
    raise UnknownDialect(f"no dialect {name!r}; did you mean {' or '.join(near)}?")


@dataclass(frozen=True, slots=True)
class DialectRange:
    """The dialects of one mapping between two drafts, both included, in which a case can run.

    Drafts that nobody can implement are not in it.
    """

    mapping: str
    first: int
    last: int

    def __post_init__(self) -> None:
        if not list(self):
            raise UnknownDialect(f"no dialect between {self}")

    def __contains__(self, item: object) -> bool:
        return (
            isinstance(item, Dialect)
            and item.implementable
            and item.mapping == self.mapping
            and self.first <= item.draft <= self.last
        )

    def __iter__(self) -> Iterator[Dialect]:
        return (draft for draft in DIALECTS.values() if draft in self)

    def __str__(self) -> str:
        return f"{self.mapping}-{self.first:02}..{self.mapping}-{self.last:02}"


@dataclass(frozen=True, slots=True)
class Http3:
    """The drafts of WebTransport over HTTP/3, by number."""

    name: str = "h3"
    first: int = DRAFTS[0].draft
    last: int = DRAFTS[-1].draft

    @property
    def all(self) -> DialectRange:
        return self.between(self.first, self.last)

    def since(self, draft: int) -> DialectRange:
        return self.between(draft, self.last)

    def until(self, draft: int) -> DialectRange:
        return self.between(self.first, draft)

    def between(self, first: int, last: int) -> DialectRange:
        return DialectRange(self.name, first, last)


http3 = Http3()
