import hashlib
from dataclasses import replace

import pytest

from wtspec.implementations.interop_images.harvest import Harvest
from wtspec.implementations.interop_images.left import Ending, Left
from wtspec.implementations.interop_images.testcases import TESTCASES, Task, task
from wtspec.implementations.interop_images.verdict import Verdict, judged
from wtspec.implementations.pairing.outcome import Outcome
from wtspec.suite.bystander.facts import Connection, DataStream, Exchange, Payload, Session
from wtspec.suite.bystander.negotiation import Negotiation, State
from wtspec.suite.bystander.observed import Finished
from wtspec.suite.dialect import Side, dialect
from wtspec.suite.wire.stream_header import StreamKind

HANDSHAKE = task(TESTCASES["handshake"], 1)
RECEIVE = task(TESTCASES["transfer-unidirectional-receive"], 1)
DATAGRAMS = task(TESTCASES["transfer-datagram-send"], 1)
AGREED = Negotiation(State.AGREED, (dialect("h3-16"),), {})
ENDED = {side: Ending(0) for side in Side}


def session(work: Task) -> Session:
    """All that the test case asks for, as a good pair puts it on the wire."""
    made = Session(
        0,
        request=((b":method", b"CONNECT"),),
        response=((b":status", b"200"),),
        protocol=work.agreed,
    )
    asks = work.case.asks
    if asks is None:
        return made
    for number, (name, data) in enumerate(work.files.items()):
        pushed = f"PUSH {name}\n".encode() + data
        if work is DATAGRAMS:
            payload = Payload(len(pushed), hashlib.sha256(pushed).hexdigest())
            made.datagrams[asks.other].append(payload)
            made.datagram_counts[asks] += 1
            continue
        stream = DataStream(4 * number + 3, StreamKind.UNI, asks.other, 0, 2)
        stream.flows[asks.other].add(pushed)
        stream.flows[asks.other].ending = Finished()
        made.streams[stream.stream_id] = stream
    made.opened[asks, StreamKind.UNI] = len(work.files)
    return made


def exchange(*sessions: Session, negotiation: Negotiation = AGREED) -> Exchange:
    """Each session on a connection of its own; without one, a connection all the same."""
    connections = tuple(
        Connection(number, sessions={0: one}, negotiation=negotiation)
        for number, one in enumerate(sessions)
    )
    empty = (Connection(0, negotiation=negotiation),)
    return Exchange(connections or empty, (), 0, (), {}, {})


def left(work: Task) -> Left:
    downloads = {side: Harvest(work.expected(side)) for side in Side}
    return Left(ENDED, downloads, b"", (), {}, 1.0)


def without(found: Left, side: Side, path: str) -> Left:
    files = {name: data for name, data in found.downloads[side].files.items() if name != path}
    return replace(found, downloads={**found.downloads, side: Harvest(files)})


def told(verdict: Verdict) -> tuple[Outcome, str]:
    return verdict.outcome, verdict.blame


@pytest.mark.parametrize("work", [HANDSHAKE, RECEIVE, DATAGRAMS], ids=lambda one: one.case.name)
def test_what_is_all_there_passes(work: Task) -> None:
    verdict = judged(work, left(work), exchange(session(work)), carries_all=True)
    assert (verdict.outcome, verdict.why) == (Outcome.PASSED, "")
    assert all(one.sent for one in verdict.deliveries)


def test_a_file_that_was_sent_is_missed_at_whom_it_was_sent_to() -> None:
    path, *_ = RECEIVE.expected(Side.CLIENT)
    found = without(left(RECEIVE), Side.CLIENT, path)
    verdict = judged(RECEIVE, found, exchange(session(RECEIVE)), carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "client")
    assert "sent by the server, not shown by the client" in verdict.why


def test_a_file_that_was_not_sent_is_missed_at_the_sender() -> None:
    path, *_ = RECEIVE.expected(Side.CLIENT)
    wire = session(RECEIVE)
    wire.streams.pop(3)
    verdict = judged(
        RECEIVE, without(left(RECEIVE), Side.CLIENT, path), exchange(wire), carries_all=True
    )
    assert told(verdict) == (Outcome.FAIL, "server")
    assert "not sent by the server" in verdict.why


def test_over_a_link_that_loses_what_was_sent_is_not_blamed() -> None:
    path, *_ = RECEIVE.expected(Side.CLIENT)
    found = without(left(RECEIVE), Side.CLIENT, path)
    verdict = judged(RECEIVE, found, exchange(session(RECEIVE)), carries_all=False)
    assert told(verdict) == (Outcome.FAIL, "")


def test_other_bytes_are_not_the_file() -> None:
    path, *_ = RECEIVE.expected(Side.CLIENT)
    files = dict(RECEIVE.expected(Side.CLIENT)) | {path: b"other"}
    found = replace(left(RECEIVE), downloads={Side.CLIENT: Harvest(files)})
    verdict = judged(RECEIVE, found, exchange(session(RECEIVE)), carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "client")


def test_where_nobody_can_read_the_wire_files_decide_and_nobody_is_blamed() -> None:
    dark = exchange(negotiation=Negotiation(State.OPEN, (), {}))
    assert told(judged(RECEIVE, left(RECEIVE), dark, carries_all=True)) == (Outcome.PASSED, "")
    path, *_ = RECEIVE.expected(Side.CLIENT)
    found = without(left(RECEIVE), Side.CLIENT, path)
    assert told(judged(RECEIVE, found, dark, carries_all=True)) == (Outcome.FAIL, "")


def test_files_that_never_crossed_the_wire_prove_nothing() -> None:
    nothing = Exchange((), (), 0, (), {}, {})
    verdict = judged(RECEIVE, left(RECEIVE), nothing, carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "")
    assert "nothing that opens a connection" in verdict.why


@pytest.mark.parametrize("side", list(Side))
def test_each_side_writes_down_the_protocol(side: Side) -> None:
    found = without(left(HANDSHAKE), side, "negotiated_protocol.txt")
    verdict = judged(HANDSHAKE, found, exchange(session(HANDSHAKE)), carries_all=True)
    assert told(verdict) == (Outcome.FAIL, str(side))


def test_a_line_feed_behind_the_protocol_is_no_other_protocol() -> None:
    files = {"negotiated_protocol.txt": HANDSHAKE.agreed.encode() + b"\n"}
    found = replace(left(HANDSHAKE), downloads={side: Harvest(files) for side in Side})
    verdict = judged(HANDSHAKE, found, exchange(session(HANDSHAKE)), carries_all=True)
    assert verdict.outcome is Outcome.PASSED


def test_another_protocol_on_the_wire_is_the_servers() -> None:
    wire = session(HANDSHAKE)
    wire.protocol = HANDSHAKE.protocols[Side.SERVER][0]
    verdict = judged(HANDSHAKE, left(HANDSHAKE), exchange(wire), carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "server")


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending(0), Outcome.PASSED),
        (Ending(1), Outcome.FAIL),
        (Ending(None), Outcome.FAIL),
    ],
)
def test_the_side_that_asks_has_to_end_well(ending: Ending, outcome: Outcome) -> None:
    found = replace(left(DATAGRAMS), endings={Side.CLIENT: Ending(None), Side.SERVER: ending})
    verdict = judged(DATAGRAMS, found, exchange(session(DATAGRAMS)), carries_all=True)
    assert told(verdict) == (outcome, "server" if outcome is Outcome.FAIL else "")


def test_an_odd_end_of_the_other_side_is_told_and_no_failure() -> None:
    found = replace(left(RECEIVE), endings={Side.CLIENT: Ending(0), Side.SERVER: Ending(1)})
    verdict = judged(RECEIVE, found, exchange(session(RECEIVE)), carries_all=True)
    assert (verdict.outcome, verdict.why) == (Outcome.PASSED, "the server ended with status 1")


@pytest.mark.parametrize("ending", [Ending(139), Ending(137, is_too_large=True)])
def test_a_crash_is_a_failure_whatever_was_delivered(ending: Ending) -> None:
    found = replace(left(RECEIVE), endings={Side.CLIENT: Ending(0), Side.SERVER: ending})
    verdict = judged(RECEIVE, found, exchange(session(RECEIVE)), carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "server")


def test_sessions_go_on_one_connection() -> None:
    twice = exchange(session(RECEIVE), session(RECEIVE))
    verdict = judged(RECEIVE, left(RECEIVE), twice, carries_all=True)
    assert told(verdict) == (Outcome.FAIL, "client")


def test_no_common_dialect_is_nobodys_fault() -> None:
    apart = exchange(negotiation=Negotiation(State.NONE, (), {}))
    path, *_ = RECEIVE.expected(Side.CLIENT)
    found = without(left(RECEIVE), Side.CLIENT, path)
    verdict = judged(RECEIVE, found, apart, carries_all=True)
    assert told(verdict) == (Outcome.NO_DIALECT, "")
