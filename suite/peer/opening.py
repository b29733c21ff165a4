"""What is said when a session is asked for and answered, honest or edited."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from wtspec.suite.dialect import Dialect, ProtocolSyntax
from wtspec.suite.endpoint.application import Application, Protocols
from wtspec.suite.peer import readback
from wtspec.suite.peer.message import in_one_line
from wtspec.suite.peer.outlet import Outlet
from wtspec.suite.peer.raw import Raw
from wtspec.suite.wire import structured_fields
from wtspec.suite.wire.fields import Field, Form
from wtspec.suite.wire.frames import FrameType


class OpeningOptions(TypedDict, total=False):
    """What `begin_session` takes by name; the fields of `Opening`."""

    fields: Sequence[Field]
    first: Sequence[Field]
    without: Collection[bytes]
    replaced: Mapping[bytes, bytes]
    exactly: Sequence[Field]
    form: Form
    raw: Raw | Callable[[Sequence[Field]], Raw]
    piece_bytes: int | None
    status: int
    protocol: str
    command: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Edits of our HEADERS: a CONNECT where we are the client, the response where the server.

    fields: added at the end. first: in front, before every pseudo-header. without: names left out.
    replaced: values by name. exactly: the whole list instead. form: how QPACK writes it. raw: bytes
    instead of the HEADERS frame, or what makes them of the edited list. piece_bytes: the frame is
    cut, and each piece leaves in a packet of its own. status, protocol: of our response. command:
    further fields of a client endpoint's `connect`.
    """

    fields: Sequence[Field] = ()
    first: Sequence[Field] = ()
    without: Collection[bytes] = ()
    replaced: Mapping[bytes, bytes] = field(default_factory=dict)
    exactly: Sequence[Field] | None = None
    form: Form = Form.INDEXED
    raw: Raw | Callable[[Sequence[Field]], Raw] | None = None
    piece_bytes: int | None = None
    status: int = 200
    protocol: str | None = None
    command: Mapping[str, object] = field(default_factory=dict)

    def edited(self, honest: Sequence[Field]) -> tuple[Field, ...]:
        """The honest list after all edits."""
        base = honest if self.exactly is None else self.exactly
        kept = [
            (name, self.replaced.get(name, value))
            for name, value in base
            if name not in self.without
        ]
        return (*self.first, *kept, *self.fields)

    def frame(self, honest: Sequence[Field]) -> tuple[bytes, str]:
        """The bytes to send and how the timeline shows them."""
        fields = self.edited(honest)
        if self.raw is not None:
            raw = self.raw if isinstance(self.raw, Raw) else self.raw(fields)
            return raw.data, f"Raw({raw.why}) {len(raw)} bytes"
        section = readback.section(fields, self.form)
        return readback.frame(FrameType.HEADERS, section), f"HEADERS {in_one_line(fields)}"

    def send(self, outlet: Outlet, stream_id: int, honest: Sequence[Field]) -> None:
        """Write that frame."""
        data, what = self.frame(honest)
        size_bytes = self.piece_bytes or max(len(data), 1)
        outlet.send(stream_id, data[:size_bytes], what=what)
        for at in range(size_bytes, len(data), size_bytes):
            outlet.send(stream_id, data[at : at + size_bytes])


def request(
    dialect: Dialect, authority: str, path: str, application: Application
) -> tuple[Field, ...]:
    """An honest CONNECT."""
    offered = application.offered if isinstance(application, Protocols) else ()
    return (
        (b":method", b"CONNECT"),
        (b":protocol", dialect.token),
        (b":scheme", b"https"),
        (b":authority", authority.encode()),
        (b":path", path.encode()),
        *dialect.request_fields,
        *_offer(dialect, offered),
    )


def _offer(dialect: Dialect, offered: Sequence[str]) -> tuple[Field, ...]:
    match dialect.protocols:
        case ProtocolSyntax.STRING if offered:
            return ((dialect.available_protocols_field, structured_fields.format_strings(offered)),)
        case ProtocolSyntax.TOKEN if offered:
            return ((dialect.available_protocols_field, structured_fields.format_tokens(offered)),)
        case _:
            return ()


def response(dialect: Dialect, status: int, protocol: str | None) -> tuple[Field, ...]:
    """An honest answer; only a 2xx has more than its status."""
    if not 200 <= status < 300:
        return ((b":status", str(status).encode()),)
    chosen = () if protocol is None else ((dialect.protocol_field, _one(dialect, protocol)),)
    return ((b":status", str(status).encode()), *dialect.response_fields, *chosen)


def _one(dialect: Dialect, protocol: str) -> bytes:
    if dialect.protocols is ProtocolSyntax.TOKEN:
        return structured_fields.format_token(protocol)
    return structured_fields.format_string(protocol)


def offered_in(dialect: Dialect, fields: Sequence[Field]) -> tuple[str, ...]:
    """The application protocols a request offers; none where the field is to be ignored."""
    value = b", ".join(v for name, v in fields if name == dialect.available_protocols_field)
    match dialect.protocols:
        case ProtocolSyntax.STRING if value:
            return structured_fields.parse_list_of_strings(value) or ()
        case ProtocolSyntax.TOKEN if value:
            return structured_fields.parse_list_of_tokens(value) or ()
        case _:
            return ()


def chosen_in(dialect: Dialect, fields: Sequence[Field]) -> str | None:
    """The application protocol that a response chose."""
    value = dict(fields).get(dialect.protocol_field, b"")
    match dialect.protocols:
        case ProtocolSyntax.STRING if value:
            return structured_fields.parse_string(value)
        case ProtocolSyntax.TOKEN if value:
            return structured_fields.parse_token(value)
        case _:
            return None
