"""Datagrams and the sizes that a path takes."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Path
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.signal import Datagram, Fin, Reaction, Silence

Carrier = tuple[Callable[[Session, bytes], Awaitable[Reaction]], bytes, type[Datagram | Fin]]
CARRIERS: dict[str, Carrier] = {
    "datagram": (Session.echo_datagram, bytes(1000), Datagram),
    "stream": (Session.echo, bytes(20_000), Fin),
}


def comes_back(carrier: Carrier) -> Expect:
    _, data, signal = carrier
    return Expect(signal(data))


@case(
    "datagrams/path-of-1500",
    title="an ordinary path carries a datagram of 1000 bytes, and 20 kB on a stream",
    requires=["dgram-payload-verbatim"],
    roles=BOTH,
    control="setup/echo",
    parameters=CARRIERS,
    expect=comes_back,
    faults={"drops-datagrams": {"datagram": Silence()}},
)
async def path_of_1500(peer: Peer, carrier: Carrier) -> Reaction:
    echo, data, _ = carrier
    return await echo(await peer.open_session(Echo()), data)


@case(
    "datagrams/path-of-1280",
    title="the same on a path of 1280 bytes",
    requires=["dgram-payload-verbatim", "ref-quic-path-of-1200"],
    roles=BOTH,
    control="datagrams/path-of-1500",
    link=Path(size_limit_bytes=1280),
    parameters=CARRIERS,
    expect=comes_back,
    faults={"assumes-1452-bytes": {"stream": Silence()}},
)
async def path_of_1280(peer: Peer, carrier: Carrier) -> Reaction:
    return await path_of_1500(peer, carrier)
