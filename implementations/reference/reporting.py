"""Events of the contract (version 1, section 4): what the API showed, as one JSON object each."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from itertools import count

from wtspec.implementations.reference.errors import (
    ConnectionLost,
    SessionEnded,
    StreamMisuse,
    StreamReset,
)
from wtspec.implementations.reference.rules import Rules
from wtspec.implementations.reference.session import Session
from wtspec.implementations.reference.stream_api import ReceiveStream, SendStream

Emit = Callable[[str, Mapping[str, object]], None]
LINE_BYTES = 65536


class Reporter:
    """Emits events; names what the suite has no name for."""

    def __init__(self, emit: Emit, rules: Rules) -> None:
        self._emit = emit
        self._rules = rules
        self._numbers = count(1)

    def event(self, name: str, **fields: object) -> None:
        self._emit(name, fields)

    def new_name(self, what: str) -> str:
        """Names of ours begin with a tilde, so that they never meet the suite's."""
        return f"~{what}{next(self._numbers)}"

    def code(self, code: int | None) -> int | None:
        return self._rules.application.reported_code(code)

    def stream(self, session: str, stream: str, kind: str, by: str, wire_id: int) -> None:
        self.event("stream", session=session, stream=stream, kind=kind, by=by, wire_id=wire_id)

    def data(self, stream: str, data: bytes) -> None:
        for start in range(0, len(data), LINE_BYTES):
            piece = base64.b64encode(data[start : start + LINE_BYTES]).decode()
            self.event("data", stream=stream, data=piece)

    def datagram(self, session: str, data: bytes) -> None:
        self.event("datagram", session=session, data=base64.b64encode(data).decode())

    async def closing(self, session: Session, name: str) -> None:
        """Wait for the end of a session and report it."""
        closure = await session.closed()
        for _ in range(self._rules.application.reports_of_an_end()):
            self.event(
                "closed",
                session=name,
                code=self.code(closure.code),
                reason=closure.reason,
                by=closure.by,
                clean=closure.clean,
                wire_id=session.session_id,
            )

    async def draining(self, session: Session, name: str) -> None:
        """Report that the peer asks to wind down, if it ever does."""
        try:
            await session.draining()
        except SessionEnded:
            return
        self.event("draining", session=name)

    async def stopping(self, stream: SendStream, name: str) -> int | None:
        """Report a STOP_SENDING; its code. Raises when the direction ended otherwise."""
        code = await stream.stopped()
        self.event("stopped", stream=name, code=self.code(code), wire_id=stream.stream_id)
        return code

    async def reading(
        self, stream: ReceiveStream, name: str, take: Callable[[bytes], Awaitable[None]]
    ) -> "Ending":
        """Read a stream to its end, whatever that is, and report how it ended."""
        ending = Ending()
        try:
            async for chunk in stream:
                ending.add(chunk)
                await take(chunk)
            ending.how = "fin"
        except StreamReset as reset:
            ending.how, ending.code = "reset", reset.code
        except StreamMisuse:
            ending.how, ending.code = "stopped", stream.stop_code
        except ConnectionLost:
            ending.how = "lost"
        except SessionEnded:
            ending.how = "session"
        for _ in range(self._rules.application.reports_of_a_streams_end()):
            self.event(
                "ended",
                stream=name,
                bytes=ending.size_bytes,
                sha256=ending.sha256,
                how=ending.how,
                code=self.code(ending.code),
                wire_id=stream.stream_id,
            )
        return ending


class Ending:
    """How the reading side of a stream ended, and what came before."""

    def __init__(self) -> None:
        self.how = "fin"
        self.code: int | None = None
        self.size_bytes = 0
        self._digest = hashlib.sha256()

    def add(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        self._digest.update(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def pattern(size_bytes: int) -> bytes:
    """The contract's filler: byte i is i % 251."""
    return bytes(i % 251 for i in range(251)) * (size_bytes // 251) + bytes(range(size_bytes % 251))
