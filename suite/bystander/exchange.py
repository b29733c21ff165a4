"""The door: packets and secrets in, an `Exchange` out."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace

from wtspec.suite.bystander.announcements import missing
from wtspec.suite.bystander.blame import blame, holds, unfinished
from wtspec.suite.bystander.conversation import Conversation
from wtspec.suite.bystander.facts import Exchange, Finding, Line
from wtspec.suite.bystander.http3 import Http3Reader
from wtspec.suite.bystander.lines import line
from wtspec.suite.dialect import Side
from wtspec.suite.network.pcapng import Packet
from wtspec.suite.quic.passive.events import Seen
from wtspec.suite.quic.passive.keys import Level
from wtspec.suite.quic.passive.tap import Tap

MOST_FINDINGS = 1000
FIRST_LINES, LAST_LINES = 1500, 1500


def read(packets: Iterable[Packet], secrets: bytes) -> Exchange:
    """What the packets show, in the order of their capture; never raises for what is in them.

    `secrets` are lines in the format of SSLKEYLOGFILE, of either endpoint or of both.
    """
    reading = _Reading()
    tap = Tap(secrets)
    start_s: float | None = None
    for packet in packets:
        start_s = packet.time_s if start_s is None else start_s
        for seen in tap.datagram(packet):
            reading.take(seen)
    for seen in tap.finish():
        reading.take(seen)
    undecided = {
        (connection.index, Side(half.sender), why): count
        for connection in tap.connections
        for half in connection.halves.values()
        for why, count in half.undecided.items()
    }
    for connection in tap.connections:
        halves = connection.halves.values()
        whole = {Side(half.sender) for half in halves if not half.space(Level.ONE_RTT).has_gaps}
        reading.end(connection.index, whole)
    return reading.exchange(start_s or 0.0, undecided, tap.passed_over)


class _Reading:
    def __init__(self) -> None:
        self._readers: list[Http3Reader] = []
        self._conversations: list[Conversation] = []
        self._findings: dict[tuple[int, Side, str, int | None], Finding] = {}
        self._first: list[Line] = []
        self._last: deque[Line] = deque(maxlen=LAST_LINES)
        self._lines = 0
        self._missing: list[Finding] = []

    def take(self, seen: Seen) -> None:
        while len(self._readers) <= seen.connection:
            self._conversations.append(Conversation(len(self._readers)))
            self._readers.append(Http3Reader())
        conversation = self._conversations[seen.connection]
        for one in self._readers[seen.connection].take(seen):
            self._blame(blame(conversation, one))
            conversation.apply(one)
            if (said := line(conversation, one)) is not None:
                self._keep(said)

    def end(self, connection: int, whole: Collection[Side]) -> None:
        """Nothing more comes; of the sides in `whole` no packet is missing."""
        if connection < len(self._conversations):
            conversation = self._conversations[connection]
            self._blame(unfinished(conversation, whole))
            self._missing += missing(conversation)

    def _holds(self, finding: Finding) -> bool:
        return holds(finding, self._conversations[finding.connection])

    def _blame(self, found: Iterable[Finding]) -> None:
        """The first of a kind on a stream; a broken limit stays broken with every byte."""
        for one in found:
            if len(self._findings) < MOST_FINDINGS:
                key = (one.connection, one.side, one.requirement, one.stream_id)
                self._findings.setdefault(key, one)

    def _keep(self, said: Line) -> None:
        self._lines += 1
        if len(self._first) < FIRST_LINES:
            self._first.append(said)
        else:
            self._last.append(said)

    def exchange(
        self,
        start_s: float,
        undecided: dict[tuple[int, Side, str], int],
        passed_over: dict[str, int],
    ) -> Exchange:
        both = (*self._first, *self._last)
        kept = [replace(one, time_s=one.time_s - start_s) for one in both]
        findings = [
            replace(one, time_s=one.time_s - start_s)
            for one in (*filter(self._holds, self._findings.values()), *self._missing)
        ]
        return Exchange(
            connections=tuple(one.facts for one in self._conversations),
            lines=tuple(kept),
            lines_left_out=self._lines - len(kept),
            findings=tuple(sorted(findings, key=lambda one: one.time_s)),
            undecided=undecided,
            passed_over=dict(passed_over),
        )
