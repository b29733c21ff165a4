"""Field sections of one side, with or without a dynamic table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wtspec.suite.wire.errors import WireError
from wtspec.suite.wire.fields import DynamicFieldDecoder, Field, FieldDecoder
from wtspec.suite.wire.settings import Setting

Fields = tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Readable perhaps for the endpoints, not from this capture."""

    why: str


class Sections:
    """`allow` says what the other side has room for, which its SETTINGS tell."""

    def __init__(self) -> None:
        self._plain = FieldDecoder()
        self._dynamic: DynamicFieldDecoder | None = None
        self._waiting: dict[int, object] = {}
        self._tickets = 0

    def allow(self, settings: Mapping[int, int]) -> None:
        capacity = settings.get(Setting.QPACK_MAX_TABLE_CAPACITY, 0)
        if self._dynamic is None and capacity:
            self._dynamic = DynamicFieldDecoder(capacity)

    def read(self, owner: object, section: bytes) -> Fields | int | Unknown:
        """The fields, or the ticket under which the section waits for `owner`."""
        if section[:1] in {b"", b"\0"}:
            return self._plain.decode(section)
        if self._dynamic is None:
            return Unknown("a field section for a dynamic table whose size is unknown")
        self._tickets += 1
        fields = self._dynamic.decode(self._tickets, section)
        if fields is None:
            self._waiting[self._tickets] = owner
            return self._tickets
        return fields

    def feed_encoder(self, data: bytes) -> Iterator[tuple[object, Fields]]:
        """Owners whose section can be read now."""
        if self._dynamic is None:
            return
        for ticket in self._dynamic.feed_encoder(data):
            owner = self._waiting.pop(ticket, None)
            try:
                fields = self._dynamic.decode(ticket)
            except WireError:
                continue
            if owner is not None and fields is not None:
                yield owner, fields
