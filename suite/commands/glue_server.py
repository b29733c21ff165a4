"""What the glue of a server must do, tried by our reference client: contract sections 4 and 5."""

from collections.abc import Awaitable, Callable
from typing import Any

from wtspec.implementations.launch import HOST
from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.errors import SessionRefused, StreamReset
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import BidirectionalStream
from wtspec.suite.commands.glue_checks import item
from wtspec.suite.commands.glue_peer import LENIENT, Wire
from wtspec.suite.commands.glue_program import (
    CONFIGURATION,
    Program,
    Wrong,
    expect,
    expect_whole,
    field_of,
    payload,
)
from wtspec.suite.dialect import Dialect
from wtspec.suite.endpoint.interface import ApiEvent

_HELLO = b"hello"
_CODE = 5
_REASON = "a+b \u00e9"


class ServerCheck:
    """The checks of one started server, by a client that speaks one of its dialects."""

    def __init__(self, program: Program, spoken: Dialect, features: frozenset[str]) -> None:
        self._program = program
        self._features = features
        keys: list[str] = []
        self.wire = Wire(program.address, HOST, keys)
        self._client = Client(ClientOptions((spoken,), key_log=keys.append, rules=LENIENT))
        self._tokens = 0

    async def close(self) -> None:
        await self._client.close()
        self.wire.close()

    @item(
        "a session of {dialect} echoes",
        "on /echo return the bytes of each bidirectional stream on it, FIN after FIN, and "
        "print `session`, `stream` and `ended`",
        "/echo",
        "+bidi",
    )
    async def echo_bidi(self) -> None:
        session, name = await self._opened("/echo")
        stream = await self._written(session, finish=True)
        back = await stream.readable.read_all()
        expect(back == _HELLO, f"{back!r} came back for {_HELLO!r}")
        shown = await self._seen("stream", session=name, kind="bidi", by="peer")
        await self._ended_well(shown, _HELLO)

    @item(
        "/echo returns a unidirectional stream on a new one",
        "read the stream to its end, then open one and write what was read",
        "/echo",
        "+uni",
    )
    async def echo_uni(self) -> None:
        session, name = await self._opened("/echo")
        stream = await session.create_unidirectional_stream()
        await stream.write(_HELLO)
        await stream.finish()
        answer = await session.accept_unidirectional_stream()
        back = await answer.read_all()
        expect(back == _HELLO, f"{back!r} came back for {_HELLO!r}")
        shown = await self._seen("stream", session=name, kind="uni", by="peer")
        await self._ended_well(shown, _HELLO)
        await self._seen("stream", session=name, kind="uni", by="local")

    @item(
        "/echo returns datagrams, and shows them",
        "send back each datagram; print `datagram` with base64 in `data`",
        "/echo",
        "+datagrams",
    )
    async def echo_datagram(self) -> None:
        session, name = await self._opened("/echo")
        session.datagrams.send(_HELLO)
        back = await session.datagrams.receive()
        expect(back == _HELLO, f"{back!r} came back for {_HELLO!r}")
        shown = await self._seen("datagram", session=name)
        expect(payload(shown) == _HELLO, f"`datagram` shows {payload(shown)!r}")

    @item(
        "/echo answers a reset by a reset with its code",
        "reset the sending side with the code of the peer's reset; print `ended`, how reset",
        "/echo",
        "+reset",
        "+bidi",
    )
    async def echo_reset(self) -> None:
        stream, shown = await self._begun("/echo")
        stream.writable.reset(_CODE)
        ended = await self._seen("ended", stream=field_of(shown, "stream"))
        expect(field_of(ended, "how") == "reset", f"`ended` says how {ended.fields['how']!r}")
        code = await self._reset_code(stream.readable.read_all)
        # Of raw numbers too: what comes back is what was sent.
        expect(code == _CODE, f"the answer was reset with {code}, not {_CODE}")

    @item(
        "`ended` shows the code of a reset",
        "print `ended`, how reset, with the `code` that the API shows",
        "/echo",
        "+reset-code",
        "+bidi",
    )
    async def reset_code(self) -> None:
        stream, shown = await self._begun("/echo")
        stream.writable.reset(_CODE)
        await self._told_code("ended", shown)

    @item(
        "`stopped` shows the code of a stop",
        "print `stopped` with the `code` that the API shows, if need be at the next write",
        "/echo",
        "+stop-code",
        "+bidi",
    )
    async def stop_code(self) -> None:
        stream, shown = await self._begun("/echo")
        stream.readable.stop(_CODE)
        # Some notice it only when they write the next time.
        await stream.writable.write(_HELLO)
        await self._told_code("stopped", shown)

    @item(
        "/sink reads and returns nothing",
        "read, drop, FIN nothing",
        "/sink",
        "+bidi",
    )
    async def sink(self) -> None:
        _, shown = await self._begun("/sink", finish=True)
        await self._ended_well(shown, _HELLO)

    @item(
        "/hold takes streams and reads nothing",
        "accept the stream, print `stream`, and leave its bytes unread",
        "/hold",
        "+bidi",
    )
    async def hold(self) -> None:
        _, shown = await self._begun("/hold", finish=True)
        # The event of a later session is the barrier for events of this one.
        await self._opened("/hold")
        ended = self._program.seen.find("ended", stream=field_of(shown, "stream"))
        expect(ended is None, "the stream was read to its end")

    @item(
        "/source opens what the query says",
        "open `bidi` and `uni` streams of `bytes` pattern bytes (i % 251) with FIN",
        "/source",
        "+bidi",
        "+uni",
    )
    async def source(self) -> None:
        session, _ = await self._opened("/source?bidi=1&uni=1&datagrams=0&bytes=300")
        wanted = bytes(i % 251 for i in range(300))
        bidi = await session.accept_bidirectional_stream()
        uni = await session.accept_unidirectional_stream()
        for kind, stream in (("bidi", bidi.readable), ("uni", uni)):
            got = await stream.read_all()
            expect(
                got == wanted, f"the {kind} stream has {len(got)} bytes, not the 300 of the pattern"
            )

    @item(
        "/close closes with the query's code and reason",
        "percent-decode the reason as UTF-8; a plus stays a plus",
        "/close",
        "+close-code",
    )
    async def close_at_once(self) -> None:
        path = "/close?code=7&reason=a+b%20%C3%A9&after=accept"
        session, _ = await self._opened(path)
        await self._closed_with(session, 7, _REASON)

    @item(
        "/close?after=stream waits for a stream",
        "with after=stream close when the first stream arrives, not before",
        "/close",
        "+close-code",
        "+bidi",
    )
    async def close_after_stream(self) -> None:
        session, _ = await self._opened("/close?code=8&after=stream")
        await self._written(session)
        await self._closed_with(session, 8, "")

    @item(
        "/drain asks to drain",
        "drain at once, then behave as /echo",
        "/drain",
        "+drain",
    )
    async def drain(self) -> None:
        session, _ = await self._opened("/drain")
        await session.draining()

    @item(
        "/reset resets with the query's code",
        "reset on the first byte of each bidirectional stream",
        "/reset",
        "+reset",
        "+bidi",
    )
    async def reset(self) -> None:
        session, _ = await self._opened(f"/reset?code={_CODE}")
        stream = await self._written(session)
        code = await self._reset_code(stream.readable.read_all)
        self._shows_code("reset", code)

    @item(
        "codes are QUIC's own numbers",
        "declare raw-codes only where the API maps none",
        "/reset",
        "+raw-codes",
        "+reset",
        "+bidi",
    )
    async def raw_codes(self) -> None:
        await self.reset.work(self)

    @item(
        "/stop stops with the query's code",
        "ask to stop on the first byte of each stream, and FIN the sending side",
        "/stop",
        "+stop",
        "+bidi",
    )
    async def stop(self) -> None:
        session, _ = await self._opened(f"/stop?code={_CODE}")
        stream = await self._written(session)
        code = await stream.writable.stopped()
        self._shows_code("asked to stop", code)
        await stream.readable.read_all()

    @item(
        "/reject answers the query's status",
        "answer the status and give no session",
        "/reject",
    )
    async def reject(self) -> None:
        await self._refused("/reject?status=403", 403)
        await self._refused("/reject?status=429", 429)

    @item(
        "/origin refuses other origins with 403",
        "accept without Origin or with https://allowed.test only",
        "/origin",
        "+origin",
    )
    async def origin(self) -> None:
        await self._opened("/origin", origin="https://allowed.test")
        await self._refused("/origin", 403, origin="https://evil.test")

    @item(
        "`session` shows the headers of the request",
        "print the request's headers, their names in lower case",
        "/echo",
        "+headers",
    )
    async def headers(self) -> None:
        _, name = await self._opened("/echo", headers=(("x-wtspec", "sent"),))
        told = field_of(await self._seen("session", session=name), "headers")
        value = told.get("x-wtspec") if isinstance(told, dict) else None
        expect(value == "sent", f"`headers` shows x-wtspec as {value!r}, not 'sent'")

    @item(
        "/protocols chooses among WT_PROTOCOLS",
        "choose one that both have, and print it in `session`",
        "/protocols",
        "+protocols",
    )
    async def protocols(self) -> None:
        offered = ("other", *CONFIGURATION.protocols[:1])
        session, _ = await self._opened("/protocols", protocols=offered)
        expect(session.protocol == offered[1], f"it chose {session.protocol!r}, not {offered[1]!r}")
        await self._seen("session", protocol=offered[1])

    @item(
        "other paths answer 404",
        "answer 404 (405 since draft 16) elsewhere",
        "/reject",
    )
    async def nowhere(self) -> None:
        await self._refused("/no-such-path", 404, 405)

    @item(
        "`closed` shows how a session ended",
        "print `closed` when a session is over",
        "/echo",
        "+closed",
    )
    async def closed(self) -> None:
        session, name = await self._opened("/echo")
        session.close(_CODE, _REASON)
        await self._seen("closed", session=name)

    @item(
        "`closed` shows the peer's code and reason",
        "print `code` and `reason` as the API shows them",
        "/echo",
        "+close-code",
        "+closed",
    )
    async def closed_with(self) -> None:
        session, name = await self._opened("/echo")
        session.close(_CODE, _REASON)
        shown = await self._seen("closed", session=name)
        told = (field_of(shown, "code"), field_of(shown, "reason"))
        expect(told == (_CODE, _REASON), f"`closed` shows {told}, not {(_CODE, _REASON)}")

    # What they have in common.

    async def _opened(self, path: str, **options: Any) -> tuple[Session, str]:
        """A session at the path and the program's name for it; see `SessionOptions`."""
        self._tokens += 1
        whole = f"{path}{'&' if '?' in path else '?'}token={self._tokens}"
        session = await self._connect(whole, **options)
        shown = await self._seen("session", path=whole)
        return session, str(field_of(shown, "session"))

    async def _connect(self, path: str, **options: Any) -> Session:
        host, port = self.wire.address
        url = f"https://{host}:{port}{path}"
        return await self._client.connect(url, SessionOptions(**options))

    async def _written(self, session: Session, *, finish: bool = False) -> BidirectionalStream:
        """A stream of ours with a greeting on it."""
        stream = await session.create_bidirectional_stream()
        await stream.writable.write(_HELLO)
        if finish:
            await stream.writable.finish()
        return stream

    async def _begun(
        self, path: str, *, finish: bool = False
    ) -> tuple[BidirectionalStream, ApiEvent]:
        """The same in a session at the path, and the event that shows it."""
        session, name = await self._opened(path)
        stream = await self._written(session, finish=finish)
        return stream, await self._seen("stream", session=name, kind="bidi", by="peer")

    async def _told_code(self, name: str, shown: ApiEvent) -> None:
        """The event of that stream shows the code that we gave."""
        code = field_of(await self._seen(name, stream=field_of(shown, "stream")), "code")
        expect(code == _CODE, f"`{name}` shows code {code!r}, not {_CODE}")

    async def _refused(self, path: str, *statuses: int, origin: str | None = None) -> None:
        try:
            await self._connect(path, origin=origin)
        except SessionRefused as refusal:
            expect(refusal.status in statuses, f"{path} answered {refusal.status or refusal}")
        else:
            raise Wrong(f"{path} gave a session")

    async def _seen(self, name: str, **where: object) -> ApiEvent:
        return await self._program.seen.wait(name, 0, **where)

    async def _ended_well(self, shown: ApiEvent, data: bytes) -> None:
        expect_whole(await self._seen("ended", stream=field_of(shown, "stream")), data)

    def _shows_code(self, done: str, code: int | None) -> None:
        """A raw code is none of an application's: our side has no number for it."""
        wanted = None if "raw-codes" in self._features else _CODE
        expect(code == wanted, f"{done} with {code}, not {wanted}")

    async def _closed_with(self, session: Session, code: int, reason: str) -> None:
        closure = await session.closed()
        told = (closure.code, closure.reason)
        expect(told == (code, reason), f"closed with {told}, not {(code, reason)}")

    async def _reset_code(self, read: Callable[[], Awaitable[bytes]]) -> int | None:
        try:
            data = await read()
        except StreamReset as reset:
            return reset.code
        raise Wrong(f"the stream ended with FIN after {len(data)} bytes, without a reset")
