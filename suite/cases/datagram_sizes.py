"""Datagrams, and bytes on a stream, on narrow paths and for peers that take little."""

import base64
from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Sink, Source
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Path
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import DATAGRAM_TRIES, Session
from wtspec.suite.signal import (
    Absent,
    ConnectionClosed,
    Data,
    Datagram,
    Fin,
    Reaction,
    Refused,
    Reported,
    Reset,
    Response,
    SessionClosed,
    Silence,
    Stop,
)
from wtspec.suite.wire import datagram, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.transport_parameters import Parameter

# An endpoint needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)
Carrier = tuple[Callable[[Session], Awaitable[Reaction]], Datagram | Fin]
WINDOW_BYTES = 1000


async def datagram_back(session: Session) -> Reaction:
    return await session.echo_datagram(bytes(1000))


async def stream_back(session: Session) -> Reaction:
    stream = await session.open_bidi()
    await stream.send(bytes(20_000), finish=True)
    # What waits for credit leaves in the largest packets that the endpoint sends.
    await stream.read(WINDOW_BYTES)
    await stream.grant(30_000)
    return await stream.reaction()


CARRIERS: dict[str, Carrier] = {
    "datagram": (datagram_back, Datagram(bytes(1000))),
    "stream": (stream_back, Fin(bytes(20_000))),
}


def comes_back(carrier: Carrier) -> Expect:
    return Expect(carrier[1])


@case(
    "datagrams/largest",
    title="the largest datagram that fits the packet reaches the application",
    requires=["dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    expect=Expect(Reported("datagram")),
    faults={"takes-small-datagrams-only": Silence()},
)
async def largest(peer: Peer) -> Reaction:
    session = await peer.open_session(Sink())
    header_bytes = len(datagram.encode(session.id, b""))
    data = bytes(session.connection.quic.datagram_room() - header_bytes)
    for _ in range(DATAGRAM_TRIES):
        await session.send_datagram(data)
    return await session.reported("datagram", data=base64.b64encode(data).decode())


@case(
    "datagrams/path-of-1500",
    title="an ordinary path carries a datagram of 1000 bytes, and 20 kB on a stream",
    requires=["dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    parameters=CARRIERS,
    expect=comes_back,
    faults={
        "cuts-what-exceeds-our-credit": {"stream": Fin()},
        "drops-datagrams": {"datagram": Silence()},
        "cuts-the-last-byte-of-datagrams": {"datagram": Datagram()},
    },
)
async def path_of_1500(peer: Peer, carrier: Carrier) -> Reaction:
    peer.shape(max_stream_data=WINDOW_BYTES, fixed_windows=True)
    return await carrier[0](await peer.open_session(Echo()))


@case(
    "datagrams/path-of-1400",
    title="the same on a path of 1400 bytes",
    requires=["ref-quic-path-of-1200", "dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/path-of-1500",
    link=Path(size_limit_bytes=1400),
    parameters=CARRIERS,
    expect=comes_back,
    faults={"assumes-1452-bytes": {"stream": Data()}},
)
async def path_of_1400(peer: Peer, carrier: Carrier) -> Reaction:
    return await path_of_1500(peer, carrier)


@case(
    "datagrams/path-of-1280",
    title="the same on a path of 1280 bytes",
    requires=["ref-quic-path-of-1200", "dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/path-of-1500",
    link=Path(size_limit_bytes=1280),
    parameters=CARRIERS,
    expect=comes_back,
    faults={"assumes-1452-bytes": {"stream": Data()}},
)
async def path_of_1280(peer: Peer, carrier: Carrier) -> Reaction:
    return await path_of_1500(peer, carrier)


@case(
    "datagrams/path-of-1200",
    title="the same on the smallest path that QUIC allows",
    requires=["ref-quic-path-of-1200", "dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/path-of-1500",
    link=Path(size_limit_bytes=1200),
    parameters=CARRIERS,
    expect=comes_back,
    faults={"assumes-1452-bytes": {"stream": Data()}},
)
async def path_of_1200(peer: Peer, carrier: Carrier) -> Reaction:
    return await path_of_1500(peer, carrier)


@case(
    "datagrams/too-large-for-the-path",
    title="datagrams larger than the path takes are lost, and nothing with them",
    requires=["close-recipient-closes-or-resets", "ov-dgram-no-retransmit"],
    roles=BOTH,
    control="termination/recipient-ends-stream",
    needs=["datagrams"],
    link=Path(size_limit_bytes=1280),
    expect=Expect(
        Fin(),
        Reset(),
        tolerated={GIVEN_UP: "RFC 9114 section 5.3: the connection may be closed with the session"},
        expected_beside=(SessionClosed(), Stop(), GIVEN_UP),
    ),
    faults={"closes-for-unsent-datagrams": ConnectionClosed(H3.INTERNAL_ERROR)},
)
async def too_large_for_the_path(peer: Peer) -> Reaction:
    session = await peer.open_session(Source(datagrams=3, size_bytes=1500))
    await peer.barrier()
    await session.close(7)
    return await session.connect_stream.reaction()


@case(
    "datagrams/larger-than-announced",
    title="no datagram is larger than the peer's max_datagram_frame_size",
    requires=["ref-quic-datagram-size-kept"],
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    parameters={"1": 1, "20": 20, "100": 100},
    expect=Expect(Absent("Datagram")),
    faults={
        "ignores-datagram-limits": Datagram(),
        "closes-for-unsent-datagrams": ConnectionClosed(H3.INTERNAL_ERROR),
    },
)
async def larger_than_announced(peer: Peer, limit_bytes: int) -> Reaction:
    announced = {Parameter.MAX_DATAGRAM_FRAME_SIZE: varint.encode(limit_bytes)}
    peer.shape(parameters=announced)
    session = await peer.open_session(Echo())
    # With its type and quarter stream ID the echo would be one byte over the limit.
    await session.send_datagram(bytes(limit_bytes - 1))
    return await peer.absence(Datagram(), after=session.barrier)


@case(
    "datagrams/none-announced",
    title="no datagram is sent to a peer that does not announce that it takes any",
    requires=["ref-quic-datagram-size-kept"],
    # From draft 10 on there is no session without them, which is asked elsewhere.
    dialects=http3.until(9),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    parameters={"absent": None, "zero": b"\0"},
    expect=Expect(
        Absent("Datagram"),
        Refused(),
        ConnectionClosed(),
        # From draft 05 on a server that finds the parameter missing need not take the session.
        Response(range(400, 600)),
        Reset(),
        Stop(),
    ),
    faults={"ignores-datagram-limits": Datagram()},
)
async def none_announced(peer: Peer, value: bytes | None) -> Reaction:
    peer.shape(parameters={Parameter.MAX_DATAGRAM_FRAME_SIZE: value})
    session = await peer.open_session(Echo())
    await session.send_datagram(b"echo me")
    return await peer.absence(Datagram(), after=session.barrier)
