"""What comes of a scenario between two implementations."""

from dataclasses import dataclass, field
from enum import Enum


class Party(Enum):
    """One of the two, and so who may be to blame."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> "Party":
        return Party.SERVER if self is Party.CLIENT else Party.CLIENT

    def __str__(self) -> str:
        return self.value


class Outcome(Enum):
    PASSED = "pass"
    FAIL = "fail"
    UNSUPPORTED = "unsupported"  # one of them says that it does not have it
    NO_DIALECT = "no-dialect"  # they speak no common one, which is nobody's fault
    NOT_STARTED = "not-started"  # one of them did not start

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that one party must send, and that the other's API must show.

    `shown`: whether it did; None where that API has no such thing. `sent`: whether the wire carried
    it; None where nobody could read the wire.
    """

    sender: Party
    what: str
    shown: bool | None
    sent: bool | None = None

    @property
    def is_missing(self) -> bool:
        return self.shown is False or (self.shown is None and self.sent is False)

    @property
    def blame(self) -> Party | None:
        """Whose fault it is that it is missing; None: undecided."""
        if self.sent is None:
            return None
        return self.sender.other if self.sent else self.sender


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one scenario. `blame`: the party, or empty for undecided.

    `dialect`: the one that they spoke, as far as anybody saw.
    """

    scenario: str
    client: str
    server: str
    link: str
    outcome: Outcome
    why: str = ""
    blame: str = ""
    deliveries: tuple[Delivery, ...] = ()
    duration_s: float = 0.0
    dialect: str = ""
    timeline: tuple[str, ...] = field(default=(), repr=False)
