"""What the glue of a client must do, tried by commands against our reference server: section 3."""

import base64

from wtspec.suite.commands.glue_checks import item
from wtspec.suite.commands.glue_client_talk import CODE, HELLO, ClientTalk
from wtspec.suite.commands.glue_program import (
    CONFIGURATION,
    Undecided,
    expect,
    field_of,
    payload,
)
from wtspec.suite.endpoint.interface import ApiEvent

_FILL_BYTES = 600
_ORIGIN = "https://allowed.test"
_NO_HASH = base64.b64encode(bytes(32)).decode()
_REASON = "done \u00e9"


class ClientCheck:
    """The checks of one started client, by a server that speaks one of its dialects."""

    def __init__(self, talk: ClientTalk) -> None:
        self._talk = talk
        self._program = talk.program
        self._features = talk.features
        self._ours = talk.ours

    @item(
        "`connect` opens a session of {dialect}",
        "connect to `url`, believe the certificate of `hashes`; print `session`, then `done`",
        "connect",
    )
    async def connect(self) -> None:
        await self._talk.session("/echo")

    @item(
        "a session echoes: `open`, `write`, `data`, `ended`",
        "print `stream`, write the base64 of `data`, print what comes back as `data`, and "
        "`ended` with the size and SHA-256 of all that was read",
        "open",
        "write",
        "+bidi",
    )
    async def echo_bidi(self) -> None:
        session = await self._talk.session("/echo")
        stream = await self._talk.stream(session, "bidi")
        await self._program.do("write", stream=stream, data=HELLO, finish=True)
        await self._talk.read_whole(stream, HELLO)

    @item(
        "`fill` writes the pattern, `finish` ends",
        "`fill`: that many bytes, byte i being i % 251; `finish`: FIN",
        "finish",
        "+bidi",
    )
    async def fill(self) -> None:
        session = await self._talk.session("/echo")
        stream = await self._talk.stream(session, "bidi")
        await self._program.do("write", stream=stream, fill=_FILL_BYTES)
        await self._program.do("finish", stream=stream)
        await self._talk.read_whole(stream, bytes(i % 251 for i in range(_FILL_BYTES)))

    @item(
        "streams of the peer are named and read",
        "print `stream`, by peer, with a name of yours that begins with ~, then its `data`",
        "+uni",
    )
    async def echo_uni(self) -> None:
        session = await self._talk.session("/source?uni=1&bytes=5")
        shown = await self._program.seen.wait("stream", session=session, kind="uni", by="peer")
        await self._talk.read_whole(str(field_of(shown, "stream")), bytes(range(5)))

    @item(
        "`datagram` sends, and an event shows what comes",
        "send `data`; print `datagram` with base64 in `data`",
        "datagram",
        "+datagrams",
    )
    async def datagram(self) -> None:
        session = await self._talk.session("/echo")
        await self._program.do("datagram", session=session, data=HELLO)
        shown = await self._program.seen.wait("datagram", session=session)
        expect(payload(shown) == HELLO, f"`datagram` shows {payload(shown)!r}, not {HELLO!r}")

    @item(
        "`reset` resets with its code",
        "pass `code` to the API as it is",
        "reset",
        "+reset",
        "+bidi",
    )
    async def reset(self) -> None:
        stream, ours = await self._talk.written_and_seen("/sink")
        await self._program.do("reset", stream=stream, code=CODE)
        ended = await self._ours.wait("ended", self._talk.since, stream=ours)
        told = (ended.fields["how"], ended.fields["code"])
        wanted = ("reset", self._talk.code_seen)
        expect(told == wanted, f"our server saw {told}, not {wanted}")

    @item(
        "`stop` stops with its code",
        "pass `code` to the API as it is",
        "stop",
        "+stop",
        "+bidi",
    )
    async def stop(self) -> None:
        stream, ours = await self._talk.written_and_seen("/echo")
        await self._program.do("stop", stream=stream, code=CODE)
        stopped = await self._ours.wait("stopped", self._talk.since, stream=ours)
        code, wanted = stopped.fields["code"], self._talk.code_seen
        expect(code == wanted, f"our server was stopped with {code}, not {wanted}")

    @item(
        "`ended` shows the code of a reset",
        "print `ended`, how reset, with the `code` that the API shows",
        "+reset-code",
        "+bidi",
    )
    async def reset_code(self) -> None:
        stream = await self._talk.written(f"/reset?code={CODE}")
        ended = await self._program.seen.wait("ended", stream=stream)
        told = (field_of(ended, "how"), field_of(ended, "code"))
        expect(told == ("reset", CODE), f"`ended` shows {told}, not {('reset', CODE)}")

    @item(
        "`stopped` shows the code of a stop",
        "print `stopped` with the `code` that the API shows, if need be at the next write",
        "+stop-code",
        "+bidi",
    )
    async def stop_code(self) -> None:
        stream = await self._talk.written(f"/stop?code={CODE}")
        await self._program.seen.wait("ended", stream=stream)
        # Some notice it only now; what becomes of this write is not asked.
        self._program.tell("write", stream=stream, data=HELLO)
        stopped = await self._program.seen.wait("stopped", stream=stream)
        code = field_of(stopped, "code")
        expect(code == CODE, f"`stopped` shows code {code!r}, not {CODE}")

    @item(
        "codes are QUIC's own numbers",
        "declare raw-codes only where the API maps none",
        "reset",
        "+raw-codes",
        "+reset",
        "+bidi",
    )
    async def raw_codes(self) -> None:
        await self.reset.work(self)

    @item(
        "`connect` with `echo` behaves as /echo",
        "with `echo` return what comes, on the same stream or a new one, and print no `data`",
        "mode",
        "+bidi",
    )
    async def mode_echo(self) -> None:
        session = await self._talk.session("/source?bidi=1&bytes=5", echo=True)
        ours = await self._ours.wait("stream", self._talk.since, kind="bidi", by="local")
        ended = await self._ours.wait("ended", self._talk.since, stream=ours.fields["stream"])
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
        session = await self._talk.session("/source?bidi=1&bytes=5", read=False)
        shown = await self._program.seen.wait("stream", session=session, by="peer")
        await self._program.do("sync")
        stream = str(field_of(shown, "stream"))
        expect(self._program.seen.find("data", stream=stream) is None, "it was read all the same")
        await self._program.do("mode", session=session, read=True)
        await self._talk.read_whole(stream, bytes(range(5)))

    @item(
        "`close` closes with code and reason",
        "pass `code` and `reason` to the API; print `closed`, by local",
        "close",
        "+close-code",
    )
    async def close_session(self) -> None:
        session = await self._talk.session("/echo")
        await self._program.do("close", session=session, code=CODE, reason=_REASON)
        closed = await self._ours.wait(
            "closed", self._talk.since, session=self._talk.server_session()
        )
        told = (closed.fields["code"], closed.fields["reason"])
        expect(told == (CODE, _REASON), f"our server saw {told}, not {(CODE, _REASON)}")
        if "closed" in self._features:
            await self._program.seen.wait("closed", session=session)

    @item(
        "`closed` shows how the peer ended a session",
        "print `closed`, by peer",
        "+closed",
    )
    async def closed_by_peer(self) -> None:
        session = await self._talk.session("/close?code=8&reason=over")
        await self._program.seen.wait("closed", session=session)

    @item(
        "`closed` shows the peer's code and reason",
        "print `code` and `reason` as the API shows them",
        "+close-code",
        "+closed",
        "+bidi",
    )
    async def closed_with(self) -> None:
        # When a stream comes: some lose what follows an answer at once, which cases judge.
        session = await self._talk.session("/close?code=8&reason=over&after=stream")
        stream = await self._talk.stream(session, "bidi")
        self._program.tell("write", stream=stream, data=HELLO)
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
        session = await self._talk.session("/echo")
        await self._program.do("drain", session=session)
        await self._ours.wait("draining", self._talk.since, session=self._talk.server_session())

    @item(
        "`draining` shows that the peer asked",
        "print `draining` when the API shows it",
        "+drain",
    )
    async def draining(self) -> None:
        session = await self._talk.session("/drain")
        await self._program.seen.wait("draining", session=session)

    @item(
        "a refusal is `refused`",
        "print `refused` with the command's id in place of `session` and `done`",
        "connect",
    )
    async def refused(self) -> None:
        name, number = self._talk.connect("/reject?status=403")
        await self._program.seen.wait("refused", id=number, session=name)
        expect(self._program.seen.find("session", session=name) is None, "`session` came as well")

    @item(
        "`session` and `refused` show the status",
        "print the status of the response",
        "connect",
        "+status",
    )
    async def status(self) -> None:
        name = await self._talk.session("/echo")
        shown = await self._program.seen.wait("session", session=name)
        status = field_of(shown, "status")
        expect(status == 200, f"`session` shows status {status!r}, not 200")
        _, number = self._talk.connect("/reject?status=403")
        refused = await self._program.seen.wait("refused", id=number)
        status = field_of(refused, "status")
        expect(status == 403, f"`refused` shows status {status!r}, not 403")

    @item(
        "`connect` sends `headers`",
        "add each to the request",
        "connect",
        "+headers",
    )
    async def headers(self) -> None:
        await self._talk.session("/echo", headers={"x-wtspec": "sent"})
        sent = (await self._ours_session()).fields["headers"]
        value = sent.get("x-wtspec") if isinstance(sent, dict) else None
        expect(value == "sent", f"our server saw x-wtspec as {value!r}, not 'sent'")

    @item(
        "`connect` sends `origin`",
        "send it as the Origin of the request",
        "connect",
        "+origin",
    )
    async def origin(self) -> None:
        await self._talk.session("/echo", origin=_ORIGIN)
        sent = (await self._ours_session()).fields["origin"]
        expect(sent == _ORIGIN, f"our server saw the origin {sent!r}, not {_ORIGIN!r}")

    @item(
        "`connect` believes no certificate but those of `hashes`",
        "compare the SHA-256 of the certificate with `hashes`, and refuse the session",
        "connect",
        "+hashes",
    )
    async def hashes(self) -> None:
        await self._talk.session("/echo")
        name, number = self._talk.connect("/echo", hashes=[_NO_HASH])
        await self._program.seen.wait("refused", id=number)
        expect(self._program.seen.find("session", session=name) is None, "`session` came as well")

    @item(
        "`pool` shares a connection",
        "with `pool` use a connection that was made with the same hashes and protocols",
        "connect",
        "+pooling",
    )
    async def pooling(self) -> None:
        await self._talk.session("/echo", pool=True)
        if not self._talk.may_share():
            raise Undecided("without session flow control a connection carries one session")
        await self._talk.session("/echo", pool=True)
        second = (await self._ours_session()).fields["wire_id"]
        expect(second != 0, "our server saw a connection for each session")

    @item(
        "`connect` offers protocols",
        "offer `protocols`, and print the choice in `session`",
        "+protocols",
    )
    async def protocols(self) -> None:
        wanted = CONFIGURATION.protocols[0]
        session = await self._talk.session("/protocols", protocols=["other", wanted])
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
        await self._program.do("stats", session=await self._talk.session("/echo"))

    @item(
        "`sync` comes after the events before it",
        "print `done` of a sync after every event that the API has shown so far",
        "sync",
    )
    async def sync(self) -> None:
        session = await self._talk.session("/echo")
        stream = await self._talk.stream(session, "bidi")
        await self._program.do("write", stream=stream, data=HELLO, finish=True)
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

    async def _ours_session(self) -> ApiEvent:
        """Our server's event of the session that was opened last."""
        return await self._ours.wait("session", self._talk.since)
