"""Application protocols: what a server makes of an offer."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Protocols
from wtspec.suite.endpoint.configuration import PROTOCOLS
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Observed,
    Reaction,
    Reset,
    Response,
    Signal,
    Stop,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field

STREAM_CODES = frozenset({H3.MESSAGE_ERROR, H3.GENERAL_PROTOCOL_ERROR})
OFFER, CHOICE = b"wt-available-protocols", b"wt-protocol"
NONE = Absent("wt-protocol")
# No suitable protocol in the offer is a reason to refuse in every draft, and its absence too.
MAY_REJECT: dict[Signal, str] = dict.fromkeys(
    (Response(range(300, 600)), Reset(), Stop()), "subproto-server-may-reject"
)
# What the server supports is in the configuration: chat-v2, chat-v1, "b,c".
OFFERS = {
    "first": ("chat-v2",),
    "second": ("chat-v1",),
    "with-comma": ("b,c",),
    "both": ("chat-v2", "chat-v1"),
    "both-reversed": ("chat-v1", "chat-v2"),
    "behind-unknown": ("x", "y", "chat-v1"),
    "before-unknown": ("chat-v1", "x", "y"),
    "all": ("b,c", "chat-v1", "chat-v2"),
}
SUPPORTED = frozenset(PROTOCOLS.protocols)
NEAR_MISSES = {
    "other-case": "Chat-v1",
    "shorter": "chat-v",
    "longer": "chat-v11",
    "prefixed": "xchat-v1",
    "blank-behind": "chat-v1 ",
    "half": "b",
    "escaped-quotes": '"chat-v1"',
}
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


def offering(*lines: bytes) -> tuple[Field, ...]:
    """The request's field, as these lines."""
    return tuple((OFFER, line) for line in lines)


def one_of(offered: tuple[str, ...]) -> Expect:
    choices = [Observed("wt-protocol", serialized(one)) for one in offered if one in SUPPORTED]
    return Expect(*choices)


@case(
    "protocols/chosen",
    title="the server names one protocol that is offered and that it supports",
    requires=[
        "subproto-server-single-choice",
        "subproto-response-listed",
        "subproto-string-type",
        "iana-header-fields",
    ],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    needs=["protocols"],
    parameters=OFFERS,
    expect=one_of,
    faults={
        "splits-offers-at-every-comma": {
            "with-comma": Absent("wt-protocol"),
            "all": Absent("wt-protocol"),
        },
        "chooses-what-nobody-offers": Observed("wt-protocol", '"zzz"'),
        "names-every-common-protocol": {
            "both": Observed("wt-protocol"),
            "both-reversed": Observed("wt-protocol"),
            "all": Observed("wt-protocol"),
        },
        "chooses-tokens": Observed("wt-protocol"),
    },
)
async def chosen(peer: Peer, offered: tuple[str, ...]) -> Reaction:
    return (await peer.open_session(Protocols(offered))).observed(CHOICE)


@case(
    "protocols/token-chosen",
    title="the server names one protocol that is offered, as a token",
    requires=["legacy-subproto-tokens", "subproto-server-single-choice"],
    dialects=http3.between(10, 12),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    needs=["protocols"],
    parameters={"only": ("chat-v1",), "behind-unknown": ("x", "chat-v1")},
    expect=Expect(Observed("wt-protocol", "chat-v1")),
    faults={
        "chooses-what-nobody-offers": Observed("wt-protocol", "zzz"),
        "chooses-strings": Observed("wt-protocol", '"chat-v1"'),
    },
)
async def token_chosen(peer: Peer, offered: tuple[str, ...]) -> Reaction:
    return (await peer.open_session(Protocols(offered))).observed(CHOICE)


@case(
    "protocols/none-in-common",
    title="a server that supports none of the offered protocols names none",
    requires=["subproto-server-single-choice", "subproto-response-listed"],
    dialects=http3.since(10),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    parameters={"one": ("zzz",), "several": ("x", "y", "z")},
    expect=Expect(NONE, readings=MAY_REJECT),
    faults={
        "falls-back-to-its-own-protocol": Observed("wt-protocol"),
        "takes-the-first-offer": Observed("wt-protocol"),
    },
)
async def none_in_common(peer: Peer, offered: tuple[str, ...]) -> Reaction:
    return (await peer.open_session(Protocols(offered))).observed(CHOICE)


@case(
    "protocols/near-miss",
    title="protocols are compared exactly",
    requires=["subproto-server-single-choice", "subproto-response-listed"],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    parameters=NEAR_MISSES,
    expect=Expect(NONE, readings=MAY_REJECT),
    faults={
        "compares-protocols-without-case": {"other-case": Observed("wt-protocol", '"chat-v1"')},
        "compares-beginnings-of-protocols": {"longer": Observed("wt-protocol", '"chat-v1"')},
        "takes-the-first-offer": Observed("wt-protocol"),
        "falls-back-to-its-own-protocol": Observed("wt-protocol"),
    },
)
async def near_miss(peer: Peer, offered: str) -> Reaction:
    return (await peer.open_session(Protocols((offered,)))).observed(CHOICE)


@case(
    "protocols/nothing-offered",
    title="a server that is offered no protocol names none",
    requires=["subproto-response-listed"],
    dialects=http3.since(10),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    expect=Expect(NONE, readings=MAY_REJECT),
    faults={"falls-back-to-its-own-protocol": Observed("wt-protocol")},
)
async def nothing_offered(peer: Peer) -> Reaction:
    return (await peer.open_session(Protocols())).observed(CHOICE)


@case(
    "protocols/offer-not-of-strings",
    title="an offer with a member that is no string counts as none",
    requires=["subproto-nonstring-ignore-field"],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    parameters={**NOT_STRINGS, "mixed": b'"chat-v1", chat-v2', "mixed-last": b'1, "chat-v1"'},
    expect=Expect(NONE, readings=MAY_REJECT),
    faults={
        "reads-offers-leniently": {
            "token": Observed("wt-protocol", '"chat-v1"'),
            "inner-list": Observed("wt-protocol", '"chat-v1"'),
            "mixed": Observed("wt-protocol", '"chat-v1"'),
            "mixed-last": Observed("wt-protocol", '"chat-v1"'),
        },
        "falls-back-to-its-own-protocol": Observed("wt-protocol"),
    },
)
async def offer_not_of_strings(peer: Peer, value: bytes) -> Reaction:
    return (await peer.open_session(Protocols(), fields=offering(value))).observed(CHOICE)


@case(
    "protocols/offer-unparsable",
    title="an offer that cannot be parsed counts as none",
    requires=["ref-structured-field-unparsable", "subproto-response-listed"],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="setup/echo",
    parameters={**UNPARSABLE, "comma-at-the-end": b'"chat-v1",', "empty-member": b'"x",,"chat-v1"'},
    expect=Expect(
        NONE,
        Reset(H3.MESSAGE_ERROR),
        Stop(H3.MESSAGE_ERROR),
        Response(range(300, 600)),
        tolerated={
            Reset(STREAM_CODES): "RFC 9114 section 8.1: less specific",
            ConnectionClosed(STREAM_CODES): "RFC 9114 section 8",
        },
        expected_beside=(Response(400), Reset(H3.MESSAGE_ERROR)),
    ),
    faults={
        "reads-offers-leniently": Observed("wt-protocol"),
        "falls-back-to-its-own-protocol": Observed("wt-protocol"),
    },
)
async def offer_unparsable(peer: Peer, value: bytes) -> Reaction:
    return (await peer.open_session(Protocols(), fields=offering(value))).observed(CHOICE)


@case(
    "protocols/offer-parameters",
    title="parameters of an offer mean nothing",
    requires=["subproto-parameters-ignored"],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="protocols/chosen",
    needs=["protocols"],
    parameters={
        "decimal": b'"chat-v1";q=0.1',
        "flag": b'"chat-v1";x',
        "several": b'"chat-v1";a=1;b="2";c=?0',
        "of-an-unknown": b'"x";q=1, "chat-v1"',
    },
    expect=Expect(Observed("wt-protocol", '"chat-v1"')),
    faults={"minds-parameters-of-offers": NONE},
)
async def offer_parameters(peer: Peer, value: bytes) -> Reaction:
    return (await peer.open_session(Protocols(), fields=offering(value))).observed(CHOICE)


@case(
    "protocols/offer-syntax",
    title="every way to write a list of strings is read",
    requires=["subproto-available-is-list", "ref-structured-field-lines"],
    dialects=http3.since(13),
    roles=[Role.SERVER],
    configuration=PROTOCOLS,
    control="protocols/chosen",
    needs=["protocols"],
    parameters={
        "two-lines": (b'"x"', b'"chat-v1"'),
        "three-lines": (b'"x", "y"', b'"z"', b'"chat-v1"'),
        "no-space": (b'"x","chat-v1"',),
        "tabs": (b'"x"\t,\t"chat-v1"',),
        "twice": (b'"chat-v1", "chat-v1"',),
        "comma-inside": (b'"x, y", "chat-v1"',),
        "escapes-inside": (b'"\\"x\\\\", "chat-v1"',),
        "empty-string": (b'"", "chat-v1"',),
    },
    expect=Expect(Observed("wt-protocol", '"chat-v1"')),
    faults={
        "reads-the-first-line": {"two-lines": NONE, "three-lines": NONE},
        "splits-offers-at-every-comma": {"comma-inside": NONE},
    },
)
async def offer_syntax(peer: Peer, lines: tuple[bytes, ...]) -> Reaction:
    return (await peer.open_session(Protocols(), fields=offering(*lines))).observed(CHOICE)
