"""Streams: their headers, their bytes, their order, and what a broken one may cost."""

from hashlib import sha256
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Sink, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction, Drop, Fate, Hold, Swap
from wtspec.suite.peer.answers import (
    CAME_BACK,
    CHANGED,
    FIRST_VARINT,
    NOT_ALLOWED,
    SESSION_ID,
    SILENT,
    UNASKED,
    answer,
    broken_rules,
    came_back,
    opening,
    own_stream,
)
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Silence,
)
from wtspec.suite.wire import frames, stream_header
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import BIDI_SIGNAL, UNI_TYPE, StreamHeader, StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
FIRST_VARINTS = {"uni": UNI_TYPE, "bidi": BIDI_SIGNAL}
TO_ENDPOINT = Direction.TO_ENDPOINT


def pattern(size_bytes: int) -> bytes:
    """The contract's filler."""
    return bytes(place % 251 for place in range(size_bytes))


# What the endpoint sends


@case(
    "streams/own-opening",
    title="the endpoint's streams begin with 0x54 or 0x41",
    requires=[
        "uni-stream-type-54",
        "bidi-signal-value-41",
        "setup-feature-set",
        "iana-frame-type",
        "iana-stream-type",
        "ov-op-stream-create-uni",
        "ov-op-stream-create-bidi",
        "ov-features-all",
    ],
    roles=BOTH,
    control="setup/echo",
    parameters=KINDS,
    expect=lambda kind: Expect(
        Observed(FIRST_VARINT, FIRST_VARINTS[kind.value]), expected_beside=(Observed(SESSION_ID),)
    ),
    faults={
        "opens-streams-of-type-55": {"uni": Observed(FIRST_VARINT, 0x55)},
        "signals-streams-with-42": {"bidi": Observed(FIRST_VARINT, 0x42)},
    },
)
async def own_opening(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(uni=1, bidi=1))
    return await opening(session, kind)


@case(
    "streams/own-signal",
    title="a bidirectional stream of the endpoint begins with 0x41 though it brings nothing else",
    requires=["bidi-server-signal", "bidi-client-signal"],
    dialects=http3.since(6),
    roles=BOTH,
    control="streams/own-opening",
    parameters={"bidi": StreamKind.BIDI},
    expect=Expect(Observed(FIRST_VARINT, BIDI_SIGNAL), expected_beside=(Observed(SESSION_ID),)),
    faults={"sends-nothing-for-empty-streams": Silence()},
)
async def own_signal(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(bidi=1, size_bytes=0))
    return await opening(session, kind)


@case(
    "streams/own-payload",
    title="behind the header of the endpoint's streams stand its bytes, then FIN",
    requires=["uni-layout", "bidi-layout", "ov-op-send-bytes"],
    roles=BOTH,
    control="session-ids/own-streams",
    parameters=KINDS,
    expect=Expect(Fin(pattern(300))),
    faults={"frames-own-payload": Fin()},
)
async def own_payload(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(uni=1, bidi=1, size_bytes=300))
    return await own_stream(session, kind)


@case(
    "streams/own-empty",
    title="a stream of the endpoint may end without a byte",
    requires=["uni-layout", "bidi-layout", "ov-op-close-send"],
    roles=BOTH,
    control="streams/own-payload",
    parameters=KINDS,
    expect=Expect(Fin(b"")),
    faults={
        "leaves-empty-streams-open": Silence(),
        "sends-nothing-for-empty-streams": Silence(),
    },
)
async def own_empty(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(uni=1, bidi=1, size_bytes=0))
    return await own_stream(session, kind)


@case(
    "streams/no-signal-elsewhere",
    title="the endpoint sends 0x41 at the beginning of streams and nowhere else",
    requires=["bidi-wt-stream-only-first"],
    dialects=http3.since(5),
    roles=BOTH,
    control="streams/own-payload",
    parameters={"bidi": StreamKind.BIDI},
    expect=Expect(Absent("H3_FRAME_ERROR")),
    faults={"repeats-the-signal": Observed("broken rule", "H3_FRAME_ERROR")},
)
async def no_signal_elsewhere(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(bidi=1, uni=1))
    await own_stream(session, kind)
    await peer.barrier()
    return broken_rules(peer, H3.FRAME_ERROR)


# What it makes of ours


@case(
    "streams/echo",
    title="our streams bring bytes, and FIN",
    requires=[
        "uni-layout",
        "bidi-layout",
        "uni-either-side",
        "setup-exchange-mechanisms",
        "ov-op-stream-receive-uni",
        "ov-op-stream-receive-bidi",
    ],
    roles=BOTH,
    control="streams/own-payload",
    parameters=KINDS,
    expect=Expect(Fin(b"\x05hello")),
    faults={"takes-the-first-byte-for-a-length": Fin()},
)
async def echo(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(b"\x05hello", finish=True)
    return await answer(session, stream)


@case(
    "streams/header-in-pieces",
    title="a header may come byte by byte",
    requires=["uni-layout", "bidi-layout"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=Expect(Fin(b"pieces")),
    faults={"forgets-headers-in-pieces": Silence()},
)
async def header_in_pieces(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open(kind, header=b"")
    for byte in peer.encode(StreamHeader(kind, session.id)):
        await stream.send(bytes([byte]))
    await stream.send(b"pieces", finish=True)
    return await answer(session, stream)


@case(
    "streams/long-type",
    title="the first number of a stream may take four or eight bytes",
    requires=["uni-layout", "bidi-layout"],
    roles=BOTH,
    control="streams/echo",
    parameters={f"{kind}-{length}": (KINDS[kind], length) for kind in KINDS for length in (4, 8)},
    expect=Expect(Fin(b"long")),
    faults={"takes-short-varints-only": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def long_type(peer: Peer, parameter: tuple[StreamKind, int]) -> Reaction:
    kind, length = parameter
    session = await peer.open_session(Echo())
    header = stream_header.encode(kind, session.id, type_length=length)
    stream = await session.open(kind, header=Raw(header, "not the shortest form, which is legal"))
    await stream.send(b"long", finish=True)
    return await answer(session, stream)


@case(
    "streams/empty",
    title="a stream that brings a header alone is a stream",
    requires=["uni-layout", "bidi-layout"],
    roles=BOTH,
    control="streams/own-empty",
    parameters={
        f"{kind}-{when}": (KINDS[kind], when == "at-once")
        for kind, when in product(KINDS, ("at-once", "fin-later"))
    },
    expect=Expect(Fin(b"")),
    faults={"forgets-empty-streams": Silence()},
)
async def empty(peer: Peer, parameter: tuple[StreamKind, bool]) -> Reaction:
    kind, at_once = parameter
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(b"", finish=at_once)
    await peer.barrier()
    await stream.finish()
    return await answer(session, stream)


FRAME_LIKE = {
    "data-frame": frames.encode(frames.FrameType.DATA, b"hello"),
    "signal": stream_header.encode(StreamKind.BIDI, 0) + b"again",
    "endless-frame": frames.encode(0x21, b"", announced_length=1 << 40),
}


@case(
    "streams/payload-like-frames",
    title="payload that looks like HTTP/3 frames is payload",
    requires=["bidi-41-not-a-frame", "bidi-wt-stream-supported", "uni-layout"],
    dialects=http3.since(5),
    roles=BOTH,
    control="streams/echo",
    parameters={
        f"{kind}-{what}": (KINDS[kind], FRAME_LIKE[what])
        for kind, what in product(KINDS, FRAME_LIKE)
    },
    expect=lambda parameter: Expect(Fin(parameter[1])),
    faults={"reads-payload-as-frames": Fin()},
)
async def payload_like_frames(peer: Peer, parameter: tuple[StreamKind, bytes]) -> Reaction:
    kind, payload = parameter
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(payload, finish=True)
    return await answer(session, stream)


@case(
    "streams/own-answered",
    title="what we send on a bidirectional stream of the endpoint is payload from its first byte",
    requires=["bidi-layout", "bidi-wt-stream-supported", "ov-op-receive-bytes"],
    roles=BOTH,
    control="session-ids/own-streams",
    control_parameter="bidi",
    expect=Expect(Observed("sha256", sha256(FRAME_LIKE["data-frame"]).hexdigest())),
    faults={"reads-payload-as-frames": Observed("sha256")},
)
async def own_answered(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(bidi=1))
    stream = await session.accept_bidi()
    await stream.send(FRAME_LIKE["data-frame"], finish=True)
    return await session.observed_event("ended", "sha256", by="local")


# Bytes in order, streams beside each other

BULK = pattern(40_960)


@case(
    "streams/ten-windows",
    title="ten windows of ours come back",
    requires=["uni-layout", "bidi-layout", "ov-stream-data-flow-controlled"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=Expect(Fin(BULK)),
    faults={"cuts-what-exceeds-our-credit": Fin()},
)
async def ten_windows(peer: Peer, kind: StreamKind) -> Reaction:
    peer.shape(max_stream_data=4096)
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    await stream.send(BULK, finish=True)
    return await answer(session, stream)


UPLOAD_BYTES, A_CHUNK_BYTES = 600_000, 50_000
UPLOAD = pattern(UPLOAD_BYTES)
UPLOAD_SHA256 = sha256(UPLOAD).hexdigest()


@case(
    "streams/upload",
    title="more bytes than a common window arrive as they were sent",
    requires=[
        "uni-layout",
        "ov-stream-data-flow-controlled",
        "ref-quic-credit-not-gated",
        "ov-op-receive-bytes",
    ],
    roles=BOTH,
    control="streams/echo",
    expect=Expect(Observed("sha256", UPLOAD_SHA256)),
    faults={"reads-zeros-behind-64-kilobytes": Observed("sha256")},
)
async def upload(peer: Peer) -> Reaction:
    session = await peer.open_session(Sink())
    stream = await session.open_uni()
    for start in range(0, UPLOAD_BYTES, A_CHUNK_BYTES):
        await stream.send(UPLOAD[start : start + A_CHUNK_BYTES])
        await peer.barrier()  # deadlines belong to steps, not to the sum of all bytes
    await stream.finish()
    return await session.observed_event("ended", "sha256", by="peer")


# Packets of the stream are counted from 0, the header in the first of them.
FATES: dict[str, Fate] = {
    "lost": Drop(TO_ENDPOINT, 2),
    "swapped": Swap(TO_ENDPOINT, 2),
    "header-lost": Drop(TO_ENDPOINT, 0),
    "header-last": Hold(TO_ENDPOINT, 0, 5),
}


@case(
    "streams/out-of-order",
    title="packets that are late or lost change nothing in the order of bytes",
    requires=["uni-layout", "bidi-layout", "ov-stream-quic-states"],
    roles=BOTH,
    control="streams/echo",
    parameters={
        f"{kind}-{what}": (KINDS[kind], FATES[what]) for kind, what in product(KINDS, FATES)
    },
    expect=Expect(Fin(pattern(6000))),
    faults={"loses-what-fills-a-gap": Fin()},
)
async def out_of_order(peer: Peer, parameter: tuple[StreamKind, Fate]) -> Reaction:
    kind, fate = parameter
    session = await peer.open_session(Echo())
    stream = await session.open(kind)
    peer.script(fate)
    for start in range(0, 6000, 1000):
        await stream.send(pattern(6000)[start : start + 1000], finish=start == 5000)
    return await answer(session, stream)


@case(
    "streams/interleaved",
    title="streams that bring their bytes in turns come back unmixed",
    requires=["uni-layout", "bidi-layout", "ov-stream-quic-states"],
    roles=BOTH,
    control="streams/answered-once",
    parameters=KINDS,
    expect=Expect(Observed(CAME_BACK, 3)),
    faults={
        "mixes-streams": {
            "uni": Both((Observed(CHANGED), Observed(SILENT))),
            "bidi": Both((Observed(CHANGED), Observed(SILENT))),
        }
    },
)
async def interleaved(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    streams = {await session.open(kind): bytes([number]) * 30 for number in range(3)}
    for start in (0, 10, 20):
        for stream, data in streams.items():
            await stream.send(data[start : start + 10], finish=start == 20)
    return await came_back(session, streams)


@case(
    "streams/beside-an-open-one",
    title="a stream that is left open holds up no other",
    requires=["uni-layout", "bidi-layout", "ov-stream-quic-states"],
    roles=BOTH,
    control="streams/echo",
    parameters=KINDS,
    expect=Expect(Fin(b"beside")),
    faults={"serves-one-stream-at-a-time": Silence()},
)
async def beside_an_open_one(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    await (await session.open(kind)).send(b"open")
    await peer.barrier()
    stream = await session.open(kind)
    await stream.send(b"beside", finish=True)
    return await answer(session, stream)


SOME_CAME_BACK = Both((Observed(CAME_BACK), Observed(SILENT)))


@case(
    "streams/many",
    title="more short streams than the first limit of QUIC come back",
    requires=["uni-layout", "bidi-layout", "ov-stream-creation-flow-controlled"],
    # Draft 12 has limits of its own that cannot be off.
    dialects=http3.since(13),
    roles=BOTH,
    control="streams/interleaved",
    parameters=KINDS,
    # A limit may stay as it is (RFC 9000 section 4.6), however little that leaves.
    expect=Expect(
        Observed(CAME_BACK, 150),
        tolerated={
            Both((*SOME_CAME_BACK.parts, Observed(NOT_ALLOWED))): "grants no streams for ended ones"
        },
    ),
    faults={
        "never-grants-streams": Both((*SOME_CAME_BACK.parts, Observed(NOT_ALLOWED))),
        "forgets-headers-in-pieces": {"uni": SOME_CAME_BACK},
        "drops-streams-that-wait": {"uni": SOME_CAME_BACK},
        "cuts-what-exceeds-our-credit": {"uni": SOME_CAME_BACK},
    },
)
async def many(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    streams = {await session.open(kind): b"%d" % number for number in range(150)}
    async with peer.one_flight():
        for stream, data in streams.items():
            await stream.send(data, finish=True)
    return await came_back(session, streams)


@case(
    "streams/answered-once",
    title="a stream is answered once",
    requires=["uni-layout", "uni-either-side"],
    roles=BOTH,
    control="streams/echo",
    expect=Expect(Observed(CAME_BACK, 1)),
    faults={"answers-twice": Both((Observed(CAME_BACK), Observed(UNASKED)))},
)
async def answered_once(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await session.open_uni()
    await stream.send(b"once", finish=True)
    await session.barrier()
    return await came_back(session, {stream: b"once"})
