"""Broken streams: 0x41 where it may not stand, headers cut short, and what that may cost."""

from collections.abc import Callable
from itertools import product

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import answer
from wtspec.suite.peer.peer import Peer, Raw, Session
from wtspec.suite.peer.stream import MessageStream
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Reset, Signal, Silence, Stop
from wtspec.suite.wire import capsule, frames, grease, stream_header
from wtspec.suite.wire.error_codes import H3, WT, ApplicationCode
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind

KINDS = {kind.value: kind for kind in StreamKind}
Carrier = tuple[Callable[[Peer, Session], MessageStream], tuple[Frame, ...]]


def connect(_: Peer, session: Session) -> MessageStream:
    return session.connect_stream


def control(peer: Peer, _: Session) -> MessageStream:
    return peer.control


A_CAPSULE = Frame(FrameType.DATA, capsule.encode_raw(capsule.grease(4), b"reserved"))
# Where frames stand already, and one more frame is sent there first.
PLACES: dict[str, Carrier] = {
    "after-headers": (connect, ()),
    "after-data": (connect, (A_CAPSULE,)),
    "control": (control, ()),
}


async def send_stray(peer: Peer, place: Carrier, frame: Frame | Raw) -> Session:
    """A session, and the frame behind others."""
    carrier, before = place
    session = await peer.open_session(Echo())
    await carrier(peer, session).send_frames(*before, frame)
    return session


@case(
    "broken-streams/frame-42",
    title="a frame of the unknown type 0x42 behind other frames is passed over",
    requires=["ref-unknown-values-ignored"],
    roles=BOTH,
    control="setup/echo",
    parameters=PLACES,
    expect=Expect(Fin(b"after")),
    faults={
        "closes-on-unknown-control-frames": {"control": ConnectionClosed(H3.FRAME_UNEXPECTED)},
        # Draft 02 has no other code for it than that of rejected streams.
        "refuses-unknown-capsules": {
            "after-data": Reset(frozenset({WT.SESSION_GONE, WT.BUFFERED_STREAM_REJECTED}))
        },
        "refuses-reserved-frames-in-messages": {
            "after-headers": ConnectionClosed(H3.FRAME_UNEXPECTED),
            "after-data": ConnectionClosed(H3.FRAME_UNEXPECTED),
        },
        "takes-42-for-41": ConnectionClosed(H3.FRAME_ERROR),
    },
)
async def frame_42(peer: Peer, place: Carrier) -> Reaction:
    session = await send_stray(peer, place, Frame(0x42, b""))
    return await session.echo(b"after")


@case(
    "broken-streams/late-signal",
    title="0x41 behind other frames ends the connection",
    requires=["bidi-wt-stream-elsewhere-error"],
    dialects=http3.since(5),
    roles=BOTH,
    control="broken-streams/frame-42",
    violates=True,
    parameters=PLACES,
    expect=Expect(
        ConnectionClosed(H3.FRAME_ERROR, transport=False),
        readings={ConnectionClosed(H3.FRAME_UNEXPECTED, transport=False): "A17/unexpected"},
    ),
    faults={"passes-over-late-signals": Silence()},
)
async def late_signal(peer: Peer, place: Carrier) -> Reaction:
    header = stream_header.encode(StreamKind.BIDI, 0)
    await send_stray(peer, place, Raw(header, "WT_STREAM behind other frames"))
    return await peer.reaction()


RESERVED = frames.encode(grease.identifier(3), b"first")


@case(
    "broken-streams/late-signal-of-old",
    title="until draft 04 other frames may precede 0x41",
    requires=["legacy-bidi-as-h3-frame"],
    dialects=http3.until(4),
    roles=BOTH,
    control="streams/echo",
    parameters={"bidi": StreamKind.BIDI},
    # That reserved frames may stand first follows from RFC 9114 alone; no stack need have seen it.
    expect=Expect(
        Fin(b"behind"),
        tolerated=dict.fromkeys(
            (ConnectionClosed(), Reset(), Stop(), Silence()), "as draft 05 section 4.2 has it"
        ),
    ),
    faults={"wants-the-signal-first": ConnectionClosed()},
)
async def late_signal_of_old(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Echo())
    header = RESERVED + peer.encode(StreamHeader(kind, session.id))
    stream = await session.open(kind, header=header)
    await stream.send(b"behind", finish=True)
    return await answer(session, stream)


# The header of session 0 at its shortest (three bytes), and one of ten bytes.
CUTS = {f"at-{size_bytes}": (None, size_bytes) for size_bytes in range(3)} | {"long": (8, 6)}
TYPE_BYTES = 2
Cut = tuple[StreamKind, Raw]


def cut_header(kind: StreamKind, length: int | None, size_bytes: int) -> Raw:
    header = stream_header.encode(kind, 0, session_id_length=length)
    return Raw(header[:size_bytes], "a header cut short")


def cut_headers(*kinds: StreamKind) -> dict[str, Cut]:
    return {
        f"{kind.value}-{cut}": (kind, cut_header(kind, *CUTS[cut]))
        for kind, cut in product(kinds, CUTS)
    }


def of_a_session(beginning: Raw) -> dict[Signal, str]:
    """RFC 9114 forgives an end before the type; of one inside the Session ID no document speaks."""
    error = ConnectionClosed(frozenset({H3.FRAME_ERROR, H3.ID_ERROR, H3.STREAM_CREATION_ERROR}))
    return {error: "no rule behind the type"} if len(beginning) >= TYPE_BYTES else {}


@case(
    "broken-streams/cut-by-fin",
    title="a unidirectional stream that ends inside its header costs nothing but itself",
    requires=["ref-stream-cut-in-header"],
    roles=BOTH,
    control="setup/echo",
    parameters=cut_headers(StreamKind.UNI),
    expect=lambda cut: Expect(Fin(b"after"), readings=of_a_session(cut[1])),
    faults={"closes-for-cut-headers": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def cut_by_fin(peer: Peer, cut: Cut) -> Reaction:
    session = await peer.open_session(Echo())
    await peer.open_raw(*cut, finish=True)
    return await session.echo(b"after")


@case(
    "broken-streams/cut-bidi-by-fin",
    title="a bidirectional stream that ends inside its header costs itself, or is a broken frame",
    requires=["ov-stream-error-scope", "ref-frame-cut-by-fin"],
    roles=BOTH,
    control="setup/echo",
    violates=True,
    parameters=cut_headers(StreamKind.BIDI),
    expect=Expect(
        Fin(b"after"),
        # A server may see a request where no whole number stands.
        ConnectionClosed(H3.FRAME_ERROR),
        # A client may see a server's stream that is not one of WebTransport.
        readings={ConnectionClosed(H3.STREAM_CREATION_ERROR): "A18/no-rule"},
        tolerated={ConnectionClosed(H3.REQUEST_INCOMPLETE): "RFC 9114 section 8"},
    ),
    faults={"closes-for-cut-headers": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def cut_bidi_by_fin(peer: Peer, cut: Cut) -> Reaction:
    return await cut_by_fin(peer, cut)


@case(
    "broken-streams/cut-by-reset",
    title="a stream that is reset inside its header costs nothing but itself",
    requires=["ref-stream-cut-in-header", "ref-frame-cut-by-reset", "ov-stream-error-scope"],
    roles=BOTH,
    control="setup/echo",
    parameters=cut_headers(*StreamKind),
    expect=Expect(Fin(b"after")),
    faults={"closes-for-cut-headers": ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR)},
)
async def cut_by_reset(peer: Peer, cut: Cut) -> Reaction:
    session = await peer.open_session(Echo())
    stream = await peer.open_raw(*cut)
    await stream.reset(ApplicationCode(7), reliable_size=0)
    return await session.echo(b"after")
