"""Setup: what must have arrived before there is a session, and what the request says."""

from collections.abc import Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Source
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import SETTINGS, Peer
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Datagram,
    Established,
    Fin,
    Observed,
    Reaction,
    Request,
    Reset,
    Response,
    Silence,
    Stop,
)
from wtspec.suite.wire.error_codes import H3

REFUSAL = range(400, 600)
REJECTED = "RFC 9114 section 4.1.1: a request can be rejected"
Token = Callable[[bytes], bytes]


@case(
    "setup/session-opens",
    title="a session opens",
    # That a server accepts is a MAY until draft 15, but a way into sessions there has to be.
    requires=[
        "setup-initiated-by-extended-connect",
        "setup-accept-2xx",
        "setup-established-server-side",
        "ov-op-establish",
    ],
    roles=BOTH,
    expect=Expect(Established()),
    faults={"never-answers": Silence()},
)
async def session_opens(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo()).establish()


@case(
    "setup/echo",
    title="a stream that nobody resets comes back and ends with FIN",
    requires=["bidi-layout"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Fin(b"x")),
    faults={"limits-by-its-own-settings-alone": Silence(), "resets-every-stream": Reset()},
)
async def echo(peer: Peer) -> Reaction:
    return await (await peer.open_session(Echo())).echo(b"x")


@case(
    "setup/connect-waits-for-settings",
    title="no session attempt before the server's SETTINGS",
    requires=[
        "setup-client-waits-for-wt-setting",
        "setup-client-waits-server-settings",
        "legacy-wait-peer-settings",
    ],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Absent("Request")),
    faults={"connects-before-settings": Request()},
)
async def connect_waits_for_settings(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS)
    peer.begin_session(Echo())
    return await peer.absence(Request(), release=SETTINGS)


@case(
    "setup/connect-before-settings",
    title="a CONNECT that overtakes the client's SETTINGS is answered once they are in",
    requires=["ref-request-answered"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(
        Established(), tolerated={Response(REFUSAL): REJECTED, Reset(): REJECTED, Stop(): REJECTED}
    ),
    faults={"forgets-early-requests": Silence()},
)
async def connect_before_settings(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS)
    session = peer.begin_session(Echo())
    await session.send_opening()
    await peer.barrier()  # it has arrived
    await peer.release(SETTINGS)
    return await session.establish()


@case(
    "setup/server-waits-for-settings",
    title="no request for a session is processed before the client's SETTINGS",
    requires=[
        "setup-server-waits-client-settings-draft",
        "draft-server-waits-settings",
        "legacy-wait-peer-settings",
    ],
    roles=[Role.SERVER],
    control="setup/connect-before-settings",
    expect=Expect(Absent("Established")),
    faults={
        "answers-before-settings": Established(),
        "sends-datagrams-before-settings": Established(),
    },
)
async def server_waits_for_settings(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS)
    await peer.begin_session(Echo()).send_opening()
    return await peer.absence(Established(), release=SETTINGS)


@case(
    "setup/datagram-unasked",
    title="a server sends a datagram of its own once there is a session",
    requires=["dgram-payload-verbatim"],
    dialects=http3.since(5),
    roles=[Role.SERVER],
    control="setup/session-opens",
    needs=["datagrams"],
    # Echoes are asked for again when they do not come; this one leaves once.
    expect=Expect(
        Datagram(bytes(range(77))), tolerated={Silence(): "RFC 9221 section 5: it may be lost"}
    ),
    faults={"cuts-datagrams-of-77-bytes": Datagram(bytes(range(76)))},
)
async def datagram_unasked(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(datagrams=1, size_bytes=77))
    return await session.datagrams()


@case(
    "setup/no-datagram-before-settings",
    title="a server sends no datagram before the client's SETTINGS",
    requires=["ref-no-datagram-before-settings"],
    dialects=http3.since(5),
    # A client sends none before its session, and so never before the server's SETTINGS.
    roles=[Role.SERVER],
    control="setup/datagram-unasked",
    expect=Expect(Absent("Datagram")),
    faults={"sends-datagrams-before-settings": Datagram()},
)
async def no_datagram_before_settings(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS)
    await peer.begin_session(Source(datagrams=1, size_bytes=4)).send_opening()
    return await peer.absence(Datagram(), release=SETTINGS)


@case(
    "setup/bidi-stream-supported",
    title="a bidirectional stream carries several hundred bytes both ways",
    requires=["bidi-wt-stream-supported"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Fin(bytes(700))),
    faults={"limits-by-its-own-settings-alone": Silence(), "resets-every-stream": Reset()},
)
async def bidi_stream_supported(peer: Peer) -> Reaction:
    return await (await peer.open_session(Echo())).echo(bytes(700))


@case(
    "setup/protocol-token",
    title="the client asks for webtransport-h3",
    requires=["setup-protocol-token", "iana-upgrade-token", "setup-client-signals-by-token"],
    dialects=http3.since(15),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":protocol", "webtransport-h3")),
    faults={"asks-with-another-token": Observed(":protocol", "webtransport")},
)
async def protocol_token(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    return session.observed(b":protocol")


@case(
    "setup/old-protocol-token",
    title="the client asks for webtransport",
    requires=["legacy-token-webtransport"],
    dialects=http3.until(14),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":protocol", "webtransport")),
    faults={"asks-with-another-token": Observed(":protocol", "webtransport-h3")},
)
async def old_protocol_token(peer: Peer) -> Reaction:
    return await protocol_token(peer)


TOKENS: dict[str, Token] = {
    "unknown": lambda _: b"no-such-protocol",
    "longer": lambda token: token + b"x",
    "shorter": lambda token: token[:-1],
}
# RFC 9220 says that 501 should be the answer, and forbids no other than a session.
NO_PROTOCOL = Expect(
    Response(501),
    tolerated=dict.fromkeys(
        (Response(REFUSAL), Reset(), Stop(), Both((Stop(), Fin(b""))), ConnectionClosed()),
        "ref-connect-protocol-unknown-501",
    ),
)


@case(
    "setup/unknown-token",
    title="a :protocol that is not exactly webtransport-h3 gives no session",
    requires=["iana-upgrade-token", "ref-connect-protocol-unknown-501"],
    dialects=http3.since(15),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=TOKENS,
    expect=NO_PROTOCOL,
    faults={
        "accepts-any-token": Established(),
        "accepts-tokens-that-begin-right": {"longer": Established()},
        "closes-on-unknown-token": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR),
    },
)
async def unknown_token(peer: Peer, change: Token) -> Reaction:
    token = change(peer.dialect.token)
    return await peer.begin_session(Echo(), replaced={b":protocol": token}).refusal()


@case(
    "setup/unknown-old-token",
    title="a :protocol that is not exactly webtransport gives no session",
    requires=["legacy-upgrade-token", "ref-connect-protocol-unknown-501"],
    dialects=http3.until(14),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    parameters=TOKENS,
    expect=NO_PROTOCOL,
    faults={
        "accepts-any-token": Established(),
        "accepts-tokens-that-begin-right": {"longer": Established()},
        "closes-on-unknown-token": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR),
    },
)
async def unknown_old_token(peer: Peer, change: Token) -> Reaction:
    return await unknown_token(peer, change)


@case(
    "setup/token-of-older-drafts",
    title="webtransport over HTTP/3 is another protocol than webtransport-h3",
    requires=["setup-token-selects-protocol"],
    dialects=http3.since(15),
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    expect=Expect(
        Response(REFUSAL),
        Reset(),
        Stop(),
        readings={Established(): "A33/the token of drafts until 14"},
    ),
    faults={"closes-on-unknown-token": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def token_of_older_drafts(peer: Peer) -> Reaction:
    return await unknown_token(peer, lambda _: b"webtransport")
