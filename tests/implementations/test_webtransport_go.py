"""The webtransport-go program, server and client against each other, held against the contract."""

import asyncio
import base64
import hashlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from wtspec.implementations import building, manifest, process
from wtspec.implementations.launch import Launch
from wtspec.implementations.manifest import contradictions
from wtspec.implementations.program import ProgramEndpoint
from wtspec.suite.endpoint.application import Closes, Rejects, Resets, Source, Stops
from wtspec.suite.endpoint.configuration import (
    DEFAULT,
    FLOW_CONTROL,
    PROTOCOLS,
    Configuration,
    Limits,
)
from wtspec.suite.endpoint.interface import ApiEvent, EndpointNotOffered, Role
from wtspec.suite.quic.identity import Identity, p256

pytestmark = [pytest.mark.real, pytest.mark.asyncio]
NAME = "webtransport-go"
PATTERN = bytes(i % 251 for i in range(1 << 20))


@pytest.fixture(scope="module")
def launch() -> Launch:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split():
            pytest.fail(reason)
        pytest.skip(reason)
    built = building.build(NAME)
    assert built.process is not None
    return Launch(built.process.exec, manifest.directory(NAME))


@pytest.fixture(scope="module")
def identity() -> Identity:
    return p256()


class Program:
    """One endpoint with all that it printed; each wait starts at the beginning."""

    def __init__(self, endpoint: ProgramEndpoint) -> None:
        self.endpoint = endpoint
        self.events: list[ApiEvent] = []
        self._ids = iter(range(1, 1000))
        self._changed = asyncio.Event()
        endpoint.subscribe(self._hear)

    def _hear(self, event: ApiEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def event(self, name: str, **fields: object) -> dict[str, Any]:
        """The first event of this name with these fields, past or to come."""
        async with asyncio.timeout(15):
            while True:
                for one in self.events:
                    if one.name == name and fields.items() <= dict(one.fields).items():
                        return dict(one.fields)
                self._changed.clear()
                await self._changed.wait()

    def tell(self, cmd: str, **fields: object) -> int:
        number = next(self._ids)
        self.endpoint.command({"id": number, "cmd": cmd, **fields})
        return number

    async def answer(self, number: int) -> ApiEvent:
        async with asyncio.timeout(15):
            while True:
                for one in self.events:
                    final = one.name in {"done", "error", "refused"}
                    if final and one.fields.get("id") == number:
                        return one
                self._changed.clear()
                await self._changed.wait()

    async def do(self, cmd: str, **fields: object) -> ApiEvent:
        return await self.answer(self.tell(cmd, **fields))

    async def done(self, cmd: str, **fields: object) -> Any:
        answer = await self.do(cmd, **fields)
        assert answer.name == "done", answer
        return answer.fields["result"]

    async def write(self, stream: str, data: bytes, *, finish: bool = False) -> None:
        await self.done("write", stream=stream, data=data, finish=finish)

    def data(self, stream: str) -> bytes:
        pieces = [one.fields for one in self.events if one.name == "data"]
        mine = (str(one["data"]) for one in pieces if one["stream"] == stream)
        return b"".join(map(base64.b64decode, mine))


class Pair:
    """A server and a client of the same configuration."""

    def __init__(self, server: Program, client: Program, identity: Identity) -> None:
        self.server = server
        self.client = client
        self.hashes = [base64.b64encode(identity.hash_sha256).decode()]

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.server.endpoint.address[1]}{path}"

    async def connect(self, path: str, session: str = "S", **more: object) -> ApiEvent:
        hashes = more.pop("hashes", self.hashes)
        return await self.client.do(
            "connect", session=session, url=self.url(path), hashes=hashes, **more
        )

    async def session(self, path: str, session: str = "S", **more: object) -> str:
        """Open a session; the server's name of it."""
        answer = await self.connect(path, session, **more)
        assert answer.name == "done", answer
        return str((await self.server.event("session", path=path))["session"])

    async def stream(self, name: str, kind: str, first: bytes = b"", session: str = "S") -> str:
        """Open a stream with its first bytes; the server's name of it."""
        known = {one.fields["stream"] for one in self.server.events if one.name == "stream"}
        await self.client.done("open", session=session, stream=name, kind=kind)
        await self.client.write(name, first)
        wire_id = (await self.client.event("stream", stream=name))["wire_id"]
        async with asyncio.timeout(15):
            while True:
                taken = await self.server.event("stream", wire_id=wire_id, by="peer")
                if taken["stream"] not in known:
                    return str(taken["stream"])


Start = Callable[[Configuration], Any]


@pytest_asyncio.fixture
async def start(launch: Launch, identity: Identity) -> AsyncIterator[Start]:
    running: list[ProgramEndpoint] = []

    async def one(role: Role, configuration: Configuration) -> Program:
        endpoint = await process.start(launch, role, configuration, (), identity)
        running.append(endpoint)
        return Program(endpoint)

    async def pair(configuration: Configuration = DEFAULT) -> Pair:
        server = await one(Role.SERVER, configuration)
        return Pair(server, await one(Role.CLIENT, configuration), identity)

    yield pair
    for endpoint in running:
        await endpoint.stop()
    assert [one.ended() for one in running] == [None] * len(running), "SIGTERM is a clean end"


@pytest_asyncio.fixture
async def pair(start: Start) -> Pair:
    made: Pair = await start(DEFAULT)
    return made


async def test_the_programs_say_what_the_manifest_claims(pair: Pair) -> None:
    claims = manifest.load(NAME)
    assert contradictions(claims, Role.SERVER, pair.server.endpoint.hello) == ()
    assert contradictions(claims, Role.CLIENT, pair.client.endpoint.hello) == ()


async def test_a_dialect_that_is_not_spoken_is_declined(launch: Launch, identity: Identity) -> None:
    for role in Role:
        with pytest.raises(EndpointNotOffered):
            await process.start(launch, role, DEFAULT, ("h2-15", "h3-02"), identity)


async def test_limits_are_in_force_as_asked(start: Start) -> None:
    odd = Configuration("odd", limits=Limits(initial_max_data=0, initial_max_streams_uni=3))
    pair: Pair = await start(odd)
    asked = Limits(initial_max_data=0, initial_max_streams_uni=3)
    assert pair.server.endpoint.hello.limits == asked
    assert pair.client.endpoint.hello.limits == asked


async def test_echo_of_streams_and_datagrams(pair: Pair) -> None:
    await pair.session("/echo?token=1")
    await pair.stream("b", "bidi", b"first ")
    await pair.client.write("b", b"last", finish=True)
    ended = await pair.client.event("ended", stream="b")
    assert (ended["how"], ended["code"], ended["bytes"]) == ("fin", None, 10)
    assert ended["sha256"] == hashlib.sha256(b"first last").hexdigest()
    assert pair.client.data("b") == b"first last"

    await pair.stream("u", "uni", b"one way")
    await pair.client.done("finish", stream="u")
    back = (await pair.client.event("stream", by="peer", kind="uni"))["stream"]
    await pair.client.event("ended", stream=back, how="fin")
    assert pair.client.data(back) == b"one way"

    await pair.client.done("datagram", session="S", data=b"dgram")
    got = await pair.client.event("datagram", session="S")
    assert base64.b64decode(got["data"]) == b"dgram"


async def test_echo_of_more_than_any_window(start: Start) -> None:
    pair: Pair = await start(FLOW_CONTROL)
    await pair.session("/echo")
    await pair.client.done("open", session="S", stream="b", kind="bidi")
    await pair.client.done("write", stream="b", fill=1 << 20, finish=True)
    await pair.client.event("ended", stream="b", how="fin", bytes=1 << 20)
    assert pair.client.data("b") == PATTERN


@pytest.mark.parametrize("code", [0, 29, 30, 0xFFFFFFFF])
async def test_echo_of_resets_and_stops(pair: Pair, code: int) -> None:
    await pair.session("/echo")
    theirs = await pair.stream("r", "bidi", b"x")
    await pair.client.done("reset", stream="r", code=code)
    await pair.server.event("ended", stream=theirs, how="reset", code=code)
    await pair.client.event("ended", stream="r", how="reset", code=code)

    theirs = await pair.stream("s", "bidi", b"x")
    await pair.client.done("stop", stream="s", code=code)
    await pair.client.event("ended", stream="s", how="stopped", code=code)
    await pair.server.event("stopped", stream=theirs, code=code)
    await pair.client.event("stopped", stream="s", code=code)


async def test_a_client_that_echoes(start: Start) -> None:
    pair: Pair = await start(DEFAULT)
    await pair.session(Source(bidi=2, uni=1, datagrams=1, size_bytes=10).path, echo=True)
    for _ in range(2):
        await pair.server.event("ended", how="fin", bytes=10)
    sums = hashlib.sha256(PATTERN[:10]).hexdigest()
    await pair.server.event("stream", kind="uni", by="peer")
    await pair.server.event("datagram")
    await pair.client.done("sync")
    mine = [one.fields for one in pair.client.events if one.name == "ended"]
    assert [(one["how"], one["sha256"]) for one in mine] == [("fin", sums)] * 3
    assert not [one for one in pair.client.events if one.name == "data"]


async def test_source_sends_what_it_was_asked_for(pair: Pair) -> None:
    await pair.session(Source(bidi=2, uni=3, datagrams=2, size_bytes=300).path)
    for number in range(1, 6):
        await pair.client.event("ended", stream=f"~{number}", how="fin", bytes=300)
        assert pair.client.data(f"~{number}") == PATTERN[:300]
    kinds = [str(one.fields["kind"]) for one in pair.client.events if one.name == "stream"]
    assert sorted(kinds) == ["bidi"] * 2 + ["uni"] * 3
    datagrams = [one.fields for one in pair.client.events if one.name == "datagram"]
    assert [base64.b64decode(str(one["data"])) for one in datagrams] == [PATTERN[:300]] * 2


async def test_source_of_nothing(pair: Pair) -> None:
    await pair.session(Source(bidi=1, size_bytes=0).path)
    await pair.client.event("ended", stream="~1", how="fin", bytes=0)


@pytest.mark.parametrize("after", ["accept", "stream"])
async def test_the_server_closes(pair: Pair, after: Any) -> None:
    path = Closes(0xFFFFFFFF, "a+b & é%", after).path
    session = await pair.session(path)
    if after == "stream":
        await pair.client.done("open", session="S", stream="b", kind="bidi")
        await pair.client.write("b", b"x")
    how = {"code": 0xFFFFFFFF, "reason": "a+b & é%", "clean": True}
    await pair.server.event("closed", session=session, by="local", **how)
    await pair.client.event("closed", session="S", by="peer", **how)


async def test_the_client_closes_and_its_capsule_is_not_lost(pair: Pair) -> None:
    for number in range(20):
        session = await pair.session(f"/sink?token={number}", f"S{number}")
        await pair.client.done("close", session=f"S{number}", code=number, reason="bye")
        await pair.server.event(
            "closed", session=session, by="peer", code=number, reason="bye", clean=True
        )


async def test_reset_on_the_first_byte(pair: Pair) -> None:
    await pair.session(Resets(7).path)
    theirs = await pair.stream("b", "bidi", b"x")
    await pair.client.event("ended", stream="b", how="reset", code=7)
    await pair.client.write("b", b"still read", finish=True)
    await pair.server.event("ended", stream=theirs, how="fin", bytes=11)
    await pair.client.event("ended", stream="~1", how="reset", code=7, bytes=4)
    assert pair.client.data("~1") == PATTERN[:4]


async def test_stop_on_the_first_byte(pair: Pair) -> None:
    await pair.session(Stops(8).path)
    for kind in ("bidi", "uni"):
        theirs = await pair.stream(kind, kind, b"x")
        await pair.client.event("stopped", stream=kind, code=8)
        await pair.server.event("ended", stream=theirs, how="stopped", code=8)
    await pair.client.event("ended", stream="bidi", how="fin", bytes=0)


async def test_hold_reads_nothing_and_a_reset_overtakes_a_blocked_write(pair: Pair) -> None:
    await pair.session("/hold")
    await pair.stream("b", "bidi", b"x")
    write = pair.client.tell("write", stream="b", fill=16 << 20)
    second = pair.client.tell("finish", stream="b")
    await pair.client.done("open", session="S", stream="c", kind="bidi")
    await pair.client.write("c", b"not held up")
    await pair.client.done("sync")
    assert not [one for one in pair.client.events if one.fields.get("id") in {write, second}]
    await pair.client.done("reset", stream="b", code=3)
    blocked = await pair.client.answer(write)
    assert (blocked.name, blocked.fields["kind"]) == ("error", "StreamError")
    await pair.client.answer(second)
    assert not [one for one in pair.server.events if one.name == "ended"]


async def test_sink_reads_all_and_returns_nothing(pair: Pair) -> None:
    await pair.session("/sink")
    theirs = await pair.stream("b", "bidi", b"x")
    await pair.client.done("finish", stream="b")
    await pair.server.event("ended", stream=theirs, how="fin", bytes=1)
    await pair.client.event("ended", stream="b", how="fin", bytes=0)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (Rejects(404).path, 404),
        (Rejects(503).path, 503),
        ("/reject?status=5000", 400),
        ("/close?code=5000000000", 400),
        ("/nowhere", 404),
        ("/drain", 501),
    ],
)
async def test_refusals(pair: Pair, path: str, status: int) -> None:
    refused = await pair.connect(path)
    assert (refused.name, refused.fields["session"]) == ("refused", "S")
    assert refused.fields["status"] == status
    assert not [one for one in pair.server.events if one.name == "session"]


async def test_origin(pair: Pair) -> None:
    assert (await pair.connect("/origin", "a")).name == "done"
    assert (await pair.connect("/origin", "b", origin="https://allowed.test")).name == "done"
    evil = await pair.connect("/origin", "c", origin="https://evil.test")
    assert (evil.name, evil.fields["status"]) == ("refused", 403)
    await pair.server.event("session", origin="https://allowed.test")
    await pair.server.event("session", origin=None)


async def test_protocols_are_chosen_on_their_path_only(start: Start) -> None:
    pair: Pair = await start(PROTOCOLS)
    for path, protocol in (("/protocols", "chat-v1"), ("/echo", None)):
        await pair.connect(path, path, protocols=["chat-v9", "chat-v1"])
        await pair.client.event("session", session=path, protocol=protocol)
        await pair.server.event("session", path=path, protocol=protocol)


async def test_headers_reach_the_server(pair: Pair) -> None:
    await pair.session("/echo", headers={"X-Test": "value"})
    assert (await pair.server.event("session"))["headers"]["x-test"] == "value"


async def test_a_certificate_that_was_not_pinned_is_refused(pair: Pair) -> None:
    wrong = base64.b64encode(bytes(32)).decode()
    refused = await pair.connect("/echo", hashes=[wrong])
    assert (refused.name, refused.fields["status"]) == ("refused", None)


async def test_without_hashes_the_authority_decides(pair: Pair) -> None:
    assert (await pair.connect("/echo", hashes=[])).name == "done"


async def test_pooled_sessions_share_a_connection(start: Start) -> None:
    pair: Pair = await start(FLOW_CONTROL)
    for name in ("a", "b"):
        await pair.session(f"/echo?token={name}", name, pool=True)
        await pair.stream(f"{name}1", "bidi", b"x", name)
    ids = [(await pair.client.event("stream", stream=one))["wire_id"] for one in ("a1", "b1")]
    assert ids[0] < ids[1], "two connections would begin alike"
    await pair.client.done("close", session="a", code=0, reason="")
    await pair.client.write("b1", b"y", finish=True)
    await pair.client.event("ended", stream="b1", how="fin", bytes=2)


async def test_a_client_that_does_not_read(pair: Pair) -> None:
    await pair.session(Source(uni=1, datagrams=1).path, read=False)
    await pair.client.event("stream", stream="~1")
    await pair.client.done("sync")
    assert {one.name for one in pair.client.events} == {"session", "done", "stream"}
    await pair.client.done("mode", session="S", read=True)
    await pair.client.event("ended", stream="~1", how="fin")
    await pair.client.event("datagram")


async def test_giving_up_after_ten_seconds(pair: Pair) -> None:
    clock = asyncio.get_running_loop().time
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}/echo"
        began_s = clock()
        failed = await pair.client.do("connect", session="S", url=url, hashes=pair.hashes)
        assert (failed.name, failed.fields.get("kind")) == ("error", "timeout")
        assert clock() - began_s == pytest.approx(10, abs=2)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ({"cmd": "frobnicate"}, "unknown-command"),
        ({"cmd": "drain", "session": "S"}, "unsupported"),
        ({"cmd": "write", "stream": "none"}, "unknown-stream"),
        ({"cmd": "close", "session": "none"}, "unknown-session"),
        ({"cmd": "reset", "stream": "b", "code": 1 << 32}, "bad-command"),
        ({"cmd": "open", "session": "S", "stream": "b", "kind": "uni"}, "bad-command"),
        ({"cmd": "connect", "session": "S"}, "bad-command"),
        ({"cmd": "datagram", "session": "S", "fill": 70000}, "DatagramTooLargeError"),
    ],
)
async def test_commands_that_fail_change_nothing(
    pair: Pair, command: dict[str, Any], kind: str
) -> None:
    await pair.session("/echo")
    await pair.stream("b", "bidi", b"x")
    failed = await pair.client.do(**command)
    assert (failed.name, failed.fields["kind"]) == ("error", kind)
    await pair.client.done("finish", stream="b")
    await pair.client.event("ended", stream="b", how="fin", bytes=1)


async def test_stats_tell_of_the_connection(pair: Pair) -> None:
    await pair.session("/echo")
    stats = await pair.client.done("stats", session="S")
    assert stats["bytes_sent"] > 1200
    assert 0 < stats["smoothed_rtt_ms"] < 5000


async def test_a_server_that_ends_is_told_as_the_transports_end(pair: Pair) -> None:
    await pair.session("/sink")
    await pair.stream("b", "bidi", b"x")
    await pair.server.endpoint.stop()
    lost = await pair.client.event("closed", session="S")
    assert (lost["by"], lost["code"], lost["clean"]) == ("transport", None, False)
    await pair.client.event("ended", stream="b", how="lost")


async def test_shutdown_closes_the_sessions(pair: Pair) -> None:
    session = await pair.session("/sink")
    await pair.client.done("shutdown")
    await pair.client.endpoint.running.wait()
    assert pair.client.endpoint.running.status == 0
    await pair.server.event("closed", session=session, by="peer", code=0, clean=True)
