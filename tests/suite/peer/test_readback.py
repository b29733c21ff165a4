"""Every byte of ours is read again; a disagreement is our own error."""

import pytest

from wtspec.suite.peer import readback
from wtspec.suite.peer.interruption import HarnessError
from wtspec.suite.peer.raw import Raw, plain
from wtspec.suite.wire import capsule, datagram, fields, frames, settings, stream_header, varint
from wtspec.suite.wire.capsule import CloseSession, DataBlocked, DrainSession, MaxData, MaxStreams
from wtspec.suite.wire.fields import Form
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.stream_header import StreamKind, StreamType


def test_what_is_meant_is_what_is_sent() -> None:
    assert readback.frame(FrameType.DATA, b"x") == frames.encode(0, b"x")
    assert readback.frame(0x21, b"") == frames.encode(0x21, b"")
    assert readback.settings([(8, 1), (8, 2)]) == settings.encode([(8, 1), (8, 2)])
    assert readback.header(StreamKind.UNI, 4) == stream_header.encode(StreamKind.UNI, 4)
    assert readback.datagram(8, b"x") == datagram.encode(8, b"x")
    assert readback.stream_type(StreamType.CONTROL) == b"\0"
    assert readback.number(7) == varint.encode(7)


@pytest.mark.parametrize("form", Form)
def test_sections_in_every_form(form: Form) -> None:
    section = [(b":method", b"CONNECT"), (b"x-odd", b"\xff"), (b":path", b"/a?b")]
    assert readback.section(section, form) == fields.encode(section, form=form)


@pytest.mark.parametrize(
    "value",
    [
        CloseSession(7, "ü".encode()),
        DrainSession(),
        MaxData(1 << 60),
        MaxStreams(StreamKind.BIDI, 3),
        MaxStreams(StreamKind.UNI, 3),
        DataBlocked(0),
    ],
)
def test_capsules(value: capsule.Capsule) -> None:
    assert readback.capsule(value) == capsule.encode(value)


def test_an_encoder_that_errs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capsule, "encode", lambda _: capsule.encode_raw(0x190B4D3D, b"\5"))
    with pytest.raises(HarnessError, match="MaxData"):
        readback.capsule(MaxData(4))


def test_an_encoder_that_writes_nonsense_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capsule, "encode", lambda _: b"\x80")
    with pytest.raises(HarnessError, match="cannot read"):
        readback.capsule(DrainSession())


def test_an_illegal_capsule_must_be_raw() -> None:
    with pytest.raises(HarnessError):
        readback.capsule(CloseSession(1, b"x" * 1025))


def test_raw_keeps_its_reason_when_joined() -> None:
    raw = b"a" + Raw(b"b", "why") + b"c" + Raw(b"d", "other")
    assert raw == Raw(b"abcd", "why")
    assert len(raw) == 4
    assert plain(raw) == plain(b"abcd")


def test_raw_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="why"):
        Raw(b"x", "")
