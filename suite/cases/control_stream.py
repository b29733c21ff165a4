"""The control stream and the QPACK streams: one of each, for as long as the connection lives."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import QPACK_STREAMS, SETTINGS, Peer, Raw, Stream
from wtspec.suite.signal import ConnectionClosed, Fin, Observed, Reaction, Reset, Signal, Silence
from wtspec.suite.wire import fields, frames, grease, settings, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import HTTP2_TYPES, Frame, FrameType
from wtspec.suite.wire.stream_header import StreamKind, StreamType


def connection_error(*codes: H3, also: Mapping[Signal, str] | None = None) -> Expect:
    less_specific: dict[Signal, str] = {
        ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"
    }
    return Expect(ConnectionClosed(frozenset(codes)), tolerated={**less_specific, **(also or {})})


def number(frame_type: FrameType, value: int) -> Frame:
    return Frame(frame_type, varint.encode(value))


def reset(stream: Stream) -> Awaitable[None]:
    return stream.reset(H3.NO_ERROR)


End = Callable[[Stream], Awaitable[None]]
ENDS: dict[str, End] = {"fin": Stream.finish, "reset": reset}
QPACK = {"encoder": StreamType.QPACK_ENCODER, "decoder": StreamType.QPACK_DECODER}
RESERVED = Frame(grease.identifier(5), b"nothing")
ONE_OF_EACH = (StreamType.CONTROL, *QPACK.values())


def counted(*numbers: int) -> Observed:
    return Observed("streams", tuple(zip((one.name for one in ONE_OF_EACH), numbers, strict=True)))


# What the endpoint opens


@case(
    "control-stream/one-of-each",
    title="one control stream and at most one QPACK stream of each kind",
    requires=["ref-one-control-stream", "ref-settings-first"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(counted(1, 1, 1), counted(1, 0, 0), counted(1, 1, 0), counted(1, 0, 1)),
    faults={"opens-two-control-streams": counted(2, 1, 1)},
)
async def one_of_each(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await peer.barrier()  # what it opened at the beginning is here
    types = list(peer.connection.uni_types.values())
    return Reaction("connection", (counted(*(types.count(kind) for kind in ONE_OF_EACH)),))


# One of each, and for ever


@case(
    "control-stream/second",
    title="a second control stream is an error",
    requires=["ref-second-control-stream"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.STREAM_CREATION_ERROR),
    faults={"takes-a-second-control-stream": Silence()},
)
async def second(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.CONTROL))
    return await peer.reaction()


@case(
    "control-stream/ended",
    title="a control stream that ends is an error",
    requires=["ref-critical-stream-closed"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=ENDS,
    expect=connection_error(H3.CLOSED_CRITICAL_STREAM),
    faults={
        "lives-on-without-control-stream": Silence(),
        "minds-no-reset-of-critical-streams": {"reset": Silence()},
    },
)
async def ended(peer: Peer, end: End) -> Reaction:
    await peer.open_session(Echo())
    await end(peer.control)
    return await peer.reaction()


@case(
    "control-stream/qpack-second",
    title="a second QPACK stream of one kind is an error",
    requires=["ref-qpack-second-stream"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=QPACK,
    expect=connection_error(H3.STREAM_CREATION_ERROR),
    faults={"takes-a-second-qpack-stream": Silence()},
)
async def qpack_second(peer: Peer, which: StreamType) -> Reaction:
    await peer.open_session(Echo())
    await peer.open_raw(StreamKind.UNI, peer.encode(which))
    return await peer.reaction()


@case(
    "control-stream/qpack-ended",
    title="a QPACK stream that ends is an error",
    requires=["ref-qpack-stream-closed"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={
        f"{name}-{how}": (which, end)
        for (name, which), (how, end) in product(QPACK.items(), ENDS.items())
    },
    expect=connection_error(H3.CLOSED_CRITICAL_STREAM),
    faults={"lives-on-without-qpack-streams": Silence()},
)
async def qpack_ended(peer: Peer, parameter: tuple[StreamType, End]) -> Reaction:
    which, end = parameter
    peer.withhold(QPACK_STREAMS)
    session = peer.begin_session(Echo())
    streams = {}
    for kind in QPACK.values():
        streams[kind] = await peer.open_raw(StreamKind.UNI, peer.encode(kind))
    await session.require()
    await end(streams[which])
    return await peer.reaction()


# The order in which they come

Order = Callable[[Peer], Awaitable[object]]


async def decoder_first(peer: Peer) -> None:
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.QPACK_DECODER))
    await peer.barrier()
    await peer.release(SETTINGS)
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.QPACK_ENCODER))


async def control_on_a_later_stream(peer: Peer) -> None:
    await peer.release(QPACK_STREAMS)
    payload = settings.encode(peer.connection.our_settings)
    frame = peer.encode(Frame(FrameType.SETTINGS, payload))
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.CONTROL) + frame)


async def no_qpack(peer: Peer) -> None:
    await peer.release(SETTINGS)


ORDERS: dict[str, Order] = {
    "decoder-first": decoder_first,
    "control-on-a-later-stream": control_on_a_later_stream,
    "no-qpack": no_qpack,
}


@case(
    "control-stream/order",
    title="unidirectional streams come in any order, and QPACK streams need not come at all",
    requires=["ref-qpack-streams-allowed"],
    roles=BOTH,
    control="setup/echo",
    parameters=ORDERS,
    expect=Expect(Fin(b"x")),
    faults={
        "wants-the-encoder-stream-before-the-decoder-stream": {
            "decoder-first": ConnectionClosed(H3.STREAM_CREATION_ERROR)
        },
        "wants-control-on-the-first-stream": {
            "control-on-a-later-stream": ConnectionClosed(H3.STREAM_CREATION_ERROR)
        },
        "wants-qpack-streams": {"no-qpack": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED)},
    },
)
async def order(peer: Peer, arrive: Order) -> Reaction:
    peer.withhold(SETTINGS, QPACK_STREAMS)
    session = peer.begin_session(Echo())
    await arrive(peer)
    return await (await session.require()).echo(b"x")


# Frames on the control stream


async def answer_to(peer: Peer, *sent: Frame) -> Reaction:
    """What comes of frames on the control stream of a connection with a session."""
    await peer.open_session(Echo())
    await peer.control.send_frames(*sent)
    return await peer.reaction()


FIRST = {
    "goaway": number(FrameType.GOAWAY, 0),
    "max-push-id": number(FrameType.MAX_PUSH_ID, 0),
    "reserved": RESERVED,
}
ALSO_OF_FIRST: dict[int, dict[Signal, str]] = {
    # From a server it is an error of its own, wherever it stands.
    FrameType.MAX_PUSH_ID: {ConnectionClosed(H3.FRAME_UNEXPECTED): "RFC 9114 section 7.2.7"},
    # Of a type that nobody knows, section 9 says no more than that it should be an error.
    RESERVED.type: dict.fromkeys(
        (Silence(), ConnectionClosed(H3.FRAME_UNEXPECTED)), "RFC 9114 section 9"
    ),
}


@case(
    "control-stream/settings-not-first",
    title="a control stream that does not begin with SETTINGS is an error",
    requires=["ref-missing-settings"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=FIRST,
    expect=lambda first: connection_error(H3.MISSING_SETTINGS, also=ALSO_OF_FIRST.get(first.type)),
    faults={"takes-any-first-frame": Silence()},
)
async def settings_not_first(peer: Peer, first: Frame) -> Reaction:
    peer.withhold(SETTINGS)
    await peer.connect()
    await peer.control.send(peer.encode(StreamType.CONTROL) + peer.encode(first))
    return await peer.reaction()


@case(
    "control-stream/settings-twice",
    title="a second SETTINGS frame is an error",
    requires=["ref-second-settings"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.FRAME_UNEXPECTED),
    faults={"takes-settings-twice": Silence()},
)
async def settings_twice(peer: Peer) -> Reaction:
    return await answer_to(peer, Frame(FrameType.SETTINGS, b""))


@case(
    "control-stream/data",
    title="DATA on the control stream is an error",
    requires=["ref-data-on-control-stream"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.FRAME_UNEXPECTED),
    faults={"takes-messages-on-the-control-stream": Silence()},
)
async def data(peer: Peer) -> Reaction:
    return await answer_to(peer, Frame(FrameType.DATA, b""))


@case(
    "control-stream/headers",
    title="HEADERS on the control stream are an error",
    requires=["ref-headers-on-control-stream"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.FRAME_UNEXPECTED),
    faults={"takes-messages-on-the-control-stream": Silence()},
)
async def headers(peer: Peer) -> Reaction:
    # Nothing but the place is wrong with them: a section without field lines.
    return await answer_to(peer, Frame(FrameType.HEADERS, fields.encode(())))


@case(
    "control-stream/http2-frames",
    title="a frame type that only HTTP/2 has is an error on the control stream",
    requires=["ref-http2-frames"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=sorted(HTTP2_TYPES),
    expect=connection_error(H3.FRAME_UNEXPECTED),
    faults={"passes-over-frames-of-http2": Silence()},
)
async def http2_frames(peer: Peer, frame_type: int) -> Reaction:
    return await answer_to(peer, Frame(frame_type, bytes(4)))


@case(
    "control-stream/payload-size",
    title="a frame on the control stream with too few or too many bytes is an error",
    requires=["ref-frame-payload-exact"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={
        "goaway-empty": Frame(FrameType.GOAWAY, b""),
        "goaway-too-long": Frame(FrameType.GOAWAY, bytes(2)),
        "goaway-cut": Frame(FrameType.GOAWAY, b"\x40"),
    },
    expect=connection_error(H3.FRAME_ERROR),
    faults={"reads-what-there-is-of-a-frame": Silence()},
)
async def payload_size(peer: Peer, frame: Frame) -> Reaction:
    return await answer_to(peer, frame)


@case(
    "control-stream/settings-cut",
    title="SETTINGS that end inside a setting are an error",
    requires=["ref-frame-payload-exact"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"no-value": b"\x21", "half-identifier": b"\x40", "half-value": b"\x21\x40"},
    expect=connection_error(
        H3.FRAME_ERROR,
        also={ConnectionClosed(H3.SETTINGS_ERROR): "the payload of SETTINGS is wrong"},
    ),
    faults={"takes-what-is-whole-of-settings": Silence()},
)
async def settings_cut(peer: Peer, rest: bytes) -> Reaction:
    peer.withhold(SETTINGS)
    whole = settings.encode((await peer.connect()).our_settings)
    frame = peer.encode(Frame(FrameType.SETTINGS, whole + rest))
    await peer.control.send(peer.encode(StreamType.CONTROL) + frame)
    return await peer.reaction()


@case(
    "control-stream/cut-by-fin",
    title="a control stream that ends inside a frame is an error",
    requires=["ref-frame-cut-by-fin"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"known": FrameType.GOAWAY, "reserved": RESERVED.type},
    # Both rules apply: it ends inside a frame, and it ends.
    expect=connection_error(H3.FRAME_ERROR, H3.CLOSED_CRITICAL_STREAM),
    faults={"lives-on-without-control-stream": Silence()},
)
async def cut_by_fin(peer: Peer, frame_type: int) -> Reaction:
    await peer.open_session(Echo())
    # As far as it goes it is the number 0, which is fine in any GOAWAY.
    cut = Raw(frames.encode(frame_type, b"\0", announced_length=8), "cut inside its payload")
    await peer.control.send_frames(cut, finish=True)
    return await peer.reaction()


# Identifiers


@case(
    "control-stream/goaway-no-request",
    title="a GOAWAY that names no client-initiated bidirectional stream is an error",
    requires=["ref-goaway-stream-id"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=[1, 2, 3, 4_611_686_018_427_387_903],
    expect=connection_error(H3.ID_ERROR),
    faults={"takes-any-id-in-goaway": Silence()},
)
async def goaway_no_request(peer: Peer, last_id: int) -> Reaction:
    await peer.open_session(Echo())
    await peer.goaway(last_id)
    return await peer.reaction()


@case(
    "control-stream/max-push-id",
    title="a server takes MAX_PUSH_ID, growing or the same",
    requires=["ref-max-push-id-taken"],
    roles=[Role.SERVER],
    control="setup/echo",
    expect=Expect(Fin(b"x")),
    faults={"closes-on-max-push-id": ConnectionClosed(H3.FRAME_UNEXPECTED)},
)
async def max_push_id(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    for push_id in (0, 7, 7, varint.MAX):
        await peer.control.send_frames(number(FrameType.MAX_PUSH_ID, push_id))
    return await session.echo(b"x")


@case(
    "control-stream/max-push-id-lower",
    title="a MAX_PUSH_ID below an earlier one is an error",
    requires=["ref-max-push-id-lower"],
    roles=[Role.SERVER],
    control="control-stream/max-push-id",
    violates=True,
    expect=connection_error(H3.ID_ERROR),
    faults={"takes-a-lower-max-push-id": Silence()},
)
async def max_push_id_lower(peer: Peer) -> Reaction:
    return await answer_to(peer, *(number(FrameType.MAX_PUSH_ID, push_id) for push_id in (7, 6)))


@case(
    "control-stream/max-push-id-of-a-server",
    title="MAX_PUSH_ID from a server is an error",
    requires=["ref-max-push-id-from-server"],
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.FRAME_UNEXPECTED),
    faults={"takes-max-push-id-of-a-server": Silence()},
)
async def max_push_id_of_a_server(peer: Peer) -> Reaction:
    return await answer_to(peer, number(FrameType.MAX_PUSH_ID, 7))


@case(
    "control-stream/cancel-push",
    title="a CANCEL_PUSH that names a push there never was is an error",
    requires=["ref-cancel-push-unknown"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.ID_ERROR),
    faults={"takes-any-cancel-push": Silence()},
)
async def cancel_push(peer: Peer) -> Reaction:
    # A client that allows some pushes may yet be promised those, but not the last there can be.
    return await answer_to(peer, number(FrameType.CANCEL_PUSH, varint.MAX))


# Elsewhere


@case(
    "control-stream/request-cut-by-fin",
    title="a CONNECT stream that ends inside a frame is an error",
    requires=["ref-frame-cut-by-fin"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"data": FrameType.DATA, "reserved": RESERVED.type},
    expect=connection_error(H3.FRAME_ERROR),
    # What is left then is a cut capsule, or a clean end.
    faults={"minds-no-cut-frame-on-requests": {"data": Reset(H3.MESSAGE_ERROR), "reserved": Fin()}},
)
async def request_cut_by_fin(peer: Peer, frame_type: int) -> Reaction:
    session = await peer.open_session(Echo())
    cut = Raw(frames.encode(frame_type, b"ab", announced_length=8), "cut inside its payload")
    await session.connect_stream.send_frames(cut, finish=True)
    return await session.connect_stream.reaction()


@case(
    "control-stream/push-of-a-client",
    title="a push stream of a client is an error",
    requires=["ref-client-push-stream"],
    roles=[Role.SERVER],
    control="setup/session-opens",
    violates=True,
    expect=connection_error(H3.STREAM_CREATION_ERROR),
    faults={"takes-pushes-of-a-client": Silence()},
)
async def push_of_a_client(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await peer.open_raw(StreamKind.UNI, peer.encode(StreamType.PUSH) + varint.encode(0))
    return await peer.reaction()
