import ast
import dataclasses
import sys
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from wtspec.suite import witness
from wtspec.suite.wire import (
    capsule,
    datagram,
    error_codes,
    fields,
    frames,
    qpack,
    settings,
    stream_header,
    structured_fields,
    transport_parameters,
    varint,
)
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.witness import Disagreement, FieldLine

NUMBERS = st.integers(0, varint.MAX)
KINDS = st.sampled_from(StreamKind)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=250).map(str.encode)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
TOKEN = st.from_regex(r"[A-Za-z*][A-Za-z0-9:/!#$%&'*+.^_`|~-]*", fullmatch=True)
CAPSULES = st.one_of(
    st.builds(capsule.CloseSession, st.integers(0, 2**32 - 1), TEXT),
    st.builds(capsule.DrainSession),
    st.builds(capsule.MaxData, NUMBERS),
    st.builds(capsule.MaxStreams, KINDS, NUMBERS),
    st.builds(capsule.DataBlocked, NUMBERS),
    st.builds(capsule.StreamsBlocked, KINDS, NUMBERS),
    st.builds(capsule.DatagramCapsule, st.binary()),
    st.builds(capsule.UnknownCapsule, st.integers(0, 2**20).map(capsule.grease), st.binary()),
    st.builds(capsule.UnknownCapsule, st.sampled_from([0x190B4D3E, 0x190B4D42]), st.binary()),
)
any_speed = hypothesis_settings(deadline=None)


def meant(value: capsule.Capsule) -> tuple[str, witness.Values]:
    """What the witness should read: class name and fields, an enum as its value."""
    return type(value).__name__, {
        field.name: plain.value if isinstance(plain := getattr(value, field.name), Enum) else plain
        for field in dataclasses.fields(value)
    }


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(witness.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported
    assert imported <= sys.stdlib_module_names


# What the codecs write, it reads as it was meant.


@any_speed
@given(st.lists(st.tuples(st.sampled_from(settings.Setting) | NUMBERS, NUMBERS)))
def test_settings(pairs: list[tuple[int, int]]) -> None:
    expected = [(settings.name(key), value) for key, value in pairs]
    assert witness.settings(settings.encode(pairs)) == expected


@any_speed
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*set(frames.FrameType) - {frames.FrameType.WT_STREAM}]), st.binary()
        )
    )
)
def test_frames(sent: list[tuple[frames.FrameType, bytes]]) -> None:
    data = b"".join(frames.encode(kind, payload) for kind, payload in sent)
    assert witness.frames(data) == [(kind.name, payload) for kind, payload in sent]


def test_an_unknown_frame_is_named_by_its_number() -> None:
    assert witness.frames(bytes.fromhex("210178")) == [("0x21", b"x")]


@any_speed
@given(st.lists(CAPSULES))
def test_capsules(sent: list[capsule.Capsule]) -> None:
    data = b"".join(map(capsule.encode, sent))
    assert witness.capsules(data) == [meant(value) for value in sent]


@any_speed
@given(KINDS, NUMBERS, st.sampled_from([None, 8]))
def test_stream_headers(kind: StreamKind, session_id: int, length: int | None) -> None:
    data = stream_header.encode(kind, session_id, type_length=length, session_id_length=length)
    assert witness.stream_header(data) == (kind.value, session_id)


@any_speed
@given(st.integers(0, 2**60 - 1).map(lambda quarter: quarter * 4), st.binary())
def test_datagrams(session_id: int, payload: bytes) -> None:
    assert witness.datagram(datagram.encode(session_id, payload)) == (session_id, payload)


@any_speed
@given(st.lists(st.tuples(st.sampled_from(transport_parameters.Parameter), st.binary())))
def test_transport_parameters(pairs: list[tuple[transport_parameters.Parameter, bytes]]) -> None:
    expected = [(parameter.name, value) for parameter, value in pairs]
    assert witness.transport_parameters(transport_parameters.encode(pairs)) == expected


@any_speed
@given(
    st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=300))),
    st.sampled_from(fields.Form),
)
def test_fields(sent: list[fields.Field], form: fields.Form) -> None:
    assert witness.fields(fields.encode(sent, form=form)) == sent


@any_speed
@given(NUMBERS, st.sampled_from([None, 8]))
def test_numbers(number: int, length: int | None) -> None:
    assert witness.number(varint.encode(number, length=length)) == number


@any_speed
@given(st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 0x1D, 0x1E, 0xFF, 0xFFFFFFFF]))
def test_application_codes(application: int) -> None:
    code = error_codes.ApplicationCode(application)
    assert witness.error_code(code) == f"ApplicationCode({application})"


@any_speed
@given(
    NUMBERS
    | st.integers(0x52E4A40FA800, 0x52E4A40FAA00)
    | st.integers(0x52E5AC983100, 0x52E5AC983200)
)
def test_error_codes_are_named_alike(code: int) -> None:
    assert witness.error_code(code) == error_codes.name(code)


@any_speed
@given(st.lists(PRINTABLE, min_size=1))
def test_strings(values: list[str]) -> None:
    assert witness.strings(structured_fields.format_strings(values)) == values


@any_speed
@given(st.lists(TOKEN, min_size=1))
def test_tokens(values: list[str]) -> None:
    assert witness.tokens(structured_fields.format_tokens(values)) == values


# Literal bytes, so that it does not only agree with the codecs.


@pytest.mark.parametrize(
    ("encoded", "line"),
    [
        ("d9", FieldLine(b":status", b"200", "indexed")),
        ("ff23", FieldLine(b"x-frame-options", b"sameorigin", "indexed")),
        ("51022f78", FieldLine(b":path", b"/x", "name-reference")),
        ("71022f78", FieldLine(b":path", b"/x", "name-reference", never_indexed=True)),
        ("5f09826402", FieldLine(b":status", b"302", "name-reference", huffman=(False, True))),
        ("21610162", FieldLine(b"a", b"b", "literal")),
        ("31610162", FieldLine(b"a", b"b", "literal", never_indexed=True)),
        ("2a64020162", FieldLine(b"302", b"b", "literal", huffman=(True, False))),
        ("2700736576656e747900", FieldLine(b"seventy", b"", "literal")),
    ],
)
def test_field_lines(encoded: str, line: FieldLine) -> None:
    assert witness.field_lines(bytes.fromhex("0000" + encoded)) == [line]


def test_vectors_of_the_drafts() -> None:
    assert witness.settings(bytes.fromhex("ac7cf00001 c0000000c671706a01 2100")) == [
        ("WT_ENABLED", 1),
        ("WEBTRANSPORT_MAX_SESSIONS_07", 1),
        ("0x21", 0),
    ]
    assert witness.capsules(bytes.fromhex("6843050000002a78 800078ae00 990b4d3f024064")) == [
        ("CloseSession", {"code": 42, "reason": b"x"}),
        ("DrainSession", {}),
        ("MaxStreams", {"kind": "bidi", "maximum": 100}),
    ]
    assert witness.capsules(bytes.fromhex("990b4d44010500017817 00")) == [
        ("StreamsBlocked", {"kind": "uni", "limit": 5}),
        ("DatagramCapsule", {"payload": b"x"}),
        ("UnknownCapsule", {"type": 0x17, "payload": b""}),
    ]
    assert witness.stream_header(bytes.fromhex("405404")) == ("uni", 4)
    assert witness.stream_header(bytes.fromhex("404100")) == ("bidi", 0)
    assert witness.stream_type(bytes.fromhex("02")) == "QPACK_ENCODER"
    assert witness.datagram(bytes.fromhex("016869")) == (4, b"hi")
    assert witness.transport_parameters(bytes.fromhex("1d00 c017f7586d2cb57100 200480010000")) == [
        ("RESET_STREAM_AT", b""),
        ("RESET_STREAM_AT_OLD", b""),
        ("MAX_DATAGRAM_FRAME_SIZE", b"\x80\1\0\0"),
    ]
    assert witness.error_code(0x52E4A40FA8FA) == "ApplicationCode(30)"
    assert witness.error_code(0x52E4A40FA8F9) == "0x52e4a40fa8f9"
    assert witness.error_code(0x10E) == "H3_MESSAGE_ERROR"
    assert witness.transport_error(0xA) == "PROTOCOL_VIOLATION"
    assert witness.transport_error(0x11) == "0x11"
    assert witness.strings(b'"a", "say \\"hi\\""') == ["a", 'say "hi"']
    assert witness.tokens(b"moq-00, h3") == ["moq-00", "h3"]


# What no format admits is a disagreement, not a value.


@pytest.mark.parametrize("encoded", ["33", "40", "3301ab60"])
def test_cut_settings(encoded: str) -> None:
    with pytest.raises(Disagreement, match="missing"):
        witness.settings(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["00", "0002ff", "0100c0"])
def test_cut_frames(encoded: str) -> None:
    with pytest.raises(Disagreement, match="missing"):
        witness.frames(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    "encoded",
    [
        "68430300000068",
        "684303000000",
        "68430400000000" + "68",
        "6843440500000000" + "78" * 1025,
        "68430500000000ff",
        "800078ae0100",
        "990b4d3d00",
        "990b4d3d020000",
        "990b4d3d0140",
    ],
)
def test_bad_capsules(encoded: str) -> None:
    with pytest.raises(Disagreement):
        witness.capsules(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["", "4054", "4055 00", "00", "404100 00"])
def test_bad_stream_headers(encoded: str) -> None:
    with pytest.raises(Disagreement):
        witness.stream_header(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["", "40", "d000000000000000"])
def test_bad_datagrams(encoded: str) -> None:
    with pytest.raises(Disagreement):
        witness.datagram(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["1d", "2004800100"])
def test_bad_transport_parameters(encoded: str) -> None:
    with pytest.raises(Disagreement):
        witness.transport_parameters(bytes.fromhex(encoded))


@pytest.mark.parametrize("value", [b"", b"a b", b'"a",', b'"a" "b"', b'"\xc3"', b'a,"b"', b'"a'])
def test_bad_lists(value: bytes) -> None:
    for read in (witness.strings, witness.tokens):
        with pytest.raises(Disagreement):
            read(value)


ILLEGAL = fields.illegal_sections([(b":status", b"200")])


@pytest.mark.parametrize("defect", ILLEGAL)
def test_illegal_sections(defect: str) -> None:
    with pytest.raises(Disagreement):
        witness.fields(ILLEGAL[defect])


def test_long_indices_end_somewhere() -> None:
    with pytest.raises(Disagreement, match="no entry"):
        witness.fields(b"\0\0" + qpack.indexed(1 << 40))
