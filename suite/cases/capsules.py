"""Capsules: a stream of bytes in the DATA frames of the CONNECT stream, and what may stand beside.

The proof that a capsule was read is a close that the API reports, or an echo that still comes back.
"""

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import ANSWERS, Peer, Raw
from wtspec.suite.signal import (
    ConnectionClosed,
    Fin,
    Reaction,
    Reported,
    Reset,
    Silence,
)
from wtspec.suite.wire import capsule, frames, grease, varint
from wtspec.suite.wire.capsule import (
    CapsuleType,
    CloseSession,
    DatagramCapsule,
    UnknownCapsule,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import Frame, FrameType

CLOSE = CloseSession(7, b"bye")
CLOSE_BYTES = capsule.encode(CLOSE)
UNKNOWN = UnknownCapsule(capsule.grease(5), b"grease")
SHORT_CLOSE = capsule.encode_raw(CapsuleType.CLOSE_SESSION, b"")
BEFORE = len(capsule.encode(UNKNOWN))
CLOSED = Reported("closed", None, CLOSE.code)
ENDED_BY_ERROR = Reported("closed", "local")
AFTER = b"after"
ENDLESS = varint.MAX
ESCALATED = "RFC 9114 section 8: a stream error may be treated as one of the connection"
PARSE_ERROR = "RFC 9297 section 5.2 names this code for capsules that cannot be parsed"
INCOMPLETE = "RFC 9297 section 3.3: malformed or incomplete"
BROKEN = {
    ConnectionClosed(H3.MESSAGE_ERROR): ESCALATED,
    Reset(H3.DATAGRAM_ERROR): PARSE_ERROR,
    ConnectionClosed(H3.DATAGRAM_ERROR): PARSE_ERROR,
}
# An endpoint needs no connection whose only session is over.
GIVEN_UP = (ConnectionClosed(H3.NO_ERROR),)
MALFORMED = Expect(Reset(H3.MESSAGE_ERROR), tolerated=BROKEN, expected_beside=GIVEN_UP)

Capsules = tuple[UnknownCapsule, ...]


def goes_on(size_bytes: int) -> Expect:
    """The echo behind so much that means nothing."""
    limited = ConnectionClosed(H3.EXCESSIVE_LOAD)
    note = "RFC 9114 section 10.5: it may limit what it ignores"
    return Expect(Fin(AFTER), tolerated={limited: note} if size_bytes > 1000 else {})


@case(
    "capsules/unknown-skipped",
    title="capsules of unknown types and any size leave the session alone",
    requires=["ref-capsule-unknown-skipped"],
    roles=BOTH,
    control="setup/echo",
    parameters={
        "empty": (UnknownCapsule(capsule.grease(0), b""),),
        "one-byte": (UnknownCapsule(capsule.grease(2), b"*"),),
        "70-kB": (UnknownCapsule(capsule.grease(7), b"*" * 70_000),),
        "unassigned": (UnknownCapsule(0x1234567, b"*" * 100),),
        "largest-type": (UnknownCapsule(varint.MAX, b"*"),),
        "thousand": (UnknownCapsule(capsule.grease(1), b""),) * 1000,
    },
    expect=lambda unknown: goes_on(sum(2 + len(one.payload) for one in unknown)),
    faults={"refuses-unknown-capsules": Reset()},
)
async def unknown_skipped(peer: Peer, unknown: Capsules) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(*unknown, in_one_frame=True)
    await peer.barrier()
    return await session.echo(AFTER)


@case(
    "capsules/unknown-between",
    title="a known capsule behind unknown ones is found",
    requires=["ref-capsule-unknown-skipped"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    parameters={"small": 3, "64-KiB": 65536, "70-kB": 70_000},
    expect=Expect(CLOSED),
    faults={
        "refuses-unknown-capsules": ENDED_BY_ERROR,
        # What fits one packet comes in one piece, in one frame.
        "reads-each-frame-for-itself": {"64-KiB": Silence(), "70-kB": Silence()},
    },
)
async def unknown_between(peer: Peer, size_bytes: int) -> Reaction:
    session = await peer.open_session(Echo())
    # Whoever begins to read in its midst reads the type and the length of a capsule without end.
    unknown = UnknownCapsule(capsule.grease(9), b"\xff" * size_bytes)
    await session.connect_stream.send_capsules(unknown, UNKNOWN, CLOSE, in_one_frame=True)
    return await session.reported("closed")


# Sizes of the first DATA frames; the last one takes the rest.
CUTS: dict[str, tuple[int, ...]] = {
    "byte-by-byte": (1,) * (BEFORE + len(CLOSE_BYTES) - 1),
    "inside-the-type": (BEFORE + 1,),
    "behind-the-type": (BEFORE + 2,),
    "inside-the-code": (BEFORE + 5,),
    "inside-the-message": (BEFORE + 8,),
    "with-empty-frames": (0, BEFORE + 4, 0, 0),
}


@case(
    "capsules/in-any-frames",
    title="where DATA frames begin and end means nothing to capsules",
    requires=["ref-data-stream-framing", "setup-capsule-protocol"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    parameters={"in-one-frame": (), "behind-empty-frames": (0, 0, 0), **CUTS},
    expect=Expect(CLOSED),
    faults={
        "reads-one-known-capsule-of-a-frame": {"with-empty-frames": Silence()},
        "reads-each-frame-for-itself": dict.fromkeys(CUTS, Silence()),
        "refuses-unknown-capsules": ENDED_BY_ERROR,
    },
)
async def in_any_frames(peer: Peer, sizes: tuple[int, ...]) -> Reaction:
    session = await peer.open_session(Echo())
    data = peer.encode(UNKNOWN) + peer.encode(CLOSE)
    await session.connect_stream.send_in_pieces(data, sizes)
    return await session.reported("closed")


@case(
    "capsules/in-any-packets",
    title="a capsule that comes byte by byte, each in a frame and a packet of its own, is read",
    requires=["ref-data-stream-framing"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(CLOSED),
    faults={"reads-each-frame-for-itself": Silence()},
)
async def in_any_packets(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    for byte in peer.encode(CLOSE):
        await session.connect_stream.send(bytes([byte]))
    return await session.reported("closed")


@case(
    "capsules/reserved-frames-inside",
    title="a reserved frame between two DATA frames does not cut the capsule in them",
    requires=["ref-data-stream-framing", "ref-reserved-frames-ignored"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    parameters={"empty": b"", "small": b"grease", "70-kB": b"*" * 70_000},
    expect=Expect(CLOSED),
    faults={
        "reads-each-frame-for-itself": Silence(),
        "takes-reserved-frames-for-data": {"small": ENDED_BY_ERROR},
        "refuses-reserved-frames-in-messages": Reported("closed", "transport"),
    },
)
async def reserved_frames_inside(peer: Peer, payload: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_frames(
        Frame(FrameType.DATA, CLOSE_BYTES[:5]),
        Frame(grease.identifier(6), payload),
        Frame(FrameType.DATA, CLOSE_BYTES[5:]),
    )
    return await session.reported("closed")


def in_forms(type_bytes: int, length_bytes: int) -> bytes:
    """The close capsule with varints of these lengths."""
    value = CLOSE_BYTES[3:]
    kind = varint.encode(CapsuleType.CLOSE_SESSION, length=type_bytes)
    return kind + varint.encode(len(value), length=length_bytes) + value


@case(
    "capsules/long-varints",
    title="type and length of a capsule may be written in more bytes than they need",
    requires=["close-on-capsule"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    parameters={"type-4": (4, 1), "type-8": (8, 1), "length-2": (2, 2), "both-8": (8, 8)},
    expect=Expect(CLOSED),
    faults={"wants-short-varints": Silence()},
)
async def long_varints(peer: Peer, form: tuple[int, int]) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send(in_forms(*form))
    return await session.reported("closed")


@case(
    "capsules/truncated-at-fin",
    title="an end inside a capsule is malformed",
    requires=["ref-capsule-truncated-at-fin"],
    roles=BOTH,
    control="termination/recipient-ends-stream",
    violates=True,
    parameters={
        **{f"close-after-{cut}": CLOSE_BYTES[:cut] for cut in range(1, len(CLOSE_BYTES))},
        "unknown": capsule.encode_raw(UNKNOWN.type, b"ab", announced_length=5),
        "unknown-endless": capsule.encode_raw(UNKNOWN.type, b"ab", announced_length=ENDLESS),
    },
    expect=Expect(
        Reset(H3.MESSAGE_ERROR),
        tolerated={**BROKEN, Reset(H3.REQUEST_INCOMPLETE): INCOMPLETE},
        expected_beside=GIVEN_UP,
    ),
    faults={
        "takes-truncated-capsules": Fin(),
        "closes-for-long-capsules": {"unknown-endless": ConnectionClosed(H3.INTERNAL_ERROR)},
    },
)
async def truncated_at_fin(peer: Peer, data: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send(Raw(data, "a capsule cut by the end"), finish=True)
    return await session.connect_stream.reaction()


@case(
    "capsules/short-close",
    title="a close capsule too short for its code is malformed",
    requires=["ref-capsule-exact-payload"],
    roles=BOTH,
    control="termination/recipient-ends-stream",
    violates=True,
    parameters={f"{size}-bytes": size for size in range(4)},
    expect=MALFORMED,
    faults={
        "takes-any-close-message": dict.fromkeys(("1-bytes", "2-bytes", "3-bytes"), Fin()),
        "takes-malformed-capsules": Silence(),
    },
)
async def short_close(peer: Peer, size_bytes: int) -> Reaction:
    session = await peer.open_session(Echo())
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, bytes(size_bytes))
    await session.connect_stream.send(Raw(data, "no room for the code"))
    return await session.connect_stream.reaction()


@case(
    "capsules/drain-with-payload",
    title="a drain capsule with content is malformed",
    requires=["ref-capsule-exact-payload", "drain-capsule-format"],
    dialects=http3.since(7),
    roles=BOTH,
    control="shutdown/drain-goes-on",
    violates=True,
    # Nothing but RFC 9297 speaks of it, and an endpoint need not know the capsule at all.
    expect=Expect(
        Reset(H3.MESSAGE_ERROR),
        readings={Silence(): "A30/ignored"},
        tolerated=BROKEN,
        expected_beside=GIVEN_UP,
    ),
    faults={"takes-odd-drain-for-close": Fin()},
)
async def drain_with_payload(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    data = capsule.encode_raw(CapsuleType.DRAIN_SESSION, b"x")
    await session.connect_stream.send(Raw(data, "a drain capsule is empty"))
    return await session.connect_stream.reaction()


@case(
    "capsules/limit-with-wrong-payload",
    title="a limit with bytes too many or too few is malformed",
    requires=["ref-capsule-exact-payload"],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="capsules/unknown-skipped",
    violates=True,
    parameters={
        "data-and-more": (CapsuleType.MAX_DATA, varint.encode(1 << 30) + b"\0"),
        "data-empty": (CapsuleType.MAX_DATA, b""),
        "data-cut": (CapsuleType.MAX_DATA, varint.encode(1 << 30)[:2]),
        "bidi-and-more": (CapsuleType.MAX_STREAMS_BIDI, varint.encode(1000) + b"\0"),
        # Not of the capsules that tell of being blocked: who never looks at one knows none.
        "uni-cut": (CapsuleType.MAX_STREAMS_UNI, varint.encode(1000)[:1]),
    },
    expect=MALFORMED,
    faults={"takes-malformed-capsules": Silence()},
)
async def limit_with_wrong_payload(peer: Peer, wrong: tuple[CapsuleType, bytes]) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send(Raw(capsule.encode_raw(*wrong), "not one whole number"))
    return await session.connect_stream.reaction()


@case(
    "capsules/endless-unknown",
    title="a length of 2^62-1 with little behind it is waited for, and costs nothing else",
    requires=["ref-capsule-unknown-skipped", "ref-reserved-frames-ignored"],
    roles=BOTH,
    control="capsules/unknown-skipped",
    parameters={
        "capsule": frames.encode(
            FrameType.DATA, capsule.encode_raw(UNKNOWN.type, b"a", announced_length=ENDLESS)
        ),
        "frame": frames.encode(grease.identifier(8), b"a", announced_length=ENDLESS),
        "data": frames.encode(FrameType.DATA, b"", announced_length=ENDLESS),
    },
    expect=Expect(
        Fin(AFTER),
        tolerated={
            Reset(): "RFC 9114 section 10.5: it may limit what it is ready to read",
            ConnectionClosed(H3.NO_ERROR): "RFC 9114 section 10.5: the same",
            ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: the same",
        },
    ),
    faults={
        "closes-for-long-capsules": {"capsule": ConnectionClosed(H3.INTERNAL_ERROR)},
        "refuses-reserved-frames-in-messages": {"frame": ConnectionClosed(H3.FRAME_UNEXPECTED)},
    },
)
async def endless_unknown(peer: Peer, data: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_frames(Raw(data, "its length is never reached"))
    return await session.echo(AFTER)


@case(
    "capsules/endless-close",
    title="a close capsule of 2^62-1 bytes is refused or waited for",
    requires=["ref-malformed-message"],
    roles=BOTH,
    control="termination/recipient-ends-stream",
    violates=True,
    expect=Expect(
        Silence(),
        Reset(H3.MESSAGE_ERROR),
        tolerated={
            **BROKEN,
            Reset(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5",
            ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5",
            ConnectionClosed(H3.NO_ERROR): "RFC 9114 section 5.3: given up without an error",
        },
        expected_beside=GIVEN_UP,
    ),
    faults={"closes-for-long-capsules": ConnectionClosed(H3.INTERNAL_ERROR)},
)
async def endless_close(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    data = capsule.encode_raw(CapsuleType.CLOSE_SESSION, bytes(8), announced_length=ENDLESS)
    await session.connect_stream.send(Raw(data, "its length is never reached"))
    return await session.connect_stream.reaction()


@case(
    "capsules/in-an-endless-frame",
    title="a capsule is read as it comes, however long the DATA frame around it claims to be",
    requires=["ref-capsule-not-accumulated", "ref-data-stream-framing"],
    roles=BOTH,
    control="termination/code-reported",
    needs=["closed", "close-code"],
    expect=Expect(CLOSED),
    faults={"waits-for-the-end-of-frames": Silence()},
)
async def in_an_endless_frame(peer: Peer) -> Reaction:
    # Our FIN in answer would cut the frame.
    peer.withhold(ANSWERS)
    session = await peer.open_session(Echo())
    data = frames.encode(FrameType.DATA, CLOSE_BYTES, announced_length=ENDLESS)
    await session.connect_stream.send_frames(Raw(data, "its length is never reached"))
    return await session.reported("closed")


@case(
    "capsules/reserved-frames",
    title="reserved frames on the CONNECT stream of a session mean nothing",
    requires=["ref-reserved-frames-ignored", "ref-connect-stream-frames"],
    roles=BOTH,
    control="setup/echo",
    # As a capsule the small one would be a broken close.
    parameters={"empty": b"", "small": SHORT_CLOSE, "70-kB": b"*" * 70_000},
    expect=lambda payload: goes_on(len(payload)),
    faults={
        "takes-reserved-frames-for-data": {"small": Reset()},
        "refuses-reserved-frames-in-messages": ConnectionClosed(H3.FRAME_UNEXPECTED),
    },
)
async def reserved_frames(peer: Peer, payload: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_frames(Frame(grease.identifier(6), payload))
    await peer.barrier()  # an echo that overtakes the frame would prove nothing
    return await session.echo(AFTER)


@case(
    "capsules/datagram-harmless",
    title="a DATAGRAM capsule, known or not, is no error",
    requires=["ref-capsule-unknown-skipped"],
    roles=BOTH,
    control="capsules/unknown-skipped",
    expect=Expect(Fin(AFTER)),
    faults={"refuses-datagram-capsules": Reset()},
)
async def datagram_harmless(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(DatagramCapsule(b"hello"))
    return await session.echo(AFTER)
