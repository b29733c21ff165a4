"""Withheld credit: windows of a few bytes, the CONNECT stream's included, and few streams."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Closes, Echo, Source
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import allow_streams, ending, own_stream
from wtspec.suite.peer.peer import STREAM_LIMITS, Peer
from wtspec.suite.signal import (
    ConnectionClosed,
    Fin,
    Observed,
    Reaction,
    Refused,
    Reset,
    SessionClosed,
)
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamKind

# Less than a request, a response or a close capsule with its reason takes.
FEW_BYTES = 64
# Streams of HTTP/3 itself may count on as much (RFC 9114 section 6.2).
TINY_WINDOWS = {"max_stream_data": FEW_BYTES, "max_stream_data_uni": 1024}
DATA = bytes(range(200))
LONG_REASON = "because " * 125


@case(
    "withheld/tiny-windows",
    title="with windows of a few bytes everything comes, however often it waits for credit",
    requires=[
        "ov-stream-data-flow-controlled",
        "flow-quic-limits-also-apply",
        "ref-quic-credit-kept",
    ],
    roles=BOTH,
    control="setup/echo",
    expect=Expect(Fin(DATA)),
    faults={
        "cuts-some-writes-at-our-credit": Fin(),
        "cuts-what-exceeds-our-credit": {Role.SERVER: Fin(), Role.CLIENT: Refused()},
    },
)
async def tiny_windows(peer: Peer) -> Reaction:
    peer.shape(**TINY_WINDOWS)
    session = await peer.open_session(Echo())
    return await session.echo(DATA)


@case(
    "withheld/close-in-pieces",
    title="a close capsule comes whole, though the window takes a few bytes of it at a time",
    requires=["close-capsule-format", "close-sender-fins"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(
        SessionClosed(7, LONG_REASON.encode()),
        tolerated={ConnectionClosed(H3.NO_ERROR): "section 6: to wait with that is a SHOULD"},
        expected_beside=(ConnectionClosed(H3.NO_ERROR),),
    ),
    faults={
        "closes-with-another-code": SessionClosed(),
        # A client has gained credit by its request, which has the reason in it.
        "cuts-some-writes-at-our-credit": {Role.SERVER: Fin()},
        "cuts-what-exceeds-our-credit": {Role.SERVER: Fin(), Role.CLIENT: Refused()},
        # Our reset in answer to WT_SESSION_GONE comes while the capsule still waits for credit.
        "ends-sessions-for-foreign-codes": {Role.SERVER: Reset()},
    },
)
async def close_in_pieces(peer: Peer) -> Reaction:
    peer.shape(**TINY_WINDOWS)
    session = await peer.open_session(Closes(7, LONG_REASON, after="stream"))
    await (await session.open_uni()).send(b"x")
    return await ending(session)


WAITING, AMPLE = 6, 40
FEW_STREAMS = {
    # HTTP/3 itself may take three.
    "uni": (StreamKind.UNI, Source(uni=WAITING), {"max_streams_uni": 5}),
    # A client needs one for its request.
    "bidi": (StreamKind.BIDI, Source(bidi=WAITING), {"max_streams_bidi": 2}),
}
Few = tuple[StreamKind, Source, dict[str, int]]


@case(
    "withheld/own-streams",
    title="streams that QUIC's limit does not allow yet come when it is raised",
    requires=["ov-stream-creation-flow-controlled", "ref-quic-streams-kept"],
    roles=BOTH,
    control="session-ids/own-streams",
    parameters=FEW_STREAMS,
    expect=Expect(Observed("streams", WAITING)),
    faults={
        "drops-streams-that-wait": Observed("streams"),
        "cuts-what-exceeds-our-credit": Observed("streams"),
    },
)
async def own_streams(peer: Peer, few: Few) -> Reaction:
    kind, source, limits = few
    peer.shape(**limits)
    peer.withhold(STREAM_LIMITS)
    session = await peer.open_session(source)
    await own_stream(session, kind)
    await peer.api_barrier()
    allow_streams(session, kind, AMPLE)
    for _ in range(WAITING - 1):
        await own_stream(session, kind)
    count = len(session.streams_of_endpoint(kind))
    return Reaction("session", (Observed("streams", count),))
