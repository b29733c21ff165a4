"""What two implementations are asked to do together: commands to the client, a path of the server.

Each script returns what had to be delivered, in the order of cause.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wtspec.implementations.pairing import wire
from wtspec.implementations.pairing.meeting import Meeting
from wtspec.implementations.pairing.outcome import Delivery
from wtspec.implementations.pairing.talk import like
from wtspec.suite.dialect import Side
from wtspec.suite.endpoint.application import (
    Closes,
    Drains,
    Echo,
    Hold,
    Protocols,
    Resets,
    Source,
    Stops,
)
from wtspec.suite.endpoint.interface import ApiEvent

CLIENT, SERVER = Side.CLIENT, Side.SERVER
Script = Callable[[Meeting], Awaitable[list[Delivery]]]
_MANY = 50
_LARGE_BYTES = 1 << 20
_DATAGRAMS = 10
_CODE = 0x1D  # drafts before 03 have 8 bits for those of streams
_CLOSE_CODE = 70_000
_REASON = "wtspec says bye"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`client`, `server`: features of the contract that the parties must have declared.

    `path`: the server's; `commands`: beyond those that every client has.
    """

    name: str
    title: str
    script: Script
    path: str
    client: frozenset[str]
    server: frozenset[str]
    commands: tuple[str, ...]


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, title: str, path: str, *, client: str = "", server: str = "", commands: str = ""
) -> Callable[[Script], Script]:
    """Register a script under its name."""

    def registered(script: Script) -> Script:
        features = frozenset(client.split()), frozenset(server.split())
        SCENARIOS[name] = Scenario(name, title, script, path, *features, tuple(commands.split()))
        return script

    return registered


def _is_whole(event: ApiEvent | None, size_bytes: int) -> bool:
    """The end of a stream that carried just the pattern."""
    return (
        event is not None
        and event.fields.get("how") == "fin"
        and event.fields.get("bytes") == size_bytes
        and event.fields.get("sha256") == wire.pattern_sha256(size_bytes)
    )


@scenario("handshake", "a session is established, and both APIs show it", "/hold")
async def handshake(meet: Meeting) -> list[Delivery]:
    await meet.connect(Hold())
    seen = await meet.session_of_server()
    return [Delivery(CLIENT, "a session", seen is not None, wire.session)]


@scenario("echo-bidi", "a bidirectional stream comes back", "/echo", client="bidi", server="bidi")
async def echo_bidi(meet: Meeting) -> list[Delivery]:
    return await _echoed(meet, 1, 10_000)


@scenario("many-streams", "many streams at once come back", "/echo", client="bidi", server="bidi")
async def many_streams(meet: Meeting) -> list[Delivery]:
    return await _echoed(meet, _MANY, 100)


@scenario("large-transfer", "a mebibyte comes back", "/echo", client="bidi", server="bidi")
async def large_transfer(meet: Meeting) -> list[Delivery]:
    return await _echoed(meet, 1, _LARGE_BYTES)


async def _echoed(meet: Meeting, streams: int, size_bytes: int) -> list[Delivery]:
    await meet.connect(Echo())
    names = [f"s{number}" for number in range(streams)]
    for name in names:
        await meet.client.do("open", session="one", stream=name, kind="bidi")
        meet.client.tell("write", stream=name, fill=size_bytes, finish=True)
    asked = f"{size_bytes} bytes on {streams} streams"
    found = [Delivery(CLIENT, asked, None, wire.streams(CLIENT, size_bytes, streams))]
    for number, name in enumerate(names, 1):
        end = await meet.client.saw(f"the end of {name}", like("ended", stream=name))
        back = f"{size_bytes} bytes of {name} come back"
        sent = wire.streams(SERVER, size_bytes, number)
        found.append(Delivery(SERVER, back, _is_whole(end, size_bytes), sent))
    return found


@scenario(
    "echo-uni", "a unidirectional stream comes back on another", "/echo", client="uni", server="uni"
)
async def echo_uni(meet: Meeting) -> list[Delivery]:
    await meet.connect(Echo())
    await meet.client.do("open", session="one", stream="s", kind="uni")
    await meet.client.do("write", stream="s", fill=5000, finish=True)
    opened = await meet.client.saw("a stream", like("stream", kind="uni", by="peer"))
    end = None
    if opened is not None:
        end = await meet.client.saw("its end", like("ended", stream=opened.fields["stream"]))
    return [
        Delivery(CLIENT, "5000 bytes on a stream", None, wire.streams(CLIENT, 5000)),
        Delivery(SERVER, "them on another", _is_whole(end, 5000), wire.streams(SERVER, 5000)),
    ]


@scenario("server-streams", "the server opens streams of both kinds", "/source", client="bidi uni")
async def server_streams(meet: Meeting) -> list[Delivery]:
    await meet.connect(Source(bidi=2, uni=2, size_bytes=3000))
    found = []
    for number in range(4):
        seen = await meet.client.saw(f"stream {number + 1}", meet.nth(like("ended"), number))
        sent = wire.streams(SERVER, 3000, number + 1)
        found.append(Delivery(SERVER, f"stream {number + 1}, whole", _is_whole(seen, 3000), sent))
    return found


@scenario("datagrams", "a datagram comes back", "/echo", client="datagrams", server="datagrams")
async def datagrams(meet: Meeting) -> list[Delivery]:
    """Several are sent, since each may be lost."""
    await meet.connect(Echo())
    for number in range(_DATAGRAMS):
        data = base64.b64encode(bytes([number]) * 100).decode()
        meet.client.tell("datagram", session="one", data=data)
    back = await meet.client.saw("a datagram", like("datagram", session="one"))
    sent = {base64.b64encode(bytes([number]) * 100).decode() for number in range(_DATAGRAMS)}
    is_one = back is not None and back.fields.get("data") in sent
    return [
        Delivery(CLIENT, "a datagram", None, wire.datagram(CLIENT)),
        Delivery(SERVER, "one of ten datagrams comes back", is_one, wire.datagram(SERVER)),
    ]


@scenario(
    "client-resets", "a reset of the client arrives with its code", "/echo", client="reset bidi"
)
async def client_resets(meet: Meeting) -> list[Delivery]:
    await meet.connect(Echo())
    await _opened(meet)
    await meet.client.do("reset", stream="s", code=_CODE)
    end = await meet.server.saw("the reset", like("ended", how="reset"))
    return meet.reset(CLIENT, end, _CODE)


@scenario(
    "server-resets", "a reset of the server arrives with its code", "/reset", server="reset bidi"
)
async def server_resets(meet: Meeting) -> list[Delivery]:
    await meet.connect(Resets(_CODE))
    await _opened(meet)
    end = await meet.client.saw("the reset", like("ended", stream="s", how="reset"))
    return meet.reset(SERVER, end, _CODE)


@scenario("client-stops", "a stop of the client arrives with its code", "/echo", client="stop bidi")
async def client_stops(meet: Meeting) -> list[Delivery]:
    await meet.connect(Echo())
    await _opened(meet)
    await meet.client.do("stop", stream="s", code=_CODE)
    # Some APIs show a stop only when they write next.
    meet.client.tell("write", stream="s", fill=2000)
    end = await meet.server.saw("the stop", like("stopped"))
    return meet.stop(CLIENT, end, _CODE)


@scenario("server-stops", "a stop of the server arrives with its code", "/stop", server="stop bidi")
async def server_stops(meet: Meeting) -> list[Delivery]:
    await meet.connect(Stops(_CODE))
    await _opened(meet)
    meet.client.tell("write", stream="s", fill=2000)
    end = await meet.client.saw("the stop", like("stopped", stream="s"))
    return meet.stop(SERVER, end, _CODE)


async def _opened(meet: Meeting) -> None:
    """A bidirectional stream that the server has heard of."""
    await meet.client.do("open", session="one", stream="s", kind="bidi")
    await meet.client.do("write", stream="s", fill=100)
    await meet.server.saw("the stream", like("stream", by="peer", kind="bidi"))


@scenario(
    "client-closes",
    "a close of the client arrives with code and reason",
    "/hold",
    server="closed",
    commands="close",
)
async def client_closes(meet: Meeting) -> list[Delivery]:
    await meet.connect(Hold())
    await meet.session_of_server()
    await meet.client.do("close", session="one", code=_CLOSE_CODE, reason=_REASON)
    end = await meet.server.saw("the close", like("closed"))
    return meet.close(CLIENT, end, _CLOSE_CODE, _REASON)


@scenario(
    "server-closes", "a close of the server arrives with code and reason", "/close", client="closed"
)
async def server_closes(meet: Meeting) -> list[Delivery]:
    await meet.connect(Closes(_CLOSE_CODE, _REASON, after="stream"))
    await meet.client.do("open", session="one", stream="s", kind="uni")
    meet.client.tell("write", stream="s", fill=1, finish=True)
    end = await meet.client.saw("the close", like("closed", session="one"))
    return meet.close(SERVER, end, _CLOSE_CODE, _REASON)


@scenario(
    "protocols",
    "both APIs show the same protocol",
    "/protocols",
    client="protocols",
    server="protocols",
)
async def protocols(meet: Meeting) -> list[Delivery]:
    offered = ("chat-v1", "chat-v2")
    session = await meet.connect(Protocols(offered))
    seen = await meet.session_of_server()
    mine, theirs = session.fields.get("protocol"), seen and seen.fields.get("protocol")
    choice = f"one of {' '.join(offered)}, not {mine}"
    return [
        Delivery(SERVER, choice, mine in offered, wire.protocol(offered)),
        Delivery(
            SERVER, f"what it shows itself, {theirs}", mine == theirs, wire.protocol((str(theirs),))
        ),
    ]


@scenario("drain", "a drain of the server shows at the client", "/drain", client="drain")
async def drain(meet: Meeting) -> list[Delivery]:
    await meet.connect(Drains())
    seen = await meet.client.saw("the drain", like("draining", session="one"))
    return [Delivery(SERVER, "the drain", seen is not None, wire.drain(SERVER))]


@scenario(
    "reconnect",
    "after a close there is another session",
    "/hold",
    client="bidi",
    server="bidi",
    commands="close",
)
async def reconnect(meet: Meeting) -> list[Delivery]:
    await meet.connect(Hold())
    await meet.client.do("close", session="one", code=0, reason="")
    await meet.client.saw("the close", like("closed", session="one"))
    await meet.connect(Echo(), session="two")
    await meet.client.do("open", session="two", stream="s", kind="bidi")
    meet.client.tell("write", stream="s", fill=100, finish=True)
    end = await meet.client.saw("the end", like("ended", stream="s"))
    return [
        Delivery(CLIENT, "100 bytes in the second session", None, wire.streams(CLIENT, 100)),
        Delivery(SERVER, "them, back", _is_whole(end, 100), wire.streams(SERVER, 100)),
    ]
