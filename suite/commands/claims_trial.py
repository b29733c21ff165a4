"""One session with a program, in exactly one dialect, as the wire shows it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from wtspec.implementations.launch import HOST
from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.errors import WebTransportError
from wtspec.suite.bystander.announcements import lacking
from wtspec.suite.bystander.facts import Connection, Exchange
from wtspec.suite.commands.claims_verdict import Claim, Verdict
from wtspec.suite.commands.glue_client_talk import ClientTalk
from wtspec.suite.commands.glue_peer import LENIENT, Wire
from wtspec.suite.commands.glue_program import Program, Wrong
from wtspec.suite.dialect import Dialect, Side, http3
from wtspec.suite.endpoint.interface import EndpointGone, Role
from wtspec.suite.wire import settings

_ANSWER_S = 5.0
_MOST_LINES = 4
# Lines that say no more than the SETTINGS do.
_DULL = ("control stream", "qpack_", "transport parameters", "EncryptedExtensions", "ClientHello")


@dataclass(frozen=True, slots=True)
class Trial:
    """What passed, and why the API has no session ("" where it has one)."""

    side: Side
    dialect: Dialect
    exchange: Exchange
    why: str = ""

    @property
    def connection(self) -> Connection | None:
        """The last on which the program announced itself; else the last."""
        every = self.exchange.connections
        told = [one for one in every if self.side in one.settings]
        return next(reversed(told or every), None)

    @property
    def is_spoken(self) -> bool:
        """It announces the dialect, and there was a session."""
        return not self._unannounced() and self._is_established()

    def claim(self) -> Claim:
        """What that makes of the claim to speak the dialect."""
        name = self.dialect.name
        if self.is_spoken:
            return Claim("dialect", name, Verdict.HOLDS, "; ".join(self._remarks()))
        why = self._unannounced() or f"no session: {self.why or 'the wire shows none'}"
        return Claim("dialect", name, Verdict.FALSE, why, self.lines)

    def _unannounced(self) -> str:
        connection = self.connection
        if connection is None or self.side not in connection.settings:
            return f"it sent no SETTINGS{f' ({self.why})' if self.why else ''}"
        if self.side is Side.CLIENT and not self.dialect.client_sends_enabling:
            return ""
        enabling = self.dialect.enabling_setting
        is_there = connection.settings[self.side].get(enabling, 0) > 0
        return "" if is_there else f"its SETTINGS have no {settings.name(enabling)}"

    def _is_established(self) -> bool:
        connection = self.connection
        sessions = connection.sessions.values() if connection is not None else ()
        return any(one.is_established for one in sessions)

    def _remarks(self) -> Iterator[str]:
        connection = self.connection
        assert connection is not None, "a session has one"
        enabling = self.dialect.enabling_setting
        alike = [one.name for one in http3.all if one.enabling_setting is enabling]
        if others := [one for one in alike if one != self.dialect.name]:
            yield f"announced as {' and '.join(others)} would be, too"
        for _, what in lacking(connection, self.side, (self.dialect,)):
            yield what

    @property
    def lines(self) -> tuple[str, ...]:
        """The last that the program said."""
        said = [
            str(one)
            for one in self.exchange.lines
            if one.side is self.side and not one.what.startswith(_DULL)
        ]
        return tuple(said[-_MOST_LINES:])


async def tried(program: Program, dialect: Dialect) -> Trial:
    """By our peer that speaks just this dialect, and takes whatever it gets otherwise."""
    if program.role is Role.SERVER:
        return await _as_client(program, dialect)
    return await _as_server(program, dialect)


async def _as_client(program: Program, dialect: Dialect) -> Trial:
    keys: list[str] = []
    with closing(Wire(program.address, HOST, keys)) as wire:
        client = Client(ClientOptions((dialect,), key_log=keys.append, rules=LENIENT))
        host, port = wire.address
        why = ""
        try:
            options = SessionOptions(deadline_s=_ANSWER_S)
            await client.connect(f"https://{host}:{port}/echo", options)
        except (WebTransportError, TimeoutError) as error:
            why = str(error) or f"no answer in {_ANSWER_S:g} s"
        finally:
            await client.close()
        return Trial(Side.SERVER, dialect, wire.exchange(), why)


async def _as_server(program: Program, dialect: Dialect) -> Trial:
    talk = ClientTalk(program, dialect, frozenset())
    try:
        name, number = talk.connect("/echo")
        why = ""
        try:
            came = await program.seen.either(
                ("session", {"session": name}),
                ("refused", {"id": number}),
                ("error", {"id": number}),
            )
            why = "" if came.name == "session" else str(came.fields.get("error"))
        except (Wrong, EndpointGone) as error:
            why = str(error)
        return Trial(Side.CLIENT, dialect, talk.wire.exchange(), why)
    finally:
        await talk.close()
