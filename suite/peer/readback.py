"""Encoders whose every result is read again by the witness and compared with what was meant.

A disagreement is a HarnessError: a bug of ours must never be printed as the endpoint's.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields as fields_of
from enum import Enum
from typing import TypeVar

from wtspec.suite import witness
from wtspec.suite.peer.interruption import HarnessError
from wtspec.suite.wire import capsule as capsule_codec
from wtspec.suite.wire import datagram as datagram_codec
from wtspec.suite.wire import fields as fields_codec
from wtspec.suite.wire import frames as frames_codec
from wtspec.suite.wire import settings as settings_codec
from wtspec.suite.wire import stream_header, varint
from wtspec.suite.wire.capsule import Capsule
from wtspec.suite.wire.fields import Field, Form
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind, StreamType

T = TypeVar("T")


def _agree(data: bytes, meant: T, read: Callable[[bytes], T]) -> bytes:
    try:
        seen = read(data)
    except witness.Disagreement as why:
        raise HarnessError(f"the witness cannot read {data[:64].hex()}: {why}") from why
    if seen != meant:
        raise HarnessError(f"meant {meant!r:.300}, the witness reads {seen!r:.300}")
    return data


def frame(frame_type: int, payload: bytes) -> bytes:
    data = frames_codec.encode(frame_type, payload)
    return _agree(data, [(frame_name(frame_type), payload)], witness.frames)


def frame_name(frame_type: int) -> str:
    """A FrameType's name; other types as hexadecimal numbers."""
    known = frame_type in set(FrameType) and frame_type != FrameType.WT_STREAM
    return FrameType(frame_type).name if known else hex(frame_type)


def capsule(value: Capsule) -> bytes:
    meant = (type(value).__name__, _values(value))
    return _agree(capsule_codec.encode(value), [meant], witness.capsules)


def _values(value: Capsule) -> witness.Values:
    named = ((field.name, getattr(value, field.name)) for field in fields_of(value))
    return {name: one.value if isinstance(one, Enum) else one for name, one in named}


def settings(pairs: settings_codec.Pairs) -> bytes:
    """A SETTINGS payload."""
    meant = [(settings_codec.name(key), value) for key, value in pairs]
    return _agree(settings_codec.encode(pairs), meant, witness.settings)


def section(fields: Sequence[Field], form: Form = Form.INDEXED) -> bytes:
    """A field section."""
    return _agree(fields_codec.encode(fields, form=form), list(fields), witness.fields)


def number(value: int) -> bytes:
    """A payload that is one varint, as of GOAWAY."""
    return _agree(varint.encode(value), value, witness.number)


def header(kind: StreamKind, session_id: int) -> bytes:
    """The header of a data stream."""
    data = stream_header.encode(kind, session_id)
    return _agree(data, (kind.value, session_id), witness.stream_header)


def stream_type(which: StreamType) -> bytes:
    return _agree(varint.encode(which), which.name, witness.stream_type)


def datagram(session_id: int, payload: bytes) -> bytes:
    data = datagram_codec.encode(session_id, payload)
    return _agree(data, (session_id, payload), witness.datagram)
