"""What was asked of the endpoint, what it grants, and servers that take one session only."""

from collections.abc import Awaitable, Callable

import pytest

from wtspec.implementations.reference.endpoint import start_reference
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.configuration import DEFAULT, FLOW_CONTROL, TIGHT, Configuration
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.interruption import NotApplicable, PremiseMissing
from wtspec.suite.peer.limits import first_credit, require_beyond
from wtspec.suite.peer.peer import Peer

Script = Callable[[Peer], Awaitable[None]]


def play(script: Script, asked: Configuration, given: Configuration) -> None:
    """A script whose configuration asks for one thing of a server that was given another."""

    async def run() -> None:
        network, name = VirtualNetwork(1), "h3-16"
        endpoint = await start_reference(Role.SERVER, given, (name,), network=network)
        peer = Peer(endpoint, network, dialect(name), configuration=asked, seed=1)
        try:
            await script(peer)
        finally:
            await peer.finish()
            await endpoint.stop()

    run_virtual(run())


@pytest.mark.parametrize(("what", "granted"), [("data", 50_000), ("uni", 5), ("bidi", 7)])
def test_what_is_granted_as_asked_can_be_used_up(what: str, granted: int) -> None:
    async def script(peer: Peer) -> None:
        assert first_credit(await peer.open_session(Echo()), what) == granted

    play(script, FLOW_CONTROL, FLOW_CONTROL)


def test_another_limit_than_asked_is_not_gone_up_to() -> None:
    async def script(peer: Peer) -> None:
        session = await peer.open_session(Echo())
        with pytest.raises(NotApplicable, match="grants 50000 of data, not 100"):
            first_credit(session, "data")

    play(script, TIGHT, FLOW_CONTROL)


def test_who_has_granted_more_is_not_asked_about_excess() -> None:
    async def script(peer: Peer) -> None:
        session = await peer.open_session(Echo())
        require_beyond(session, "bidi", 8)
        with pytest.raises(PremiseMissing, match="7 of bidi"):
            require_beyond(session, "bidi", 7)

    play(script, FLOW_CONTROL, FLOW_CONTROL)


def test_whoever_ended_the_session_is_asked_whatever_he_grants() -> None:
    async def script(peer: Peer) -> None:
        session = await peer.open_session(Echo())
        await session.close()
        require_beyond(session, "bidi", 7)

    play(script, FLOW_CONTROL, FLOW_CONTROL)


def test_a_second_session_that_is_refused_is_no_answer_to_a_case() -> None:
    async def script(peer: Peer) -> None:
        await peer.open_session(Echo())
        with pytest.raises(NotApplicable, match="no further session"):
            await peer.open_session(Echo())

    play(script, DEFAULT, DEFAULT)
