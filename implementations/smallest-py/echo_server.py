# ruff: noqa: INP001, T201 - a program that is run as a file, and prints what the contract asks for
"""The smallest endpoint: a server that has `/echo` and nothing else, on aioquic's HTTP/3 layer."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DatagramReceived, HeadersReceived, WebTransportStreamDataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import stream_is_unidirectional

DIALECT = "h3-02"  # the draft that the library speaks
# What this program does not do. Everything but /echo can be added path by path.
UNSUPPORTED = (
    "/sink",
    "/hold",
    "/source",
    "/close",
    "/drain",
    "/reset",
    "/stop",
    "/reject",
    "/origin",
    "/protocols",
)
HELLO: Mapping[str, Any] = {
    "contract": 1,
    "name": "smallest",
    "version": "1",
    "roles": ["server"],
    "dialects": [DIALECT],
    "limits": {},
    "features": ["bidi", "uni", "headers"],
    "unsupported": UNSUPPORTED,
    "api": "aioquic",
}


def tell(event: str, **fields: object) -> None:
    """One event, one line of JSON, at once: the suite waits for it."""
    print(json.dumps({"event": event, **fields}), flush=True)


class EchoServer(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._http = H3Connection(self._quic, enable_webtransport=True)
        self._read: dict[int, bytearray] = {}

    def quic_event_received(self, event: Any) -> None:
        for one in self._http.handle_event(event):
            match one:
                case HeadersReceived():
                    self._request(one.stream_id, dict(one.headers))
                case WebTransportStreamDataReceived():
                    self._data(one)
                case DatagramReceived():
                    self._http.send_datagram(one.stream_id, one.data)
        self.transmit()

    def _request(self, stream_id: int, headers: dict[bytes, bytes]) -> None:
        path = headers.get(b":path", b"").decode()
        is_ours = path.partition("?")[0] == "/echo"
        is_ours = is_ours and headers.get(b":protocol") == b"webtransport"
        answer = [(b":status", b"200" if is_ours else b"404")]
        answer.append((b"sec-webtransport-http3-draft", b"draft02"))
        self._http.send_headers(stream_id, answer, end_stream=not is_ours)
        if is_ours:
            shown = {name.decode(): value.decode() for name, value in headers.items()}
            tell(
                "session",
                session=self._name(stream_id),
                path=path,
                origin=shown.get("origin"),
                headers=shown,
                protocol=None,
            )

    def _data(self, one: WebTransportStreamDataReceived) -> None:
        is_uni = stream_is_unidirectional(one.stream_id)
        name = self._name(one.stream_id)
        if one.stream_id not in self._read:
            self._read[one.stream_id] = bytearray()
            self._opened(one.session_id, name, is_uni, by="peer")
        read = self._read[one.stream_id]
        read += one.data
        if not is_uni:
            self._quic.send_stream_data(one.stream_id, one.data, one.stream_ended)
        if one.stream_ended:
            digest = hashlib.sha256(read).hexdigest()
            tell("ended", stream=name, bytes=len(read), sha256=digest, how="fin", code=None)
            if is_uni:
                back = self._http.create_webtransport_stream(one.session_id, is_unidirectional=True)
                self._quic.send_stream_data(back, bytes(read), end_stream=True)
                self._opened(one.session_id, self._name(back), is_uni, by="local")

    def _opened(self, session_id: int, name: str, is_uni: bool, by: str) -> None:
        kind = "uni" if is_uni else "bidi"
        tell("stream", session=self._name(session_id), stream=name, kind=kind, by=by)

    def _name(self, stream_id: int) -> str:
        """Stream IDs are unique on a connection only, and names must be in the process."""
        return f"{id(self):x}.{stream_id}"


async def main() -> None:
    configuration = QuicConfiguration(
        is_client=False, alpn_protocols=["h3"], max_datagram_frame_size=65536
    )
    configuration.load_cert_chain(os.environ["WT_CERT"], os.environ["WT_KEY"])
    host, port = os.environ["WT_HOST"], int(os.environ["WT_PORT"])
    tell("hello", **HELLO)
    await serve(host, port, configuration=configuration, create_protocol=EchoServer)
    await asyncio.Event().wait()


if __name__ == "__main__":
    wanted = os.environ.get("WT_DIALECTS", DIALECT).split()
    if os.environ["WT_ROLE"] != "server" or DIALECT not in wanted:
        sys.exit(127)  # not this role, or none of these dialects
    asyncio.run(main())
