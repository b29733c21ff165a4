"""Prerequisites: each announcement that a session needs, missing alone, on either side."""

from collections.abc import Callable, Collection

from wtspec.suite.case import case
from wtspec.suite.dialect import Dialect, http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import SETTINGS, Peer, Raw
from wtspec.suite.signal import (
    ConnectionClosed,
    Established,
    Reaction,
    Refused,
    Reset,
    Response,
    Silence,
    Stop,
)
from wtspec.suite.wire import grease, stream_header, varint
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.wire.transport_parameters import Parameter

REFUSAL = range(400, 600)
# How a client leaves a connection that it cannot use.
LEAVES = ConnectionClosed(frozenset({H3.NO_ERROR, WT.REQUIREMENTS_NOT_MET}))
# Of a malformed request: the stream error, where a server may answer with a status first (RFC 9114
# section 4.1.2), and which any endpoint may treat as a connection error (section 8).
STREAM_CODES = frozenset({H3.MESSAGE_ERROR, H3.GENERAL_PROTOCOL_ERROR})
LESS_SPECIFIC = "RFC 9114 section 8.1: less specific"
MALFORMED = Expect(
    Reset(H3.MESSAGE_ERROR),
    tolerated={
        Response(REFUSAL): "RFC 9114 section 4.1.2",
        Stop(H3.MESSAGE_ERROR): "the stop without the reset",
        Reset(STREAM_CODES): LESS_SPECIFIC,
        Stop(STREAM_CODES): LESS_SPECIFIC,
        ConnectionClosed(STREAM_CODES): "RFC 9114 section 8",
        ConnectionClosed(H3.SETTINGS_ERROR): "the setting without the parameter is a contradiction",
        ConnectionClosed(WT.REQUIREMENTS_NOT_MET): "its registration names either side",
    },
    expected_beside=(Reset(STREAM_CODES), Stop(STREAM_CODES), Response(REFUSAL)),
)
NO_SESSION = Expect(
    Refused(),
    LEAVES,
    tolerated={
        ConnectionClosed(): "setup-client-close-requirements-not-met names another code",
        Silence(): "no session, though the application is left waiting",
    },
)

Ids = Callable[[Dialect], Collection[int]]
Missing = tuple[Callable[[Peer, Collection[int]], None], Ids]


def enabling(dialect: Dialect) -> Collection[int]:
    return (dialect.enabling_setting,)


def connect_protocol(_: Dialect) -> Collection[int]:
    return (Setting.ENABLE_CONNECT_PROTOCOL,)


def datagrams(dialect: Dialect) -> Collection[int]:
    return dialect.datagram_settings


def without(peer: Peer, ids: Collection[int]) -> None:
    peer.announce(without=ids)


def zero(peer: Peer, ids: Collection[int]) -> None:
    peer.announce(replaced=dict.fromkeys(ids, 0))


def each_missing(**settings: Ids) -> dict[str, Missing]:
    """Every prerequisite alone, left out or announced as zero."""
    return {
        f"{name.replace('_', '-')}-{how}": (lack, ids)
        for name, ids in settings.items()
        for how, lack in (("absent", without), ("zero", zero))
    }


# Changes of our QUIC options: what we announce, and what our engine takes it for.
PARAMETERS: dict[str, dict[str, object]] = {
    "datagrams-absent": {"max_datagram_frame_size": None},
    "datagrams-zero": {"parameters": {Parameter.MAX_DATAGRAM_FRAME_SIZE: varint.encode(0)}},
    "reset-stream-at-absent": {"reset_stream_at": ()},
}
DATAGRAM_PARAMETERS = {name: PARAMETERS[name] for name in ("datagrams-absent", "datagrams-zero")}


@case(
    "prerequisites/server-without-webtransport",
    title="no session with a server that does not announce WebTransport",
    requires=[
        "setup-client-waits-for-wt-setting",
        "settings-wt-enabled-default-0",
        "ov-no-non-wt-endpoints",
    ],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(enabling=enabling),
    expect=NO_SESSION,
    faults={"asks-whatever-the-server-lacks": Established()},
)
async def server_without_webtransport(peer: Peer, missing: Missing) -> Reaction:
    lack, ids = missing
    lack(peer, ids(peer.dialect))
    return await peer.begin_session(Echo()).establish()


@case(
    "prerequisites/server-without-sessions",
    title="no session with a server that allows none",
    requires=["legacy-max-sessions-client-limit"],
    dialects=http3.between(4, 5),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(max_sessions=lambda _: (Setting.WEBTRANSPORT_MAX_SESSIONS_04,)),
    expect=NO_SESSION,
    faults={"asks-whatever-the-server-lacks": Established()},
)
async def server_without_sessions(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/server-lacks-setting",
    title="no session with a server whose SETTINGS lack what a session needs",
    requires=[
        "setup-no-session-on-bad-server-settings",
        "settings-server-required-set",
        "iana-err-requirements",
        "setup-client-close-requirements-not-met",
    ],
    dialects=http3.since(14),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(connect_protocol=connect_protocol, h3_datagram=datagrams),
    expect=NO_SESSION,
    faults={
        "asks-whatever-the-server-lacks": Established(),
        "needs-no-connect-protocol": {
            "connect-protocol-absent": Established(),
            "connect-protocol-zero": Established(),
        },
        "needs-no-http-datagrams": {
            "h3-datagram-absent": Established(),
            "h3-datagram-zero": Established(),
        },
    },
)
async def server_lacks_setting(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/server-lacks-parameter",
    title="no session with a server whose transport parameters lack what a session needs",
    requires=["setup-no-session-on-bad-server-tp", "settings-server-required-set"],
    dialects=http3.since(14),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=PARAMETERS,
    expect=NO_SESSION,
    faults={
        "asks-whatever-the-server-lacks": Established(),
        "needs-no-quic-datagrams": dict.fromkeys(DATAGRAM_PARAMETERS, Established()),
        "needs-no-reset-stream-at": {"reset-stream-at-absent": Established()},
    },
)
async def server_lacks_parameter(peer: Peer, changes: dict[str, object]) -> Reaction:
    peer.shape(**changes)
    return await peer.begin_session(Echo()).establish()


@case(
    "prerequisites/client-lacks-setting",
    title="a session is malformed when the client's SETTINGS lack what it needs",
    requires=["setup-malformed-on-bad-client-settings", "settings-client-required-set"],
    dialects=http3.since(14),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(h3_datagram=datagrams),
    expect=MALFORMED,
    faults={
        "serves-whatever-the-client-lacks": Established(),
        "needs-no-http-datagrams": Established(),
        "resets-the-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def client_lacks_setting(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/client-without-max-sessions",
    title="a session is malformed when the client does not announce how many it allows",
    requires=["setup-malformed-on-bad-client-settings"],
    dialects=http3.between(14, 14),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(max_sessions=enabling),
    expect=MALFORMED,
    faults={
        "serves-whatever-the-client-lacks": Established(),
        "resets-the-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def client_without_max_sessions(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/client-lacks-parameter",
    title="a session is malformed when the client's transport parameters lack what it needs",
    requires=["setup-malformed-on-bad-client-tp", "settings-client-required-set"],
    dialects=http3.since(14),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=PARAMETERS,
    expect=MALFORMED,
    faults={
        "serves-whatever-the-client-lacks": Established(),
        "needs-no-quic-datagrams": dict.fromkeys(DATAGRAM_PARAMETERS, Established()),
        "needs-no-reset-stream-at": {"reset-stream-at-absent": Established()},
        "resets-the-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def client_lacks_parameter(peer: Peer, changes: dict[str, object]) -> Reaction:
    return await server_lacks_parameter(peer, changes)


@case(
    "prerequisites/client-without-datagram-setting",
    title="a session is malformed when the client did not announce HTTP Datagrams",
    requires=["legacy-malformed-without-datagrams"],
    dialects=http3.between(10, 13),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=each_missing(h3_datagram=datagrams),
    expect=MALFORMED,
    faults={
        "serves-whatever-the-client-lacks": Established(),
        "resets-the-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def client_without_datagram_setting(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/client-without-datagram-parameter",
    title="a session is malformed when the client did not announce QUIC datagrams",
    requires=["legacy-malformed-without-datagrams"],
    dialects=http3.between(10, 13),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=DATAGRAM_PARAMETERS,
    expect=MALFORMED,
    faults={
        "serves-whatever-the-client-lacks": Established(),
        "resets-the-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def client_without_datagram_parameter(peer: Peer, changes: dict[str, object]) -> Reaction:
    return await server_lacks_parameter(peer, changes)


@case(
    "prerequisites/client-without-wt-enabled",
    title="a client that does not announce its draft gets a session, or is told why not",
    requires=["ref-request-answered"],
    dialects=http3.since(15),
    roles=[Role.SERVER],
    control="setup/session-opens",
    parameters=each_missing(enabling=enabling),
    # We break the rule, but no text says what a server does then, beyond that it answers.
    expect=Expect(
        Established(),
        readings={
            Reset(frozenset({H3.MESSAGE_ERROR, H3.REQUEST_REJECTED})): "A05/required",
            Response(REFUSAL): "A05/refused",
            LEAVES: "A05/requirements-not-met",
            Reset(): "A05/another-code",
            Stop(): "A05/another-code",
            ConnectionClosed(): "A05/another-code",
        },
        expected_beside=(Reset(), Stop()),
    ),
    faults={"resets-clients-without-wt-enabled": Reset(H3.NO_ERROR)},
)
async def client_without_wt_enabled(peer: Peer, missing: Missing) -> Reaction:
    return await server_without_webtransport(peer, missing)


@case(
    "prerequisites/server-bidi-not-negotiated",
    title="without WebTransport a server opens no bidirectional streams",
    requires=["ref-server-bidi-not-negotiated"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters={
        "signalled": Raw(stream_header.encode(StreamKind.BIDI, 0), "no session can be there"),
        "unsignalled": Raw(varint.encode(grease.identifier(1)), "no stream of WebTransport"),
    },
    # It has two reasons to leave, and no rule says with which code for the other one.
    expect=Expect(
        ConnectionClosed(H3.STREAM_CREATION_ERROR),
        readings={LEAVES: "A18/left-before-the-stream"},
        tolerated={ConnectionClosed(): "A18/left-with-another-code"},
    ),
    faults={"takes-streams-without-webtransport": Silence()},
)
async def server_bidi_not_negotiated(peer: Peer, first: Raw) -> Reaction:
    peer.withhold(SETTINGS)
    peer.announce(without=enabling(peer.dialect))
    async with peer.one_flight():
        await peer.release(SETTINGS)
        await peer.open_raw(StreamKind.BIDI, first)
    return await peer.reaction()
