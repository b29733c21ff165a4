"""The contract program as a process, over UDP: both roles speaking with each other."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wtspec.implementations.reference.program import main, wanted_dialects, wanted_limits
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import p256

STEP_S = 20


class Program:
    """One running program and its events."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def command(self, **fields: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")

    async def event(self, name: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(STEP_S):
            while True:
                line = await self.process.stdout.readline()
                assert line, f"the program ended before {name}"
                event: dict[str, Any] = json.loads(line)
                assert event["event"] not in {"error", "refused"}, event
                if event["event"] == name:
                    return event


@asynccontextmanager
async def program(**variables: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "wtspec.implementations.reference",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"WT_CONTRACT": "1", **variables},
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(STEP_S):
                assert await process.wait() == 0


def free_port() -> int:
    link = UdpNetwork().open(lambda _data, _source: None, ("127.0.0.1", 0))
    port = link.local[1]
    link.close()
    return port


@pytest.mark.asyncio
async def test_both_roles(tmp_path: Path) -> None:
    identity = p256()
    (tmp_path / "cert.pem").write_bytes(identity.certificate_pem)
    (tmp_path / "key.pem").write_bytes(identity.key_pem)
    port = free_port()
    keys = tmp_path / "keys.log"
    serving = program(
        WT_ROLE="server",
        WT_PORT=str(port),
        WT_CERT=str(tmp_path / "cert.pem"),
        WT_KEY=str(tmp_path / "key.pem"),
        WT_DIALECTS="h3-16 h3-07",
        SSLKEYLOGFILE=str(keys),
    )
    asking = program(WT_ROLE="client", WT_DIALECTS="h3-07")
    async with serving as server, asking as client:
        assert (await server.event("hello"))["dialects"] == ["h3-16", "h3-07"]
        await client.event("hello")
        url = f"https://127.0.0.1:{port}/echo?token=t"
        pinned = base64.b64encode(identity.hash_sha256).decode()
        client.command(id=1, cmd="connect", session="s", url=url, hashes=[pinned])
        assert (await client.event("session"))["dialect"] == "h3-07"
        assert (await server.event("session"))["path"] == "/echo?token=t"
        client.command(id=2, cmd="open", session="s", stream="a", kind="bidi")
        client.command(id=3, cmd="write", stream="a", fill=300, finish=True)
        ended = await client.event("ended")
        assert (ended["bytes"], ended["how"]) == (300, "fin")
        client.command(id=4, cmd="shutdown")
        assert (await client.event("done"))["id"] == 4
        assert (await server.event("closed"))["by"] == "peer"
        async with asyncio.timeout(STEP_S):
            assert await client.process.wait() == 0
    assert "CLIENT_TRAFFIC_SECRET_0" in keys.read_text()


@pytest.mark.parametrize(
    "variables", [{"WT_ROLE": "proxy"}, {"WT_DIALECTS": "h2-15 h3-06"}, {"WT_DIALECTS": ""}]
)
def test_what_is_not_offered(variables: dict[str, str]) -> None:
    assert main(variables) == 127


def test_variables() -> None:
    assert [one.name for one in wanted_dialects("h3-16 h2-15 h3-06 h3-02")] == ["h3-16", "h3-02"]
    limits = wanted_limits('{"max_sessions": 3, "initial_max_data": 0, "unknown": 1}')
    assert (limits.max_sessions, limits.initial_max_data, limits.max_datagram) == (3, 0, None)
    assert wanted_limits("").max_sessions is None
