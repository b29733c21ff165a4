"""What a case expects, and how a Reaction is held against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from wtspec.suite.signal import ConnectionClosed, Reaction, Reset, Signal
from wtspec.suite.wire.error_codes import H3, QUIC

# These tell of no error, or of what became of a request.
_NO_FAULT = {H3.NO_ERROR, H3.REQUEST_REJECTED, H3.REQUEST_CANCELLED}
_SPECIFIC = frozenset(H3) - _NO_FAULT
_GENERIC = frozenset({QUIC.PROTOCOL_VIOLATION, QUIC.INTERNAL_ERROR})
_DECLINED = "RFC 9114 section 8.1: the general code in place of the specific one"
_GENERAL = "RFC 9000 section 11: a generic code in place of the specific one"


class Grade(Enum):
    """How well a Reaction fits, best first."""

    EXPECTED = "expected"
    READING = "reading"
    TOLERATED = "tolerated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Match:
    """The grade, the pattern that fitted, and what the case says about it."""

    grade: Grade
    pattern: Signal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Expect:
    """Any one of `patterns` is right.

    `readings`: patterns that another defensible reading of the draft allows, each named, as
    "A03/fin-first"; a pass that records which was seen. `tolerated`: patterns that fall short of a
    SHOULD or answer by an unusual way, each with a requirement id or a clause of explanation.
    `expected_beside`: signals that are harmless next to any of them.
    """

    patterns: tuple[Signal, ...]
    readings: Mapping[Signal, str] = field(default_factory=dict)
    tolerated: Mapping[Signal, str] = field(default_factory=dict)
    expected_beside: tuple[Signal, ...] = ()

    def __init__(
        self,
        *patterns: Signal,
        readings: Mapping[Signal, str] | None = None,
        tolerated: Mapping[Signal, str] | None = None,
        expected_beside: tuple[Signal, ...] = (),
    ) -> None:
        if not patterns:
            raise ValueError("a case expects at least one thing")
        object.__setattr__(self, "patterns", patterns)
        object.__setattr__(self, "readings", dict(readings or {}))
        object.__setattr__(self, "tolerated", dict(tolerated or {}))
        object.__setattr__(self, "expected_beside", expected_beside)

    def match(self, reaction: Reaction) -> Match:
        """The best grade that some pattern gives to the whole Reaction."""
        for pattern in self.patterns:
            if reaction.shows_beside(pattern, self.expected_beside):
                return Match(Grade.EXPECTED, pattern)
        for grade, noted in ((Grade.READING, self.readings), (Grade.TOLERATED, self.tolerated)):
            for pattern, note in noted.items():
                if reaction.shows_beside(pattern, self.expected_beside):
                    return Match(grade, pattern, note)
        return self._match_without_code(reaction)

    def _match_without_code(self, reaction: Reaction) -> Match:
        """An error that is told by a code that says less: its documents allow that of every one."""
        for pattern in self.patterns:
            less = _said_less(pattern)
            if less is not None and reaction.shows_beside(less[0], self.expected_beside):
                return Match(Grade.TOLERATED, *less)
        return Match(Grade.NONE)


def _said_less(pattern: Signal) -> tuple[Signal, str] | None:
    match pattern:
        case ConnectionClosed(code, True) if isinstance(code, int):
            return ConnectionClosed(_GENERIC, transport=True), _GENERAL
        case ConnectionClosed(code) | Reset(code) if code in _SPECIFIC:
            return replace(pattern, code=H3.GENERAL_PROTOCOL_ERROR), _DECLINED
        case _:
            return None
