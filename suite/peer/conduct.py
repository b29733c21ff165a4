"""Makes a client endpoint behave as an Application, by commands (contract sections 3 and 5)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from wtspec.suite.endpoint.application import (
    Application,
    ChecksOrigin,
    Closes,
    Drains,
    Echo,
    Hold,
    Nowhere,
    Protocols,
    Rejects,
    Resets,
    Source,
    Stops,
)
from wtspec.suite.endpoint.interface import ApiEvent, EndpointGone
from wtspec.suite.peer.api import Api, SessionEvents
from wtspec.suite.peer.interruption import NotApplicable

# How long a server's /reset waits for its stream to be delivered before it resets it.
DELIVERY_S = 0.2
RESET_BYTES = bytes(range(4))


def mode(application: Application) -> Mapping[str, object]:
    """The fields of `connect` that are in force before the CONNECT leaves."""
    match application:
        case Echo() | Drains():
            return {"echo": True}
        case Protocols(offered):
            return {"echo": True, "protocols": list(offered)}
        case Hold():
            return {"read": False}
        case Rejects() | ChecksOrigin() | Nowhere():
            name = type(application).__name__
            raise NotApplicable(f"{name} is an application of servers only")
        case _:
            return {}


def commands_of(application: Application) -> tuple[str, ...]:
    """The commands without which a client cannot behave so."""
    match application:
        case Source():
            return ("open", "write", "datagram")
        case Closes():
            return ("close",)
        case Drains():
            return ("drain",)
        case Resets():
            return ("open", "write", "reset")
        case Stops():
            return ("stop", "finish")
        case _:
            return ()


class Conduct:
    """Follows one session's events and gives the commands that its Application asks for."""

    def __init__(self, application: Application, api: Api, events: SessionEvents) -> None:
        self._application = application
        self._api = api
        self._events = events
        self._begun: set[str] = set()
        self._timers: list[asyncio.TimerHandle] = []
        events.on_event = self._on_event

    def end(self) -> None:
        """Give no more commands."""
        self._events.on_event = None
        for timer in self._timers:
            timer.cancel()

    def _on_event(self, event: ApiEvent) -> None:
        match event.name:
            case "session":
                self._on_session()
            case "stream" if event.fields.get("by") == "peer":
                self._on_stream()
            case "data":
                self._on_data(event)
            case _:
                pass

    def _on_session(self) -> None:
        match self._application:
            case Source() as source:
                self._source(source)
            case Closes(after="accept"):
                self._close()
            case Drains():
                self._command("drain", session=self._events.name)
            case Resets(code):
                self._reset_own(code)
            case _:
                pass

    def _on_stream(self) -> None:
        if isinstance(self._application, Closes) and self._application.after == "stream":
            self._close()

    def _on_data(self, event: ApiEvent) -> None:
        stream = str(event.fields.get("stream"))
        if stream in self._begun or event.fields.get("by") != "peer":
            return
        self._begun.add(stream)
        is_bidi = event.fields.get("kind") == "bidi"
        match self._application:
            case Resets(code) if is_bidi:
                self._command("reset", stream=stream, code=code)
            case Stops(code):
                self._command("stop", stream=stream, code=code)
                if is_bidi:
                    self._command("finish", stream=stream)
            case _:
                pass

    def _source(self, source: Source) -> None:
        for kind, number in (("bidi", source.bidi), ("uni", source.uni)):
            for _ in range(number):
                stream = self._open(kind)
                self._command("write", stream=stream, fill=source.size_bytes, finish=True)
        for _ in range(source.datagrams):
            self._command("datagram", session=self._events.name, fill=source.size_bytes)

    def _reset_own(self, code: int) -> None:
        stream = self._open("uni")
        self._command("write", stream=stream, data=RESET_BYTES)
        loop = asyncio.get_running_loop()
        later = loop.call_later(
            DELIVERY_S, lambda: self._command("reset", stream=stream, code=code)
        )
        self._timers.append(later)

    def _close(self) -> None:
        assert isinstance(self._application, Closes)
        closes = self._application
        self._command("close", session=self._events.name, code=closes.code, reason=closes.reason)

    def _open(self, kind: str) -> str:
        stream = f"{self._events.token}-{self._api.number()}"
        self._command("open", session=self._events.name, stream=stream, kind=kind)
        return stream

    def _command(self, cmd: str, **fields: object) -> None:
        # A client that is gone shows in what the script waits for.
        with suppress(EndpointGone):
            self._api.command(cmd, fields, self._events)
