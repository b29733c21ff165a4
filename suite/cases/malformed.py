"""Malformed messages: field sections that the suite sends against the rules of RFC 9114.

What is sent here is our CONNECT where we are the client, and our response where we are the server.
A malformed one is a stream error of type H3_MESSAGE_ERROR, whichever rule it breaks.
"""

from collections.abc import Mapping

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.opening import OpeningOptions
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    Both,
    ConnectionClosed,
    Established,
    Fin,
    Reaction,
    Refused,
    Reset,
    Response,
    Signal,
    Stop,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field

CODES = frozenset({H3.MESSAGE_ERROR, H3.GENERAL_PROTOCOL_ERROR})
CONNECTION_ERROR = "RFC 9114 section 8: a stream error may be treated as a connection error"
LESS_SPECIFIC = "RFC 9114 section 8.1: less specific"
LEFT = "RFC 9114 section 5.3: a connection may be closed at any time"
UNDETECTED = "RFC 9114 section 4.1.2 binds who detects it"
NOT_OF_CONNECT = "RFC 9114 section 4.3.1 asks for exactly one, unless the request is a CONNECT"
ERROR_STATUS = "RFC 9114 section 4.1.2: a status may tell of the error before or without a reset"
# What the drafts answer where there is no WebTransport.
NOT_FOUND = frozenset({404, 405})
# A client may give up a connection with its last session.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)


def malformed(also: Mapping[Signal, str] | None = None) -> Expect:
    """A stream error, told by the reset of either direction; a client also reports it.

    `also`: what is tolerated beside.
    """
    return Expect(
        Reset(H3.MESSAGE_ERROR),
        Stop(H3.MESSAGE_ERROR),
        tolerated={
            Response(range(400, 600)): ERROR_STATUS,
            ConnectionClosed(CODES): CONNECTION_ERROR,
            Reset(CODES): LESS_SPECIFIC,
            Stop(CODES): LESS_SPECIFIC,
            # Of a client; a server that leaves without an error has told of none.
            Both((Refused(), GIVEN_UP)): LEFT,
            **(also or {}),
        },
        expected_beside=(Refused(), Response(range(400, 600)), Fin(), GIVEN_UP),
    )


def added(*names: bytes) -> dict[str, OpeningOptions]:
    """One parameter a name: the field at the end of the section."""
    return {name.decode(): {"fields": ((name, b"1"),)} for name in names}


def without(*names: bytes) -> dict[str, OpeningOptions]:
    return {name.decode().lstrip(":"): {"without": (name,)} for name in names}


@case(
    "malformed/pseudo-header-missing",
    title="a CONNECT without a mandatory pseudo-header is malformed",
    requires=["ref-pseudo-header-missing", "ref-malformed-message"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=without(b":method", b":scheme", b":authority", b":path", b":protocol"),
    expect=malformed({Established(): UNDETECTED}),
    faults={
        "knows-no-literal-names": {"method": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED)},
        "needs-no-method": {"method": Response(NOT_FOUND)},
        "needs-no-scheme": {"scheme": Established()},
        "needs-no-authority": {"authority": Established()},
        "needs-no-path": {"path": Response(NOT_FOUND)},
        "takes-a-target-in-plain-connect": {"protocol": Response(501)},
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def pseudo_header_missing(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()


@case(
    "malformed/pseudo-header-invalid",
    title="a CONNECT with an impossible value in a pseudo-header is malformed",
    requires=["ref-pseudo-header-missing", "ref-malformed-message"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters={
        "path-empty": {"replaced": {b":path": b""}},
        "path-relative": {"replaced": {b":path": b"echo"}},
        "authority-empty": {"replaced": {b":authority": b""}},
    },
    expect=malformed(),
    faults={
        "needs-no-slash-in-path": {
            "path-empty": Response(NOT_FOUND),
            "path-relative": Response(NOT_FOUND),
        },
        "needs-no-authority": {"authority-empty": Established()},
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def pseudo_header_invalid(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()


@case(
    "malformed/pseudo-header-twice",
    title="a CONNECT with a pseudo-header given twice is malformed",
    requires=["ref-malformed-message", "ref-pseudo-header-once"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters={
        "method": (b":method", b"CONNECT"),
        "scheme": (b":scheme", b"https"),
        "authority": (b":authority", b"other.test"),
        "path": (b":path", b"/other"),
        "protocol": (b":protocol", b"other"),
    },
    expect=malformed({Established(): NOT_OF_CONNECT}),
    faults={
        "knows-no-literal-names": {"protocol": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED)},
        "takes-repeated-pseudo-headers": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def pseudo_header_twice(peer: Peer, field: Field) -> Reaction:
    return await peer.begin_session(Echo(), first=(field,)).refusal()


@case(
    "malformed/status-missing",
    title="a response without :status is malformed",
    requires=["ref-status-required", "ref-malformed-response-not-accepted"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    expect=malformed(),
    faults={
        "takes-no-status-for-success": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def status_missing(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), without=(b":status",)).refusal()


@case(
    "malformed/status-twice",
    title="a response with :status given twice is malformed",
    requires=["ref-malformed-message", "ref-malformed-response-not-accepted"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters={"same": b"200", "other": b"404"},
    expect=malformed(),
    faults={
        "takes-repeated-pseudo-headers": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def status_twice(peer: Peer, status: bytes) -> Reaction:
    return await peer.begin_session(Echo(), first=((b":status", status),)).refusal()


@case(
    "malformed/status-invalid",
    title="a response whose :status is no three digits is malformed",
    requires=["ref-malformed-message", "ref-malformed-response-not-accepted"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters={
        "empty": b"",
        "word": b"abc",
        "two-digits": b"20",
        "four-digits": b"2000",
        "signed": b"+200",
        "with-reason": b"200 OK",
    },
    expect=malformed({Refused(): "RFC 9110 section 15: as if it were a 5xx"}),
    faults={
        "takes-any-status-that-begins-with-2": {
            "two-digits": Established(),
            "four-digits": Established(),
            "with-reason": Established(),
        },
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def status_invalid(peer: Peer, status: bytes) -> Reaction:
    return await peer.begin_session(Echo(), replaced={b":status": status}).refusal()


@case(
    "malformed/pseudo-header-undefined",
    title="a message with an undefined pseudo-header is malformed",
    requires=["ref-pseudo-header-undefined", "ref-malformed-message"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=malformed(),
    faults={
        "knows-no-literal-names": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        "takes-undefined-pseudo-headers": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def pseudo_header_undefined(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), first=((b":undefined", b"x"),)).refusal()


@case(
    "malformed/status-in-request",
    title="a CONNECT with :status is malformed",
    requires=["ref-pseudo-header-undefined", "ref-malformed-message"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    expect=malformed(),
    faults={
        "takes-undefined-pseudo-headers": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def status_in_request(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), first=((b":status", b"200"),)).refusal()


@case(
    "malformed/path-in-response",
    title="a response with :path is malformed",
    requires=["ref-pseudo-header-undefined", "ref-malformed-response-not-accepted"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    expect=malformed(),
    faults={
        "takes-undefined-pseudo-headers": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def path_in_response(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), first=((b":path", b"/"),)).refusal()


@case(
    "malformed/pseudo-header-after-regular",
    title="a message with a pseudo-header behind a regular field is malformed",
    requires=["ref-pseudo-header-order", "ref-malformed-message"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=malformed(),
    faults={
        "knows-no-literal-names": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        "takes-pseudo-headers-anywhere": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def pseudo_header_after_regular(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), first=((b"x-regular", b"1"),)).refusal()


@case(
    "malformed/upper-case-name",
    title="a message with an upper-case character in a field name is malformed",
    requires=["ref-upper-case-malformed", "ref-malformed-message"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=added(b"X-Upper", b"x-uppeR"),
    expect=malformed(),
    faults={
        "takes-upper-case-names": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def upper_case_name(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()


@case(
    "malformed/connection-specific-field",
    title="a message with a field of HTTP/1.1 connections is malformed",
    requires=["ref-connection-fields-malformed", "ref-malformed-message"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=added(b"connection", b"keep-alive", b"proxy-connection", b"upgrade"),
    expect=malformed(),
    faults={
        "takes-connection-specific-fields": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def connection_specific_field(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()


@case(
    "malformed/content-field",
    title="a message of the Capsule Protocol with a field about content is malformed",
    requires=["ref-capsule-no-content-length"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={
        "length-0": {"fields": ((b"content-length", b"0"),)},
        "length-5": {"fields": ((b"content-length", b"5"),)},
        "type": {"fields": ((b"content-type", b"text/plain"),)},
    },
    expect=malformed({Established(): "RFC 9297 section 3.2 binds who observes it"}),
    faults={
        "takes-content-fields": Established(),
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def content_field(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()


@case(
    "malformed/forbidden-character",
    title="a message with a character that no field can have is malformed",
    requires=["ref-field-characters-malformed", "ref-malformed-message"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={
        "nul-in-value": {"fields": ((b"x-odd", b"a\0b"),)},
        "cr-in-value": {"fields": ((b"x-odd", b"a\rb"),)},
        "lf-in-value": {"fields": ((b"x-odd", b"a\nb: c"),)},
        "space-in-name": {"fields": ((b"x odd", b"1"),)},
        "colon-in-name": {"fields": ((b"x:odd", b"1"),)},
        "nul-in-name": {"fields": ((b"x\0odd", b"1"),)},
        "non-ascii-in-name": {"fields": ((b"x-\xe9", b"1"),)},
    },
    expect=malformed(),
    faults={
        "takes-any-character-in-values": {
            "nul-in-value": Established(),
            "cr-in-value": Established(),
            "lf-in-value": Established(),
        },
        "takes-any-character-in-names": {
            "space-in-name": Established(),
            "colon-in-name": Established(),
            "nul-in-name": Established(),
            "non-ascii-in-name": Established(),
        },
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def forbidden_character(peer: Peer, edit: OpeningOptions) -> Reaction:
    return await peer.begin_session(Echo(), **edit).refusal()
