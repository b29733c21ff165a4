"""Extension points: what has no meaning is passed over, wherever it stands (RFC 9114 section 9).

On request streams and in capsules: families `messages` and `capsules`.
"""

from wtspec.suite.case import Aftermath, case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import QPACK_STREAMS, SETTINGS, Peer, Raw
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Silence, Stop
from wtspec.suite.wire import frames, grease, transport_parameters, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import Frame
from wtspec.suite.wire.settings import Pairs
from wtspec.suite.wire.stream_header import StreamKind

AFTER = b"after"
GOES_ON = Expect(Fin(AFTER))
# What is long may be too much for somebody.
GOES_ON_UNLESS_LONG = Expect(
    Fin(AFTER),
    tolerated={
        ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: it may count as an attack"
    },
)
# The highest number of the reserved form that a varint can hold, and one that nobody has assigned.
LARGEST = grease.identifier((varint.MAX - grease.identifier(0)) // 0x1F)
UNASSIGNED = 0x3A5F
NUMBERS = {"reserved": grease.identifier(0), "largest": LARGEST, "unassigned": UNASSIGNED}
RESERVED_CODE = grease.identifier(7)
RESERVED_CODES = range(
    grease.identifier(0), varint.MAX + 1, grease.identifier(1) - grease.identifier(0)
)
LONG = 100_000


# SETTINGS and transport parameters

PAIRS: dict[str, Pairs] = {
    "reserved": ((grease.identifier(0), 0), (grease.identifier(1), varint.MAX)),
    "largest": ((LARGEST, varint.MAX),),
    "unassigned": ((UNASSIGNED, 1), (UNASSIGNED + 2, 0)),
}


@case(
    "extension-points/settings",
    title="settings without a meaning change nothing",
    requires=[
        "ref-unknown-settings-ignored",
        "ref-reserved-settings-ignored",
        "ref-unknown-values-ignored",
    ],
    roles=BOTH,
    control="setup/echo",
    parameters=PAIRS,
    expect=GOES_ON,
    faults={
        "closes-on-unknown-settings": ConnectionClosed(H3.SETTINGS_ERROR),
        "closes-on-reserved-settings": {
            "reserved": ConnectionClosed(H3.SETTINGS_ERROR),
            "largest": ConnectionClosed(H3.SETTINGS_ERROR),
        },
    },
)
async def settings(peer: Peer, pairs: Pairs) -> Reaction:
    peer.announce(extra=pairs)
    return await (await peer.open_session(Echo())).echo(AFTER)


@case(
    "extension-points/transport-parameters",
    title="transport parameters without a meaning change nothing",
    requires=["ref-quic-unknown-parameters"],
    roles=BOTH,
    control="setup/echo",
    parameters={
        "reserved": ((transport_parameters.grease(3), b"nothing"),),
        "empty": ((transport_parameters.grease(4), b""),),
        "unassigned": ((UNASSIGNED, bytes(100)),),
    },
    expect=GOES_ON,
    faults={"closes-on-unknown-parameters": ConnectionClosed(0x8, transport=True)},
)
async def parameters(peer: Peer, extra: tuple[tuple[int, bytes], ...]) -> Reaction:
    peer.shape(extra_parameters=extra)
    return await (await peer.open_session(Echo())).echo(AFTER)


# Frames on the control stream


@case(
    "extension-points/control-frames",
    title="frames without a meaning on the control stream change nothing",
    requires=["ref-reserved-frames-ignored", "ref-unknown-values-ignored"],
    roles=BOTH,
    control="setup/echo",
    parameters={
        **{f"{name}-empty": Frame(one, b"") for name, one in NUMBERS.items()},
        "reserved-small": Frame(NUMBERS["reserved"], b"nothing"),
        "unassigned-small": Frame(UNASSIGNED, b"nothing"),
    },
    expect=GOES_ON,
    aftermath=Aftermath(
        session="ref-reserved-frames-ignored", connection="ref-reserved-frames-ignored"
    ),
    faults={"closes-on-unknown-control-frames": ConnectionClosed(H3.FRAME_UNEXPECTED)},
)
async def control_frames(peer: Peer, frame: Frame) -> Reaction:
    session = await peer.open_session(Echo())
    await peer.control.send_frames(frame)
    await peer.barrier()  # it has arrived
    return await session.echo(AFTER)


@case(
    "extension-points/long-control-frame",
    title="a long frame without a meaning on the control stream changes nothing",
    requires=["ref-reserved-frames-ignored"],
    roles=BOTH,
    control="extension-points/control-frames",
    expect=GOES_ON_UNLESS_LONG,
    faults={
        "takes-no-long-control-frames": ConnectionClosed(H3.FRAME_ERROR),
        "takes-no-control-frame-in-pieces": ConnectionClosed(H3.FRAME_ERROR),
    },
)
async def long_control_frame(peer: Peer) -> Reaction:
    return await control_frames(peer, Frame(NUMBERS["reserved"], bytes(LONG)))


@case(
    "extension-points/control-frame-in-pieces",
    title="a frame without a meaning on the control stream comes in pieces, or never to its end",
    requires=["ref-reserved-frames-ignored"],
    roles=BOTH,
    control="extension-points/control-frames",
    parameters={"to-its-end": b"nothing", "never-to-its-end": b""},
    expect=lambda payload: GOES_ON if payload else GOES_ON_UNLESS_LONG,
    faults={
        "takes-no-control-frame-in-pieces": ConnectionClosed(H3.FRAME_ERROR),
        "takes-no-long-control-frames": {"never-to-its-end": ConnectionClosed(H3.FRAME_ERROR)},
    },
)
async def control_frame_in_pieces(peer: Peer, payload: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    length = len(payload) or varint.MAX
    data = frames.encode(NUMBERS["reserved"], payload, announced_length=length)
    for byte in data:
        await peer.control.send(bytes([byte]))
    return await session.echo(AFTER)


# Unidirectional streams

STREAMS = {
    **{f"{name}-open": (one, b"nothing", False) for name, one in NUMBERS.items()},
    **{f"{name}-fin": (one, b"nothing", True) for name, one in NUMBERS.items()},
    "reserved-empty": (NUMBERS["reserved"], b"", True),
    "reserved-long": (NUMBERS["reserved"], bytes(LONG), True),
}
Unknown = tuple[int, bytes, bool]


def unknown_stream(stream_type: int, data: bytes) -> Raw:
    return Raw(varint.encode(stream_type) + data, "a stream type without a meaning")


@case(
    "extension-points/streams",
    title="unidirectional streams of unknown types change nothing",
    requires=["ref-unknown-stream-type", "ref-reserved-stream-types"],
    roles=BOTH,
    control="setup/echo",
    parameters=STREAMS,
    expect=lambda unknown: GOES_ON_UNLESS_LONG if len(unknown[1]) == LONG else GOES_ON,
    aftermath=Aftermath(session="ref-unknown-stream-type", connection="ref-unknown-stream-type"),
    faults={"closes-on-unknown-streams": ConnectionClosed(H3.STREAM_CREATION_ERROR)},
)
async def streams(peer: Peer, unknown: Unknown) -> Reaction:
    stream_type, data, finish = unknown
    session = await peer.open_session(Echo())
    await peer.open_raw(StreamKind.UNI, unknown_stream(stream_type, data), finish=finish)
    await peer.barrier()  # it has arrived
    return await session.echo(AFTER)


@case(
    "extension-points/streams-reset",
    title="a unidirectional stream of unknown type can be reset with any code",
    requires=["ref-unknown-stream-type", "ref-unknown-error-codes"],
    roles=BOTH,
    control="extension-points/streams",
    parameters={
        "reserved-open": H3.NO_ERROR,
        "reserved-fin": RESERVED_CODE,
        "unassigned-open": UNASSIGNED,
    },
    expect=GOES_ON,
    faults={
        "minds-resets-of-unknown-streams": ConnectionClosed(H3.CLOSED_CRITICAL_STREAM),
    },
)
async def streams_reset(peer: Peer, code: int) -> Reaction:
    session = await peer.open_session(Echo())
    first = unknown_stream(NUMBERS["reserved"], b"nothing")
    stream = await peer.open_raw(StreamKind.UNI, first)
    await peer.barrier()  # a stream that is reset at once need not show its type
    await stream.reset(code)
    return await session.echo(AFTER)


@case(
    "extension-points/streams-before-settings",
    title="a unidirectional stream of unknown type can overtake the control stream",
    requires=["ref-unknown-stream-type"],
    roles=BOTH,
    control="extension-points/streams",
    parameters={"reserved-fin": True, "reserved-open": False},
    expect=GOES_ON,
    faults={"wants-known-streams-first": ConnectionClosed(H3.MISSING_SETTINGS)},
)
async def streams_before_settings(peer: Peer, finish: bool) -> Reaction:
    peer.withhold(SETTINGS, QPACK_STREAMS)
    session = peer.begin_session(Echo())
    first = unknown_stream(NUMBERS["reserved"], b"nothing")
    await peer.open_raw(StreamKind.UNI, first, finish=finish)
    await peer.barrier()  # it has arrived
    await peer.release(SETTINGS, QPACK_STREAMS)
    return await (await session.require()).echo(AFTER)


@case(
    "extension-points/streams-stopped",
    title="a unidirectional stream of unknown type is read, or stopped with a fitting code",
    requires=["ref-unknown-stream-type-code"],
    roles=BOTH,
    control="extension-points/streams",
    parameters={"reserved-open": NUMBERS["reserved"], "unassigned-open": UNASSIGNED},
    expect=Expect(
        Silence(),
        Stop(H3.STREAM_CREATION_ERROR),
        Stop(RESERVED_CODES),
        tolerated={Stop(): "ref-unknown-stream-type-code"},
    ),
    faults={"stops-unknown-streams-with-no-error": Stop(H3.NO_ERROR)},
)
async def streams_stopped(peer: Peer, stream_type: int) -> Reaction:
    await peer.open_session(Echo())
    stream = await peer.open_raw(StreamKind.UNI, unknown_stream(stream_type, b"nothing"))
    return await stream.reaction()
