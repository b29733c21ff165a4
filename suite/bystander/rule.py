"""What a rule of the bystander is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.observed import Observed

Broken = Callable[[Conversation, Observed, Any], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` is asked of every observation of that kind."""

    requirement: str
    kind: type
    broken: Broken
