"""Talking to a started program: commands in, events out, and waiting for them."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count

from wtspec.suite.endpoint.interface import GONE, ApiEvent, Endpoint

Wanted = Callable[[ApiEvent], bool]


class Overdue(Exception):
    """What was waited for did not come; the message says what."""


class Failed(Exception):
    """A command ended in `error` or `refused`; the message is what the API said."""


# For all talks with a program, however many scenarios it plays in.
_NUMBERS = count(1)


class Talk:
    """With one program, about the sessions of one scenario: those that carry its `tag`.

    `events`: all of them so far, in order, the tag taken off. What the program still tells of
    earlier sessions is not heard.
    """

    def __init__(self, endpoint: Endpoint, deadline_s: float, tag: str) -> None:
        self.endpoint = endpoint
        self.events: list[ApiEvent] = []
        self._deadline_s = deadline_s
        self._tag = tag
        self._numbers: set[object] = set()
        self._names: set[object] = set()
        self._news = asyncio.Event()
        self.end = endpoint.subscribe(self._hear)

    def _hear(self, event: ApiEvent) -> None:
        if event.name == GONE or self._is_ours(event):
            fields = {name: self._untagged(value) for name, value in event.fields.items()}
            self.events.append(ApiEvent(event.name, fields))
            self._news.set()

    def _is_ours(self, event: ApiEvent) -> bool:
        """A server names its sessions itself: the path tells which is ours. Streams follow."""
        fields = event.fields
        if fields.get("id") in self._numbers or self._tag in str(fields.get("path")):
            self._names.add(fields.get("session"))
            return True
        named = fields.get("stream") if "session" not in fields else fields["session"]
        is_ours = named in self._names or str(named).startswith(self._tag)
        if is_ours and "stream" in fields:
            self._names.add(fields["stream"])
        return is_ours

    def _untagged(self, value: object) -> object:
        return value.removeprefix(self._tag) if isinstance(value, str) else value

    async def until(self, what: str, is_it: Wanted) -> ApiEvent:
        """The first event of that kind, past or to come; raises Overdue."""
        try:
            async with asyncio.timeout(self._deadline_s):
                while True:
                    for event in self.events:
                        if is_it(event):
                            return event
                        if event.name == GONE:
                            raise Overdue(f"{what}: the program is gone, {self.endpoint.ended()}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise Overdue(what) from None

    async def saw(self, what: str, is_it: Wanted) -> ApiEvent | None:
        """The same, None in place of Overdue."""
        try:
            return await self.until(what, is_it)
        except Overdue:
            return None

    def tell(self, command: str, **fields: object) -> int:
        """Send a command; its number."""
        number = next(_NUMBERS)
        self._numbers.add(number)
        tagged = {
            name: f"{self._tag}{value}" if name in ("session", "stream") else value
            for name, value in fields.items()
        }
        self.endpoint.command({"id": number, "cmd": command, **tagged})
        return number

    async def do(self, command: str, **fields: object) -> ApiEvent:
        """Send a command and wait for its `done`; raises Failed and Overdue."""
        number = self.tell(command, **fields)
        ends = ("done", "error", "refused")
        event = await self.until(
            f"the end of `{command}`",
            lambda one: one.name in ends and one.fields.get("id") == number,
        )
        if event.name != "done":
            raise Failed(f"`{command}`: {event.fields.get('error')}")
        return event


def like(name: str, **fields: object) -> Wanted:
    """Events of this name with these fields, whatever else they have."""

    def is_it(event: ApiEvent) -> bool:
        return event.name == name and fields.items() <= _plain(event.fields).items()

    return is_it


def _plain(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if isinstance(value, str | int | None)}
