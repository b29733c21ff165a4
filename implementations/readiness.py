"""When a server is ready: it answers one QUIC handshake (contract section 2)."""

import asyncio

from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import connect
from wtspec.suite.quic.events import Event, HandshakeCompleted
from wtspec.suite.quic.options import QuicOptions

_ATTEMPT_S = 0.25


async def answered(server: tuple[str, int]) -> None:
    """Return when the server completes a handshake, however long that takes."""
    while not await _answers(server):
        pass


async def _answers(server: tuple[str, int]) -> bool:
    """One attempt, which takes its whole time unless it succeeds: nobody listens yet otherwise."""
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    connection = connect(UdpNetwork(), server, QuicOptions())

    def on_event(event: Event) -> None:
        if isinstance(event, HandshakeCompleted) and not outcome.done():
            outcome.set_result(None)

    connection.on_event = on_event
    try:
        await asyncio.wait_for(outcome, _ATTEMPT_S)
        connection.close()
    except TimeoutError:
        return False
    finally:
        connection.release()
    return True
