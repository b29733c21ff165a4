"""What a server does, by path (contract section 5)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import unquote

from contract.application import Application, Close, Drain, Echo, Hold, Reset, Sink, Source, Stop
from contract.stack import Head

ALLOWED_ORIGIN = "https://allowed.test"
NOT_OFFERED = 501


@dataclass(frozen=True, slots=True)
class Run:
    """`negotiates`: after choosing among the application protocols offered."""

    application: Application
    negotiates: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    status: int


class Query:
    """To the contract a plus is a plus."""

    def __init__(self, raw: str) -> None:
        pairs = (pair.partition("=") for pair in raw.split("&"))
        self._values = {key: unquote(value) for key, _, value in pairs}

    def text(self, key: str) -> str:
        return self._values.get(key, "")

    def number(self, key: str) -> int:
        """Zero for an absent key."""
        text = self.text(key)
        return int(text) if text.isdecimal() else 0


_APPLICATIONS: dict[str, Callable[[Query], Application]] = {
    "/echo": lambda _: Echo(),
    "/sink": lambda _: Sink(),
    "/hold": lambda _: Hold(),
    "/origin": lambda _: Sink(),
    "/drain": lambda _: Drain(),
    "/source": lambda query: Source(
        query.number("bidi"),
        query.number("uni"),
        query.number("datagrams"),
        query.number("bytes"),
    ),
    "/close": lambda query: Close(
        query.number("code"), query.text("reason"), query.text("after") == "stream"
    ),
    "/reset": lambda query: Reset(query.number("code")),
    "/stop": lambda query: Stop(query.number("code")),
}


def answer(head: Head, unsupported: Collection[str]) -> Run | Refuse:
    """`unsupported`: the paths that this stack cannot serve."""
    path, _, raw = head.path.partition("?")
    query = Query(raw)
    if path in unsupported:
        return Refuse(NOT_OFFERED)
    if path == "/reject":
        return Refuse(query.number("status"))
    if path == "/protocols":
        return Run(Echo(), negotiates=True)
    if path == "/origin" and head.origin not in (None, ALLOWED_ORIGIN):
        return Refuse(403)
    if path not in _APPLICATIONS:
        return Refuse(404)
    return Run(_APPLICATIONS[path](query))
