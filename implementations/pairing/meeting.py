"""A client and a server that run, the relay between them, and what a scenario does with them."""

import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wtspec.implementations.pairing import wire
from wtspec.implementations.pairing.member import Member, Place
from wtspec.implementations.pairing.outcome import Delivery
from wtspec.implementations.pairing.talk import Talk, Wanted, like
from wtspec.implementations.program import ProgramEndpoint
from wtspec.suite.dialect import Side
from wtspec.suite.endpoint.application import Application, Protocols
from wtspec.suite.endpoint.interface import ApiEvent, Role
from wtspec.suite.network.capture import Capture
from wtspec.suite.network.path import Path
from wtspec.suite.network.relay import Relay
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import shown_to_real_clients

_STEP_S = 20.0  # of what does not come, silence proves nothing: no reason to be in haste


class Meeting:
    """One run of one scenario. `client` and `server` are their programs to talk to."""

    def __init__(self, client: Talk, server: Talk, tag: str, there: tuple[str, str]) -> None:
        self.client = client
        self.server = server
        self._tag = tag
        self._authority, self._hash = there
        self._path = ""

    async def connect(self, application: Application, session: str = "one") -> ApiEvent:
        """Let the client open a session; its `session` event. Raises Failed and Overdue."""
        path = application.path
        self._path = f"{path}{'&' if '?' in path else '?'}token={self._tag}{session}"
        offered = list(application.offered) if isinstance(application, Protocols) else []
        await self.client.do(
            "connect",
            session=session,
            url=f"https://{self._authority}{self._path}",
            hashes=[self._hash],
            protocols=offered,
            pool=False,
        )
        return await self.client.until("the session", like("session", session=session))

    async def session_of_server(self) -> ApiEvent | None:
        """The server's event of the session that was opened last."""
        return await self.server.saw("the session at the server", like("session", path=self._path))

    def nth(self, is_it: Wanted, number: int) -> Wanted:
        """The client's event number so many of a kind, from 0."""

        def found(event: ApiEvent) -> bool:
            same = [one for one in self.client.events if is_it(one)]
            return number < len(same) and same[number] is event

        return found

    def reset(self, sender: Side, event: ApiEvent | None, code: int) -> list[Delivery]:
        """That the other party's API shows the reset, and its code where it shows codes at all."""
        shown = self._code(sender, event, "reset-code", code)
        return [
            Delivery(sender, "the reset", event is not None, wire.reset(sender)),
            Delivery(sender, f"its code {code}", shown, wire.reset(sender, code)),
        ]

    def stop(self, sender: Side, event: ApiEvent | None, code: int) -> list[Delivery]:
        """The same of a stop."""
        shown = self._code(sender, event, "stop-code", code)
        return [
            Delivery(sender, "the stop", event is not None, wire.stop(sender)),
            Delivery(sender, f"its code {code}", shown, wire.stop(sender, code)),
        ]

    def _code(self, sender: Side, event: ApiEvent | None, feature: str, code: int) -> bool | None:
        if event is None or feature not in self._receiver(sender).endpoint.hello.features:
            return None
        return event.fields.get("code") == code

    def close(self, sender: Side, event: ApiEvent | None, code: int, reason: str) -> list[Delivery]:
        """That the other party's API shows the close, and of its code and reason what it can."""
        said = None if event is None else event.fields.get("reason")
        shown = self._code(sender, event, "close-code", code)
        is_same = None if shown is None or said is None else said == reason
        return [
            Delivery(sender, "the close", event is not None, wire.close(sender)),
            Delivery(sender, f"its code {code}", shown, wire.close(sender, code)),
            Delivery(sender, f"its reason {reason!r}", is_same, wire.close(sender, reason=reason)),
        ]

    def _receiver(self, sender: Side) -> Talk:
        return self.server if sender is Side.CLIENT else self.client


class Pair:
    """Two programs that run; scenarios meet one after the other, each behind a relay of its own."""

    def __init__(self, client: ProgramEndpoint, server: ProgramEndpoint, host: str) -> None:
        self.client = client
        self.server = server
        self._host = host

    @asynccontextmanager
    async def meeting(self, path: Path, seed: int, capture: Capture) -> AsyncIterator[Meeting]:
        """A relay, and ears at both programs, for one scenario."""
        network = UdpNetwork(seed)
        step_s = _STEP_S + 20 * path.delay_s
        with Relay(
            network, self.server.address, path=path, local=(self._host, 0), capture=capture
        ) as relay:
            tag = secrets.token_hex(4)
            client, server = Talk(self.client, step_s, tag), Talk(self.server, step_s, tag)
            digest = base64.b64encode(shown_to_real_clients(self._host).hash_sha256).decode()
            there = (f"{self._host}:{relay.address[1]}", digest)
            try:
                yield Meeting(client, server, tag, there)
            finally:
                client.end()
                server.end()

    def secrets(self) -> bytes:
        """The key logs of both, as far as they write one. It blocks."""
        return self.client.running.keys() + self.server.running.keys()

    async def stop(self) -> None:
        try:
            await self.client.stop()
        finally:
            await self.server.stop()


async def paired(client: Member, server: Member, place: Place) -> Pair:
    """Start both; raises what `Member.start` does, and then neither runs."""
    host = client.finds_us_at(place)
    serving = await server.start(Role.SERVER, place, host)
    try:
        return Pair(await client.start(Role.CLIENT, place, host), serving, host)
    except BaseException:
        await serving.stop()
        raise
