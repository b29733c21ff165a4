"""Origin: what a client says of where it comes from, and which origins a server lets in."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import ChecksOrigin, Echo
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Established,
    Observed,
    Reaction,
    Reset,
    Response,
    Silence,
    Stop,
)
from wtspec.suite.wire.fields import Field

ALLOWED = b"https://allowed.test"
FOREIGN = b"https://evil.test"
# Origins that only look like the allowed one.
NEAR_MISSES = {
    "suffix": b"https://allowed.test.evil.test",
    "longer-label": b"https://allowed.tests",
    "shorter-label": b"https://allowed.tes",
    "prefix": b"https://notallowed.test",
    "subdomain": b"https://sub.allowed.test",
    "user": b"https://allowed.test@evil.test",
    "port": b"https://allowed.test:8443",
    "scheme": b"http://allowed.test",
    "no-scheme": b"allowed.test",
    "list": b"https://allowed.test, https://evil.test",
    "null": b"null",
}
# Spellings that no browser sends, of what may be held to be the same origin.
OTHER_SPELLINGS = {
    "upper-case-host": b"https://ALLOWED.test",
    "default-port": b"https://allowed.test:443",
    "trailing-slash": b"https://allowed.test/",
    "trailing-dot": b"https://allowed.test.",
}


def origin(*values: bytes) -> tuple[Field, ...]:
    return tuple((b"origin", value) for value in values)


# That the origin is refused is a MUST; how, no more than a SHOULD.
OTHER_REFUSALS = (Response(range(300, 600)), Reset(), Stop(), ConnectionClosed())
REFUSED = Expect(Response(403), tolerated=dict.fromkeys(OTHER_REFUSALS, "origin-reject-403"))


# Servers.


@case(
    "origin/allowed",
    title="an allowed origin gets its session",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Established()),
    faults={"refuses-every-origin": Response(403)},
)
async def allowed(peer: Peer) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=origin(ALLOWED)).establish()


@case(
    "origin/refused",
    title="a foreign origin is refused with 403",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="origin/allowed",
    expect=REFUSED,
    faults={"accepts-any-origin": Established()},
)
async def refused(peer: Peer) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=origin(FOREIGN)).refusal()


@case(
    "origin/status-403",
    title="the status that refuses an origin is 403",
    requires=["origin-reject-403"],
    dialects=http3.since(5),
    roles=[Role.SERVER],
    control="origin/allowed",
    expect=Expect(Response(403)),
    faults={"accepts-any-origin": Established(), "refuses-origins-with-404": Response(404)},
)
async def status_403(peer: Peer) -> Reaction:
    return await refused(peer)


@case(
    "origin/near-miss",
    title="an origin that only looks like an allowed one is refused",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="origin/allowed",
    parameters=NEAR_MISSES,
    expect=REFUSED,
    faults={
        "accepts-any-origin": Established(),
        "compares-beginnings-of-origins": {
            "suffix": Established(),
            "longer-label": Established(),
            "user": Established(),
            "port": Established(),
            "list": Established(),
        },
        "compares-ends-of-origins": {
            "prefix": Established(),
            "subdomain": Established(),
            "scheme": Established(),
            "no-scheme": Established(),
        },
        "accepts-null-origins": {"null": Established()},
    },
)
async def near_miss(peer: Peer, value: bytes) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=origin(value)).refusal()


@case(
    "origin/other-spelling",
    title="an allowed origin in an odd spelling is decided on",
    requires=["ref-request-answered", "origin-server-verifies"],
    roles=[Role.SERVER],
    control="origin/allowed",
    parameters=OTHER_SPELLINGS,
    expect=Expect(*OTHER_REFUSALS, readings={Established(): "A39/taken-for-the-same-origin"}),
    faults={"forgets-requests-of-odd-origins": Silence()},
)
async def other_spelling(peer: Peer, value: bytes) -> Reaction:
    return await near_miss(peer, value)


@case(
    "origin/two-fields",
    title="beside an allowed origin a foreign one is not overlooked",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="origin/allowed",
    parameters={"foreign-last": (ALLOWED, FOREIGN), "foreign-first": (FOREIGN, ALLOWED)},
    expect=REFUSED,
    faults={
        "accepts-any-origin": Established(),
        "reads-the-first-origin": {"foreign-last": Established()},
        "reads-the-last-origin": {"foreign-first": Established()},
    },
)
async def two_fields(peer: Peer, values: tuple[bytes, bytes]) -> Reaction:
    return await peer.begin_session(ChecksOrigin(), fields=origin(*values)).refusal()


@case(
    "origin/absent",
    title="a client without an origin gets its session",
    # No rule makes a server take it; who asks without is a client that may.
    requires=["origin-nonbrowser-optional"],
    dialects=http3.since(5),
    roles=[Role.SERVER],
    control="origin/allowed",
    expect=Expect(Established()),
    faults={"insists-on-an-origin": Response(403)},
)
async def absent(peer: Peer) -> Reaction:
    return await peer.begin_session(ChecksOrigin()).establish()


@case(
    "origin/unchecked",
    title="a resource for everybody takes a foreign origin",
    requires=["origin-server-verifies"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(
        Established(), tolerated=dict.fromkeys(OTHER_REFUSALS, "A39: the policy is the server's")
    ),
    faults={"checks-origins-everywhere": Response(403)},
)
async def unchecked(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), fields=origin(FOREIGN)).establish()


# Clients.


@case(
    "origin/sent",
    title="the client sends the origin it is told, once",
    requires=["origin-browser-must", "ov-origin-indication"],
    dialects=http3.since(5),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    needs=["origin"],
    expect=Expect(Observed("origin", "https://page.test")),
    faults={
        "drops-its-origin": Absent("origin"),
        "sends-a-null-origin": Observed("origin", "null"),
    },
)
async def sent(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo(), command={"origin": "https://page.test"})
    return session.observed(b"origin")


@case(
    "origin/always-sent",
    title="every client sends an origin in older drafts",
    requires=["legacy-origin-always"],
    dialects=http3.until(4),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=Expect(Observed("origin")),
    faults={"drops-its-origin": Absent("origin")},
)
async def always_sent(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b"origin")
