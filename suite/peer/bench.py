"""What all parts of one Peer share: its clock's limits, its evidence and its bell."""

from dataclasses import dataclass, field

from wtspec.suite.endpoint.interface import Endpoint, EndpointGone
from wtspec.suite.peer.bell import Bell
from wtspec.suite.peer.interruption import Deadline
from wtspec.suite.peer.patience import Patience
from wtspec.suite.peer.timeline import Labelled, Timeline
from wtspec.suite.signal import Signal
from wtspec.suite.wire.error_codes import H3


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of the wire that the endpoint broke: the code it calls for, and one sentence."""

    where: str
    code: H3
    why: str


@dataclass(slots=True)
class Bench:
    """`seen` has every signal of every place, in order: what an absence is proved against."""

    endpoint: Endpoint
    patience: Patience
    timeline: Timeline = field(default_factory=Timeline)
    bell: Bell = field(default_factory=Bell)
    violations: list[Violation] = field(default_factory=list)
    seen: list[tuple[str, Signal]] = field(default_factory=list)
    connection_count: int = 0

    def timeline_of_next_connection(self) -> Labelled:
        """Later connections are told apart by their number."""
        self.connection_count += 1
        number = self.connection_count
        return Labelled(self.timeline, "" if number == 1 else f" of connection {number}")

    def saw(self, where: str, signal: Signal) -> None:
        self.seen.append((where, signal))

    def broken(self, violation: Violation) -> None:
        """Record that the endpoint broke a rule."""
        self.violations.append(violation)
        self.timeline.received(
            violation.where, "VIOLATION", f"H3_{violation.code.name}: {violation.why}"
        )

    def overdue(self, what: str) -> Exception:
        """What to raise when `what` never came: the endpoint may have ended."""
        ended = self.endpoint.ended()
        if ended is not None:
            return EndpointGone(ended)
        return Deadline(what)
