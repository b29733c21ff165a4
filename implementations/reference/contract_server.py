"""The contract's server: a path each application, by contract section 5."""

from collections.abc import Callable
from urllib.parse import unquote

from wtspec.implementations.reference import applications
from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.place import Application, Place
from wtspec.implementations.reference.reporting import Emit, Reporter
from wtspec.implementations.reference.serving import Server, ServerOptions, SessionRequest
from wtspec.suite.network.link import Addr, Network

Query = dict[str, str]
ALLOWED_ORIGINS = ("https://allowed.test",)


def _number(query: Query, key: str) -> int:
    text = query.get(key, "0")
    return int(text) if text.isdecimal() else 0


def _closes(query: Query) -> Application:
    code, reason = _number(query, "code"), query.get("reason", "")
    if query.get("after", "accept") == "stream":
        return applications.closes_at_first_stream(code, reason)
    return applications.closes_at_once(code, reason)


def _source(query: Query) -> Application:
    counts = (_number(query, key) for key in ("bidi", "uni", "datagrams", "bytes"))
    return applications.source(*counts)


PATHS: dict[str, Callable[[Query], Application]] = {
    "/echo": lambda _: applications.ECHO,
    "/sink": lambda _: applications.SINK,
    "/hold": lambda _: applications.HOLD,
    "/source": _source,
    "/close": _closes,
    "/drain": lambda _: applications.DRAIN,
    "/reset": lambda query: applications.resets(_number(query, "code")),
    "/stop": lambda query: applications.stops(_number(query, "code")),
    "/origin": lambda _: applications.ECHO,
    "/protocols": lambda _: applications.ECHO,
}


class ContractServer:
    """Serves all paths and reports what the API shows."""

    def __init__(self, network: Network, local: Addr, options: ServerOptions, emit: Emit) -> None:
        self._options = options
        self._reporter = Reporter(emit, options.rules)
        self.server = Server(network, local, self._handle, options)

    async def _handle(self, request: SessionRequest) -> None:
        query = _parse(request.path.partition("?")[2])
        path = self._options.rules.requests.looked_up(request.path)
        is_same = self._options.rules.requests.is_same_path
        if is_same("/reject", path):
            request.reject(_number(query, "status") or 404)
            return
        for wanted, making in PATHS.items():
            if is_same(wanted, path):
                self._accept(request, wanted, making(query))
                return
        request.reject_as_not_found()

    def _accept(self, request: SessionRequest, path: str, application: Application) -> None:
        is_free = self._options.rules.requests.is_for_everybody(path)
        if not is_free and not request.may_come_from(ALLOWED_ORIGINS):
            request.reject_origin()
            return
        protocol = request.common_protocol if path == "/protocols" else None
        needs_one = path == "/protocols" and self._options.rules.requests.needs_common_protocol()
        if needs_one and protocol is None:
            request.reject(400)
            return
        try:
            session = request.accept(protocol)
        except WebTransportError:
            return
        name = self._reporter.new_name("session")
        self._reporter.event(
            "session",
            session=name,
            path=request.path,
            origin=request.origin,
            headers=dict(request.headers),
            protocol=protocol,
            wire_id=session.session_id,
        )
        options = self._options
        Place(session, name, self._reporter, options.rules, options.life).run(application)


def _parse(text: str) -> Query:
    """Percent-encoded UTF-8; a plus is a plus."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {unquote(key): unquote(value) for key, _, value in pairs}
