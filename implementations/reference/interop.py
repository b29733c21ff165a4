"""The reference as an image of quic-interop-runner's WebTransport mode: its program in there.

Its variables say what to do; files are sent from /www and stored in /downloads. A session's path
is the folder of its files in both.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from wtspec.implementations.reference.connecting import Client, ClientOptions, SessionOptions
from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.files import Files
from wtspec.implementations.reference.program import (
    DEFAULT_DIALECTS,
    NOT_OFFERED,
    key_log,
    wanted_dialects,
)
from wtspec.implementations.reference.serving import ServerOptions, SessionRequest, serve
from wtspec.implementations.reference.session import Session
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.identity import Identity

KINDS = ("unidirectional", "bidirectional", "datagram")
HANDSHAKE = "handshake"
ANSWERS = "transfer"
_ASKS = {"client": "receive", "server": "send"}
_DOOR = ("sim", 57832)
_MOST_WAITING_S = 10.0

Variables = Mapping[str, str]


def kind_of(variables: Variables) -> str | None:
    """How files are asked for; "" where none are; None for a test case that is not ours."""
    role, name = variables.get("ROLE", ""), variables.get("TESTCASE", "")
    if role in _ASKS and name in (HANDSHAKE, ANSWERS):
        return ""
    return next((one for one in KINDS if name == f"transfer-{one}-{_ASKS.get(role)}"), None)


def wishes(requests: str) -> dict[str, list[str]]:
    """Files by session path; a session without files is asked for all the same."""
    found: dict[str, list[str]] = {}
    for one in requests.split():
        path = urlsplit(one).path.strip("/")
        session, _, name = path.partition("/")
        found.setdefault(session, []).extend([name] if name else [])
    return found


class Program:
    """One run, `folders` being /www and /downloads. `kind`: as `kind_of` says."""

    def __init__(self, variables: Variables, kind: str, folders: tuple[Path, Path]) -> None:
        self._variables = variables
        self._kind = kind
        self._www, self._downloads = folders
        self._protocols = tuple(variables.get("PROTOCOLS", "").split())
        self._dialects = wanted_dialects(DEFAULT_DIALECTS)

    async def connect(self) -> None:
        """As a client: every session that is asked for, on one connection."""
        options = ClientOptions(dialects=self._dialects, key_log=key_log(self._variables))
        asked = self._variables.get("REQUESTS", "")
        sites = {urlsplit(one).netloc for one in asked.split()}
        client = Client(options, UdpNetwork())
        try:
            async with asyncio.TaskGroup() as group:
                for site in sites:
                    for path, names in wishes(asked).items():
                        group.create_task(self._visit(client, f"https://{site}/{path}", names))
        finally:
            await client.close()

    async def _visit(self, client: Client, url: str, names: list[str]) -> None:
        wish = SessionOptions(protocols=self._protocols, allow_pooling=True)
        async with await client.connect(url, wish) as session:
            await self._use(session, urlsplit(url).path.strip("/"), names)

    async def serve(self, local: tuple[str, int], identity: Identity) -> None:
        """As a server: until the sessions of one connection are over."""
        asked = wishes(self._variables.get("REQUESTS", ""))
        offered = {one.name for one in self._www.iterdir() if one.is_dir()}
        over = asyncio.Event()
        running: set[str] = set()
        failures: list[Exception] = []

        async def handle(request: SessionRequest) -> None:
            path = request.path.strip("/")
            if path not in offered:
                request.reject_as_not_found()
                return
            running.add(path)
            try:
                async with request.accept(request.common_protocol) as session:
                    await self._use(session, path, asked.pop(path, []))
            except* (WebTransportError, OSError) as failed:
                failures.extend(failed.exceptions)
            finally:
                running.discard(path)
                if not running and not asked:
                    over.set()

        options = ServerOptions(
            dialects=self._dialects,
            protocols=self._protocols,
            identity=identity,
            key_log=key_log(self._variables),
        )
        async with serve(local, handle, options=options, network=UdpNetwork()):
            await over.wait()
        if failures:
            raise ExceptionGroup("sessions failed", failures)

    async def _use(self, session: Session, path: str, names: list[str]) -> None:
        files = Files(session, self._www / path, self._downloads / path)
        if self._kind:
            await files.fetch(self._kind, names)
            return
        if self._variables["TESTCASE"] == HANDSHAKE:
            told = self._downloads / "negotiated_protocol.txt"
            told.write_text(session.protocol or "")
            if self._variables["ROLE"] == "server":
                await session.closed()
            return
        await files.answer()


async def _door_opens() -> None:
    """Wait for the simulator, without which nothing gets through."""
    async with asyncio.timeout(_MOST_WAITING_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(*_DOOR)
                writer.close()
                return
            await asyncio.sleep(0.1)


async def _client(program: Program) -> None:
    await _door_opens()
    await program.connect()


def main(variables: Variables = os.environ) -> int:
    """The exit status, which is all that a runner goes by."""
    kind = kind_of(variables)
    if kind is None:
        return NOT_OFFERED
    program = Program(variables, kind, (Path("/www"), Path("/downloads")))
    if variables["ROLE"] == "client":
        work = _client(program)
    else:
        certs = Path("/certs")
        chain, key = (certs / "cert.pem").read_bytes(), (certs / "priv.key").read_bytes()
        work = program.serve(("::", 443), Identity(chain, key, b""))
    status = 0
    try:
        asyncio.run(work)
    except* (WebTransportError, OSError, TimeoutError) as failed:
        print(*failed.exceptions, sep="\n", file=sys.stderr)  # noqa: T201 - a program's last words
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
