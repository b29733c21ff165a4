"""The endpoint's API as it reports itself: events of our sessions, and commands to a client."""

import base64
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from weakref import WeakKeyDictionary

from wtspec.suite.endpoint.contract import event_bytes
from wtspec.suite.endpoint.interface import GONE, ApiEvent, Endpoint, EndpointMisuse, Role
from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.interruption import Unsupported
from wtspec.suite.signal import Established, Reported

# An endpoint is shared by many cells, so ids and names must differ across all of its Peers; on a
# fresh one they are the same in every run.
_NUMBERS: WeakKeyDictionary[Endpoint, Iterator[int]] = WeakKeyDictionary()


# Base64 characters of `data` events that are kept for each session.
DATA_LIMIT = 1 << 21


class SessionEvents:
    """The events of one session of ours, in order. `name` is the endpoint's name of the session.

    `connect_number`: the id of the command by which a client was asked for it.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.name: str | None = None
        self.events: list[ApiEvent] = []
        self.session_count = 0
        self.connect_number: int | None = None
        self.on_event: Callable[[ApiEvent], None] | None = None
        self._streams: dict[str, Mapping[str, object]] = {}
        self._told: set[int] = set()
        self._kept_characters = 0

    def take(self, event: ApiEvent) -> None:
        """Keep an event, with what is known of the stream it is about."""
        stream = str(event.fields.get("stream"))
        if event.name == "stream":
            self._streams[stream] = event.fields
        event = ApiEvent(event.name, {**self._streams.get(stream, {}), **self._slim(event)})
        self.session_count += event.name == "session"
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def _slim(self, event: ApiEvent) -> Mapping[str, object]:
        """The fields; of a long transfer only the first bytes are kept."""
        data = event.fields.get("data")
        if not isinstance(data, str):
            return event.fields
        self._kept_characters += len(data)
        return event.fields if self._kept_characters <= DATA_LIMIT else {**event.fields, "data": ""}

    def find(self, name: str, where: Mapping[str, object]) -> ApiEvent | None:
        """The first event of that name whose fields are as in `where`, told or not."""
        return next((event for _, event in self._matching(name, where)), None)

    def refusal(self) -> ApiEvent | None:
        """That a client could not have its session, or would not try."""
        failed = {"id": self.connect_number}
        return self.find("refused", {}) or self.find("error", failed)

    def tell(self, name: str, where: Mapping[str, object]) -> ApiEvent | None:
        """The same, each event once."""
        for index, event in self._matching(name, where):
            if index not in self._told:
                self._told.add(index)
                return event
        return None

    def _matching(self, name: str, where: Mapping[str, object]) -> Iterator[tuple[int, ApiEvent]]:
        for index, event in enumerate(self.events):
            fits = all(event.fields.get(key) == value for key, value in where.items())
            if event.name == name and fits:
                yield index, event


class Api:
    """Routes the events of a shared endpoint: by token, session name, stream name, command id."""

    def __init__(self, endpoint: Endpoint, bench: Bench) -> None:
        self.events: list[ApiEvent] = []
        self._endpoint = endpoint
        self._bench = bench
        self._expected: dict[str, SessionEvents] = {}
        self._by_name: dict[str, SessionEvents] = {}
        self._by_stream: dict[str, SessionEvents] = {}
        self._by_id: dict[int, SessionEvents | None] = {}
        self._done: set[int] = set()
        self._unsubscribe = endpoint.subscribe(self._on_event)
        if (reason := endpoint.ended()) is not None:
            bench.bell.gone(reason)

    def close(self) -> None:
        """No more events."""
        self._unsubscribe()

    def number(self) -> int:
        """A number that no other command, session or stream of this endpoint has."""
        return next(_NUMBERS.setdefault(self._endpoint, count(1)))

    def expect(self, token: str, path: str) -> SessionEvents:
        """A session whose events are ours; a server's is found by its path, which has the token."""
        events = self._expected[path] = SessionEvents(token)
        return events

    def name(self, events: SessionEvents, name: str) -> None:
        """A client's session, which we name."""
        events.name = name
        self._by_name[name] = events

    def offers(self, what: str) -> bool:
        return what not in self._endpoint.hello.unsupported

    def command(
        self, cmd: str, fields: Mapping[str, object], events: SessionEvents | None = None
    ) -> int:
        """Send a command to a client and return its id; raises Unsupported, EndpointGone."""
        if not self.offers(cmd):
            raise Unsupported(f"the command {cmd}")
        number = self.number()
        self._by_id[number] = events
        if events is not None and cmd == "open":
            self._by_stream[str(fields["stream"])] = events
        self._bench.timeline.add("api", "command", cmd, _shown(fields))
        plain = {key: _outward(value) for key, value in fields.items()}
        self._endpoint.command({"id": number, "cmd": cmd, **plain})
        return number

    def is_done(self, number: int) -> bool | None:
        """True once the command was answered, else None."""
        return True if number in self._done else None

    def _on_event(self, event: ApiEvent) -> None:
        try:
            if event.name == GONE and (reason := self._endpoint.ended()) is not None:
                self._bench.bell.gone(reason)
                return
            events = self._route(event)
            if events is None and _number(event) not in self._by_id:
                return
            self._record(event, events)
        except BaseException as error:
            self._bench.bell.fail(error)
            raise
        self._bench.bell.ring()

    def _route(self, event: ApiEvent) -> SessionEvents | None:
        fields = event.fields
        session = str(fields["session"]) if "session" in fields else None
        if event.name == "session" and session not in self._by_name:
            found = self._of_path(str(fields.get("path", "")))
            if found is not None and session is not None:
                self.name(found, session)
        if session is not None:
            return self._by_name.get(session)
        if "stream" in fields:
            return self._by_stream.get(str(fields["stream"]))
        number = _number(event)
        return None if number is None else self._by_id.get(number)

    def _of_path(self, path: str) -> SessionEvents | None:
        for wanted, events in self._expected.items():
            if path == wanted or (events.token and events.token in path):
                return events
        return None

    def _record(self, event: ApiEvent, events: SessionEvents | None) -> None:
        self.events.append(event)
        where = "api" if events is None else f"session {events.token}"
        self._bench.timeline.add("api", where, event.name, _shown(event.fields))
        number = _number(event)
        if event.name in {"done", "error", "refused"} and number is not None:
            self._done.add(number)
        if events is None:
            return
        if event.name == "stream":
            self._by_stream[str(event.fields.get("stream"))] = events
        events.take(event)
        self._bench.saw("session's API", reported(event))
        if event.name == "session" and self._endpoint.role is Role.CLIENT:
            # The wire cannot show that a client has its session.
            self._bench.saw("session", Established())


def _number(event: ApiEvent) -> int | None:
    """The id of the command that it answers; a program may print anything there."""
    number = event.fields.get("id")
    return number if isinstance(number, int) else None


def reported(event: ApiEvent) -> Reported:
    """The signal of an event: `how` it ended, or by whom it was closed; the code as it was told."""
    fields = event.fields
    how, code = fields.get("how", fields.get("by")), fields.get("code")
    return Reported(
        event.name,
        how if isinstance(how, str) else None,
        code if isinstance(code, int) else None,
    )


def _outward(value: object) -> object:
    """Bytes travel as base64."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _shown(fields: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={_value(key, fields)}" for key in fields)


def _value(key: str, fields: Mapping[str, object]) -> str:
    value = fields[key]
    if key == "data" and isinstance(value, str):
        try:
            return f"{len(event_bytes(ApiEvent('data', fields)))} bytes"
        except EndpointMisuse as misuse:
            return f"{misuse}"
    return f"{value!r:.120}"
