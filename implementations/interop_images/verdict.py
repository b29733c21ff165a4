"""What came of a test case: from exit statuses, from bytes and from the wire; never from a log.

The side that asks has to end with status 0, as the original runner wants it. How the other one
ends is its own affair, since it may well be told of the end by a lost connection; unless a signal
ended it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wtspec.implementations.interop_images.left import Left
from wtspec.implementations.interop_images.testcases import PROTOCOL_FILE, Kind, Task
from wtspec.implementations.pairing import wire
from wtspec.implementations.pairing.outcome import Delivery, Outcome
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.bystander.negotiation import State
from wtspec.suite.bystander.observed import Finished
from wtspec.suite.dialect import Side
from wtspec.suite.wire.stream_header import StreamKind

_SIGNALLED = range(129, 193)
_STREAMS = {Kind.UNI: StreamKind.UNI, Kind.BIDI: StreamKind.BIDI}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`blame`: the side, or empty for undecided."""

    outcome: Outcome
    why: str = ""
    blame: str = ""
    deliveries: tuple[Delivery, ...] = ()


def judged(task: Task, left: Left, exchange: Exchange, *, carries_all: bool) -> Verdict:
    """`carries_all`: the link loses nothing. That nobody declined is known already."""
    deliveries = tuple(one.on(exchange) for one in _owed(task, left))
    verdict = (
        _broken(left, exchange)
        or _missed(deliveries, left, exchange, carries_all=carries_all)
        or _untidy(task, left, exchange)
    )
    if verdict is None:
        odd = [f"the {side} {one}" for side, one in left.endings.items() if one.status]
        verdict = Verdict(Outcome.PASSED, "; ".join(odd))
    return replace(verdict, deliveries=deliveries)


def _broken(left: Left, exchange: Exchange) -> Verdict | None:
    """Where it makes no sense to ask for more."""
    for side, ending in left.endings.items():
        if ending.is_too_large or ending.status in _SIGNALLED:
            return Verdict(Outcome.FAIL, f"the {side} {ending}", str(side))
    if not exchange.connections:
        why = f"nothing that opens a connection went over the wire; {_endings(left)}"
        return Verdict(Outcome.FAIL, why)
    speech = _no_dialect(exchange)
    return Verdict(Outcome.NO_DIALECT, speech) if speech else None


def _no_dialect(exchange: Exchange) -> str:
    """Why nobody is to blame for a session that there is not; "" where somebody may be."""
    states = {one.negotiation.state for one in exchange.connections}
    if states != {State.NONE} or any(one.is_established for one in exchange.sessions):
        return ""
    return "what the two announce on the wire has no dialect in common"


def _missed(
    deliveries: tuple[Delivery, ...], left: Left, exchange: Exchange, *, carries_all: bool
) -> Verdict | None:
    missing = [one for one in deliveries if one.is_missing]
    if not missing:
        return None
    first = missing[0]
    why = str(first) if len(missing) == 1 else f"{first}; {len(missing) - 1} more are missing"
    why = f"{why}; {_endings(left)}"
    # What was sent may have been lost on the way, and that again each time.
    blame = str(first.blame or "") if carries_all or not first.sent else ""
    if broken := next(iter(exchange.findings), None):
        why += f"; on the wire the {broken.side} first broke {broken.requirement}: {broken.what}"
    return Verdict(Outcome.FAIL, why, blame)


def _untidy(task: Task, left: Left, exchange: Exchange) -> Verdict | None:
    """Everything came, but not as it should."""
    used = [
        one for one in exchange.connections if any(each.request for each in one.sessions.values())
    ]
    if len(used) > 1:
        why = f"sessions on {len(used)} connections, where all of them go on one"
        return Verdict(Outcome.FAIL, why, str(Side.CLIENT))
    asks = task.case.asks or Side.CLIENT
    if left.endings[asks].status == 0:
        return None
    why = f"everything is there, but the {asks} {left.endings[asks]}"
    return Verdict(Outcome.FAIL, why, str(asks))


def _endings(left: Left) -> str:
    return ", ".join(f"the {side} {one}" for side, one in left.endings.items())


def _owed(task: Task, left: Left) -> Iterator[Delivery]:
    """In the order of cause."""
    yield Delivery(Side.CLIENT, "its request for a session", None, _request)
    yield Delivery(Side.SERVER, "a session", None, wire.session)
    agreed = wire.protocol((task.agreed,))
    if task.case.asks is None:
        yield Delivery(Side.SERVER, f"the protocol {task.agreed}", None, agreed)
        for side, is_there in ((Side.CLIENT, agreed), (Side.SERVER, wire.session)):
            what = f"the protocol {task.agreed} in the file of the {side}"
            yield Delivery(side.other, what, _is_protocol(task, left, side), is_there)
    else:
        yield from _owed_files(task, left, task.case.asks)


def _is_protocol(task: Task, left: Left, side: Side) -> bool:
    held = left.downloads[side].files.get(PROTOCOL_FILE, b"")
    return held.strip() == task.agreed.encode()


def _owed_files(task: Task, left: Left, asks: Side) -> Iterator[Delivery]:
    kind, number = task.case.kind, len(task.files)
    assert kind is not None
    yield Delivery(asks, f"{number} requests", None, _requests(kind, asks, number))
    stored = left.downloads[asks].files
    for name, data in task.files.items():
        what = f"the file {name} of {len(data)} bytes"
        is_whole = stored.get(f"{task.path}/{name}") == data
        yield Delivery(asks.other, what, is_whole, _answer(task, kind, name))


def _request(exchange: Exchange) -> bool:
    return bool(exchange.sessions)


def _requests(kind: Kind, asks: Side, number: int) -> wire.Sent:
    """So many were sent, whatever they say."""

    def sent(exchange: Exchange) -> bool:
        sessions = exchange.sessions
        if kind is Kind.DATAGRAM:
            return sum(one.datagram_counts[asks] for one in sessions) >= number
        return sum(one.counts_for(asks, _STREAMS[kind]) for one in sessions) >= number

    return sent


def _answer(task: Task, kind: Kind, name: str) -> wire.Sent:
    """One file, on a stream that ended or in a datagram."""
    data, sender = task.files[name], (task.case.asks or Side.CLIENT).other
    named = [f"PUSH {one}\n".encode() for one in (name, f"{task.path}/{name}")]
    whole = [data] if kind is Kind.BIDI else [head + data for head in named]
    digests = {hashlib.sha256(one).hexdigest() for one in whole}

    def sent(exchange: Exchange) -> bool:
        sessions = exchange.sessions
        if kind is Kind.DATAGRAM:
            return any(one.sha256 in digests for s in sessions for one in s.datagrams[sender])
        flows = [stream.flows[sender] for s in sessions for stream in s.streams.values()]
        return any(isinstance(one.ending, Finished) and one.sha256 in digests for one in flows)

    return sent
