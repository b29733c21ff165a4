"""What comes of a scenario between two implementations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from wtspec.implementations.pairing.wire import Sent
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.dialect import Side


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

    `shown`: whether it did; None where that API has no such thing. `wire` asks the exchange whether
    it was sent, and `sent` is the answer; None where nobody could read the wire.
    """

    sender: Side
    what: str
    shown: bool | None
    wire: Sent
    sent: bool | None = None

    def on(self, exchange: Exchange) -> "Delivery":
        """With the wire's answer.

        What was not found is unknown among packets that nobody read, and where somebody ended the
        connection: what else would have come, nobody can tell.
        """
        found = self.wire(exchange)
        cut = any(one.is_broken or self.sender.other in one.closed for one in exchange.connections)
        is_known = found or (bool(exchange.sessions) and not exchange.undecided and not cut)
        return replace(self, sent=found if is_known else None)

    @property
    def is_missing(self) -> bool:
        return self.shown is False or (self.shown is None and self.sent is False)

    def __str__(self) -> str:
        """What is missing, as far as anybody saw."""
        if self.sent is None:
            return f"{self.what}, from the {self.sender}: not shown by the {self.sender.other}"
        if self.sent:
            return f"{self.what}: sent by the {self.sender}, not shown by the {self.sender.other}"
        return f"{self.what}: not sent by the {self.sender}"

    @property
    def blame(self) -> Side | None:
        """Whose fault it is that it is missing; None: undecided."""
        if self.sent is None:
            return None
        return self.sender.other if self.sent else self.sender


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one scenario. `blame`: the party, or empty for undecided.

    `dialect`: the one that they spoke, as far as anybody saw. `findings`: rules that the wire shows
    to be broken for certain, as "side: requirement, what", whatever came of the scenario.
    `evidence` makes files for people, by name; it holds all packets, so nobody keeps it for long.
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
    findings: tuple[str, ...] = ()
    timeline: tuple[str, ...] = field(default=(), repr=False)
    evidence: Callable[[], Mapping[str, bytes]] | None = field(default=None, repr=False)
