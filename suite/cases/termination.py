"""The close capsule: how it is sent, answered and reported, and closes that meet."""

from typing import Any

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Closes, Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction, Drop
from wtspec.suite.peer.peer import ANSWERS, Peer, Raw
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Reported,
    Reset,
    Response,
    SessionClosed,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import CloseSession, UnknownCapsule
from wtspec.suite.wire.error_codes import H3, WT

CLOSE = CloseSession(7, b"bye")
# A recipient may stop reading at once; older drafts name no code for it.
STOPPED = Stop()
# An endpoint needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
ESCALATED = "RFC 9114 section 8: a stream error may be treated as one of the connection"
# Nothing keeps a recipient from saying something in its turn, as when two closes meet.
ENDED_BESIDE = (SessionClosed(), STOPPED, GIVEN_UP)
ALL_CLOSED: dict[Signal, str] = {
    GIVEN_UP: "RFC 9114 section 5.3: the connection may be closed, and all streams with it"
}
ENDED = Expect(Fin(), Reset(), tolerated=ALL_CLOSED, expected_beside=ENDED_BESIDE)

# What the endpoint's application sends

Ending = tuple[int, str]
REASONS = {
    "code-0": (0, ""),
    "code-1": (1, "bye"),
    "code-below-2^32": (0xFFFFFFFF, "bye"),
    "code-of-four-bytes": (0x01020304, "bye"),
    "no-reason": (7, ""),
    "utf-8": (7, "Ende gut: äöü € 𝄞"),
    "1024-bytes": (7, "a" * 1024),
    "1024-bytes-of-utf-8": (7, "€" * 341 + "a"),
}


def close_capsule(ending: Ending) -> Expect:
    code, reason = ending
    capsule_seen = SessionClosed(code, reason.encode())
    # Nothing said is the same as a FIN alone.
    patterns = (capsule_seen, Fin()) if ending == (0, "") else (capsule_seen,)
    return Expect(*patterns, expected_beside=(STOPPED, GIVEN_UP))


def other_code(ending: Ending) -> Signal:
    return SessionClosed(ending[0] ^ 1)


@case(
    "termination/close-format",
    title="the application's code and reason travel in the close capsule as they are",
    requires=["close-capsule-format", "close-code-32-bit", "close-message-utf8", "ov-op-terminate"],
    roles=BOTH,
    control="setup/session-opens",
    needs=["close-code"],
    parameters=REASONS,
    expect=close_capsule,
    faults={"closes-with-another-code": other_code},
)
async def close_format(peer: Peer, ending: Ending) -> Reaction:
    session = await peer.open_session(Closes(*ending))
    return await session.connect_stream.reaction()


@case(
    "termination/close-fins",
    title="FIN follows the close capsule at once",
    requires=["close-sender-fins"],
    roles=BOTH,
    control="termination/close-format",
    needs=["close-code"],
    expect=Expect(Both((SessionClosed(7), Fin())), expected_beside=(STOPPED, GIVEN_UP)),
    faults={"forgets-fin-after-close": SessionClosed(7)},
)
async def close_fins(peer: Peer) -> Reaction:
    peer.withhold(ANSWERS)
    session = await peer.open_session(Closes(7, "bye"))
    return await session.connect_stream.reaction(until=Fin())


SHORTENED = Expect(
    SessionClosed(7),
    tolerated={Silence(): "the API may refuse the call, as long as nothing too long is sent"},
    expected_beside=(STOPPED, GIVEN_UP),
)


@case(
    "termination/message-max",
    title="however long the application's reason is, at most 1024 bytes are sent",
    requires=["close-message-max-1024"],
    roles=BOTH,
    control="termination/close-format",
    needs=["close-code"],
    parameters={"1025-bytes": "a" * 1025, "2000-bytes": "a" * 2000},
    expect=SHORTENED,
    faults={"sends-any-close-message": Fin()},
)
async def message_max(peer: Peer, reason: str) -> Reaction:
    session = await peer.open_session(Closes(7, reason))
    return await session.connect_stream.reaction()


@case(
    "termination/message-cut",
    title="a reason that is cut is cut between two characters",
    requires=["close-truncate-on-boundary", "close-message-max-1024"],
    dialects=http3.since(16),
    roles=BOTH,
    control="termination/close-format",
    needs=["close-code"],
    parameters={
        "two-bytes": "a" * 1023 + "ä",
        "three-bytes": "a" * 1022 + "€",
        "four-bytes": "a" * 1021 + "𝄞",
        "all-of-three": "€" * 500,
    },
    expect=SHORTENED,
    faults={"sends-any-close-message": Fin(), "cuts-close-messages-anywhere": Fin()},
)
async def message_cut(peer: Peer, reason: str) -> Reaction:
    return await message_max(peer, reason)


# What the endpoint makes of our close


@case(
    "termination/code-reported",
    title="the application gets the code of the close capsule as it was",
    requires=["close-code-32-bit", "close-on-capsule"],
    roles=BOTH,
    control="setup/echo",
    needs=["closed", "close-code"],
    parameters=(0, 1, 0xFF, 0x01020304, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
    expect=lambda code: Expect(Reported("closed", None, code)),
    faults={
        "reports-codes-one-off": lambda code: Reported("closed", None, code + 1),
        "reports-close-codes-of-eight-bits": lambda code: (
            Reported("closed", None, code & 0xFF) if code > 0xFF else None
        ),
    },
)
async def code_reported(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    await session.close(code, b"bye")
    return await session.reported("closed")


MESSAGES = {
    "empty": "",
    "ascii": "bye",
    "utf-8": "äöü € 𝄞",
    "with-zero": "a\0b",
    "1024-bytes": "€" * 341 + "a",
}


@case(
    "termination/reason-reported",
    title="the application gets the reason of the close capsule as it was",
    requires=["close-message-utf8"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    parameters=MESSAGES,
    expect=lambda reason: Expect(Observed("reason", reason)),
    faults={"reports-half-of-reasons": lambda reason: Observed("reason") if reason else None},
)
async def reason_reported(peer: Peer, reason: str) -> Reaction:
    session = await peer.open_session(Echo())
    await session.close(7, reason.encode())
    return await session.observed_event("closed", "reason")


@case(
    "termination/recipient-ends-stream",
    title="the close capsule with FIN is answered by FIN or reset",
    requires=["close-recipient-closes-or-resets"],
    roles=BOTH,
    control="setup/echo",
    expect=ENDED,
    faults={"leaves-closes-unanswered": Silence()},
)
async def recipient_ends_stream(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.close(CLOSE.code, CLOSE.reason)
    return await session.connect_stream.reaction()


@case(
    "termination/recipient-finishes",
    title="the close capsule with FIN is answered by FIN",
    requires=["legacy-close-recipient-close-on-fin"],
    dialects=http3.until(9),
    roles=BOTH,
    control="setup/echo",
    expect=Expect(
        Fin(),
        tolerated={Reset(): "draft-ietf-webtrans-http3-10 section 6: or resetting", **ALL_CLOSED},
        expected_beside=ENDED_BESIDE,
    ),
    faults={"leaves-closes-unanswered": Silence()},
)
async def recipient_finishes(peer: Peer) -> Reaction:
    return await recipient_ends_stream(peer)


@case(
    "termination/fin-apart",
    title="the close capsule is answered though its FIN comes in another packet",
    requires=["close-recipient-closes-or-resets"],
    roles=BOTH,
    control="setup/echo",
    expect=ENDED,
    faults={"leaves-closes-unanswered": Silence()},
)
async def fin_apart(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(CLOSE)
    await peer.barrier()
    # Who answers to the FIN alone is right: it has to come at once, and data may come instead.
    await session.connect_stream.finish()
    return await session.connect_stream.reaction()


@case(
    "termination/lost-close",
    title="a close whose packet is lost comes through",
    requires=["close-recipient-closes-or-resets"],
    roles=BOTH,
    control="setup/echo",
    expect=ENDED,
    faults={"leaves-closes-unanswered": Silence()},
)
async def lost_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    peer.script(Drop(Direction.TO_ENDPOINT, 0))
    await session.close(CLOSE.code, CLOSE.reason)
    return await session.connect_stream.reaction()


CLOSE_BYTES = len(capsule.encode(CLOSE))
AFTERWARDS = {
    "capsule": capsule.encode(UnknownCapsule(capsule.grease(3), b"more")),
    "close": capsule.encode(CloseSession(8)),
    "one-byte": b"\x68",
}
READ_NO_FURTHER: dict[Signal, str] = {
    Stop(WT.SESSION_GONE): "A03/stopped-first",
    Reset(WT.SESSION_GONE): "A03/reset-first",
    Fin(): "A03/fin-first",
}


@case(
    "termination/data-after-capsule",
    title="data behind the close capsule resets the CONNECT stream",
    requires=["close-data-after-capsule"],
    roles=BOTH,
    control="termination/recipient-ends-stream",
    violates=True,
    # In the DATA frame of the capsule, and in one behind it.
    parameters={
        **{f"{kind}-same": (data, ()) for kind, data in AFTERWARDS.items()},
        **{f"{kind}-next": (data, (CLOSE_BYTES,)) for kind, data in AFTERWARDS.items()},
    },
    expect=Expect(
        Reset(H3.MESSAGE_ERROR),
        readings=READ_NO_FURTHER,
        tolerated={ConnectionClosed(H3.MESSAGE_ERROR): ESCALATED, **ALL_CLOSED},
        # The answer to the capsule may be on its way when what follows it is read.
        expected_beside=(Fin(), *ENDED_BESIDE),
    ),
    faults={"minds-data-after-close-with-no-error": Reset(H3.NO_ERROR)},
)
async def data_after_capsule(peer: Peer, afterwards: tuple[bytes, tuple[int, ...]]) -> Reaction:
    data, sizes = afterwards
    session = await peer.open_session(Echo())
    # One write: sent apart, an honest endpoint could answer before it sees the violation.
    more = Raw(data, "nothing may follow the close capsule")
    await session.connect_stream.send_in_pieces(peer.encode(CLOSE) + more, sizes)
    return await session.connect_stream.reaction()


@case(
    "termination/second-close",
    title="a second close capsule is not what the application learns",
    requires=["close-data-after-capsule"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    violates=True,
    # The first close, or an error, which has no code of an application.
    expect=Expect(
        Observed("code", CLOSE.code),
        Absent("code"),
        readings={Observed("code", frozenset({0, H3.MESSAGE_ERROR})): "shown by a number"},
    ),
    faults={"lets-the-last-close-win": Observed("code", 8)},
)
async def second_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    second = Raw(AFTERWARDS["close"], "nothing may follow the close capsule")
    await session.connect_stream.send(peer.encode(CLOSE) + second)
    return await session.observed_event("closed", "code")


def closing_with(message: bytes) -> bytes:
    return capsule.encode(CloseSession(7, message))


def refused_close(**messages: bytes) -> dict[str, Any]:
    """What the cases of bad messages share."""
    return {
        "dialects": http3.since(16),
        "control": "termination/reason-reported",
        "violates": True,
        "parameters": {name.replace("_", "-"): message for name, message in messages.items()},
        "expect": Expect(
            Reset(H3.MESSAGE_ERROR),
            tolerated={ConnectionClosed(H3.MESSAGE_ERROR): ESCALATED},
            expected_beside=(GIVEN_UP,),
        ),
    }


@case(
    "termination/oversize-message",
    title="a close message of more than 1024 bytes resets the CONNECT stream",
    requires=["close-oversize-error"],
    roles=BOTH,
    faults={
        "closes-for-long-capsules": ConnectionClosed(H3.INTERNAL_ERROR),
        "reads-each-frame-for-itself": {"by-far": Silence()},
        "takes-any-close-message": Fin(),
        "takes-malformed-capsules": Silence(),
    },
    **refused_close(by_one=b"a" * 1025, by_far=b"a" * 60_000, in_characters=b"\xc3\xa4" * 513),
)
async def oversize_message(peer: Peer, message: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send(Raw(closing_with(message), "a message too long"))
    return await session.connect_stream.reaction()


@case(
    "termination/bad-utf-8",
    title="a close message that is no UTF-8 resets the CONNECT stream",
    requires=["close-bad-utf8-error"],
    roles=BOTH,
    faults={"takes-any-close-message": Fin(), "takes-malformed-capsules": Silence()},
    **refused_close(
        lone_continuation=b"a\x80",
        cut_character=b"bye \xe2\x82",
        overlong=b"\xc0\xaf",
        surrogate=b"\xed\xa0\x80",
        above_unicode=b"\xf4\x90\x80\x80",
        latin_1="Köln".encode("latin-1"),
    ),
)
async def bad_utf_8(peer: Peer, message: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send(Raw(closing_with(message), "no UTF-8"))
    return await session.connect_stream.reaction()


# Closes that meet


@case(
    "termination/crossing-closes",
    title="a close that comes when the endpoint has closed itself is no error",
    requires=["close-recipient-closes-or-resets"],
    roles=BOTH,
    control="termination/close-fins",
    needs=["close-code"],
    # It may still reset the stream in answer, and drafts before 13 name no code for a stop.
    expect=Expect(Silence(), GIVEN_UP, Stop(), Reset(), expected_beside=(GIVEN_UP,)),
    faults={"minds-crossing-closes": ConnectionClosed(H3.MESSAGE_ERROR)},
)
async def crossing_closes(peer: Peer) -> Reaction:
    peer.withhold(ANSWERS)
    session = await peer.open_session(Closes(7, "bye"))
    await session.connect_stream.reaction()
    await session.close(8, b"me too")
    return await session.connect_stream.reaction()


@case(
    "termination/close-with-response",
    title="a close in the same flight as the response ends the session that it opened",
    requires=["close-recipient-closes-or-resets"],
    roles=[Role.CLIENT],
    control="setup/echo",
    expect=ENDED,
    faults={"leaves-closes-unanswered": Silence()},
)
async def close_with_response(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    async with peer.one_flight():
        await session.send_opening()
        await session.close(CLOSE.code, CLOSE.reason)
    return await session.connect_stream.reaction()


@case(
    "termination/close-with-request",
    title="a close in the same flight as the CONNECT is answered",
    requires=["close-recipient-closes-or-resets"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="setup/echo",
    expect=Expect(
        Fin(),
        Reset(),
        readings={Response(range(400, 600)): "A40/refused"},
        expected_beside=ENDED_BESIDE,
    ),
    faults={"leaves-closes-unanswered": Silence(), "forgets-requests-that-ended": Silence()},
)
async def close_with_request(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    async with peer.one_flight():
        await session.send_opening()
        await session.close(CLOSE.code, CLOSE.reason)
    return await session.connect_stream.reaction()
