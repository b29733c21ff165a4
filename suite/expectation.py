"""What a case expects, and how a Reaction is held against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from wtspec.suite.signal import Reaction, Signal


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
        return Match(Grade.NONE)
