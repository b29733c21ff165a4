"""Which HTTP/3 frame may stand where, as tables: RFC 9114 section 7, table 1.

A step is the next phase, or the connection error that the frame calls for. Frames whose place is
legal but whose content must still be looked at lead to a phase like the others. WT_STREAM is no
frame in this sense: the decoder stops at it.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from wtspec.suite.dialect import Side
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import HTTP2_TYPES, Data, Frame, FrameEvent, FrameType


class Kind(Enum):
    """A frame, as far as its place is concerned."""

    DATA = auto()
    HEADERS = auto()
    SETTINGS = auto()
    GOAWAY = auto()
    CANCEL_PUSH = auto()
    MAX_PUSH_ID = auto()
    PUSH_PROMISE = auto()
    PRIORITY_UPDATE = auto()
    HTTP2 = auto()
    UNKNOWN = auto()


class RequestPhase(Enum):
    """Of a request stream: what the peer has sent on it."""

    NOTHING = auto()
    HEADERS = auto()


class ControlPhase(Enum):
    """Of the peer's control stream."""

    NOTHING = auto()
    SETTINGS = auto()


_KINDS: Mapping[int, Kind] = MappingProxyType(
    {
        FrameType.HEADERS: Kind.HEADERS,
        FrameType.SETTINGS: Kind.SETTINGS,
        FrameType.GOAWAY: Kind.GOAWAY,
        FrameType.CANCEL_PUSH: Kind.CANCEL_PUSH,
        FrameType.MAX_PUSH_ID: Kind.MAX_PUSH_ID,
        FrameType.PUSH_PROMISE: Kind.PUSH_PROMISE,
        FrameType.PRIORITY_UPDATE_REQUEST: Kind.PRIORITY_UPDATE,
        FrameType.PRIORITY_UPDATE_PUSH: Kind.PRIORITY_UPDATE,
        **dict.fromkeys(HTTP2_TYPES, Kind.HTTP2),
    }
)


def kind_of(event: FrameEvent) -> Kind:
    if isinstance(event, Data):
        return Kind.DATA
    if isinstance(event, Frame):
        return _KINDS.get(event.type, Kind.UNKNOWN)
    return Kind.UNKNOWN


RequestStep = RequestPhase | H3
ControlStep = ControlPhase | H3

_NOWHERE_ON_REQUESTS = (
    Kind.SETTINGS,
    Kind.GOAWAY,
    Kind.CANCEL_PUSH,
    Kind.MAX_PUSH_ID,
    Kind.PRIORITY_UPDATE,
    Kind.HTTP2,
)


def _requests(reader: Side) -> Mapping[tuple[RequestPhase, Kind], RequestStep]:
    # A client never sent MAX_PUSH_ID, so that every Push ID is too large for it; a server may not
    # get a promise at all.
    promise = H3.FRAME_UNEXPECTED if reader is Side.SERVER else H3.ID_ERROR
    table: dict[tuple[RequestPhase, Kind], RequestStep] = {
        (RequestPhase.NOTHING, Kind.HEADERS): RequestPhase.HEADERS,
        (RequestPhase.NOTHING, Kind.DATA): H3.FRAME_UNEXPECTED,
        (RequestPhase.HEADERS, Kind.DATA): RequestPhase.HEADERS,
        # Trailers on a server; on a client, the response after an interim one. Whether a second
        # section is legal here is for the exchange to say.
        (RequestPhase.HEADERS, Kind.HEADERS): RequestPhase.HEADERS,
    }
    for phase in RequestPhase:
        table[phase, Kind.UNKNOWN] = phase
        table[phase, Kind.PUSH_PROMISE] = promise
        table.update({(phase, kind): H3.FRAME_UNEXPECTED for kind in _NOWHERE_ON_REQUESTS})
    return MappingProxyType(table)


def _control(reader: Side) -> Mapping[tuple[ControlPhase, Kind], ControlStep]:
    table: dict[tuple[ControlPhase, Kind], ControlStep] = {
        (ControlPhase.NOTHING, kind): H3.MISSING_SETTINGS for kind in Kind
    }
    table |= {(ControlPhase.SETTINGS, kind): ControlPhase.SETTINGS for kind in Kind}
    table[ControlPhase.NOTHING, Kind.SETTINGS] = ControlPhase.SETTINGS
    never = [Kind.SETTINGS, Kind.DATA, Kind.HEADERS, Kind.PUSH_PROMISE, Kind.HTTP2]
    if reader is Side.CLIENT:
        never += [Kind.MAX_PUSH_ID, Kind.PRIORITY_UPDATE]
    for kind in never:
        table[ControlPhase.SETTINGS, kind] = H3.FRAME_UNEXPECTED
    return MappingProxyType(table)


ON_REQUESTS: Mapping[Side, Mapping[tuple[RequestPhase, Kind], RequestStep]] = MappingProxyType(
    {side: _requests(side) for side in Side}
)
ON_CONTROL: Mapping[Side, Mapping[tuple[ControlPhase, Kind], ControlStep]] = MappingProxyType(
    {side: _control(side) for side in Side}
)
