"""Withheld credit: windows of a few bytes on bidirectional streams, the CONNECT stream included."""

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Closes, Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import ending
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Refused, Reset, SessionClosed
from wtspec.suite.wire.error_codes import H3

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
