"""Responses: which give a session, which refuse it, and what becomes of a request without one."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Rejects
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Established,
    Fin,
    Observed,
    Reaction,
    Refused,
    Request,
    Reset,
    Response,
    Silence,
    Stop,
)
from wtspec.suite.wire import capsule
from wtspec.suite.wire.capsule import CapsuleType
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.frames import Frame, FrameType

STREAM_CODES = frozenset({H3.MESSAGE_ERROR, H3.GENERAL_PROTOCOL_ERROR})
CONNECTION_ERROR = "RFC 9114 section 8: a stream error may be treated as a connection error"
LESS_SPECIFIC = "RFC 9114 section 8.1: less specific"
SHORT_CLOSE = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"\0\0")
# What a client may give up the stream of a refused request with.
HARMLESS = frozenset({H3.NO_ERROR, H3.REQUEST_CANCELLED, H3.REQUEST_REJECTED, WT.SESSION_GONE})
# A client may give up a connection with its last session.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
TRIED_AGAIN = "RFC 9114 section 4.1.1: a rejected request can be sent again"
NOTHING = Raw(b"", "no response")
OTHER_2XX = {str(status): status for status in (201, 202, 203, 207, 226, 299)}
REFUSALS = {str(status): status for status in (300, 304, 400, 401, 403, 404, 405, 429, 500, 503)}
CLIENT_ERRORS = tuple(name for name in REFUSALS if name.startswith("4"))
REDIRECTS = {str(status): status for status in (301, 302, 303, 307, 308)}
INTERIM = {"103": (103,), "100": (100,), "199": (199,), "many": (102, 103, 103, 199)}


# What a client makes of it.


@case(
    "responses/accepted",
    title="every status from 200 to 299 that can carry a session gives it",
    requires=["setup-established-client-side", "setup-accept-2xx"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters={"200": 200, **OTHER_2XX},
    expect=Expect(Established()),
    faults={"takes-200-only": {name: Refused(status) for name, status in OTHER_2XX.items()}},
)
async def accepted(peer: Peer, status: int) -> Reaction:
    return await peer.begin_session(Echo(), status=status).establish()


@case(
    "responses/refused",
    title="a response that is no 2xx gives no session",
    requires=["setup-established-client-side"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters=REFUSALS,
    expect=Expect(Refused()),
    faults={"takes-4xx-for-success": dict.fromkeys(CLIENT_ERRORS, Established())},
)
async def refused(peer: Peer, status: int) -> Reaction:
    return await peer.begin_session(Echo(), status=status).establish()


@case(
    "responses/status-reported",
    title="the API tells the status that refused the session",
    requires=["setup-established-client-side"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    needs=["status"],
    parameters=REFUSALS,
    expect=lambda status: Expect(Refused(status)),
    faults={
        "reports-another-status": lambda status: Refused(status + 1),
        "takes-4xx-for-success": dict.fromkeys(CLIENT_ERRORS, Established()),
    },
)
async def status_reported(peer: Peer, status: int) -> Reaction:
    return await refused(peer, status)


@case(
    "responses/redirect-refused",
    title="a redirect gives no session",
    requires=["setup-established-client-side", "setup-no-auto-redirect"],
    dialects=http3.since(6),
    roles=[Role.CLIENT],
    control="responses/refused",
    parameters=REDIRECTS,
    expect=Expect(Refused()),
    faults={"follows-redirects": Fin()},
)
async def redirect_refused(peer: Peer, status: int) -> Reaction:
    location = ((b"location", b"/elsewhere"),)
    return await peer.begin_session(Echo(), status=status, fields=location).establish()


@case(
    "responses/redirect-not-followed",
    title="a redirect leads to no second request",
    requires=["setup-no-auto-redirect"],
    dialects=http3.since(6),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters=REDIRECTS,
    # No connection, no second request on it.
    expect=Expect(Absent("Request"), ConnectionClosed()),
    faults={"follows-redirects": Request()},
)
async def redirect_not_followed(peer: Peer, status: int) -> Reaction:
    session = peer.begin_session(Echo(), status=status, fields=((b"location", b"/elsewhere"),))
    await session.begun()
    asked = peer.mark()
    await session.establish()
    return await peer.absence(Request(), after=peer.api_barrier, since=asked)


@case(
    "responses/interim",
    title="interim responses before the final one are passed over",
    requires=["ref-interim-responses"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters=INTERIM,
    expect=Expect(Established()),
    faults={"takes-interim-for-final": lambda statuses: Refused(statuses[0])},
)
async def interim(peer: Peer, statuses: tuple[int, ...]) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    for status in statuses:
        await session.connect_stream.send_headers(((b":status", str(status).encode()),))
    return await session.establish()


@case(
    "responses/interim-then-refused",
    title="a refusal behind an interim response is a refusal",
    requires=["ref-interim-responses", "setup-established-client-side"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    needs=["status"],
    expect=Expect(Refused(404)),
    faults={
        "takes-interim-for-final": Refused(103),
        "takes-4xx-for-success": Established(),
        "reports-another-status": Refused(405),
    },
)
async def interim_then_refused(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo(), status=404)
    await session.begun()
    await session.connect_stream.send_headers(((b":status", b"103"), (b"link", b"</x>")))
    return await session.establish()


@case(
    "responses/data-after-interim",
    title="DATA behind an interim response costs the connection",
    requires=["ref-data-before-headers"],
    roles=[Role.CLIENT],
    control="responses/interim",
    violates=True,
    # That no content belongs to an interim response is a rule of frames as much as of messages.
    expect=Expect(
        ConnectionClosed(H3.FRAME_UNEXPECTED),
        readings=dict.fromkeys(
            (Reset(H3.MESSAGE_ERROR), Stop(H3.MESSAGE_ERROR), ConnectionClosed(H3.MESSAGE_ERROR)),
            "open/a-malformed-message",
        ),
        tolerated={ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): LESS_SPECIFIC},
        expected_beside=(Refused(), GIVEN_UP),
    ),
    faults={
        "takes-any-frame-for-unknown": Established(),
        "takes-data-before-headers": Established(),
    },
)
async def data_after_interim(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    await session.connect_stream.send_headers(((b":status", b"103"),))
    await session.connect_stream.send_frames(Frame(FrameType.DATA, b"early"))
    return await session.refusal()


@case(
    "responses/without-capsules",
    title="a status that cannot carry the Capsule Protocol makes the response malformed",
    requires=["ref-capsule-status-204-205-206"],
    dialects=http3.since(5),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters={str(status): status for status in (204, 205, 206)},
    expect=Expect(
        Reset(H3.MESSAGE_ERROR),
        Stop(H3.MESSAGE_ERROR),
        readings={Established(): "A19/any-2xx"},
        tolerated={
            ConnectionClosed(STREAM_CODES): CONNECTION_ERROR,
            Reset(STREAM_CODES): LESS_SPECIFIC,
            Stop(STREAM_CODES): LESS_SPECIFIC,
            # RFC 9297 asks for a stream error, the draft for a session: neither came of it.
            Refused(): "A19/refused",
        },
        expected_beside=(Refused(), GIVEN_UP),
    ),
    faults={
        "takes-204-for-a-refusal": Refused,
        "resets-malformed-with-no-error": Reset(H3.NO_ERROR),
    },
)
async def without_capsules(peer: Peer, status: int) -> Reaction:
    return await peer.begin_session(Echo(), status=status).establish()


@case(
    "responses/body-of-a-refusal",
    title="the body of a refusal is no sequence of capsules",
    requires=["setup-capsule-protocol-on-2xx"],
    dialects=http3.since(6),
    roles=[Role.CLIENT],
    control="responses/refused",
    parameters={"403": 403},
    expect=Expect(
        Fin(),
        Silence(),
        Reset(HARMLESS),
        Stop(HARMLESS),
        GIVEN_UP,
        expected_beside=(Fin(), Reset(HARMLESS), GIVEN_UP),
    ),
    faults={"reads-capsules-of-refusals": Reset(H3.MESSAGE_ERROR)},
)
async def body_of_a_refusal(peer: Peer, status: int) -> Reaction:
    session = peer.begin_session(Echo(), status=status)
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send(Raw(SHORT_CLOSE, "no capsule"), finish=True)
    return await session.connect_stream.reaction()


@case(
    "responses/end-without-response",
    title="a stream that ends without a response gives no session",
    requires=["setup-established-client-side", "ref-malformed-response-not-accepted"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    expect=Expect(Refused()),
    faults={"forgets-requests-that-end": Silence()},
)
async def end_without_response(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo(), raw=NOTHING)
    await session.begun()
    await session.connect_stream.send_frames(finish=True)
    return await session.outcome()


@case(
    "responses/reset-without-response",
    title="a request that is reset gives no session",
    requires=["setup-established-client-side"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters={
        "rejected": H3.REQUEST_REJECTED,
        "cancelled": H3.REQUEST_CANCELLED,
        "internal-error": H3.INTERNAL_ERROR,
        "session-gone": WT.SESSION_GONE,
        "unknown-code": 0x5A5A5A,
    },
    expect=lambda code: Expect(
        Refused(), tolerated={Silence(): TRIED_AGAIN} if code == H3.REQUEST_REJECTED else None
    ),
    faults={"forgets-requests-that-are-reset": Silence()},
)
async def reset_without_response(peer: Peer, code: int) -> Reaction:
    session = peer.begin_session(Echo(), raw=NOTHING)
    await session.begun()
    await session.connect_stream.reset(code)
    return await session.outcome()


@case(
    "responses/close-without-response",
    title="a connection that is closed before the response gives no session",
    requires=["ref-close-ends-streams", "setup-established-client-side"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters={"no-error": H3.NO_ERROR, "internal-error": H3.INTERNAL_ERROR},
    expect=Expect(Refused()),
    faults={"forgets-requests-of-closed-connections": ConnectionClosed()},
)
async def close_without_response(peer: Peer, code: int) -> Reaction:
    session = peer.begin_session(Echo(), raw=NOTHING)
    await session.begun()
    await peer.close(code)
    return await session.outcome()


@case(
    "responses/second-final",
    title="a refusal stands, whatever comes behind it",
    requires=["setup-established-client-side", "ref-second-message-malformed"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    # A client that has turned away with the first answer need not look at the second; to another
    # the message as a whole is malformed. Neither has a session.
    expect=Expect(Refused(), Reset(), Stop(), ConnectionClosed()),
    faults={"waits-behind-421": Established()},
)
async def second_final(peer: Peer) -> Reaction:
    session = peer.begin_session(Echo(), status=421)
    await session.begun()
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send_headers(((b":status", b"200"),))
    return await session.outcome()


# What a server sends.


@case(
    "responses/rejected",
    title="an application's refusal arrives with its status",
    requires=["ref-request-answered"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    parameters=REFUSALS,
    expect=lambda status: Expect(Response(status)),
    faults={"refuses-with-418": Response(418)},
)
async def rejected(peer: Peer, status: int) -> Reaction:
    return await peer.begin_session(Rejects(status)).establish()


@case(
    "responses/draft02-header",
    title="the response names the draft in its header",
    requires=["legacy-header-select-draft02"],
    dialects=http3.until(5),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=Expect(Observed("sec-webtransport-http3-draft", "draft02")),
    faults={"selects-another-draft": Observed("sec-webtransport-http3-draft", "draft99")},
)
async def draft02_header(peer: Peer) -> Reaction:
    return (await peer.open_session(Echo())).observed(b"sec-webtransport-http3-draft")
