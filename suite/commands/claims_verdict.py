"""What a claim of an endpoint turns out to be."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    HOLDS = "true"
    FALSE = "FALSE"
    UNDECIDED = "?"
    UNCLAIMED = "+"  # it does it, and does not say so


@dataclass(frozen=True, slots=True)
class Claim:
    """`kind`: role, dialect, feature or manifest. `wire`: what it sent, where that is not so."""

    kind: str
    name: str
    verdict: Verdict
    why: str = ""
    wire: tuple[str, ...] = ()
