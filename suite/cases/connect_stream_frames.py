"""Capsules: frames that may not stand on the CONNECT stream beside them (RFC 9114 section 4.4)."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Reset, Signal, Silence
from wtspec.suite.wire import varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import Frame, FrameType

FRAMES = {
    "settings": Frame(FrameType.SETTINGS, b""),
    "goaway": Frame(FrameType.GOAWAY, varint.encode(0)),
    "cancel-push": Frame(FrameType.CANCEL_PUSH, varint.encode(0)),
    "max-push-id": Frame(FrameType.MAX_PUSH_ID, varint.encode(1)),
    "http2-priority": Frame(0x2, bytes(5)),
    "http2-ping": Frame(0x6, bytes(8)),
    "http2-window-update": Frame(0x8, bytes(4)),
    "http2-continuation": Frame(0x9, b""),
}
ALSO_OF_FRAMES: dict[int, dict[Signal, str]] = {
    # There was no push to cancel, which is an error of its own wherever the frame stands.
    FrameType.CANCEL_PUSH: {ConnectionClosed(H3.ID_ERROR): "RFC 9114 section 7.2.3"}
}


@case(
    "capsules/connect-stream-frames",
    title="any other known frame on the CONNECT stream of a session costs the connection",
    requires=[
        "ref-connect-stream-frames",
        "ref-settings-elsewhere",
        "ref-goaway-elsewhere",
        "ref-cancel-push-elsewhere",
        "ref-max-push-id-elsewhere",
    ],
    roles=BOTH,
    control="capsules/unknown-skipped",
    violates=True,
    parameters=FRAMES,
    expect=lambda frame: Expect(
        ConnectionClosed(H3.FRAME_UNEXPECTED), tolerated=ALSO_OF_FRAMES.get(frame.type)
    ),
    faults={"takes-any-frame-for-unknown": Silence()},
)
async def connect_stream_frames(peer: Peer, frame: Frame) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_frames(frame)
    return await session.connect_stream.reaction()


@case(
    "capsules/push-promise",
    title="a push promised on the CONNECT stream of a session costs the connection",
    requires=["ref-connect-stream-frames", "ref-push-promise-from-client"],
    roles=BOTH,
    control="capsules/unknown-skipped",
    violates=True,
    # A client allowed no Push ID, so that the number is wrong as well (RFC 9114 section 7.2.5).
    expect=Expect(
        ConnectionClosed(H3.FRAME_UNEXPECTED),
        ConnectionClosed(H3.ID_ERROR),
        tolerated={
            ConnectionClosed(H3.MESSAGE_ERROR): "the promised request lacks fields, section 4.1.2"
        },
    ),
    faults={"takes-any-frame-for-unknown": Silence()},
)
async def push_promise(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    promise = Frame(FrameType.PUSH_PROMISE, varint.encode(0) + b"\0\0\xd1")
    await session.connect_stream.send_frames(promise)
    return await session.connect_stream.reaction()


@case(
    "capsules/trailers",
    title="there are no trailers on the CONNECT stream of a session",
    requires=["ref-connect-stream-frames"],
    roles=BOTH,
    control="capsules/unknown-skipped",
    violates=True,
    parameters={"open": False, "finished": True},
    expect=Expect(
        ConnectionClosed(H3.FRAME_UNEXPECTED),
        tolerated={Reset(H3.MESSAGE_ERROR): "RFC 9114 section 4.1.2: a malformed message"},
    ),
    faults={
        "knows-no-literal-names": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        "takes-any-frame-for-unknown": lambda finished: Fin() if finished else Silence(),
    },
)
async def trailers(peer: Peer, finished: bool) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_headers(((b"x-trailer", b"1"),), finish=finished)
    return await session.connect_stream.reaction()
