"""Connections that end at any stage, and the next one."""

from collections.abc import Awaitable, Callable

from wtspec.suite.case import case
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import QPACK_STREAMS, SETTINGS, Peer, Raw
from wtspec.suite.signal import ConnectionClosed, Fin, Reaction, Refused, Response
from wtspec.suite.wire.error_codes import H3, QUIC
from wtspec.suite.wire.stream_header import StreamHeader, StreamKind

TIMES = 4
Stage = Callable[[Peer], Awaitable[None]]


async def before_settings(peer: Peer) -> None:
    peer.withhold(SETTINGS, QPACK_STREAMS)
    await peer.connect()
    await peer.close(H3.INTERNAL_ERROR)


async def after_settings(peer: Peer) -> None:
    await peer.settings()
    await peer.close(H3.INTERNAL_ERROR)


async def in_the_request(peer: Peer) -> None:
    session = peer.begin_session(Echo())
    async with peer.one_flight():
        await session.send_opening()
        await peer.close(H3.INTERNAL_ERROR)


async def in_the_session(peer: Peer) -> None:
    session = await peer.open_session(Echo())
    await (await session.open_bidi()).send(b"open")
    await (await session.open_uni()).send(b"open")
    await session.send_datagram(b"open")
    await peer.close(H3.INTERNAL_ERROR)


async def by_a_transport_error(peer: Peer) -> None:
    session = await peer.open_session(Echo())
    await (await session.open_bidi()).send(b"open")
    await peer.close(1, transport=True)


STAGES: dict[str, Stage] = {
    "before-settings": before_settings,
    "after-settings": after_settings,
    "in-the-request": in_the_request,
    "in-the-session": in_the_session,
    "by-a-transport-error": by_a_transport_error,
}


@case(
    "connection-ends/the-next-one-works",
    title="connections that end at any stage, again and again, leave the next one alone",
    requires=["ref-close-ends-streams", "ov-session-error-scope"],
    roles=BOTH,
    control="setup/echo",
    parameters=STAGES,
    expect=Expect(Fin(b"next")),
    faults={"takes-four-losses-ill": {Role.SERVER: Response(503), Role.CLIENT: Refused()}},
)
async def the_next_one_works(peer: Peer, stage: Stage) -> Reaction:
    for _ in range(TIMES):
        await stage(peer.another())
    return await (await peer.open_session(Echo())).echo(b"next")


async def silent_after_settings(peer: Peer) -> None:
    await peer.settings()
    peer.vanish()


async def silent_in_the_session(peer: Peer) -> None:
    session = await peer.open_session(Echo())
    await (await session.open_bidi()).send(b"open")
    await (await session.open_uni()).send(b"open")
    peer.vanish()


async def silent_in_a_stream_header(peer: Peer) -> None:
    session = await peer.open_session(Echo())
    header = peer.encode(StreamHeader(StreamKind.UNI, session.id))
    await peer.open_raw(StreamKind.UNI, Raw(header[:1], "a header that will never be whole"))
    peer.vanish()


SILENCES: dict[str, Stage] = {
    "after-settings": silent_after_settings,
    "in-the-session": silent_in_the_session,
    "in-a-stream-header": silent_in_a_stream_header,
}


@case(
    "connection-ends/silent-peers",
    title="peers that fell silent without a farewell do not keep the endpoint from the next one",
    requires=["ov-session-independent"],
    roles=BOTH,
    control="setup/echo",
    parameters=SILENCES,
    expect=Expect(
        Fin(b"next"),
        tolerated={
            ConnectionClosed(QUIC.CONNECTION_REFUSED, transport=True): "RFC 9000 section 5.2.2"
        },
    ),
    faults={
        # A handshake that is not confirmed, or a request without an answer, is given up soon.
        "serves-few-connections-at-once": {
            Role.SERVER: {"in-the-session": Response(503), "in-a-stream-header": Response(503)},
            Role.CLIENT: {"in-the-session": Refused(), "in-a-stream-header": Refused()},
        },
    },
)
async def silent_peers(peer: Peer, stage: Stage) -> Reaction:
    return await the_next_one_works(peer, stage)
