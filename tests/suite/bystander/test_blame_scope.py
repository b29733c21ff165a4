"""When a rule of the bystander counts: its dialects, and what was known to whom."""

from typing import Any

from wtspec.suite.bystander.announcements import missing
from wtspec.suite.bystander.blame import RULES
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import Parameters, StopSending, StreamReset, Undecided
from wtspec.suite.requirements import ledger
from wtspec.suite.wire import stream_header
from wtspec.suite.wire.error_codes import to_http3
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.wire.transport_parameters import Parameter

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


def announced(d: Any, lacking: Side, *pairs: tuple[int, bytes], both: bool = True) -> Any:
    """Both sides' announcements, one side's parameters being these; not `both`: only its own."""
    for side, stream_id in ((CLIENT, 2), (SERVER, 3)):
        if side is lacking:
            d.say(side, Parameters(pairs))
        elif not both:
            continue
        else:
            d.parameters(side)
        d.send(side, stream_id, b"\0" + d.settings(side))
    return d


DATAGRAMS = (int(Parameter.MAX_DATAGRAM_FRAME_SIZE), b"\x40\x64")
OLD = (int(Parameter.RESET_STREAM_AT_OLD), b"")


def due(d: Any) -> set[tuple[Side, str]]:
    return {(one.side, one.requirement) for one in missing(d.conversation)}


def test_what_is_due_and_not_announced(dialogue: Any) -> None:
    lacks = {(SERVER, "settings-reset-stream-at-both")}
    assert due(announced(dialogue(begun=False), SERVER, DATAGRAMS)) == lacks
    assert due(announced(dialogue(begun=False), SERVER, DATAGRAMS, OLD)) == set()
    lacks = {(CLIENT, "settings-max-datagram-frame-size-both")}
    zero = (DATAGRAMS[0], b"\0")
    assert due(announced(dialogue(begun=False), CLIENT, zero, OLD)) == lacks


def test_what_is_missing_says_what_follows(dialogue: Any) -> None:
    d = announced(dialogue(begun=False), SERVER, DATAGRAMS)
    assert "the client asks for no session" in next(missing(d.conversation)).what


def test_a_client_that_left_at_once_need_not_announce_anything(dialogue: Any) -> None:
    d = announced(dialogue(begun=False), SERVER, DATAGRAMS, both=False)
    assert due(d) == {(SERVER, "settings-reset-stream-at-both")}


def test_older_drafts_do_not_ask_for_it(dialogue: Any) -> None:
    assert due(announced(dialogue("h3-07", begun=False), SERVER, DATAGRAMS)) == set()
    assert due(announced(dialogue("h3-02", begun=False), SERVER)) == set()


def test_a_lack_that_kept_nobody_from_a_session_is_not_why(dialogue: Any) -> None:
    assert due(announced(dialogue(begun=False), SERVER, DATAGRAMS).session()) == set()
