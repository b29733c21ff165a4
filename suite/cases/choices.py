"""Application protocols: what a client offers, and what it makes of the server's choice."""

from collections.abc import Iterable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Protocols
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Established,
    Observed,
    Reaction,
    Refused,
    Reset,
    SessionError,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.fields import Field

# No rule makes an API take every name that a string can hold.
NOT_TAKEN = "its API does not take these names"
STREAM_CODES = frozenset({H3.MESSAGE_ERROR, H3.GENERAL_PROTOCOL_ERROR})
# A client may give up a connection with its last session.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
OFFER, CHOICE = b"wt-available-protocols", b"wt-protocol"
# Values that are lists or items, but not of strings.
NOT_STRINGS = {
    "token": b"chat-v1",
    "integer": b"1",
    "boolean": b"?1",
    "bytes": b":Y2hhdC12MQ==:",
    "inner-list": b'("chat-v1")',
}
UNPARSABLE = {
    "unclosed": b'"chat-v1',
    "bare-quote": b'chat-v1"',
    "single-quotes": b"'chat-v1'",
    "bad-escape": b'"chat\\-v1"',
}


def serialized(name: str) -> str:
    """A string of RFC 9651, written here once more by hand."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_one_line(members: Iterable[str]) -> tuple[Signal, ...]:
    """The offer as one value, in its order."""
    names = tuple(members)
    return tuple(Observed("wt-available-protocols", by.join(names)) for by in (", ", ",", " ,"))


def in_lines(members: Iterable[str]) -> Signal:
    """Each on a line of its own (RFC 9651 section 3.1)."""
    return Both(tuple(Observed("wt-available-protocols", one) for one in members))


# Whether the application cannot do without a protocol, nobody but it can know.
REQUIRED: dict[Signal, str] = {SessionError(WT.ALPN_ERROR): "A34/negotiation-required"}
WITH_ITS_CONNECTION: dict[Signal, str] = {
    ConnectionClosed(WT.ALPN_ERROR): "closed the connection, and the session with it"
}
# RFC 9651 section 4.2: what cannot be parsed may make its message malformed.
MALFORMED: dict[Signal, str] = {
    Reset(STREAM_CODES): "RFC 9114 section 8.1: less specific",
    ConnectionClosed(STREAM_CODES): "RFC 9114 section 8",
}


def answering(*lines: bytes) -> tuple[Field, ...]:
    """The response's field, as these lines."""
    return tuple((CHOICE, line) for line in lines)


@case(
    "choices/offered",
    title="the client offers its protocols as strings, most wanted first",
    requires=[
        "subproto-string-type",
        "subproto-preference-order",
        "subproto-available-is-list",
        "iana-header-fields",
        "ov-subprotocol-required",
    ],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters={"one": ("chat-v1",), "three": ("z", "chat-v1", "a"), "odd": ("b c", 'a"b\\c')},
    expect=lambda offered: Expect(
        *in_one_line(map(serialized, offered)),
        in_lines(map(serialized, offered)),
        tolerated={Refused(): NOT_TAKEN},
    ),
    faults={
        "offers-backwards": {
            "three": Observed("wt-available-protocols", '"a", "chat-v1", "z"'),
            "odd": Observed("wt-available-protocols"),
        },
        "offers-without-escapes": {"odd": Observed("wt-available-protocols", '"b c", "a"b\\c"')},
    },
)
async def offered_by_client(peer: Peer, offered: tuple[str, ...]) -> Reaction:
    return (await peer.open_session(Protocols(offered))).observed(OFFER)


@case(
    "choices/tokens-offered",
    title="the client offers its protocols as tokens",
    requires=["legacy-subproto-tokens", "subproto-preference-order"],
    dialects=http3.between(10, 12),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters={"one": ("chat-v1",), "three": ("z", "chat-v1", "a")},
    expect=lambda offered: Expect(
        *in_one_line(offered), in_lines(offered), tolerated={Refused(): NOT_TAKEN}
    ),
    faults={"offers-backwards": {"three": Observed("wt-available-protocols", "a, chat-v1, z")}},
)
async def tokens_offered(peer: Peer, offered: tuple[str, ...]) -> Reaction:
    return (await peer.open_session(Protocols(offered))).observed(OFFER)


@case(
    "choices/reported",
    title="the client's API names the protocol that the server chose",
    requires=["subproto-protocol-is-item", "legacy-subproto-09-headers"],
    dialects=http3.since(9),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters={"first": "chat-v2", "second": "chat-v1"},
    expect=lambda name: Expect(Established(name)),
    faults={"reports-the-first-offer": {"second": Established("chat-v2")}},
)
async def choice_reported(peer: Peer, name: str) -> Reaction:
    application = Protocols(("chat-v2", "chat-v1"))
    return await peer.begin_session(application, protocol=name).establish()


@case(
    "choices/none",
    title="a client that needs no protocol does without",
    requires=["subproto-server-may-select"],
    dialects=http3.since(10),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    expect=Expect(Established(""), readings=REQUIRED, expected_beside=(Refused(), GIVEN_UP)),
    faults={"takes-silence-for-consent": Established("chat-v2")},
)
async def no_choice(peer: Peer) -> Reaction:
    application = Protocols(("chat-v2", "chat-v1"))
    return await peer.begin_session(application, without=(CHOICE,)).establish()


@case(
    "choices/parameters",
    title="parameters of the choice mean nothing",
    requires=["subproto-parameters-ignored"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    control="choices/reported",
    needs=["protocols"],
    parameters={"integer": b'"chat-v1";v=2', "flag": b'"chat-v1";x'},
    expect=Expect(Established("chat-v1")),
    faults={
        "minds-parameters-of-choices": Established(""),
        "reports-the-first-offer": Established("chat-v2"),
    },
)
async def choice_parameters(peer: Peer, value: bytes) -> Reaction:
    session = peer.begin_session(
        Protocols(("chat-v2", "chat-v1")), without=(CHOICE,), fields=answering(value)
    )
    return await session.establish()


@case(
    "choices/not-a-string",
    title="a choice that is no string counts as none",
    requires=["subproto-nonstring-ignore-field"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters=NOT_STRINGS,
    expect=Expect(Established(""), readings=REQUIRED, expected_beside=(Refused(), GIVEN_UP)),
    faults={
        "reads-choices-leniently": {
            "token": Established("chat-v1"),
            "inner-list": Established("chat-v1"),
        },
        "takes-silence-for-consent": Established("chat-v1"),
    },
)
async def choice_not_a_string(peer: Peer, value: bytes) -> Reaction:
    session = peer.begin_session(
        Protocols(("chat-v1",)), without=(CHOICE,), fields=answering(value)
    )
    return await session.establish()


@case(
    "choices/unparsable",
    title="a choice that cannot be parsed counts as none",
    requires=["ref-structured-field-unparsable", "subproto-protocol-is-item"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters=UNPARSABLE,
    expect=Expect(
        Established(""),
        Reset(H3.MESSAGE_ERROR),
        Stop(H3.MESSAGE_ERROR),
        readings=REQUIRED,
        tolerated=MALFORMED,
        expected_beside=(Refused(), GIVEN_UP),
    ),
    faults={
        "reads-choices-leniently": Established("chat-v1"),
        "takes-silence-for-consent": Established("chat-v1"),
    },
)
async def choice_unparsable(peer: Peer, value: bytes) -> Reaction:
    return await choice_not_a_string(peer, value)


@case(
    "choices/twice",
    title="two lines of a choice are no item",
    requires=["ref-structured-field-lines", "subproto-protocol-is-item"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    parameters={"same": (b'"chat-v1"', b'"chat-v1"'), "other": (b'"chat-v1"', b'"chat-v2"')},
    expect=Expect(
        Established(""),
        Reset(H3.MESSAGE_ERROR),
        Stop(H3.MESSAGE_ERROR),
        readings={
            Established("chat-v1"): "A34/first-line-counts",
            Established("chat-v2"): "A34/last-line-counts",
            **REQUIRED,
        },
        tolerated=MALFORMED,
        expected_beside=(Refused(), GIVEN_UP),
    ),
    faults={"resets-at-a-second-line": Reset(H3.INTERNAL_ERROR)},
)
async def choice_twice(peer: Peer, lines: tuple[bytes, ...]) -> Reaction:
    session = peer.begin_session(
        Protocols(("chat-v2", "chat-v1")), without=(CHOICE,), fields=answering(*lines)
    )
    return await session.establish()


@case(
    "choices/not-offered",
    title="a choice that was not offered closes the session with WT_ALPN_ERROR",
    requires=["subproto-client-unlisted-alpn-error", "iana-err-alpn"],
    dialects=http3.since(15),
    roles=[Role.CLIENT],
    control="choices/reported",
    needs=["protocols"],
    violates=True,
    parameters={
        "another": "zzz",
        "other-case": "Chat-v1",
        "shorter": "chat-v",
        "list": "x,chat-v1",
    },
    expect=Expect(
        SessionError(WT.ALPN_ERROR), tolerated=WITH_ITS_CONNECTION, expected_beside=(GIVEN_UP,)
    ),
    faults={"takes-unlisted-protocols": Silence(), "resets-unlisted-with-no-error": Reset()},
)
async def choice_not_offered(peer: Peer, name: str) -> Reaction:
    session = peer.begin_session(Protocols(("chat-v1", "x")), protocol=name)
    await session.send_opening()
    return await session.connect_stream.reaction()


@case(
    "choices/without-offer",
    title="a choice though nothing was offered closes the session, or is ignored",
    requires=["subproto-client-unlisted-alpn-error"],
    dialects=http3.since(15),
    roles=[Role.CLIENT],
    control="setup/echo",
    needs=["protocols"],
    violates=True,
    expect=Expect(
        SessionError(WT.ALPN_ERROR),
        readings={Silence(): "A34/ignored"},
        tolerated=WITH_ITS_CONNECTION,
        expected_beside=(GIVEN_UP,),
    ),
    faults={"resets-unlisted-with-no-error": Reset()},
)
async def choice_without_offer(peer: Peer) -> Reaction:
    session = peer.begin_session(Protocols(), protocol="chat-v1")
    await session.send_opening()
    return await session.connect_stream.reaction()


@case(
    "choices/unlisted-ignored",
    title="a choice that was not offered counts as none in drafts 13 and 14",
    requires=["legacy-subproto-ignore-unlisted"],
    dialects=http3.between(13, 14),
    roles=[Role.CLIENT],
    control="choices/reported",
    needs=["protocols"],
    parameters={"another": "zzz", "other-case": "Chat-v1", "shorter": "chat-v"},
    expect=Expect(Established("")),
    faults={"reports-unlisted-protocols": Established},
)
async def unlisted_choice_ignored(peer: Peer, name: str) -> Reaction:
    return await peer.begin_session(Protocols(("chat-v1",)), protocol=name).establish()
