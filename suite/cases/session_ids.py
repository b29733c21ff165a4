"""Session IDs: which ones the endpoint writes, and which of ours are none."""

from collections.abc import Awaitable, Callable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Application, Echo, Source
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import FIRST_VARINT, OF_THE_SESSION, SESSION_ID, answer, opening
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import (
    ConnectionClosed,
    Datagram,
    Fin,
    Observed,
    Reaction,
    Reset,
    Response,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind

KINDS = {kind.value: kind for kind in StreamKind}


@case(
    "session-ids/own-streams",
    title="the endpoint's streams name the session that they belong to",
    requires=["sid-must-be-client-bidi", "sid-demultiplexes"],
    roles=BOTH,
    control="streams/own-opening",
    parameters=KINDS,
    expect=Expect(Observed(SESSION_ID, OF_THE_SESSION), expected_beside=(Observed(FIRST_VARINT),)),
    faults={"names-the-session-one-off": Observed(SESSION_ID)},
)
async def own_streams(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(uni=1, bidi=1))
    return await opening(session, kind)


Long = tuple[StreamKind, int]


@case(
    "session-ids/long-varint",
    title="a Session ID may take two, four or eight bytes",
    requires=["sid-varint"],
    roles=BOTH,
    control="streams/echo",
    parameters={
        f"{kind}-{length}": (KINDS[kind], length) for kind in KINDS for length in (2, 4, 8)
    },
    expect=Expect(Fin(b"long")),
    faults={"takes-short-varints-only": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def long_varint(peer: Peer, parameter: Long) -> Reaction:
    kind, length = parameter
    session = await peer.open_session(Echo())
    header = stream_header.encode(kind, session.id, session_id_length=length)
    stream = await session.open(kind, header=Raw(header, "not the shortest form, which is legal"))
    await stream.send(b"long", finish=True)
    return await answer(session, stream)


NO_SESSION_IDS = (1, 2, 3, 5, varint.MAX)


def named(kind: StreamKind) -> dict[str, Raw]:
    """The beginning of a stream for every number that is no Session ID."""
    return {
        f"{kind.value}-{number:#x}": Raw(
            stream_header.encode(kind, number) + b"x", "no client-initiated bidirectional stream's"
        )
        for number in NO_SESSION_IDS
    }


@case(
    "session-ids/invalid-on-uni",
    title="a unidirectional stream that names what is no session's ends the connection",
    requires=["sid-invalid-on-uni"],
    roles=BOTH,
    control="streams/echo",
    violates=True,
    parameters=named(StreamKind.UNI),
    expect=Expect(ConnectionClosed(H3.ID_ERROR, transport=False)),
    faults={"takes-any-session-id": Silence()},
)
async def invalid_on_uni(peer: Peer, beginning: Raw) -> Reaction:
    await peer.open_session(Echo())
    await peer.open_raw(StreamKind.UNI, beginning)
    return await peer.reaction()


@case(
    "session-ids/invalid-on-bidi",
    title="a bidirectional stream that names what is no session's ends the connection",
    requires=["sid-invalid-on-bidi"],
    roles=BOTH,
    control="streams/echo",
    violates=True,
    parameters=named(StreamKind.BIDI),
    expect=Expect(ConnectionClosed(H3.ID_ERROR, transport=False)),
    faults={"takes-any-session-id": Silence()},
)
async def invalid_on_bidi(peer: Peer, beginning: Raw) -> Reaction:
    await peer.open_session(Echo())
    await peer.open_raw(StreamKind.BIDI, beginning)
    return await peer.reaction()


# Well-formed, and far beyond every stream that may be opened.
STRANGE_IDS = {"far": 4000, "farthest": varint.MAX - 3}
Strange = tuple[StreamKind, bytes]
STRANGERS: dict[str, Strange] = {
    f"{kind}-{which}": (KINDS[kind], stream_header.encode(KINDS[kind], STRANGE_IDS[which]) + b"x")
    for kind, which in product(KINDS, STRANGE_IDS)
}


@case(
    "session-ids/never-a-session",
    title="a stream of a session that never comes is kept or refused",
    requires=["buffer-streams"],
    roles=BOTH,
    control="streams/echo",
    parameters=STRANGERS,
    expect=Expect(
        Silence(),
        readings={
            Stop(WT.BUFFERED_STREAM_REJECTED): "A11/rejected",
            Reset(WT.BUFFERED_STREAM_REJECTED): "A11/rejected",
        },
    ),
    faults={"closes-for-sessions-never-opened": ConnectionClosed(H3.ID_ERROR)},
)
async def never_a_session(peer: Peer, strange: Strange) -> Reaction:
    await peer.open_session(Echo())
    return await (await peer.open_raw(*strange)).reaction()


@case(
    "session-ids/others-go-on",
    title="a stream of a session that never comes leaves the others alone",
    requires=["ov-stream-error-scope", "buffer-streams"],
    roles=BOTH,
    control="streams/echo",
    parameters=STRANGERS,
    expect=Expect(
        Fin(b"after"),
        readings={ConnectionClosed(H3.ID_ERROR): "A11/id-error, as RFC 9297 has it for datagrams"},
    ),
    faults={"waits-for-sessions-never-opened": Silence()},
)
async def others_go_on(peer: Peer, strange: Strange) -> Reaction:
    session = await peer.open_session(Echo())
    await peer.open_raw(*strange)
    return await session.echo(b"after")


# Session IDs of two bytes, and quarters of them


ORDINARY: list[Field] = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"localhost"),
    (b":path", b"/"),
]
REQUESTS_BEFORE = 64
# Other requests may be all that a server takes on a connection.
NO_SESSION: dict[Signal, str] = {
    Reset(H3.REQUEST_REJECTED): "A42/refused",
    Response(429): "A42/status-429",
}
BUSY: dict[Signal, str] = {
    ConnectionClosed(H3.NO_ERROR): "RFC 9114 section 5.2: a connection may be ended at any time",
    ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: so many requests may be minded",
}
Carrier = tuple[Application, Callable[[Session], Awaitable[Reaction]], Expect]
NAMED = Expect(
    Observed(SESSION_ID, OF_THE_SESSION),
    readings=NO_SESSION,
    tolerated=BUSY,
    expected_beside=(Observed(FIRST_VARINT),),
)
CARRIERS: dict[str, Carrier] = {
    "uni": (Source(uni=1), lambda session: opening(session, StreamKind.UNI), NAMED),
    "bidi": (Source(bidi=1), lambda session: opening(session, StreamKind.BIDI), NAMED),
    "datagram": (
        Echo(),
        lambda session: session.echo_datagram(b"far"),
        Expect(Datagram(b"far"), readings=NO_SESSION, tolerated=BUSY),
    ),
}


@case(
    "session-ids/behind-many-requests",
    title="a session behind 64 requests is named by its whole ID, in datagrams by a quarter of it",
    requires=["sid-must-be-client-bidi", "sid-varint", "dgram-quarter-stream-id"],
    dialects=http3.since(3),
    roles=[Role.SERVER],
    control="requests/ordinary",
    parameters=CARRIERS,
    expect=lambda carrier: carrier[2],
    faults={
        "names-the-session-one-off": {"uni": Observed(SESSION_ID), "bidi": Observed(SESSION_ID)},
        "limits-by-its-own-settings-alone": {"uni": Silence(), "bidi": Silence()},
        "drops-datagrams": {"datagram": Silence()},
        "sends-whole-ids-in-datagrams": {"datagram": Silence()},
        "reads-one-byte-quarter-ids": {"datagram": Datagram()},
        "cuts-the-last-byte-of-datagrams": {"datagram": Datagram()},
        "writes-one-byte-session-ids": {
            "uni": Observed(SESSION_ID),
            "bidi": Observed(SESSION_ID),
            "datagram": Silence(),
        },
    },
)
async def behind_many_requests(peer: Peer, carrier: Carrier) -> Reaction:
    application, look, _ = carrier
    async with peer.one_flight():
        asked = [await peer.request(ORDINARY, finish=True) for _ in range(REQUESTS_BEFORE)]
    await asked[-1].reaction()
    return await look(await peer.open_session(application))


@case(
    "session-ids/of-another-request",
    title="a stream that names a request which is no session leaves the session alone",
    requires=["ov-stream-error-scope", "buffer-streams"],
    roles=[Role.SERVER],
    control="requests/ordinary",
    parameters=KINDS,
    expect=Expect(
        Fin(b"after"),
        readings={ConnectionClosed(H3.ID_ERROR): "A11/id-error, as RFC 9297 has it for datagrams"},
    ),
    faults={"closes-for-late-streams": ConnectionClosed(H3.ID_ERROR)},
)
async def of_another_request(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    request = await peer.request(ORDINARY, finish=True)
    await request.reaction()
    await peer.open_raw(kind, peer.encode(StreamHeader(kind, request.id)) + b"x")
    await peer.barrier()  # it has arrived
    return await session.echo(b"after")


@case(
    "session-ids/behind-many-streams",
    title="a session behind 16 streams of another is named by its whole ID",
    requires=["sid-must-be-client-bidi", "sid-varint"],
    dialects=http3.since(13),
    roles=[Role.CLIENT],
    configuration=FLOW_CONTROL,
    control="session-ids/own-streams",
    control_parameter="bidi",
    needs=["pooling"],
    parameters={f"own-{name}": kind for name, kind in KINDS.items()},
    expect=NAMED,
    faults={
        "shares-limits-between-sessions": {"own-bidi": Observed(SESSION_ID)},
        "writes-one-byte-session-ids": Observed(SESSION_ID),
    },
)
async def behind_many_streams(peer: Peer, kind: StreamKind) -> Reaction:
    first = await peer.open_session(Source(bidi=16))
    for _ in range(16):
        await first.accept_bidi()
    return await opening(await peer.open_session(Source(uni=1, bidi=1)), kind)
