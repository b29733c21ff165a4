"""Reads what the endpoint sends on one HTTP/3 connection: bytes in, `Sight` values out, no I/O.

A rule that the endpoint breaks becomes a `Violation`, never an exception: what it did is evidence,
and judging it is somebody else's business. A stream that broke its format is read no further.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from wtspec.suite.peer import message
from wtspec.suite.peer.bench import Violation
from wtspec.suite.peer.sight import (
    Attached,
    CapsuleArrived,
    Finished,
    FrameSeen,
    GoawaySeen,
    HeadersSeen,
    Payload,
    SettingsSeen,
    Sight,
    UniOpened,
)
from wtspec.suite.wire import frames, grease, settings, stream_header, varint
from wtspec.suite.wire.capsule import CapsuleDecoder, Malformed
from wtspec.suite.wire.errors import (
    ClosedCriticalStream,
    FrameError,
    FrameUnexpected,
    IdError,
    MessageError,
    MissingSettings,
    StreamCreationError,
    WireError,
)
from wtspec.suite.wire.fields import Field, FieldDecoder
from wtspec.suite.wire.frames import HTTP2_TYPES, FrameDecoder, FrameEvent, FrameType
from wtspec.suite.wire.stream_header import BIDI_SIGNAL, StreamKind, StreamType

FORBIDDEN_IN_MESSAGES = frozenset(
    {FrameType.SETTINGS, FrameType.GOAWAY, FrameType.MAX_PUSH_ID, FrameType.CANCEL_PUSH}
)
FORBIDDEN_ON_CONTROL = frozenset({FrameType.DATA, FrameType.HEADERS, FrameType.PUSH_PROMISE})
QPACK_TYPES = frozenset({StreamType.QPACK_ENCODER, StreamType.QPACK_DECODER})
SINGLE_TYPES = QPACK_TYPES | {StreamType.CONTROL}


class Form(Enum):
    """What a stream turned out to be."""

    UNDECIDED = auto()
    CONTROL = auto()
    CRITICAL = auto()
    IGNORED = auto()
    MESSAGE = auto()
    DATA_STREAM = auto()
    BROKEN = auto()


@dataclass(slots=True)
class Incoming:
    """One stream as far as it was read. `carries_capsules`: its body is that of a session."""

    stream_id: int
    form: Form
    head: bytearray = field(default_factory=bytearray)
    frames: FrameDecoder = field(default_factory=FrameDecoder)
    capsules: CapsuleDecoder = field(default_factory=CapsuleDecoder)
    has_message: bool = False
    has_trailer: bool = False
    asks_for_session: bool = False
    carries_capsules: bool = False

    @property
    def where(self) -> str:
        return f"stream {self.stream_id}"


class Http3Reader:
    """`sink` gets each Sight as it is found. Stream ids are those of QUIC."""

    def __init__(self, sink: Callable[[Sight], None], *, endpoint_is_client: bool) -> None:
        self._sink = sink
        self._endpoint_is_client = endpoint_is_client
        self._fields = FieldDecoder()
        self._streams: dict[int, Incoming] = {}
        self._single: set[int] = set()
        self._has_settings = False

    def expect_response(self, stream_id: int, *, to_session: bool) -> None:
        """We ask for something on that stream of ours; a 2xx `to_session` begins its capsules."""
        self._streams[stream_id] = Incoming(stream_id, Form.MESSAGE, asks_for_session=to_session)

    def expect_payload(self, stream_id: int) -> None:
        """That stream of ours is a data stream: the endpoint's bytes on it have no header."""
        self._streams[stream_id] = Incoming(stream_id, Form.DATA_STREAM)

    def stream(self, stream_id: int, data: bytes, *, finished: bool) -> None:
        """The next bytes of a stream, in order."""
        incoming = self._streams.get(stream_id)
        if incoming is None:
            incoming = self._streams[stream_id] = Incoming(stream_id, Form.UNDECIDED)
        try:
            self._read(incoming, data)
            if finished:
                self._finish(incoming)
        except WireError as error:
            incoming.form = Form.BROKEN
            self._sink(Violation(incoming.where, error.code, str(error)))
        if finished:
            self._sink(Finished(stream_id))

    def was_reset(self, stream_id: int) -> None:
        """The endpoint reset the stream; of a critical one that is a violation."""
        incoming = self._streams.get(stream_id)
        if incoming is not None and incoming.form in {Form.CONTROL, Form.CRITICAL}:
            error = ClosedCriticalStream("a critical stream was reset")
            self._sink(Violation(incoming.where, error.code, str(error)))

    def head(self, stream_id: int) -> bytes:
        """How a stream of the endpoint begins: what came before it was known what it is."""
        return bytes(self._streams[stream_id].head)

    def strangers(self) -> list[int]:
        """Streams that the endpoint opened, without a meaning in HTTP/3 or in WebTransport."""
        return [
            one.stream_id
            for one in self._streams.values()
            if bool(one.stream_id & 1) is not self._endpoint_is_client and _is_strange(one)
        ]

    def _read(self, incoming: Incoming, data: bytes) -> None:
        match incoming.form:
            case Form.UNDECIDED:
                incoming.head += data
                rest = self._decide(incoming)
                if rest is not None:
                    self._read(incoming, rest)
            case Form.CONTROL | Form.MESSAGE:
                self._read_frames(incoming, data)
            case Form.DATA_STREAM | Form.CRITICAL:
                self._sink(Payload(incoming.stream_id, data))
            case Form.IGNORED | Form.BROKEN:
                pass

    def _decide(self, incoming: Incoming) -> bytes | None:
        """Find out what kind of stream it is; None while bytes are missing, else what is left."""
        first = varint.decode(incoming.head)
        if first is None:
            return None
        is_uni = bool(incoming.stream_id & 2)
        data_stream = StreamType.WEBTRANSPORT if is_uni else BIDI_SIGNAL
        if first[0] == data_stream:
            return self._attach(incoming, StreamKind.UNI if is_uni else StreamKind.BIDI)
        if is_uni:
            self._decide_uni(incoming, first[0])
            return bytes(incoming.head[first[1] :])
        if not self._endpoint_is_client:
            raise StreamCreationError(f"a server's bidirectional stream begins with {first[0]:#x}")
        incoming.form = Form.MESSAGE
        return bytes(incoming.head)

    def _attach(self, incoming: Incoming, kind: StreamKind) -> bytes | None:
        found = stream_header.header(kind, bytes(incoming.head))
        if found is None:
            return None
        header, size_bytes = found
        if not header.names_request_stream:
            raise IdError(f"Session ID {header.session_id} is no client-initiated bidirectional")
        incoming.form = Form.DATA_STREAM
        self._sink(Attached(incoming.stream_id, kind, header.session_id, size_bytes))
        return bytes(incoming.head[size_bytes:])

    def _decide_uni(self, incoming: Incoming, stream_type: int) -> None:
        self._sink(UniOpened(incoming.stream_id, stream_type))
        if stream_type in SINGLE_TYPES and stream_type in self._single:
            raise StreamCreationError(f"a second {StreamType(stream_type).name} stream")
        self._single.add(stream_type)
        match stream_type:
            case StreamType.CONTROL:
                incoming.form = Form.CONTROL
            case StreamType.QPACK_ENCODER | StreamType.QPACK_DECODER:
                incoming.form = Form.CRITICAL
            case StreamType.PUSH if self._endpoint_is_client:
                raise StreamCreationError("a push stream from a client")
            case StreamType.PUSH:
                raise IdError("a push stream though no push was allowed")
            case _:
                incoming.form = Form.IGNORED

    def _read_frames(self, incoming: Incoming, data: bytes) -> None:
        read = self._on_control if incoming.form is Form.CONTROL else self._in_message
        try:
            events = incoming.frames.feed(data)
        except WireError as error:
            for event in error.before:
                assert isinstance(event, frames.Frame | frames.Data | frames.Skipped)
                read(incoming, event)
            raise
        for event in events:
            read(incoming, event)

    def _on_control(self, incoming: Incoming, event: FrameEvent) -> None:
        frame_type = FrameType.DATA if isinstance(event, frames.Data) else event.type
        if not self._has_settings and frame_type != FrameType.SETTINGS:
            raise MissingSettings(f"the control stream begins with frame {frame_type:#x}")
        if frame_type in FORBIDDEN_ON_CONTROL or frame_type in HTTP2_TYPES:
            raise FrameUnexpected(f"frame {frame_type:#x} on the control stream")
        if not isinstance(event, frames.Frame):
            return
        match frame_type:
            case FrameType.SETTINGS if self._has_settings:
                raise FrameUnexpected("a second SETTINGS frame")
            case FrameType.SETTINGS:
                self._has_settings = True
                self._settings(event.payload)
            case FrameType.GOAWAY:
                self._sink(GoawaySeen(_only_varint(event.payload, "GOAWAY")))
            case _:
                self._sink(FrameSeen(incoming.stream_id, frame_type, len(event.payload)))

    def _settings(self, payload: bytes) -> None:
        # What was announced counts, even where the list as a whole is illegal.
        self._sink(SettingsSeen(settings.pairs(payload)))
        settings.decode(payload)

    def _in_message(self, incoming: Incoming, event: FrameEvent) -> None:
        if isinstance(event, frames.Data):
            self._body(incoming, event.payload)
            return
        if event.type in FORBIDDEN_IN_MESSAGES or event.type in HTTP2_TYPES:
            raise FrameUnexpected(f"frame {event.type:#x} on a request stream")
        if event.type == FrameType.PUSH_PROMISE:
            raise IdError("PUSH_PROMISE though no push was allowed")
        if event.type == FrameType.HEADERS and isinstance(event, frames.Frame):
            self._headers(incoming, event.payload)
            return
        size_bytes = len(event.payload) if isinstance(event, frames.Frame) else event.size_bytes
        self._sink(FrameSeen(incoming.stream_id, event.type, size_bytes))

    def _headers(self, incoming: Incoming, section: bytes) -> None:
        if incoming.has_trailer or incoming.carries_capsules:
            raise FrameUnexpected("HEADERS behind the message")
        fields = self._fields.decode(section)
        is_trailer = incoming.has_message
        self._sink(HeadersSeen(incoming.stream_id, fields, is_trailer))
        self._check(incoming, fields, is_trailer=is_trailer)
        incoming.has_trailer = is_trailer
        status = message.status_of(fields)
        if self._endpoint_is_client:
            incoming.has_message = True
            # Even of a wrong method: what follows is meant as capsules.
            incoming.carries_capsules = b":protocol" in dict(fields)
        elif not is_trailer and status is not None and status >= 200:
            incoming.has_message = True
            incoming.carries_capsules = incoming.asks_for_session and status < 300

    def _check(self, incoming: Incoming, fields: tuple[Field, ...], *, is_trailer: bool) -> None:
        """A malformed message keeps its frames readable, so what follows it is read."""
        try:
            message.check(fields, is_request=self._endpoint_is_client, is_trailer=is_trailer)
        except MessageError as error:
            self._sink(Violation(incoming.where, error.code, str(error)))

    def _body(self, incoming: Incoming, data: bytes) -> None:
        if not incoming.has_message:
            raise FrameUnexpected("DATA before HEADERS")
        if incoming.has_trailer:
            raise FrameUnexpected("DATA behind the trailers")
        if not incoming.carries_capsules:
            self._sink(Payload(incoming.stream_id, data))
            return
        for capsule in incoming.capsules.feed(data):
            self._sink(CapsuleArrived(incoming.stream_id, capsule))
            if isinstance(capsule, Malformed):
                raise MessageError(f"{capsule.type.name} is {capsule.why.value}")

    def _finish(self, incoming: Incoming) -> None:
        match incoming.form:
            case Form.CONTROL | Form.CRITICAL:
                raise ClosedCriticalStream("a critical stream has ended")
            case Form.MESSAGE:
                incoming.frames.finish()
                if incoming.carries_capsules:
                    incoming.capsules.finish()
            case _:
                pass


def _is_strange(incoming: Incoming) -> bool:
    """Streams of a reserved type are none: they have no meaning on purpose."""
    match incoming.form:
        case Form.DATA_STREAM | Form.BROKEN | Form.UNDECIDED:
            return True
        case Form.MESSAGE:
            return not incoming.has_message
        case Form.IGNORED:
            first = varint.decode(incoming.head)
            return first is None or not grease.is_reserved(first[0])
        case Form.CONTROL | Form.CRITICAL:
            return False


def _only_varint(payload: bytes, what: str) -> int:
    read = varint.decode(payload)
    if read is None or read[1] != len(payload):
        raise FrameError(f"{what} of {len(payload)} bytes")
    return read[0]
