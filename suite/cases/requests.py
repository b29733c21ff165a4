"""Requests: what a client's CONNECT carries, and what a server makes of what is asked for."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Nowhere, Rejects
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Established,
    Fin,
    Observed,
    Reaction,
    Refused,
    Reset,
    Response,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import CapsuleType, CloseSession, UnknownCapsule
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field

RESET_INSTEAD = "RFC 9114 section 4.1.1: a request that is not processed may be reset"
AT_ANY_TIME = "RFC 9114 section 5.3: a connection may be closed at any time"
UNSERVED: dict[Signal, str] = {
    Reset(): RESET_INSTEAD,
    Stop(): RESET_INSTEAD,
    Both((Stop(), Fin(b""))): "RFC 9114 section 4.1.1: it should abort both directions",
    ConnectionClosed(): AT_ANY_TIME,
}
UNKNOWN = UnknownCapsule(capsule.grease(3), b"early")
SHORT_CLOSE = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"\0\0")
# What a URL holds behind the authority, and the :path that is due for it.
TARGETS = {
    "path-and-query": ("/echo?a=1&b=2", "/echo?a=1&b=2&token=TOKEN"),
    "query-of-question-marks": ("/echo??a=?/", "/echo??a=?/&token=TOKEN"),
    "escapes": ("/a%2Fb%20c?d=%26%C3%A9", "/a%2Fb%20c?d=%26%C3%A9&token=TOKEN"),
    "plus-and-reserved": ("/a+b;c=1,2/@:!$'()*", "/a+b;c=1,2/@:!$'()*?token=TOKEN"),
    "empty-segments": ("/a//b/", "/a//b/?token=TOKEN"),
    "empty-path": ("", "/?token=TOKEN"),
}


def asks_for(scheme: bytes = b"https", path: bytes = b"/echo", **others: bytes) -> list[Field]:
    """An ordinary request; `others` are further pseudo-headers, in front."""
    first = [(b":" + name.encode(), value) for name, value in others.items()]
    return [*first, (b":scheme", scheme), (b":authority", b"localhost"), (b":path", path)]


# What a client sends.


@case(
    "requests/method",
    title="a session is asked for with an extended CONNECT",
    requires=["setup-extended-connect-request"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":method", "CONNECT")),
    faults={"asks-with-another-method": Observed(":method", "GET")},
)
async def method(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b":method")


@case(
    "requests/scheme",
    title="the scheme is https",
    requires=["setup-scheme-https", "setup-https-uri"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":scheme", "https")),
    faults={"asks-with-another-scheme": Observed(":scheme", "http")},
)
async def scheme(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b":scheme")


@case(
    "requests/authority",
    title="the authority is the URL's host and port",
    requires=["setup-authority-present", "setup-resource-by-authority-path"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":authority", "AUTHORITY")),
    faults={"leaves-the-port-out": Observed(":authority")},
)
async def authority(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b":authority")


@case(
    "requests/host",
    title="a Host field beside the authority says the same",
    requires=["ref-authority-and-host-agree"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Absent("host"), Observed("host", "AUTHORITY")),
    faults={"sends-another-host": Observed("host")},
)
async def host(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b"host")


@case(
    "requests/path",
    title="the path is the URL's path and query, byte for byte",
    requires=[
        "setup-path-present",
        "setup-resource-by-authority-path",
        "ref-path-not-empty",
        "ref-extended-connect-fields",
        "ov-uri-addressing",
    ],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters=TARGETS,
    expect=lambda target: Expect(Observed(":path", target[1])),
    faults={
        "decodes-the-path": {"escapes": Observed(":path")},
        "sends-an-empty-path": {"empty-path": Observed(":path", "?token=TOKEN")},
        "encodes-reserved-characters": {"plus-and-reserved": Observed(":path")},
    },
)
async def path(peer: Peer, target: tuple[str, str]) -> Reaction:
    return (await peer.open_session(Echo(target[0]))).observed(b":path")


@case(
    "requests/fragment",
    title="a fragment never travels",
    requires=["ref-target-without-fragment"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed(":path", "/echo"), Refused()),
    faults={"sends-the-fragment": Observed(":path")},
)
async def fragment(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo("/echo#fragment"))
    await session.begun()
    return session.observed(b":path")


@case(
    "requests/draft02-header",
    title="the request names the draft in its header",
    requires=["legacy-header-offer-draft02"],
    dialects=http3.until(5),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed("sec-webtransport-http3-draft02", "1")),
    faults={"names-another-draft": Observed("sec-webtransport-http3-draft02", "0")},
)
async def draft02_header(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b"sec-webtransport-http3-draft02")


# What a server makes of it.


@case(
    "requests/plain-connect",
    title="a CONNECT without :protocol gives no session",
    requires=["setup-initiated-by-extended-connect", "ref-request-answered"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(
        Response(range(300, 600)),
        tolerated=UNSERVED,
    ),
    faults={"takes-plain-connect": Response(200)},
)
async def plain_connect(peer: Peer) -> Reaction:
    fields = ((b":method", b"CONNECT"), (b":authority", b"localhost:443"))
    return await (await peer.request(fields)).reaction()


@case(
    "requests/ordinary",
    title="an ordinary request is answered",
    requires=["ref-request-answered", "bidi-client-streams-are-requests"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    parameters={"get": b"GET", "head": b"HEAD", "options": b"OPTIONS", "unknown": b"BREW"},
    expect=Expect(Response(range(200, 600)), Reset(), Stop(), tolerated=UNSERVED),
    faults={"forgets-ordinary-requests": Silence()},
)
async def ordinary(peer: Peer, name: bytes) -> Reaction:
    return await (await peer.request(asks_for(method=name), finish=True)).reaction()


@case(
    "requests/scheme-http",
    title="a CONNECT for http gives no session",
    requires=["ref-request-answered"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    # The rule binds clients; what a server does with such a request is left to it.
    expect=Expect(
        Response(range(400, 600)),
        Reset(H3.MESSAGE_ERROR),
        tolerated=UNSERVED,
        readings={Established(): "open/no rule says what a server does"},
    ),
    faults={
        "closes-at-http": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR),
        "forgets-requests-for-http": Silence(),
    },
)
async def scheme_http(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), replaced={b":scheme": b"http"}).refusal()


@case(
    "requests/not-found",
    title="a path without WebTransport answers 405",
    requires=["setup-unsupported-resource-405"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(
        Response(405),
        readings={Response(404): "A35/404"},
        tolerated={
            Response(range(300, 600)): "setup-unsupported-resource-405",
            Reset(): RESET_INSTEAD,
            Stop(): RESET_INSTEAD,
        },
    ),
    faults={"accepts-every-path": Established()},
)
async def not_found(peer: Peer) -> Reaction:
    return await peer.begin_session(Nowhere()).establish()


@case(
    "requests/not-found-until-15",
    title="a path without WebTransport answers 404 in older drafts",
    requires=["legacy-status-404"],
    dialects=http3.until(15),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(
        Response(404),
        tolerated={Response(range(300, 600)): "legacy-status-404", Reset(): RESET_INSTEAD},
    ),
    faults={"accepts-every-path": Established()},
)
async def not_found_until_15(peer: Peer) -> Reaction:
    return await not_found(peer)


@case(
    "requests/allow-beside-405",
    title="a 405 says which methods are allowed",
    requires=["ref-405-allow"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Observed("405 without Allow", False)),
    faults={"sends-405-without-allow": Observed("405 without Allow", True)},
)
async def allow_beside_405(peer: Peer) -> Reaction:
    session = peer.begin_session(Nowhere())
    await session.establish()
    given = dict(session.fields)
    bare = given.get(b":status") == b"405" and b"allow" not in given
    return Reaction("CONNECT stream", (Observed("405 without Allow", bare),))


@case(
    "requests/resource",
    title="the resource is chosen by the path, not by what stands beside it",
    requires=["setup-resource-by-authority-path"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    parameters={"query": "/echo?x=/no-such-path", "empty-query-value": "/echo?x=&&y"},
    expect=Expect(Established(), tolerated={Response(400): "a query that it does not like"}),
    faults={"looks-behind-the-last-slash": {"query": Response(frozenset({404, 405}))}},
)
async def resource(peer: Peer, target: str) -> Reaction:
    return await peer.begin_session(Echo(target)).establish()


@case(
    "requests/nothing-but-fin",
    title="a request that ends before its HEADERS is told to be incomplete",
    requires=["ref-request-incomplete"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    expect=Expect(
        Reset(H3.REQUEST_INCOMPLETE),
        tolerated={
            Reset(): "ref-request-incomplete",
            Response(range(400, 600)): "ref-request-incomplete",
            ConnectionClosed(H3.REQUEST_INCOMPLETE): "RFC 9114 section 8",
        },
    ),
    faults={"calls-empty-requests-fine": Reset(H3.NO_ERROR)},
)
async def nothing_but_fin(peer: Peer) -> Reaction:
    stream = await peer.request(Raw(b"", "a request without a single byte"), finish=True)
    return await stream.reaction()


# Bytes that overtake the response.


@case(
    "requests/early-capsule",
    title="a capsule in the CONNECT's flight does no harm",
    requires=["setup-no-capsule-processing-before-2xx", "setup-optimistic-capsules"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Established()),
    faults={
        "refuses-unknown-capsules": Reset(H3.MESSAGE_ERROR),
        "refuses-early-bytes": Reset(H3.EXCESSIVE_LOAD),
    },
)
async def early_capsule(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send_capsules(UNKNOWN)
    return await session.outcome()


@case(
    "requests/early-close",
    title="a session that is closed in the CONNECT's flight is accepted before it ends",
    requires=["ref-request-answered", "setup-no-capsule-processing-before-2xx"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="requests/early-capsule",
    expect=Expect(
        Established(),
        readings={
            Response(range(400, 600)): "A40/refused",
            Reset(): "A40/reset",
            Stop(): "A40/stopped",
        },
    ),
    faults={"forgets-requests-that-ended": Silence()},
)
async def early_close(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send_capsules(CloseSession(7, b"early"), finish=True)
    return await session.outcome()


@case(
    "requests/early-bytes-of-a-refused-session",
    title="what overtakes a refusal is thrown away, whatever it is",
    requires=["setup-no-capsule-processing-before-2xx", "setup-early-bytes-fate"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Response(403)),
    faults={
        "processes-early-capsules": Reset(H3.MESSAGE_ERROR),
        "refuses-early-bytes": Reset(H3.EXCESSIVE_LOAD),
        "refuses-with-418": Response(418),
    },
)
async def early_bytes_of_a_refused_session(peer: Peer) -> Reaction:
    session = peer.begin_session(Rejects(403))
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send(Raw(SHORT_CLOSE, "a close capsule of two bytes"))
    return await session.outcome()


@case(
    "requests/near-miss",
    title="a path that only looks like a resource's is another resource",
    requires=["setup-resource-by-authority-path"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    parameters={
        "shorter": "/ech",
        "longer": "/echoes",
        "deeper": "/echo/more",
        "other-case": "/ECHO",
        "prefixed": "/an/echo",
    },
    expect=Expect(
        Response(range(300, 600)), tolerated={Reset(): RESET_INSTEAD, Stop(): RESET_INSTEAD}
    ),
    faults={
        "compares-beginnings-of-paths": {
            "shorter": Established(),
            "longer": Established(),
            "deeper": Established(),
        },
        "compares-paths-without-case": {"other-case": Established()},
        "looks-behind-the-last-slash": {"prefixed": Established()},
    },
)
async def near_miss(peer: Peer, path: str) -> Reaction:
    return await peer.begin_session(Nowhere(path)).establish()
