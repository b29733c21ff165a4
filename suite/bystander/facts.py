"""Typed facts of an exchange, which a scenario can be judged by."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wtspec.suite.bystander.negotiation import Negotiation, State
from wtspec.suite.bystander.observed import Finished
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import Closed, StreamReset
from wtspec.suite.wire import error_codes
from wtspec.suite.wire.capsule import CapsuleType, CloseSession, Received
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamKind

KEPT = 1000


@dataclass(slots=True)
class Flow:
    """What one side sent on a stream: application bytes in order, and how it ended.

    `stopped` is the code with which the other side asked for an end.
    """

    size_bytes: int = 0
    ending: Finished | StreamReset | None = None
    stopped: int | None = None
    _digest: Any = field(default_factory=hashlib.sha256, repr=False)

    @property
    def sha256(self) -> str:
        return str(self._digest.hexdigest())

    @property
    def application_code(self) -> int | None:
        """Of its reset, where that is an application's."""
        if not isinstance(self.ending, StreamReset):
            return None
        return error_codes.from_http3(self.ending.code)

    def add(self, data: bytes) -> None:
        self.size_bytes += len(data)
        self._digest.update(data)


@dataclass(slots=True)
class DataStream:
    stream_id: int
    kind: StreamKind
    opener: Side
    session_id: int
    header_bytes: int
    flows: dict[Side, Flow] = field(default_factory=lambda: {side: Flow() for side in Side})


@dataclass(frozen=True, slots=True)
class Payload:
    """Of a datagram."""

    size_bytes: int
    sha256: str


@dataclass(slots=True)
class Session:
    """One Session ID; without a `request` only streams or datagrams named it.

    `datagrams` and `capsules` keep the first thousand of each side; the counts go on. `limits` are
    what each side grants the other: the last limit said, by capsule type, where any was.
    """

    session_id: int
    request: tuple[Field, ...] = ()
    response: tuple[Field, ...] = ()
    streams: dict[int, DataStream] = field(default_factory=dict)
    datagrams: dict[Side, list[Payload]] = field(default_factory=lambda: {s: [] for s in Side})
    datagram_counts: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    capsules: dict[Side, list[Received]] = field(default_factory=lambda: {s: [] for s in Side})
    limits: dict[Side, dict[CapsuleType, int]] = field(
        default_factory=lambda: {side: {} for side in Side}
    )
    sent_bytes: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    opened: dict[tuple[Side, StreamKind], int] = field(default_factory=dict)
    closes: dict[Side, CloseSession] = field(default_factory=dict)
    closed_at_s: dict[Side, float] = field(default_factory=dict)
    drains: set[Side] = field(default_factory=set)
    endings: dict[Side, Finished | StreamReset] = field(default_factory=dict)
    stops: dict[Side, int] = field(default_factory=dict)
    protocol: str | None = None

    @property
    def status(self) -> int | None:
        value = dict(self.response).get(b":status", b"")
        return int(value) if value.isdigit() and len(value) == 3 else None

    @property
    def is_established(self) -> bool:
        return self.status is not None and self.status // 100 == 2

    def counts_for(self, side: Side, kind: StreamKind) -> int:
        return self.opened.get((side, kind), 0)


@dataclass(slots=True)
class Connection:
    index: int
    alpn: str | None = None
    parameters: dict[Side, tuple[tuple[int, bytes], ...]] = field(default_factory=dict)
    settings: dict[Side, dict[int, int]] = field(default_factory=dict)
    settings_numbers: dict[Side, int] = field(default_factory=dict)
    settings_s: dict[Side, float] = field(default_factory=dict)
    negotiation: Negotiation = field(default_factory=lambda: Negotiation(State.OPEN, (), {}))
    sessions: dict[int, Session] = field(default_factory=dict)
    goaways: dict[Side, list[int]] = field(default_factory=lambda: {side: [] for side in Side})
    closed: dict[Side, Closed] = field(default_factory=dict)
    undecided: dict[Side, list[str]] = field(default_factory=lambda: {side: [] for side in Side})

    @property
    def is_broken(self) -> bool:
        """Whether a side ended it with an error, which no common dialect is not."""
        harmless = {error_codes.H3.NO_ERROR, error_codes.WT.REQUIREMENTS_NOT_MET}
        return any(
            one.code not in harmless
            if one.is_application
            else one.code != error_codes.QUIC.NO_ERROR
            for one in self.closed.values()
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that `side` broke for certain. `requirement` is its id in the ledger."""

    side: Side
    requirement: str
    what: str
    time_s: float
    connection: int
    stream_id: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line for people, in the order of the capture."""

    time_s: float
    side: Side
    where: str
    what: str

    def __str__(self) -> str:
        arrow = ">>" if self.side is Side.CLIENT else "<<"
        return f"{self.time_s * 1000:9.2f} ms {arrow} {self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Everything that a capture and its secrets show.

    Times count from the first packet. `lines_left_out` are missing in the middle of `lines`.
    `undecided` counts packets by side and reason, `passed_over` those of no connection.
    """

    connections: tuple[Connection, ...]
    lines: tuple[Line, ...]
    lines_left_out: int
    findings: tuple[Finding, ...]
    undecided: Mapping[tuple[int, Side, str], int]
    passed_over: Mapping[str, int]

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Those that were asked for, of all connections."""
        every = (one for connection in self.connections for one in connection.sessions.values())
        return tuple(one for one in every if one.request)
