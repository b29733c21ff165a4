"""Endpoints that offer little, say little, or never answer."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.application import Closes, Drains, Echo, Hold, Nowhere, Source
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import EndpointGone, Role
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.interruption import Deadline, NotApplicable, Unsupported
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.setup import is_address
from wtspec.suite.signal import Reaction, Refused, Silence

Scripted = type[Any]


def meet(endpoint: Any, script: Callable[[Peer], Awaitable[Any]]) -> Any:
    """Run a script with an endpoint that no packet reaches."""

    async def run() -> Any:
        peer = Peer(endpoint, VirtualNetwork(1), dialect("h3-16"))
        try:
            return await script(peer)
        finally:
            await peer.finish()

    return run_virtual(run())


async def establish(peer: Peer) -> Reaction:
    return await peer.begin_session(Echo()).establish()


def test_a_server_that_never_answers(scripted: Scripted) -> None:
    with pytest.raises(Deadline, match="handshake"):
        meet(scripted(), establish)


def test_a_server_that_has_ended(scripted: Scripted) -> None:
    endpoint = scripted()
    endpoint.end = "exit status 3"
    with pytest.raises(EndpointGone, match="exit status 3"):
        meet(endpoint, establish)


def test_a_client_that_never_asks_is_silent(scripted: Scripted) -> None:
    assert meet(scripted(Role.CLIENT), establish) == Reaction("session", (Silence(),))


@pytest.mark.parametrize("kind", ["refused", "error"])
def test_a_client_that_will_not_ask(scripted: Scripted, kind: str) -> None:
    endpoint = scripted(Role.CLIENT)

    async def script(peer: Peer) -> Reaction:
        session = peer.begin_session(Echo())
        (command,) = endpoint.commands
        assert command["cmd"] == "connect"
        assert command["echo"] is True
        assert str(command["url"]).endswith(session.path)
        endpoint.say(kind, id=command["id"], session=command["session"], status=403)
        return await session.establish()

    assert meet(endpoint, script) == Reaction("session", (Refused(403),))


def test_another_commands_error_is_no_refusal(scripted: Scripted) -> None:
    endpoint = scripted(Role.CLIENT)

    async def script(peer: Peer) -> Reaction:
        session = peer.begin_session(Source(uni=1))
        endpoint.say("error", id=-1, session=endpoint.commands[0]["session"])
        return await session.establish()

    assert meet(endpoint, script).signals == (Silence(),)


def test_a_path_that_is_not_offered(scripted: Scripted) -> None:
    endpoint = scripted()
    endpoint.hello = replace(endpoint.hello, unsupported=frozenset({"/close"}))

    async def script(peer: Peer) -> None:
        peer.begin_session(Closes(1))

    with pytest.raises(Unsupported, match="/close"):
        meet(endpoint, script)


def test_a_path_that_a_foreign_server_does_not_have(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = scripted()
    monkeypatch.setattr(endpoint, "path_of", lambda _: None)
    with pytest.raises(NotApplicable, match="/echo"):
        meet(endpoint, establish)


def test_a_command_that_is_not_offered(scripted: Scripted) -> None:
    async def script(peer: Peer) -> None:
        peer.begin_session(Drains())

    with pytest.raises(Unsupported, match="drain"):
        meet(scripted(Role.CLIENT), script)


def test_a_client_that_shares_no_connection(scripted: Scripted) -> None:
    async def script(peer: Peer) -> None:
        peer.begin_session(Hold())
        peer.begin_session(Hold())

    with pytest.raises(NotApplicable, match="share"):
        meet(scripted(Role.CLIENT), script)


def test_an_endpoint_without_events_cannot_be_asked_for_them(
    with_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(peer: Peer) -> Any:
        session = await peer.open_session(Echo())
        monkeypatch.setattr(peer._bench.endpoint, "shows_events", False, raising=False)
        await session.reported("closed")

    with pytest.raises(NotApplicable, match="events"):
        with_server(script)


def test_a_server_of_somebody_elses_may_have_a_resource_anywhere(
    with_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(peer: Peer) -> Any:
        monkeypatch.setattr(peer._bench.endpoint, "shows_events", False, raising=False)
        await peer.begin_session(Nowhere("/echo")).establish()

    with pytest.raises(NotApplicable, match="has a resource at /echo"):
        with_server(script)


def test_an_endpoint_that_declares_nothing_is_known_by_its_settings(
    with_server: Callable[..., Any],
) -> None:
    async def script(peer: Peer) -> Any:
        endpoint: Any = peer._bench.endpoint
        endpoint.hello = replace(endpoint.hello, dialects=())
        peer._setup.dialect = dialect("h3-07")
        await peer.open_session(Echo())

    with pytest.raises(NotApplicable, match="MAX_SESSIONS_07"):
        with_server(script, draft="h3-16")


def test_flow_control_that_is_off_on_the_wire(bout: Callable[..., Any]) -> None:
    async def script(peer: Peer) -> Any:
        endpoint: Any = peer._bench.endpoint
        endpoint.hello = replace(endpoint.hello, limits=type(endpoint.hello.limits)())
        peer._setup.configuration = FLOW_CONTROL
        await peer.open_session(Echo())

    with pytest.raises(NotApplicable, match="flow control"):
        bout(script)


@pytest.mark.parametrize(
    ("host", "name"), [("wt.test", "wt.test"), ("192.0.2.1", None), ("::1", None), (None, None)]
)
def test_only_names_are_named_in_tls(scripted: Scripted, host: Any, name: Any) -> None:
    endpoint = scripted()
    endpoint.host = host

    async def script(peer: Peer) -> Any:
        return peer._setup.options().server_name, peer._side.authority

    found, authority = meet(endpoint, script)
    assert found == name
    assert authority == f"{name or endpoint.address[0]}:1"
    assert host is None or is_address(host) is (name is None)
