"""When a rule of the bystander counts: its dialects, and what was known to whom."""

from typing import Any

from wtspec.suite.bystander.blame import RULES
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import StopSending, StreamReset, Undecided
from wtspec.suite.requirements import ledger
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.error_codes import to_http3
from wtspec.suite.wire.stream_header import StreamKind

CLIENT, SERVER = Side.CLIENT, Side.SERVER
HEADER = stream_header.encode(StreamKind.BIDI, 0)


def test_every_rule_stands_in_the_ledger() -> None:
    assert {rule.requirement for rule in RULES} <= set(ledger.load())


def test_rules_of_later_drafts_bind_nobody_before_them(dialogue: Any) -> None:
    d = dialogue("h3-07")
    d.session()
    for stream_id in range(4, 40, 4):
        d.client(stream_id, HEADER)
    d.say(CLIENT, StreamReset(4, to_http3(7), 3, None))
    assert d.blamed == set()


def test_limits_bind_only_who_has_proved_to_know_them(dialogue: Any) -> None:
    d = dialogue(begun=False)
    for side, stream_id in ((CLIENT, 2), (SERVER, 3)):
        d.send(side, stream_id, b"\0" + d.settings(side))
    d.session().client(4, HEADER)
    d.client(8, HEADER)
    assert d.blamed == set()
    d.acknowledge(CLIENT)
    d.client(12, HEADER)
    assert d.blamed == {(CLIENT, "flow-open-within-stream-limit")}


def test_limits_may_have_been_raised_where_something_is_undecided(dialogue: Any) -> None:
    d = dialogue()
    d.say(SERVER, Undecided("no key"))
    d.session().client(4, HEADER + bytes(11))
    d.client(8, HEADER)
    assert d.blamed == set()


def test_a_copied_code_is_not_unmapped(dialogue: Any) -> None:
    d = dialogue()
    d.session().client(4, HEADER)
    d.say(SERVER, StopSending(4, 7))
    d.say(CLIENT, StreamReset(4, 7, 3, None))
    assert d.blamed == set()
