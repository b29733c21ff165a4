"""Commands to a client, one JSON object a line on stdin (contract section 3)."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from contract.application import pattern
from contract.stack import Failure, Wish

T = TypeVar("T")


def bad(what: object) -> Failure:
    return Failure("bad-command", what)


def unknown(what: str, name: str) -> Failure:
    return Failure("unknown-name", f"{what} {name} is not known")


@dataclass(frozen=True, slots=True)
class Command:
    """A command; fields that are absent or null have the empty value of their type."""

    fields: Mapping[str, object]

    @property
    def id(self) -> object:
        return self.fields.get("id")

    @property
    def cmd(self) -> str:
        return self.text("cmd")

    def text(self, key: str) -> str:
        return self._get(key, str) or ""

    def number(self, key: str) -> int:
        return self._get(key, int) or 0

    def flag(self, key: str) -> bool | None:
        """None for an absent one."""
        return self._get(key, bool)

    @property
    def payload(self) -> bytes:
        """The bytes to send: those given, or the pattern."""
        size_bytes = self.number("fill")
        return pattern(size_bytes) if size_bytes else _decode(self.text("data"))

    @property
    def wish(self) -> Wish:
        headers = dict(self._get("headers", dict) or {})
        if origin := self.text("origin"):
            headers["origin"] = origin
        return Wish(
            url=self.text("url"),
            hashes=[_decode(one) for one in self._words("hashes")],
            protocols=self._words("protocols"),
            headers=headers,
            pool=bool(self.flag("pool")),
        )

    def _words(self, key: str) -> list[str]:
        words = self._get(key, list) or []
        if not all(isinstance(one, str) for one in words):
            raise bad(f"{key} holds something else than strings")
        return words

    def _get(self, key: str, kind: type[T]) -> T | None:
        value = self.fields.get(key)
        if value is not None and not isinstance(value, kind):
            raise bad(f"{key} is no {kind.__name__}")
        return value


def parse(line: bytes) -> Command:
    """Raises Failure."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise bad(error) from error
    if not isinstance(value, dict):
        raise bad("no JSON object")
    return Command(value)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise bad(error) from error
