"""Session IDs: which ones the endpoint writes, and which of ours are none."""

from itertools import product

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import FIRST_VARINT, OF_THE_SESSION, SESSION_ID, answer, opening
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.signal import (
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Reset,
    Silence,
    Stop,
)
from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.stream_header import StreamKind

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
