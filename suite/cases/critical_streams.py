"""Control and QPACK streams: nobody may ask for their end, and odd but legal things on them."""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import critical_streams, stop_critical
from wtspec.suite.peer.peer import SETTINGS, Peer, Raw
from wtspec.suite.signal import Absent, ConnectionClosed, Fin, Observed, Reaction, Silence
from wtspec.suite.wire import settings, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.stream_header import StreamKind, StreamType

AFTER = b"after"
CLOSED = Expect(
    ConnectionClosed(H3.CLOSED_CRITICAL_STREAM),
    tolerated={ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"},
)


@case(
    "control-stream/stays-open",
    title="the endpoint ends none of its critical streams and asks for the end of none",
    requires=["ref-control-stream-stays-open", "ref-qpack-streams-stay-open"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Absent("ended")),
    faults={"ends-its-qpack-streams": Observed("ended")},
)
async def stays_open(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.echo(b"x")
    await session.close()
    await session.connect_stream.reaction()
    await peer.barrier()
    return critical_streams(peer)


@case(
    "control-stream/stopped",
    title="whoever asks for the end of the control stream ends the connection",
    requires=["ref-critical-stream-closed", "ref-quic-stop-sending-answered"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    # It may not reset the stream without the error, nor leave the request without an answer.
    expect=CLOSED,
    faults={"lets-its-critical-streams-be-stopped": Silence()},
)
async def stopped(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await stop_critical(peer, StreamType.CONTROL)
    return await peer.reaction()


@case(
    "control-stream/qpack-stopped",
    title="whoever asks for the end of a QPACK stream ends the connection",
    requires=["ref-qpack-stream-closed", "ref-quic-stop-sending-answered"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"encoder": StreamType.QPACK_ENCODER, "decoder": StreamType.QPACK_DECODER},
    expect=CLOSED,
    faults={
        "lets-its-critical-streams-be-stopped": Silence(),
        # There is nothing left to stop.
        "ends-its-qpack-streams": Silence(),
    },
)
async def qpack_stopped(peer: Peer, which: StreamType) -> Reaction:
    await peer.open_session(Echo())
    await stop_critical(peer, which)
    return await peer.reaction()


@case(
    "control-stream/push-of-a-server",
    title="a push that the client never allowed is an error",
    requires=["ref-push-not-allowed"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    expect=Expect(
        ConnectionClosed(H3.ID_ERROR),
        tolerated={
            ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"
        },
    ),
    faults={"takes-pushes-of-a-server": Silence()},
)
async def push_of_a_server(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    # Even a client that allows some pushes allows no such number of them.
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.PUSH) + varint.encode(varint.MAX))
    return await peer.reaction()


UPDATES = {
    "of-the-session": ((0, b"u=0, i"),),
    "without-a-value": ((0, b""),),
    "again": ((0, b"u=7"), (0, b"u=1, unknown=?0")),
    "of-the-next-request": ((4, b"i"),),
}


@case(
    "control-stream/priority-update",
    title="a client may tell and change the priority of its session",
    requires=["ref-priority-update-taken", "priority-update-allowed", "ref-unknown-values-ignored"],
    dialects=http3.since(8),
    roles=[Role.SERVER],
    control="setup/echo",
    parameters=UPDATES,
    expect=Expect(Fin(AFTER)),
    faults={"closes-on-priorities": ConnectionClosed(H3.FRAME_UNEXPECTED)},
)
async def priority_update(peer: Peer, updates: tuple[tuple[int, bytes], ...]) -> Reaction:
    session = await peer.open_session(Echo())
    for further, value in updates:
        element = varint.encode(session.id + further)
        await peer.control.send_frames(Frame(FrameType.PRIORITY_UPDATE_REQUEST, element + value))
    await peer.barrier()  # they have arrived
    return await session.echo(AFTER)


# Lengths in bytes of the stream's type, and of the type and the length of its first frame.
Lengths = tuple[int, int, int]
LONG: dict[str, Lengths] = {
    "stream-type-2": (2, 1, 1),
    "stream-type-8": (8, 1, 1),
    "frame-type-2": (1, 2, 1),
    "frame-type-8": (1, 8, 1),
    "frame-length-8": (1, 1, 8),
}
SHORT_OF_STREAM = ConnectionClosed(H3.STREAM_CREATION_ERROR)
SHORT_OF_FRAME = ConnectionClosed(H3.FRAME_ERROR)


@case(
    "control-stream/long-varints",
    title="the numbers that open the control stream may be written in more bytes than they need",
    requires=["ref-quic-varint-any-length"],
    roles=BOTH,
    control="settings/forms",
    control_parameter="long-varints",
    parameters=LONG,
    expect=Expect(Fin(AFTER)),
    faults={
        "wants-short-numbers-on-the-control-stream": {
            "stream-type-2": SHORT_OF_STREAM,
            "stream-type-8": SHORT_OF_STREAM,
            "frame-type-2": SHORT_OF_FRAME,
            "frame-type-8": SHORT_OF_FRAME,
            "frame-length-8": SHORT_OF_FRAME,
        }
    },
)
async def long_varints(peer: Peer, lengths: Lengths) -> Reaction:
    peer.withhold(SETTINGS)
    session = peer.begin_session(Echo())
    payload = settings.encode((await peer.connect()).our_settings)
    numbers = (StreamType.CONTROL, FrameType.SETTINGS, len(payload))
    opening = b"".join(
        varint.encode(number, length=size) for number, size in zip(numbers, lengths, strict=True)
    )
    await peer.control.send(Raw(opening + payload, "forms that our encoder does not choose"))
    return await (await session.require()).echo(AFTER)
