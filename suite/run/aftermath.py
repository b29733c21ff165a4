"""What the reaction left behind: its sessions, a sibling, the connection, a new one; and counts.

A negative case always asks for a new connection as well, since a program may be dead behind a QUIC
stack that still acknowledges. Findings are graded by the requirement that the case names for them;
only an endpoint that serves no new connection is a crash whatever the case says.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wtspec.suite.case import Aftermath
from wtspec.suite.endpoint.application import Drains, Echo, Protocols
from wtspec.suite.endpoint.interface import Endpoint, Role
from wtspec.suite.expectation import Grade
from wtspec.suite.peer.interruption import (
    Deadline,
    EndScript,
    NotApplicable,
    PremiseMissing,
    Unsupported,
)
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.requirements import ledger
from wtspec.suite.run import tally
from wtspec.suite.run.plan import Cell
from wtspec.suite.signal import (
    ConnectionClosed,
    Datagram,
    Fin,
    IdledOut,
    Reaction,
    Reset,
    Response,
    Stop,
)
from wtspec.suite.verdict import Finding, Observation
from wtspec.suite.wire.error_codes import H3, QUIC
from wtspec.suite.wire.stream_header import StreamKind

# Before an endpoint counts as dead.
_TRIES = 3
# One byte: the scarcest configuration grants no more.
_PROOF = b"a"
_ECHOING = (Echo, Drains, Protocols)
# An endpoint that gets less than this from us may rightly keep its echo back.
_AMPLE_STREAMS, _AMPLE_BYTES = 4, 1000

_ANSWERED = Reaction("connection", (Fin(),))
# Who says that he takes nothing more for now is neither dead nor wrong: a server SHOULD limit the
# rate of sessions (section 5.2), and may have enough of one address (RFC 9000 section 5.2.2).
_REFUSALS = (
    Response(429),
    Response(503),
    Reset(H3.REQUEST_REJECTED),
    Stop(H3.REQUEST_REJECTED),
    ConnectionClosed(QUIC.CONNECTION_REFUSED, transport=True),
)

Exchange = Callable[[], Awaitable[Reaction]]


@dataclass(frozen=True, slots=True)
class Afterwards:
    """One cell's aftermath. `control`: its control's cell, which went well before; the root has
    itself. `before`: what the control left behind, as its verdict tells it.
    """

    peer: Peer
    cell: Cell
    control: Cell
    endpoint: Endpoint
    before: Sequence[str] = ()

    async def look(self, seen: Observation) -> Observation:
        """The observation with what was found after the script."""
        named, findings, dead = self.cell.case.aftermath, [], None
        if any(isinstance(one.closed, IdledOut) for one in self.peer.connections):
            named = replace(named, session=None, connection=None)
        if seen.reaction is not None:
            findings += [await self._session(one, named) for one in list(self.peer.sessions)]
        problem = await self._connection()
        findings.append(_finding("this connection", problem, named.connection))
        if problem or self.cell.case.violates:
            dead = await self._new_connection()
        extra = tally.unasked(self.peer)
        findings.append(_finding("nothing unasked", extra, named.unasked))
        findings += [
            Finding("the wire's own rules", alive=False, detail=f"{one.where}: {one.why}")
            for one in self.peer.violations
        ]
        findings = [_unless_before(one, self.before) for one in findings]
        return replace(seen, aftermath=tuple(findings), new_connection_dead=dead)

    async def _session(self, session: Session, named: Aftermath) -> Finding:
        """Whether a session still carries everything, as far as credit allows to ask."""
        what = "this session" if session is self.peer.sessions[0] else "another session"
        problem = "" if session.is_open() else "ended"
        for exchange in self._exchanges(session) if not problem else ():
            problem = await _problem(exchange)
            if problem:
                break
        return _finding(what, problem, named.session)

    def _exchanges(self, session: Session) -> Iterator[Exchange]:
        """One of each kind that this application answers and that no limit forbids."""
        if not isinstance(session.application, _ECHOING):
            return
        offered = self.endpoint.hello.features
        if self._may_open(session, StreamKind.BIDI):
            yield lambda: session.echo(_PROOF)
        if "uni" in offered and self._may_open(session, StreamKind.UNI) and self._may_answer():
            yield lambda: session.echo_uni(_PROOF)
        if "datagrams" in offered and session.connection.quic.datagram_room() > len(_PROOF) + 8:
            yield lambda: session.echo_datagram(_PROOF)

    def _may_open(self, session: Session, kind: StreamKind) -> bool:
        """Whether the endpoint's credit leaves room for one more stream of ours with a proof."""
        if not self._has_flow_control(session):
            return True
        if tally.sent_by_us(session.connection) + len(_PROOF) > session.credit["data"]:
            return False
        return tally.opened_by_us(session.connection, kind) < session.credit[kind.value]

    def _may_answer(self) -> bool:
        """Whether our own credit lets the endpoint open a stream and write to it."""
        ours = self.cell.configuration.ours
        streams, size_bytes = ours.initial_max_streams_uni, ours.initial_max_data
        if not any((streams, size_bytes, ours.initial_max_streams_bidi)):
            return True
        return (streams or 0) >= _AMPLE_STREAMS and (size_bytes or 0) >= _AMPLE_BYTES

    def _has_flow_control(self, session: Session) -> bool:
        ours, theirs = dict(session.connection.our_settings), session.connection.settings or {}
        return self.cell.dialect.flow_control_on(ours, theirs)

    async def _connection(self) -> str:
        """What is wrong with this connection: a sibling session where one may be, else a PING."""
        if not self.peer.is_alive():
            closed = [one.closed for one in self.peer.connections if one.closed is not None]
            return f"closed, {closed[-1]}" if closed else "never came about"
        if self._may_have_sibling():
            return await _problem(self._greeted)
        return await _problem(self._pinged)

    def _may_have_sibling(self) -> bool:
        """Only where session flow control is on: without it a connection carries one session."""
        begun = [one for one in self.peer.sessions if one.is_begun]
        if not begun or not self._has_flow_control(begun[0]):
            return False
        if self.endpoint.role is Role.CLIENT and "pooling" not in self.endpoint.hello.features:
            return False
        allowed = self.cell.configuration.limits.max_sessions or 1
        return len(begun) < allowed and self._may_open(begun[0], StreamKind.BIDI)

    async def _pinged(self) -> Reaction:
        passed = await self.peer.barrier()
        return _ANSWERED if passed else Reaction("connection")

    async def _greeted(self) -> Reaction:
        session = await self.peer.open_session(Echo())
        return await session.echo(_PROOF)

    async def _new_connection(self) -> str | None:
        """Why the control no longer goes well on a connection of its own; None when it does.

        Asked more than once: a stack that is busy with others, or loses a handshake now and then,
        is not dead.
        """
        control = self.control
        expect = control.case.expectation(control.parameter)

        async def again() -> Reaction:
            reaction = await control.case(self.peer.another(), *control.arguments)
            return reaction if expect.match(reaction).grade is Grade.NONE else _ANSWERED

        problem = ""
        for _ in range(_TRIES):
            problem = await _problem(again)
            if not problem:
                break
        return problem or None


async def _problem(exchange: Exchange) -> str:
    """What kept an exchange from its end; empty when nothing did, or when it cannot be asked for.

    EndpointGone and our own mistakes go on to the caller.
    """
    try:
        reaction = await exchange()
    except (Unsupported, NotApplicable, PremiseMissing):
        return ""
    except Deadline as error:
        return f"{error} never came"
    except EndScript as end:
        reaction = end.reaction
    good = reaction.has(Fin, Datagram)
    refused = any(one.matches(seen) for one in _REFUSALS for seen in reaction.signals)
    return "" if good or refused else str(reaction)


def _unless_before(finding: Finding, before: Sequence[str]) -> Finding:
    """What was no better after the control is nothing that this script did: recorded only."""
    of_the_same = (line for line in before if line.startswith(f"{finding.what}: "))
    if all(line == f"{finding.what}: alive" for line in of_the_same):
        return finding
    return replace(finding, requirement=None)


def _finding(what: str, problem: str, requirement: str | None) -> Finding:
    rule = None if requirement is None else ledger.load()[requirement]
    return Finding(what, alive=not problem, detail=problem, requirement=rule)
