import base64
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from contract import client
from contract.commands import parse
from contract.stack import Failure, Refused

if TYPE_CHECKING:
    from wtspec.tests.implementations.contract_py.conftest import Commanding

Command: TypeAlias = "Callable[[], Commanding]"
Until: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.mark.asyncio
async def test_connect_asks_for_what_the_command_says(command: Command) -> None:
    commanding = command()
    await commanding.session(
        url="https://h/echo",
        hashes=[base64.b64encode(b"hash").decode()],
        protocols=["chat"],
        origin="https://o",
        headers={"a": "b"},
        pool=True,
        echo=None,
    )
    wish = commanding.stack.wishes[0]
    assert (wish.url, wish.hashes, wish.protocols) == ("https://h/echo", [b"hash"], ["chat"])
    assert (wish.headers, wish.pool) == ({"a": "b", "origin": "https://o"}, True)
    assert [one["event"] for one in commanding.seen.all] == ["session", "done"]
    told = commanding.seen.all[0]
    assert (told["session"], told["status"], told["protocol"]) == ("s", 200, "chat")


@pytest.mark.asyncio
async def test_a_refusal_is_told_and_so_is_what_waited_for_the_session(command: Command) -> None:
    commanding = command()
    number = commanding.tell("connect", session="s", url="https://h/")
    waiting = commanding.tell("datagram", session="s", data="")
    commanding.stack.answers.put(Refused("no", 403))
    refused = await commanding.answer(number)
    assert (refused["event"], refused["session"], refused["status"]) == ("refused", "s", 403)
    assert (await commanding.answer(waiting))["kind"] == "unknown-name"


@pytest.mark.asyncio
async def test_connect_and_open_give_up(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setattr(client, "GIVE_UP_S", 0.01)
    commanding = command()
    connect = commanding.tell("connect", session="s", url="https://h/")
    opening = commanding.tell("open", session="s", stream="t", kind="uni")
    write = commanding.tell("write", stream="t", data="")
    assert (await commanding.answer(connect))["kind"] == "timeout"
    assert (await commanding.answer(opening))["event"] == "error"
    assert (await commanding.answer(write))["kind"] == "closed"


@pytest.mark.asyncio
async def test_a_blocked_write_holds_up_its_own_stream_alone_and_a_reset_overtakes_it(
    command: Command,
) -> None:
    commanding = command()
    session = await commanding.session(url="https://h/")
    for name in ("blocked", "free"):
        await commanding.do("open", session="s", stream=name, kind="bidi")
    blocked, free = session.opened
    blocked.credit.clear()
    first = commanding.tell("write", stream="blocked", fill=3)
    second = commanding.tell("finish", stream="blocked")
    assert (await commanding.do("write", stream="free", data="YQ==", finish=True))["event"] == (
        "done"
    )
    assert free.did == [b"a", "fin"]
    assert (await commanding.do("reset", stream="blocked", code=8))["event"] == "done"
    assert blocked.did == [("reset", 8)]
    blocked.credit.set()
    await commanding.answer(first)
    await commanding.answer(second)
    assert blocked.did == [("reset", 8), bytes(range(3)), "fin"]


@pytest.mark.asyncio
async def test_a_client_reads_and_reports_unless_told_otherwise(
    command: Command, until: Until
) -> None:
    commanding = command()
    session = await commanding.session(url="https://h/", read=False)
    stream = session.peer_opens(is_bidi=True)
    stream.received.put(b"hey")
    name = (await commanding.seen.wait("stream"))["stream"]
    assert str(name).startswith("~")
    await commanding.do("sync")
    assert commanding.seen.named("data") == []
    await commanding.do("mode", session="s", read=True)
    assert (await commanding.seen.wait("data"))["data"] == "aGV5"
    await commanding.do("stop", stream=name, code=6)
    assert (await commanding.seen.wait("ended"))["how"] == "stopped"
    assert stream.did == [("stop", 6)]
    await commanding.do("mode", session="s", echo=True)
    other = session.peer_opens(is_bidi=True)
    other.received.put(b"back")
    await until(lambda: other.did)
    assert other.did == [b"back"]


@pytest.mark.asyncio
async def test_what_a_session_is_told(command: Command) -> None:
    commanding = command()
    session = await commanding.session(url="https://h/")
    assert (await commanding.do("stats", session="s"))["result"] == {"rtt_ms": 5}
    too_large = await commanding.do("datagram", session="s", fill=2000)
    assert (too_large["event"], too_large["kind"]) == ("error", "TooLarge")
    await commanding.do("close", session="s", code=2, reason="r")
    assert session.did == [("close", 2, "r")]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"cmd": "dance"}, "unknown-name"),
        ({"cmd": "drain", "session": "s"}, "unsupported"),
        ({"cmd": "write", "stream": "none"}, "unknown-name"),
        ({"cmd": "open", "session": "none"}, "unknown-name"),
        ({"cmd": "open", "session": "s", "kind": "tri"}, "bad-command"),
        ({"cmd": "connect", "session": "s"}, "bad-command"),
        ({"cmd": "datagram", "session": "s", "data": "?"}, "bad-command"),
        ({"cmd": "close", "session": "s", "code": "1"}, "bad-command"),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value),
)
async def test_a_command_that_is_none_is_an_error(
    told: dict[str, object], kind: str, command: Command
) -> None:
    commanding = command()
    await commanding.session(url="https://h/")
    answer = await commanding.do(str(told.pop("cmd")), **told)
    assert (answer["event"], answer["kind"]) == ("error", kind)


@pytest.mark.parametrize("line", [b"nonsense", b"[]"])
def test_a_line_that_is_no_command(line: bytes) -> None:
    with pytest.raises(Failure):
        parse(line)
