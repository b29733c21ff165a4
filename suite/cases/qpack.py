"""QPACK's own streams: what may stand on them where no dynamic table is in use (RFC 9204)."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import instructions
from wtspec.suite.peer.peer import QPACK_STREAMS, Peer, Raw, Session, Stream
from wtspec.suite.signal import Absent, ConnectionClosed, Fin, Observed, Reaction, Silence
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.static_table import STATIC_TABLE
from wtspec.suite.wire.stream_header import StreamKind, StreamType

ENCODER, DECODER = StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER
AFTER = b"after"
ORDINARY: list[Field] = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"localhost"),
    (b":path", b"/"),
]
# The instructions of sections 4.3 and 4.4: their first bits, and the width of the number behind.
CAPACITY, INSERT_STATIC, INSERT_LITERAL, DUPLICATE = (0x20, 5), (0xC0, 6), (0x40, 5), (0x00, 5)
ACKNOWLEDGEMENT, CANCELLATION, INCREMENT = (0x80, 7), (0x40, 6), (0x00, 6)
ENCODER_ERROR = Expect(
    ConnectionClosed(H3.QPACK_ENCODER_STREAM_ERROR),
    tolerated={ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"},
)
DECODER_ERROR = Expect(
    ConnectionClosed(H3.QPACK_DECODER_STREAM_ERROR),
    tolerated={ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"},
)


def instruction(which: tuple[int, int], number: int, rest: bytes = b"") -> bytes:
    """One instruction: a prefixed integer (RFC 7541 section 5.1), and the string behind it."""
    pattern, bits = which
    limit = (1 << bits) - 1
    if number < limit:
        return bytes([pattern | number]) + rest
    left, more = number - limit, [pattern | limit]
    while left > 0x7F:
        more.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*more, left]) + rest


async def with_qpack(peer: Peer) -> tuple[Session, dict[StreamType, Stream]]:
    """A session, and our QPACK streams to write on."""
    peer.withhold(QPACK_STREAMS)
    session = peer.begin_session(Echo())
    streams = {}
    for which in (ENCODER, DECODER):
        streams[which] = await peer.open_raw(StreamKind.UNI, peer.encode(which))
    return await session.require(), streams


async def told(peer: Peer, which: StreamType, data: bytes) -> Reaction:
    """What comes of an illegal instruction on one of our QPACK streams."""
    _, streams = await with_qpack(peer)
    await streams[which].send(Raw(data, "no such instruction is legal here"))
    return await peer.reaction()


@case(
    "qpack/no-inserts",
    title="nothing is written on the encoder stream towards a peer without a dynamic table",
    requires=["ref-qpack-no-table-no-inserts"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Absent(ENCODER.name)),
    faults={"sets-a-capacity-of-zero": Observed(ENCODER.name, 1)},
)
async def no_inserts(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.echo(b"x")
    await peer.barrier()  # what it wrote at the beginning is here
    return instructions(peer, ENCODER)


@case(
    "qpack/cancellation",
    title="an abandoned request may be told of by a Stream Cancellation",
    requires=["ref-qpack-cancellation-taken"],
    roles=[Role.SERVER],
    control="requests/ordinary",
    expect=Expect(Fin(AFTER)),
    faults={"knows-no-stream-cancellations": ConnectionClosed(H3.QPACK_DECODER_STREAM_ERROR)},
)
async def cancellation(peer: Peer) -> Reaction:
    session, streams = await with_qpack(peer)
    request = await peer.request(ORDINARY)
    # Not to be abandoned in its first flight: that asks more of QUIC than of QPACK.
    await peer.barrier()
    await request.stop(H3.REQUEST_CANCELLED)
    await request.reset(H3.REQUEST_CANCELLED)
    await streams[DECODER].send(instruction(CANCELLATION, request.id))
    await peer.barrier()  # it has arrived
    return await session.echo(AFTER)


@case(
    "qpack/acknowledgement-of-nothing",
    title="an acknowledgement of a section that needs none costs the connection",
    requires=["ref-qpack-acknowledgement-of-nothing"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    # The CONNECT, or its answer, was written without a dynamic table: we have none.
    expect=DECODER_ERROR,
    faults={"reads-no-decoder-stream": Silence()},
)
async def acknowledgement_of_nothing(peer: Peer) -> Reaction:
    return await told(peer, DECODER, instruction(ACKNOWLEDGEMENT, 0))


@case(
    "qpack/increment-of-nothing",
    title="an increment of the insert count by nothing, or without an insertion, is an error",
    requires=["ref-qpack-increment-of-nothing"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"by-0": 0, "by-1": 1, "by-1000": 1000},
    expect=DECODER_ERROR,
    faults={"reads-no-decoder-stream": Silence()},
)
async def increment_of_nothing(peer: Peer, number: int) -> Reaction:
    return await told(peer, DECODER, instruction(INCREMENT, number))


@case(
    "qpack/capacity-over-limit",
    title="a table larger than the endpoint announced is an error",
    requires=["ref-qpack-capacity-over-limit"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"by-one": 1, "by-far": 1 << 30},
    expect=ENCODER_ERROR,
    faults={"reads-no-encoder-stream": Silence()},
)
async def capacity_over_limit(peer: Peer, more: int) -> Reaction:
    _, streams = await with_qpack(peer)
    most = (await peer.settings()).get(Setting.QPACK_MAX_TABLE_CAPACITY, 0)
    await streams[ENCODER].send(Raw(instruction(CAPACITY, most + more), "more than announced"))
    return await peer.reaction()


@case(
    "qpack/entry-too-large",
    title="an insertion into a table that is too small, or whose size was never set, is an error",
    requires=["ref-qpack-entry-too-large"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={
        "literal-name": instruction(INSERT_LITERAL, 1, b"a\x01b"),
        "static-name": instruction(INSERT_STATIC, 0, b"\x01b"),
        # One byte short, and shorter than the name; to set any size may be the error already.
        "one-byte-short": instruction(CAPACITY, 33) + instruction(INSERT_LITERAL, 1, b"a\x01b"),
        "short-of-the-name": instruction(CAPACITY, 2) + instruction(INSERT_STATIC, 0, b"\x01b"),
    },
    expect=ENCODER_ERROR,
    faults={"reads-no-encoder-stream": Silence()},
)
async def entry_too_large(peer: Peer, data: bytes) -> Reaction:
    return await told(peer, ENCODER, data)


@case(
    "qpack/encoder-static-index",
    title="an insertion with a name beyond the static table is an error",
    requires=["ref-qpack-encoder-static-index"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=ENCODER_ERROR,
    faults={"reads-no-encoder-stream": Silence()},
)
async def encoder_static_index(peer: Peer) -> Reaction:
    return await told(peer, ENCODER, instruction(INSERT_STATIC, len(STATIC_TABLE), b"\x01b"))


@case(
    "qpack/encoder-reference",
    title="a duplicate of an entry that was never inserted is an error",
    requires=["ref-qpack-encoder-reference"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"0": 0, "1000": 1000},
    expect=ENCODER_ERROR,
    faults={"reads-no-encoder-stream": Silence()},
)
async def encoder_reference(peer: Peer, index: int) -> Reaction:
    return await told(peer, ENCODER, instruction(DUPLICATE, index))
