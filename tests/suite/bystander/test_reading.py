"""HTTP/3 above QUIC as the bystander reads it, beyond what the reference ever says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.bystander.facts import Session
from wtspec.suite.bystander.http3 import Http3Reader
from wtspec.suite.bystander.lines import line
from wtspec.suite.bystander.negotiation import State, negotiate
from wtspec.suite.dialect import Side, dialect
from wtspec.suite.quic.passive import events
from wtspec.suite.quic.passive.events import Seen
from wtspec.suite.wire import capsule, frames, settings
from wtspec.suite.wire.capsule import CloseSession
from wtspec.suite.wire.error_codes import H3, QUIC, WT
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting

# RFC 9204: capacity 220, then ":status: 299" inserted by literal name, and a section that has it.
CAPACITY, INSERTION = b"\x3f\xbd\x01", b"\x47:status\x03299"
REFERENCE = b"\x02\x00\x80"


def with_table(dialogue: Any, capacity_bytes: int = 220) -> Any:
    """A dialogue whose client has room for a dynamic table, and has sent its CONNECT."""
    d = dialogue(begun=False)
    d.client(2, b"\0" + d.settings(Side.CLIENT, (Setting.QPACK_MAX_TABLE_CAPACITY, capacity_bytes)))
    d.server(3, b"\0" + d.settings(Side.SERVER))
    d.client(0, d.request())
    return d


def session_of(d: Any) -> Session:
    found = d.conversation.facts.sessions[0]
    assert isinstance(found, Session)
    return found


def test_a_response_by_dynamic_table(dialogue: Any) -> None:
    d = with_table(dialogue)
    d.server(7, b"\x02" + CAPACITY + INSERTION)
    d.server(0, frames.encode(FrameType.HEADERS, REFERENCE))
    assert session_of(d).status == 299


def test_a_response_that_waits_for_its_insertion_holds_what_follows(dialogue: Any) -> None:
    d = with_table(dialogue)
    close = frames.encode(FrameType.DATA, capsule.encode(CloseSession(3)))
    d.server(0, frames.encode(FrameType.HEADERS, REFERENCE) + close)
    d.server(7, b"\x02" + CAPACITY)
    assert (session_of(d).status, session_of(d).closes) == (None, {})
    d.server(7, INSERTION)
    assert session_of(d).status == 299
    assert session_of(d).closes == {Side.SERVER: CloseSession(3)}
    assert d.blamed == set()


def test_a_table_of_unknown_size_is_undecided(dialogue: Any) -> None:
    d = with_table(dialogue, capacity_bytes=0)
    d.server(0, frames.encode(FrameType.HEADERS, REFERENCE))
    assert d.conversation.facts.undecided[Side.SERVER]
    assert d.blamed == set()


def test_frames_of_a_section_that_never_comes_are_bounded(dialogue: Any) -> None:
    d = with_table(dialogue)
    d.server(0, frames.encode(FrameType.HEADERS, REFERENCE))
    for _ in range(3):
        d.server(0, frames.encode(FrameType.DATA, bytes(40_000)))
    assert d.conversation.facts.undecided[Side.SERVER]


def test_a_section_too_large_for_us_is_nobodys_fault(dialogue: Any) -> None:
    d = dialogue()
    d.client(0, b"\x01" + b"\x80\x02\x00\x00")
    assert d.conversation.facts.undecided[Side.CLIENT]
    assert d.blamed == set()


def test_bodies_of_refusals_are_no_capsules(dialogue: Any) -> None:
    d = dialogue()
    d.client(0, d.request())
    d.server(0, b"\x01\x03\x00\x00\xdb")  # :status 404 of the static table is index 27
    d.server(0, frames.encode(FrameType.DATA, b"not found"))
    assert session_of(d).capsules[Side.SERVER] == []
    assert not session_of(d).is_established


def test_a_request_of_another_kind_is_no_session(dialogue: Any) -> None:
    d = dialogue()
    d.client(0, d.request(protocol=None))
    d.client(0, frames.encode(FrameType.DATA, b"body"), finished=True)
    assert d.conversation.facts.sessions == {}


def test_streams_begin_byte_by_byte(dialogue: Any) -> None:
    d = dialogue().session()
    for byte in b"\x40\x41\x00abc":
        d.client(4, bytes([byte]))
    flow = session_of(d).streams[4].flows[Side.CLIENT]
    assert flow.size_bytes == 3


PAIRS = {
    ("h3-16", "h3-16"): (State.AGREED, ("h3-16", "h3-15")),
    ("h3-14", "h3-14"): (State.AGREED, ("h3-14", "h3-13")),
    ("h3-02", "h3-16"): (State.NONE, ()),
    ("h3-16", "h3-13"): (State.NONE, ()),
}


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
def test_dialects_by_both_settings(names: tuple[str, str], dialogue: Any) -> None:
    said = {
        side: dict(settings.pairs(dialogue(name, begun=False).settings(side)[2:]))
        for side, name in zip((Side.CLIENT, Side.SERVER), names, strict=True)
    }
    found = negotiate(said)
    assert (found.state, found.names) == PAIRS[names]
    assert negotiate({Side.CLIENT: said[Side.CLIENT]}).state is State.OPEN


def test_a_token_of_another_dialect_leaves_none_in_common(dialogue: Any) -> None:
    d = dialogue()
    d.client(0, d.request(protocol=b"webtransport"))
    assert d.conversation.facts.negotiation.state is State.NONE


def test_the_newest_of_several_common_dialects() -> None:
    both: dict[int, int] = {Setting.WT_ENABLED: 1, Setting.WT_MAX_SESSIONS: 1}
    found = negotiate({Side.CLIENT: both, Side.SERVER: both})
    assert found.dialects[0] is dialect("h3-16")
    assert negotiate({Side.CLIENT: both, Side.SERVER: both}, b"webtransport").names == (
        "h3-14",
        "h3-13",
    )


@pytest.mark.parametrize(
    ("closed", "is_broken"),
    [
        (events.Closed(H3.NO_ERROR, None, b""), False),
        (events.Closed(WT.REQUIREMENTS_NOT_MET, None, b""), False),
        (events.Closed(H3.SETTINGS_ERROR, None, b""), True),
        (events.Closed(QUIC.NO_ERROR, 0, b""), False),
        (events.Closed(QUIC.PROTOCOL_VIOLATION, 0, b""), True),
    ],
)
def test_broken_connections(closed: events.Closed, is_broken: bool, dialogue: Any) -> None:
    d = dialogue()
    d.say(Side.SERVER, closed)
    assert d.conversation.facts.is_broken is is_broken


STREAMS = st.sampled_from([0, 1, 2, 3, 4, 6, 7, 15])
PIECES = st.binary(max_size=20) | st.sampled_from(
    [b"\x00", b"\x02", b"\x40\x41\x00", b"\x40\x54\x00", b"\x01\x03\x02\x00\x80", b"\x04\x00"]
)


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), STREAMS, PIECES, st.booleans())))
def test_nothing_that_is_said_raises(said: list[Any]) -> None:
    from wtspec.suite.bystander.exchange import _Reading

    reading = _Reading()
    for sender, stream_id, data, finished in said:
        what = events.StreamBytes(stream_id, data, finished)
        reading.take(Seen(0.0, 0, sender, 1, what))
        reading.take(Seen(0.0, 0, sender, 1, events.Datagram(data)))
        reading.take(Seen(0.0, 0, sender, 1, events.StreamReset(stream_id, 7, 0, None)))
        reading.take(Seen(0.0, 0, sender, 1, events.StopSending(stream_id, 7)))
    reading.exchange(0.0, {}, {})


@pytest.mark.parametrize(
    ("side", "what", "text"),
    [
        (Side.CLIENT, events.StreamReset(4, 0x107, 9, 3), "RESET_STREAM_AT 3 of 9 bytes "),
        (Side.SERVER, events.StreamReset(4, WT.SESSION_GONE, 9, None), "WT_SESSION_GONE"),
        (Side.SERVER, events.StopSending(4, H3.NO_ERROR), "STOP_SENDING H3_NO_ERROR"),
        (Side.SERVER, events.Closed(QUIC.NO_ERROR, 0, b"a\x1bb"), "NO_ERROR a\\x1bb"),
        (Side.SERVER, events.Undecided("no key"), "undecided: no key"),
        (Side.CLIENT, events.Datagram(b"\x00" + bytes(65)), "datagram of 65 bytes"),
        (Side.CLIENT, events.Datagram(b"\xff"), "unreadable datagram"),
    ],
)
def test_lines(side: Side, what: events.What, text: str, dialogue: Any) -> None:
    sender = "client" if side is Side.CLIENT else "server"
    (one,) = Http3Reader().take(Seen(1.5, 0, sender, 3, what))  # type: ignore[arg-type]
    said = line(dialogue().conversation, one)
    assert said is not None
    arrow = ">>" if side is Side.CLIENT else "<<"
    assert str(said).startswith(f"  1500.00 ms {arrow} ")
    assert text in str(said)
