"""Messages: how HEADERS may be written, framed and cut, the same for requests and responses.

What is sent here is our CONNECT where we are the client, and our response where we are the server.
"""

from collections.abc import Callable, Mapping, Sequence

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Established,
    Observed,
    Reaction,
    Refused,
    Reset,
    Response,
    Signal,
    Silence,
    Stop,
)
from wtspec.suite.wire import fields, frames, grease, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field, Form
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.static_table import STATIC_TABLE

MakeRaw = Callable[[Sequence[Field]], Raw]

LIMIT = "RFC 9114 section 4.2.2: who receives may limit what a field section holds"
EXCESS = "RFC 9114 section 10.5: much that has no meaning may count as an attack"
BLOCKED = "RFC 9204 section 2.1.2: with a dynamic table the section waits for what it refers to"
# RFC 9651 section 4.2, which took over from RFC 8941, where it could only be ignored.
MALFORMED_FIELD: dict[Signal, str] = dict.fromkeys(
    (Response(400), Reset(H3.MESSAGE_ERROR), ConnectionClosed(H3.MESSAGE_ERROR)),
    "RFC 9651 section 4.2: what cannot be parsed may make its message malformed",
)
# A client may give up a connection with its last session.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
GREASE = grease.identifier(7)
# Fields about content make such a message malformed, and a few others are heeded for good reason.
LEFT_OUT = (b":", b"content-", b"early-data", b"origin")
EVERY_ENTRY = tuple(one for one in STATIC_TABLE if not one[0].startswith(LEFT_OUT))
DYNAMIC = ("dynamic-index", "dynamic-name-index", "post-base-index", "post-base-name-index")
STATIC = ("static-index-99", "static-name-index-99")
UNREADABLE = (
    "empty",
    "cut-prefix",
    "negative-base",
    "index-overflow",
    "cut-index",
    "cut-name",
    "cut-value",
    "missing-value",
    "huffman-padding-zeros",
    "huffman-padding-long",
    "huffman-eos",
)
LESS_SPECIFIC: dict[Signal, str] = {
    ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"
}


def limited(also: Mapping[Signal, str] | None = None) -> Expect:
    """A large section is taken, or its limit told of, one way or another."""
    other = (Response(range(300, 600)), Refused(), Reset(), Stop(), ConnectionClosed())
    return Expect(
        Established(),
        Response(range(400, 500)),
        Reset(H3.EXCESSIVE_LOAD),
        Stop(H3.EXCESSIVE_LOAD),
        ConnectionClosed(H3.EXCESSIVE_LOAD),
        tolerated={**dict.fromkeys(other, LIMIT), **(also or {})},
        expected_beside=(Refused(), Stop(H3.EXCESSIVE_LOAD), GIVEN_UP),
    )


# What has no meaning is passed over, unless there is much of it.
TAKEN_UNLESS_MUCH = Expect(Established(), tolerated={ConnectionClosed(H3.EXCESSIVE_LOAD): EXCESS})


def section_of(make: Callable[[Sequence[Field]], bytes], why: str) -> MakeRaw:
    """HEADERS whose payload is made of the honest fields, and illegal on purpose."""
    return lambda honest: Raw(frames.encode(FrameType.HEADERS, make(honest)), why)


def illegal(defect: str) -> MakeRaw:
    return section_of(lambda honest: fields.illegal_sections(honest)[defect], defect)


def announced(length: int) -> MakeRaw:
    """HEADERS of that length, of which the honest ones are the beginning."""
    return lambda honest: Raw(
        frames.encode(FrameType.HEADERS, fields.encode(honest), announced_length=length),
        "a length that is never reached",
    )


def cut(end: int | None) -> MakeRaw:
    """The HEADERS frame up to that byte; negative ones count from its end."""
    whole = section_of(fields.encode, "HEADERS cut short")
    return lambda honest: Raw(whole(honest).data[:end], f"HEADERS cut at {end}")


def closed_with(code: int) -> Expect:
    return Expect(ConnectionClosed(code), tolerated=LESS_SPECIFIC, expected_beside=(Refused(),))


@case(
    "messages/field-line-forms",
    title="every form of a field line that needs no dynamic table is read",
    requires=["ref-qpack-field-line-forms", "ref-qpack-huffman", "setup-qpack-minimum"],
    roles=BOTH,
    control="setup/session-opens",
    parameters={form.name.lower().replace("_", "-"): form for form in Form},
    expect=Expect(Established()),
    faults={
        "knows-no-literal-names": {
            "literal": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
            "literal-huffman": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
            "literal-never": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
            "literal-never-huffman": ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        }
    },
)
async def field_line_forms(peer: Peer, form: Form) -> Reaction:
    return await peer.begin_session(Echo(), form=form).establish()


@case(
    "messages/static-table",
    title="every entry of the static table can stand in a field section",
    requires=["ref-qpack-field-line-forms", "setup-qpack-minimum"],
    roles=BOTH,
    control="setup/session-opens",
    parameters={"indexed": Form.INDEXED, "by-name": Form.NAME_REFERENCE},
    # To a server some of the fields may mean that it had better refuse.
    expect=Expect(
        Established(),
        tolerated={
            Response(range(400, 600)): LIMIT,
            Reset(H3.EXCESSIVE_LOAD): LIMIT,
            ConnectionClosed(H3.EXCESSIVE_LOAD): LIMIT,
        },
    ),
    faults={"takes-forty-fields-at-most": ConnectionClosed(H3.EXCESSIVE_LOAD)},
)
async def static_table(peer: Peer, form: Form) -> Reaction:
    return await peer.begin_session(Echo(), fields=EVERY_ENTRY, form=form).establish()


@case(
    "messages/byte-by-byte",
    title="HEADERS may come in packets of a single byte",
    requires=["setup-initiated-by-extended-connect", "setup-established-client-side"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Established()),
    faults={"wants-long-pieces": ConnectionClosed(H3.FRAME_ERROR)},
)
async def byte_by_byte(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), piece_bytes=1).establish()


@case(
    "messages/unknown-frame-first",
    title="an unknown frame before HEADERS means nothing",
    requires=["ref-reserved-frames-ignored", "ref-unknown-values-ignored"],
    roles=BOTH,
    control="setup/session-opens",
    parameters={"empty": b"", "small": b"grease", "large": bytes(100_000)},
    expect=lambda payload: TAKEN_UNLESS_MUCH if len(payload) > 100 else Expect(Established()),
    faults={
        "refuses-reserved-frames-in-messages": ConnectionClosed(H3.FRAME_UNEXPECTED),
        "takes-reserved-frames-for-data": {
            Role.CLIENT: {
                "empty": ConnectionClosed(H3.FRAME_UNEXPECTED),
                "small": ConnectionClosed(H3.FRAME_UNEXPECTED),
            }
        },
        "wants-headers-first": ConnectionClosed(H3.FRAME_UNEXPECTED),
    },
)
async def unknown_frame_first(peer: Peer, payload: bytes) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    await session.connect_stream.send_frames(Frame(GREASE, payload))
    return await session.establish()


@case(
    "messages/capsule-protocol-field",
    title="the Capsule-Protocol field is not needed and changes nothing",
    requires=["setup-capsule-protocol-header-optional", "ref-capsule-protocol-field"],
    dialects=http3.since(6),
    roles=BOTH,
    control="setup/session-opens",
    parameters={"true": b"?1", "false": b"?0", "string": b'"yes"', "unparsable": b"?"},
    expect=lambda value: Expect(
        Established(),
        tolerated=MALFORMED_FIELD if value == b"?" else None,
        expected_beside=(Refused(),),
    ),
    faults={
        "heeds-capsule-protocol-field": {
            "false": Reset(H3.MESSAGE_ERROR),
            "string": Reset(H3.MESSAGE_ERROR),
            "unparsable": Reset(H3.MESSAGE_ERROR),
        }
    },
)
async def capsule_protocol_field(peer: Peer, value: bytes) -> Reaction:
    session = peer.begin_session(Echo(), fields=((b"capsule-protocol", value),))
    return await session.establish()


@case(
    "messages/well-formed",
    title="what the endpoint sends keeps the rules of HTTP messages",
    requires=["ref-messages-well-formed", "ref-field-names-lower-case"],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Absent("broken rule")),
    faults={"sends-upper-case-names": Observed("broken rule")},
)
async def well_formed(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.echo(b"x")
    return peer.broken_rules(H3.MESSAGE_ERROR)


@case(
    "messages/large",
    title="a field section of 16 KiB is taken, or its limit is told of",
    requires=["ref-request-answered", "setup-established-client-side"],
    roles=BOTH,
    control="setup/session-opens",
    expect=limited(),
    faults={"forgets-large-sections": Silence()},
)
async def large(peer: Peer) -> Reaction:
    filling = ((b"x-large", b"a" * (1 << 14)),)
    return await peer.begin_session(Echo(), fields=filling).establish()


@case(
    "messages/too-large",
    title="a field section larger than anybody needs is answered",
    requires=["ref-request-answered", "setup-established-client-side"],
    roles=BOTH,
    control="setup/session-opens",
    # Nothing forbids it, but who has a limit answers as if it were a violation.
    violates=True,
    parameters={"100-KiB": 100 << 10, "1-MiB": 1 << 20},
    # Who grants no credit for all of it never has the whole request, or response.
    expect=limited({Silence(): "RFC 9000 section 4.1: credit is the receiver's to give"}),
    faults={"forgets-large-sections": Silence()},
)
async def too_large(peer: Peer, size_bytes: int) -> Reaction:
    filling = ((b"x-large", b"a" * size_bytes),)
    return await peer.begin_session(Echo(), fields=filling).establish()


# What no decoder can read, and what no sequence of frames may be: connection errors.


@case(
    "messages/dynamic-reference",
    title="a reference to a dynamic table entry that does not exist costs the connection",
    requires=["ref-qpack-invalid-reference"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=DYNAMIC,
    expect=closed_with(H3.QPACK_DECOMPRESSION_FAILED),
    faults={
        "resets-undecodable-requests": Reset(H3.QPACK_DECOMPRESSION_FAILED),
        "calls-the-undecodable-malformed": Reset(H3.MESSAGE_ERROR),
    },
)
async def dynamic_reference(peer: Peer, defect: str) -> Reaction:
    return await peer.begin_session(Echo(), raw=illegal(defect)).refusal()


@case(
    "messages/static-index",
    title="an index beyond the static table costs the connection",
    requires=["ref-qpack-static-index"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=STATIC,
    expect=closed_with(H3.QPACK_DECOMPRESSION_FAILED),
    faults={
        "resets-undecodable-requests": Reset(H3.QPACK_DECOMPRESSION_FAILED),
        "calls-the-undecodable-malformed": Reset(H3.MESSAGE_ERROR),
    },
)
async def static_index(peer: Peer, defect: str) -> Reaction:
    return await peer.begin_session(Echo(), raw=illegal(defect)).refusal()


@case(
    "messages/unreadable-section",
    title="a field section that cannot be decoded costs the connection, or its stream",
    requires=["ref-qpack-undecodable"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=UNREADABLE,
    # RFC 9204 section 6: such failures end the stream or the connection.
    expect=Expect(
        ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        Reset(H3.QPACK_DECOMPRESSION_FAILED),
        Stop(H3.QPACK_DECOMPRESSION_FAILED),
        tolerated=LESS_SPECIFIC,
        expected_beside=(Refused(), GIVEN_UP),
    ),
    faults={
        "calls-the-undecodable-malformed": Reset(H3.MESSAGE_ERROR),
    },
)
async def unreadable_section(peer: Peer, defect: str) -> Reaction:
    return await peer.begin_session(Echo(), raw=illegal(defect)).refusal()


@case(
    "messages/insert-count",
    title="a field section that needs a dynamic table where there is none costs the connection",
    requires=["ref-qpack-insert-count"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=Expect(
        ConnectionClosed(H3.QPACK_DECOMPRESSION_FAILED),
        tolerated={Silence(): BLOCKED, **LESS_SPECIFIC},
        expected_beside=(Refused(),),
    ),
    faults={
        "resets-undecodable-requests": Reset(H3.QPACK_DECOMPRESSION_FAILED),
        "calls-the-undecodable-malformed": Reset(H3.MESSAGE_ERROR),
    },
)
async def insert_count(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo(), raw=illegal("insert-count")).refusal()


@case(
    "messages/cut-by-fin",
    title="a stream that ends inside its HEADERS costs the connection",
    requires=["ref-frame-cut-by-fin"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters={"in-type-and-length": 1, "before-section": 2, "in-section": 3, "before-end": -1},
    expect=closed_with(H3.FRAME_ERROR),
    faults={
        "takes-a-cut-frame-for-the-end": {
            Role.SERVER: Reset(H3.REQUEST_INCOMPLETE),
            Role.CLIENT: Reset(H3.MESSAGE_ERROR),
        }
    },
)
async def cut_by_fin(peer: Peer, end: int) -> Reaction:
    session = peer.begin_session(Echo(), raw=cut(end))
    async with peer.one_flight():
        await session.send_opening()
        await session.connect_stream.send_frames(finish=True)
    return await session.outcome()


@case(
    "messages/cut-by-reset",
    title="a stream may be reset inside its HEADERS",
    requires=["ref-frame-cut-by-reset"],
    roles=BOTH,
    control="setup/session-opens",
    parameters={"before-section": 2, "in-section": 3, "before-end": -1},
    expect=Expect(Absent("ConnectionClosed"), GIVEN_UP),
    faults={
        "minds-resets-inside-frames": ConnectionClosed(H3.FRAME_ERROR),
        "wants-long-pieces": dict.fromkeys(
            ("before-section", "in-section"), ConnectionClosed(H3.FRAME_ERROR)
        ),
    },
)
async def cut_by_reset(peer: Peer, end: int) -> Reaction:
    session = peer.begin_session(Echo(), raw=cut(end))
    await session.send_opening()
    await peer.barrier()  # the bytes have arrived
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)
    await session.outcome()
    return await peer.absence(ConnectionClosed())


@case(
    "messages/data-before-headers",
    title="DATA before HEADERS costs the connection",
    requires=["ref-data-before-headers"],
    roles=BOTH,
    control="messages/unknown-frame-first",
    violates=True,
    parameters={"small": b"early"},
    expect=closed_with(H3.FRAME_UNEXPECTED),
    faults={
        "takes-any-frame-for-unknown": Established(),
        "takes-data-before-headers": Established(),
    },
)
async def data_before_headers(peer: Peer, payload: bytes) -> Reaction:
    session = peer.begin_session(Echo())
    await session.begun()
    await session.connect_stream.send_frames(Frame(FrameType.DATA, payload))
    return await session.refusal()


@case(
    "messages/endless",
    title="a field section that claims to be endless is waited for or refused, and no more",
    requires=["ref-frame-cut-by-reset"],
    roles=BOTH,
    control="messages/cut-by-reset",
    # Nothing forbids it either, and it may be more than an endpoint is ready to take.
    violates=True,
    parameters={"1-GiB": 1 << 30, "2^62-1": varint.MAX},
    expect=Expect(
        Absent("ConnectionClosed"),
        GIVEN_UP,
        ConnectionClosed(H3.EXCESSIVE_LOAD),
        tolerated={ConnectionClosed(): LIMIT},
    ),
    faults={"chokes-on-endless-sections": ConnectionClosed(H3.INTERNAL_ERROR)},
)
async def endless(peer: Peer, length: int) -> Reaction:
    session = peer.begin_session(Echo(), raw=announced(length))
    await session.send_opening()
    await peer.barrier()  # the bytes have arrived
    await session.connect_stream.reset(H3.REQUEST_CANCELLED)
    await session.outcome()
    return await peer.absence(ConnectionClosed())


# Lengths in bytes of the type and of the length of HEADERS.
LONG_NUMBERS = {"type-2": (2, None), "type-8": (8, None), "length-4": (1, 4), "length-8": (1, 8)}


def written_long(type_bytes: int, length_bytes: int | None) -> MakeRaw:
    """HEADERS whose type and length are longer than they must be."""

    def make(honest: Sequence[Field]) -> Raw:
        section = fields.encode(honest)
        kind = varint.encode(FrameType.HEADERS, length=type_bytes)
        length = varint.encode(len(section), length=length_bytes)
        return Raw(kind + length + section, "forms that our encoder does not choose")

    return make


@case(
    "messages/long-varints",
    title="type and length of HEADERS may be written in more bytes than they need",
    requires=["ref-quic-varint-any-length"],
    roles=BOTH,
    control="setup/session-opens",
    parameters=LONG_NUMBERS,
    expect=Expect(Established()),
    faults={"wants-short-numbers-on-request-streams": ConnectionClosed(H3.FRAME_ERROR)},
)
async def long_varints(peer: Peer, lengths: tuple[int, int | None]) -> Reaction:
    return await peer.begin_session(Echo(), raw=written_long(*lengths)).establish()
