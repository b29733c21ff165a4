"""What the glue of a client must do, tried by commands against our reference server: section 3."""

import base64
import hashlib
from collections.abc import Mapping

from wtspec.implementations import launch
from wtspec.implementations.reference.contract_server import ContractServer
from wtspec.implementations.reference.serving import ServerOptions
from wtspec.suite.commands.glue_checks import item
from wtspec.suite.commands.glue_program import (
    CONFIGURATION,
    EventLog,
    Program,
    expect,
    field_of,
    payload,
)
from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.interface import ApiEvent
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import Identity

_HELLO = b"hello"
_CODE = 9
_FILL_BYTES = 600
_REASON = "done \u00e9"


class ClientCheck:
    """The checks of one started client, by a server that speaks one of its dialects."""

    def __init__(
        self, program: Program, spoken: Dialect, features: frozenset[str], identity: Identity
    ) -> None:
        self._program = program
        self._features = features
        self._hash = base64.b64encode(identity.hash_sha256).decode()
        self._ours = EventLog("our server")
        options = ServerOptions(
            dialects=(spoken,), protocols=CONFIGURATION.protocols, identity=identity
        )
        self._server = ContractServer(UdpNetwork(), (launch.HOST, 0), options, self._emit)
        self._names = 0
        self._since = 0

    async def close(self) -> None:
        await self._server.server.close()

    @item(
        "`connect` opens a session of {dialect}",
        "connect to `url`, believe the certificate of `hashes`; print `session`, then `done`",
        "connect",
    )
    async def connect(self) -> None:
        name = await self._session("/echo")
        shown = await self._program.seen.wait("session", session=name)
        if "status" in self._features:
            expect(
                field_of(shown, "status") == 200,
                f"`session` shows status {shown.fields['status']!r}",
            )

    @item(
        "a session echoes: `open`, `write`, `data`, `ended`",
        "print `stream`, write the base64 of `data`, print what comes back as `data`, and "
        "`ended` with the size and SHA-256 of all that was read",
        "open",
        "write",
        "+bidi",
    )
    async def echo_bidi(self) -> None:
        session = await self._session("/echo")
        stream = await self._stream(session, "bidi")
        await self._program.do("write", stream=stream, data=_HELLO, finish=True)
        await self._read_whole(stream, _HELLO)

    @item(
        "`fill` writes the pattern, `finish` ends",
        "`fill`: that many bytes, byte i being i % 251; `finish`: FIN",
        "finish",
        "+bidi",
    )
    async def fill(self) -> None:
        session = await self._session("/echo")
        stream = await self._stream(session, "bidi")
        await self._program.do("write", stream=stream, fill=_FILL_BYTES)
        await self._program.do("finish", stream=stream)
        await self._read_whole(stream, bytes(i % 251 for i in range(_FILL_BYTES)))

    @item(
        "streams of the peer are named and read",
        "print `stream`, by peer, with a name of yours that begins with ~, then its `data`",
        "+uni",
    )
    async def echo_uni(self) -> None:
        session = await self._session("/source?uni=1&bytes=5")
        shown = await self._program.seen.wait("stream", session=session, kind="uni", by="peer")
        await self._read_whole(str(field_of(shown, "stream")), bytes(range(5)))

    @item(
        "`datagram` sends, and an event shows what comes",
        "send `data`; print `datagram` with base64 in `data`",
        "datagram",
        "+datagrams",
    )
    async def datagram(self) -> None:
        session = await self._session("/echo")
        await self._program.do("datagram", session=session, data=_HELLO)
        shown = await self._program.seen.wait("datagram", session=session)
        expect(payload(shown) == _HELLO, f"`datagram` shows {payload(shown)!r}, not {_HELLO!r}")

    @item(
        "`reset` resets with its code",
        "pass `code` to the API as it is",
        "reset",
        "+reset",
        "+bidi",
    )
    async def reset(self) -> None:
        session = await self._session("/sink")
        stream = await self._stream(session, "bidi")
        await self._program.do("write", stream=stream, data=_HELLO)
        shown = await self._ours.wait("stream", self._since, kind="bidi", by="peer")
        await self._program.do("reset", stream=stream, code=_CODE)
        ended = await self._ours.wait("ended", self._since, stream=shown.fields["stream"])
        told = (ended.fields["how"], ended.fields["code"])
        wanted = ("reset", self._code_seen)
        expect(told == wanted, f"our server saw {told}, not {wanted}")

    @item(
        "`stop` stops with its code",
        "pass `code` to the API as it is",
        "stop",
        "+stop",
        "+bidi",
    )
    async def stop(self) -> None:
        session = await self._session("/echo")
        stream = await self._stream(session, "bidi")
        await self._program.do("write", stream=stream, data=_HELLO)
        shown = await self._ours.wait("stream", self._since, kind="bidi", by="peer")
        await self._program.do("stop", stream=stream, code=_CODE)
        stopped = await self._ours.wait("stopped", self._since, stream=shown.fields["stream"])
        code, wanted = stopped.fields["code"], self._code_seen
        expect(code == wanted, f"our server was stopped with {code}, not {wanted}")

    @item(
        "`connect` with `echo` behaves as /echo",
        "with `echo` return what comes, on the same stream or a new one, and print no `data`",
        "mode",
        "+bidi",
    )
    async def mode_echo(self) -> None:
        session = await self._session("/source?bidi=1&bytes=5", echo=True)
        ours = await self._ours.wait("stream", self._since, kind="bidi", by="local")
        ended = await self._ours.wait("ended", self._since, stream=ours.fields["stream"])
        told = (ended.fields["bytes"], ended.fields["how"])
        expect(told == (5, "fin"), f"our server got back bytes and end {told}, not {(5, 'fin')}")
        shown = self._program.seen.find("stream", session=session)
        name = shown.fields.get("stream") if shown is not None else None
        expect(
            self._program.seen.find("data", stream=name) is None, "`data` was printed all the same"
        )

    @item(
        "`read: false` stops reading, `mode` begins again",
        "read no stream of a session while `read` is false",
        "mode",
        "+bidi",
    )
    async def mode_read(self) -> None:
        session = await self._session("/source?bidi=1&bytes=5", read=False)
        shown = await self._program.seen.wait("stream", session=session, by="peer")
        await self._program.do("sync")
        stream = str(field_of(shown, "stream"))
        expect(self._program.seen.find("data", stream=stream) is None, "it was read all the same")
        await self._program.do("mode", session=session, read=True)
        await self._read_whole(stream, bytes(range(5)))

    @item(
        "`close` closes with code and reason",
        "pass `code` and `reason` to the API; print `closed`, by local",
        "close",
        "+close-code",
    )
    async def close_session(self) -> None:
        session = await self._session("/echo")
        await self._program.do("close", session=session, code=_CODE, reason=_REASON)
        closed = await self._ours.wait("closed", self._since, session=self._server_session())
        told = (closed.fields["code"], closed.fields["reason"])
        expect(told == (_CODE, _REASON), f"our server saw {told}, not {(_CODE, _REASON)}")
        if "closed" in self._features:
            await self._program.seen.wait("closed", session=session)

    @item(
        "`closed` shows how the peer ended a session",
        "print `closed` with the peer's code and reason, by peer",
        "+closed",
        "+close-code",
    )
    async def closed_by_peer(self) -> None:
        session = await self._session("/close?code=8&reason=over")
        closed = await self._program.seen.wait("closed", session=session)
        told = tuple(field_of(closed, key) for key in ("code", "reason"))
        expect(told == (8, "over"), f"`closed` shows {told}, not {(8, 'over')}")

    @item(
        "`drain` asks to drain",
        "ask the peer to end it",
        "drain",
        "+drain",
    )
    async def drain(self) -> None:
        session = await self._session("/echo")
        await self._program.do("drain", session=session)
        await self._ours.wait("draining", self._since, session=self._server_session())

    @item(
        "`draining` shows that the peer asked",
        "print `draining` when the API shows it",
        "+drain",
    )
    async def draining(self) -> None:
        session = await self._session("/drain")
        await self._program.seen.wait("draining", session=session)

    @item(
        "a refusal is `refused`, with its status",
        "print `refused` with the command's id in place of `session` and `done`",
        "connect",
    )
    async def refused(self) -> None:
        name, number = self._connect("/reject?status=403")
        refused = await self._program.seen.wait("refused", id=number, session=name)
        if "status" in self._features:
            status = field_of(refused, "status")
            expect(status == 403, f"`refused` shows status {status!r}, not 403")
        expect(self._program.seen.find("session", session=name) is None, "`session` came as well")

    @item(
        "`connect` offers protocols",
        "offer `protocols`, and print the choice in `session`",
        "+protocols",
    )
    async def protocols(self) -> None:
        wanted = CONFIGURATION.protocols[0]
        session = await self._session("/protocols", protocols=["other", wanted])
        shown = await self._program.seen.wait("session", session=session)
        told = field_of(shown, "protocol")
        expect(told == wanted, f"`session` shows the protocol {told!r}, not {wanted!r}")

    @item(
        "`stats` is answered",
        "answer `done`",
        "stats",
        "+stats",
    )
    async def stats(self) -> None:
        await self._program.do("stats", session=await self._session("/echo"))

    @item(
        "`sync` comes after the events before it",
        "print `done` of a sync after every event that the API has shown so far",
        "sync",
    )
    async def sync(self) -> None:
        session = await self._session("/echo")
        stream = await self._stream(session, "bidi")
        await self._program.do("write", stream=stream, data=_HELLO, finish=True)
        await self._program.seen.wait("ended", stream=stream)
        done = await self._program.do("sync")
        events = self._program.seen.events
        late = [
            one.name for one in events[events.index(done) :] if one.fields.get("stream") == stream
        ]
        expect(not late, f"`{' '.join(late)}` came after the `done` of the sync")

    @item(
        "an unknown command is an `error`, and changes nothing",
        "print `error` with the command's `id` and a `kind`",
    )
    async def unknown(self) -> None:
        number = self._program.tell("no-such-command", session="none")
        error = await self._program.seen.wait("error", id=number)
        field_of(error, "kind")
        await self._program.do("sync")

    # What they have in common.

    @property
    def _code_seen(self) -> int | None:
        """A raw code is none of an application's: our server has no number for it."""
        return None if "raw-codes" in self._features else _CODE

    def _emit(self, name: str, fields: Mapping[str, object]) -> None:
        self._ours.add(ApiEvent(name, dict(fields)))

    def _connect(self, path: str, **fields: object) -> tuple[str, int]:
        self._names += 1
        self._since = len(self._ours.events)
        name = f"s{self._names}"
        host, port = self._server.server.address
        url = f"https://{host}:{port}{path}"
        return name, self._program.tell(
            "connect", session=name, url=url, hashes=[self._hash], **fields
        )

    async def _session(self, path: str, **fields: object) -> str:
        """A session; raises Wrong unless `session` comes before the command's `done`."""
        name, number = self._connect(path, **fields)
        shown = await self._program.seen.wait("session", session=name)
        done = await self._program.seen.wait("done", id=number)
        events = self._program.seen.events
        expect(events.index(shown) < events.index(done), "`done` came before `session`")
        return name

    async def _stream(self, session: str, kind: str) -> str:
        self._names += 1
        name = f"t{self._names}"
        await self._program.do("open", session=session, stream=name, kind=kind)
        await self._program.seen.wait("stream", stream=name, kind=kind, by="local")
        return name

    def _server_session(self) -> object:
        """Our server's name of the session that was opened last."""
        shown = self._ours.find("session", self._since)
        return shown.fields["session"] if shown is not None else None

    async def _read_whole(self, stream: str, wanted: bytes) -> None:
        ended = await self._program.seen.wait("ended", stream=stream)
        read = b"".join(
            payload(one)
            for one in self._program.seen.events
            if one.name == "data" and one.fields.get("stream") == stream
        )
        expect(
            read == wanted, f"`data` shows {len(read)} bytes that are not the {len(wanted)} sent"
        )
        told = tuple(field_of(ended, key) for key in ("bytes", "sha256", "how"))
        right = (len(wanted), hashlib.sha256(wanted).hexdigest(), "fin")
        expect(told == right, f"`ended` shows bytes, sha256, how as {told}, not {right}")
