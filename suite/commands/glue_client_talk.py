"""Our server, and what every check of a client does with it: sessions, streams, reading."""

import base64
from collections.abc import Mapping

from wtspec.implementations.reference.contract_server import ContractServer
from wtspec.implementations.reference.serving import ServerOptions
from wtspec.suite.commands.glue_peer import LENIENT, Wire
from wtspec.suite.commands.glue_program import (
    CONFIGURATION,
    EventLog,
    Program,
    expect,
    expect_whole,
    payload,
)
from wtspec.suite.dialect import Dialect, FlowControlRule, SessionLimitRule, Side
from wtspec.suite.endpoint.interface import ApiEvent
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import shown_to_real_clients

CODE = 9
HELLO = b"hello"


class ClientTalk:
    """With one started client, by a server that speaks just this dialect.

    `since` counts the events of our server before the session that was asked for last.
    """

    def __init__(self, program: Program, spoken: Dialect, features: frozenset[str]) -> None:
        self.program = program
        self.features = features
        self._spoken = spoken
        self.ours = EventLog("our server")
        self.since = 0
        host = program.address[0]
        identity = shown_to_real_clients(host)
        self._hash = base64.b64encode(identity.hash_sha256).decode()
        keys: list[str] = []
        options = ServerOptions(
            (spoken,),
            protocols=CONFIGURATION.protocols,
            identity=identity,
            key_log=keys.append,
            rules=LENIENT,
        )
        self._server = ContractServer(UdpNetwork(), (host, 0), options, self._emit)
        self.wire = Wire(self._server.server.address, host, keys)

    async def close(self) -> None:
        await self._server.server.close()
        self.wire.close()

    @property
    def code_seen(self) -> int | None:
        """A raw code is none of an application's: our server has no number for it."""
        return None if "raw-codes" in self.features else CODE

    def _emit(self, name: str, fields: Mapping[str, object]) -> None:
        self.ours.add(ApiEvent(name, dict(fields)))

    def connect(self, path: str, **fields: object) -> tuple[str, int]:
        self.since = len(self.ours.events)
        name = self.program.name("s")
        host, port = self.wire.address
        url = f"https://{host}:{port}{path}"
        fields = {"hashes": [self._hash], **fields}
        return name, self.program.tell("connect", session=name, url=url, **fields)

    async def session(self, path: str, **fields: object) -> str:
        """A session; raises Wrong unless `session` comes before the command's `done`."""
        name, number = self.connect(path, **fields)
        shown = await self.program.seen.wait("session", session=name)
        done = await self.program.seen.wait("done", id=number)
        events = self.program.seen.events
        expect(events.index(shown) < events.index(done), "`done` came before `session`")
        return name

    async def stream(self, session: str, kind: str) -> str:
        name = self.program.name("t")
        await self.program.do("open", session=session, stream=name, kind=kind)
        await self.program.seen.wait("stream", stream=name, kind=kind, by="local")
        return name

    async def written(self, path: str) -> str:
        """A bidirectional stream of a session at the path, with a greeting on it."""
        stream = await self.stream(await self.session(path), "bidi")
        await self.program.do("write", stream=stream, data=HELLO)
        return stream

    async def written_and_seen(self, path: str) -> tuple[str, object]:
        """The same, and our server's name for the stream, once it shows it."""
        stream = await self.written(path)
        shown = await self.ours.wait("stream", self.since, kind="bidi", by="peer")
        return stream, shown.fields["stream"]

    def may_share(self) -> bool:
        """Whether the last connection may carry more than one session."""
        last = self.wire.exchange().connections[-1]
        if self._spoken.session_limit is SessionLimitRule.QUIC:
            return True
        settings = last.settings
        is_on = len(settings) == len(Side) and self._spoken.flow_control_on(
            settings[Side.CLIENT], settings[Side.SERVER]
        )
        return is_on or self._spoken.flow_control is FlowControlRule.NONE

    def server_session(self) -> object:
        """Our server's name of the session that was opened last."""
        shown = self.ours.find("session", self.since)
        return shown.fields["session"] if shown is not None else None

    async def read_whole(self, stream: str, wanted: bytes) -> None:
        ended = await self.program.seen.wait("ended", stream=stream)
        read = b"".join(
            payload(one)
            for one in self.program.seen.events
            if one.name == "data" and one.fields.get("stream") == stream
        )
        expect(
            read == wanted, f"`data` shows {len(read)} bytes that are not the {len(wanted)} sent"
        )
        expect_whole(ended, wanted)
