"""Each constant of each encoder is changed in turn, and the witness must notice it.

A mutant is the source of a module of suite/wire with one number one higher, or one text one
character longer, run as a module of its own. Its exercise encodes everything that the constant can
reach and compares what the witness reads with what was meant.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from wtspec.suite import wire, witness
from wtspec.suite.wire import fields, varint
from wtspec.suite.wire.static_table import STATIC_TABLE
from wtspec.suite.wire.stream_header import StreamKind
from wtspec.suite.witness import Disagreement, FieldLine

NOTICED = (AssertionError, Disagreement, ValueError, OverflowError)
SIZES = (0, 1, 6, 7, 8, 14, 15, 16, 126, 127, 128, 254, 255, 300, 20000)
BOTH = (False, True)
NUMBERS = (0, 1, 63, 64, 16383, 16384, 2**30 - 1, 2**30, 2**60, 2**62 - 1)


def exercise_frames(frames: ModuleType) -> None:
    for name, kind in frames.FrameType.__members__.items():
        if name != "WT_STREAM":
            assert witness.frames(frames.encode(kind, b"payload")) == [(name, b"payload")]


def exercise_settings(settings: ModuleType) -> None:
    for name, setting in settings.Setting.__members__.items():
        for value in NUMBERS:
            assert witness.settings(settings.encode([(setting, value)])) == [(name, value)]


def exercise_stream_header(stream_header: ModuleType) -> None:
    for kind, session_id in product(stream_header.StreamKind, NUMBERS):
        data = stream_header.encode(kind, session_id)
        assert witness.stream_header(data) == (kind.value, session_id)
    for name, kind in stream_header.StreamType.__members__.items():
        assert witness.stream_type(varint.encode(kind)) == name


def exercise_capsule(capsule: ModuleType) -> None:
    def read(value: object) -> tuple[str, witness.Values]:
        return witness.capsules(capsule.encode(value))[0]

    for code, reason in product((0, 7, 2**32 - 1), (b"", b"bye")):
        assert read(capsule.CloseSession(code, reason)) == (
            "CloseSession",
            {"code": code, "reason": reason},
        )
    assert read(capsule.DrainSession()) == ("DrainSession", {})
    assert read(capsule.DatagramCapsule(b"x")) == ("DatagramCapsule", {"payload": b"x"})
    for number, kind in product(NUMBERS, StreamKind):
        both = {"kind": kind.value}
        assert read(capsule.MaxData(number)) == ("MaxData", {"maximum": number})
        assert read(capsule.DataBlocked(number)) == ("DataBlocked", {"limit": number})
        assert read(capsule.MaxStreams(kind, number)) == ("MaxStreams", {**both, "maximum": number})
        assert read(capsule.StreamsBlocked(kind, number)) == (
            "StreamsBlocked",
            {**both, "limit": number},
        )
    # Forbidden over HTTP/3 and so unknown to the witness, whose number for them is this one.
    for name, forbidden in (("MAX_STREAM_DATA", 0x190B4D3E), ("STREAM_DATA_BLOCKED", 0x190B4D42)):
        sent = capsule.UnknownCapsule(capsule.CapsuleType[name], b"\0\0")
        assert read(sent) == ("UnknownCapsule", {"type": forbidden, "payload": b"\0\0"})


def exercise_datagram(datagram: ModuleType) -> None:
    for number in NUMBERS[:-2]:
        assert witness.datagram(datagram.encode(number * 4, b"x")) == (number * 4, b"x")


def exercise_transport_parameters(parameters: ModuleType) -> None:
    for name, parameter in parameters.Parameter.__members__.items():
        data = parameters.encode([(parameter, b"value")])
        assert witness.transport_parameters(data) == [(name, b"value")]


def exercise_error_codes(error_codes: ModuleType) -> None:
    for name, code in error_codes.H3.__members__.items():
        assert witness.error_code(code) in (f"H3_{name}", name)
    for name, code in error_codes.WT.__members__.items():
        assert witness.error_code(code) == f"WT_{name}"
    for name, code in error_codes.QUIC.__members__.items():
        assert witness.transport_error(code) == name
    last = error_codes.APPLICATION_CODE_MAX
    for application in (0, 1, 0x1D, 0x1E, 0x1F, 0x3B, 0x3C, 0xFF, last):
        code = error_codes.to_http3(application)
        assert witness.error_code(code) == f"ApplicationCode({application})"


def exercise_qpack(qpack: ModuleType) -> None:
    def line(encoded: bytes) -> FieldLine:
        return witness.field_lines(qpack.prefix() + encoded)[0]

    for index, entry in enumerate(STATIC_TABLE):
        assert line(qpack.indexed(index)) == FieldLine(*entry, "indexed")
        assert line(qpack.name_reference(index, b"v")) == FieldLine(
            entry[0], b"v", "name-reference"
        )
    for size, never, packed in product(SIZES, BOTH, BOTH):
        value = b"v" * size
        assert line(
            qpack.name_reference(2, value, never_indexed=never, use_huffman=packed)
        ) == FieldLine(b"age", value, "name-reference", never, (False, packed))
    for size, never, packed, together in product(SIZES, BOTH, BOTH, BOTH):
        name, huffman = b"n" * size, (packed, packed == together)
        encoded = qpack.literal(
            name, b"v", never_indexed=never, huffman_name=huffman[0], huffman_value=huffman[1]
        )
        assert line(encoded) == FieldLine(name, b"v", "literal", never, huffman)


def exercise_huffman(qpack: ModuleType) -> None:
    """Through the strings of the module that uses it."""
    for text in (bytes(range(256)), b"", b"0", b"01", b"012"):
        section = qpack.prefix() + qpack.literal(b"x", text, huffman_value=True)
        assert witness.fields(section) == [(b"x", text)]


def exercise_static_table(fields: ModuleType) -> None:
    for name, value in fields.STATIC_TABLE:
        for field in ((name, value), (name, b"another value")):
            assert witness.fields(fields.encode([field])) == [field]


@dataclass(frozen=True, slots=True)
class Encoder:
    """A module, the functions whose numbers are mutated with its tables, and its exercise.

    `user` is the module through which it is exercised, when that is another.
    """

    exercise: Callable[[ModuleType], None]
    functions: tuple[str, ...] = ()
    user: str | None = None


ENCODERS: Mapping[str, Encoder] = {
    "varint": Encoder(exercise_settings, user="settings"),
    "frames": Encoder(exercise_frames),
    "settings": Encoder(exercise_settings),
    "stream_header": Encoder(exercise_stream_header),
    "capsule": Encoder(exercise_capsule, ("encode",)),
    "datagram": Encoder(exercise_datagram, ("encode",)),
    "transport_parameters": Encoder(exercise_transport_parameters),
    "error_codes": Encoder(exercise_error_codes),
    "qpack": Encoder(exercise_qpack, ("integer", "string", "prefix", "indexed", "literal")),
    "huffman": Encoder(exercise_huffman, ("_canonical", "encode"), user="qpack"),
    "static_table": Encoder(exercise_static_table, user="fields"),
}
# Constants on which no honest byte depends; each codec's literal vectors hold these.
UNREACHED: Mapping[str, str] = {
    "varint.MAX": "a bound for callers",
    "varint._VALUE_BITS": "decoding",
    "frames.FrameType.WT_STREAM": "decoding: written as a stream header, without a length",
    "frames.HTTP2_TYPES": "decoding",
    "settings.HTTP2_SETTINGS": "decoding",
    "capsule.REASON_MAX_BYTES": "decoding",
    "capsule.STREAMS_MAX": "a bound for policies",
    "datagram.QUARTER_STREAM_ID_MAX": "decoding",
    "error_codes._LAST": "decoding",
    "qpack._INDEXED_POST_BASE": "sent as Raw only",
    "qpack._NAME_REFERENCE_POST_BASE": "sent as Raw only",
    "qpack._NAME_REFERENCE_POST_BASE_NEVER": "sent as Raw only",
    "qpack._BASE_SIGN": "sent as Raw only",
    "qpack.prefix[2]": "the zero of an honest prefix is the same in any width",
    "qpack.prefix[3]": "the zero of an honest prefix is the same in any width",
    "huffman.CODE_LENGTHS[0]": "EOS, which is never written",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str
    name: str
    position: int

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def names(mutant: Mutant) -> set[str]:
    """Its own and that of the table it belongs to."""
    return {str(mutant), str(mutant).split("[")[0]}


def path_of(module: str) -> Path:
    return Path(wire.__path__[0]) / f"{module}.py"


def constants(module: str, tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    """The constants of a module's tables, enumerations and encoding functions, with names."""
    for statement in tree.body:
        owners: list[tuple[str, ast.AST]] = []
        match statement:
            case ast.ClassDef(name=name, body=body):
                owners = [
                    (f"{name}.{ast.unparse(line.targets[0])}", line.value)
                    for line in body
                    if isinstance(line, ast.Assign)
                ]
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                owners = [(ast.unparse(target), value)]
            case ast.FunctionDef(name=name) if name in ENCODERS[module].functions:
                owners = [(name, statement)]
        for owner, root in owners:
            found = [
                node
                for node in ast.walk(root)
                if isinstance(node, ast.Constant) and type(node.value) in (int, bytes)
            ]
            for number, node in enumerate(found):
                yield owner if len(found) == 1 else f"{owner}[{number}]", node


def mutants(module: str) -> list[Mutant]:
    tree = ast.parse(path_of(module).read_text())
    return [
        Mutant(module, name, position) for position, (name, _) in enumerate(constants(module, tree))
    ]


MUTANTS = [mutant for module in ENCODERS for mutant in mutants(module)]


def mutated(mutant: Mutant) -> CodeType:
    tree = ast.parse(path_of(mutant.module).read_text())
    node = list(constants(mutant.module, tree))[mutant.position][1]
    assert isinstance(node.value, int | bytes)
    node.value = node.value + b"~" if isinstance(node.value, bytes) else node.value + 1
    return compile(tree, str(path_of(mutant.module)), "exec")


@cache
def unchanged(module: str) -> CodeType:
    return compile(path_of(module).read_text(), str(path_of(module)), "exec")


def run(module: str, code: CodeType, patch: pytest.MonkeyPatch) -> ModuleType:
    """Executes `code` as the module, which those executed after it will import."""
    name = f"{wire.__name__}.{module}"
    fresh = ModuleType(name)
    exec(code, fresh.__dict__)
    import_module(name)  # so that the patch has something to put back
    patch.setitem(sys.modules, name, fresh)
    patch.setattr(wire, module, fresh)
    return fresh


def exercise(module: str, code: CodeType, patch: pytest.MonkeyPatch) -> None:
    encoder = ENCODERS[module]
    fresh = run(module, code, patch)
    if encoder.user is not None:
        fresh = run(encoder.user, unchanged(encoder.user), patch)
    encoder.exercise(fresh)


@pytest.mark.parametrize("module", ENCODERS)
def test_the_codecs_as_they_are_agree(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exercise(module, unchanged(module), monkeypatch)


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in MUTANTS if not UNREACHED.keys() & names(mutant)], ids=str
)
def test_a_mutant_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    code = mutated(mutant)
    with pytest.raises(NOTICED):
        exercise(mutant.module, code, monkeypatch)


@pytest.mark.parametrize("index", range(98))
def test_a_neighbouring_static_index_is_noticed(
    index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = STATIC_TABLE[index]
    monkeypatch.setitem(fields._ENTRIES, field, index + 1)
    assert witness.fields(fields.encode([field])) != [field]


def test_what_is_left_out_exists() -> None:
    assert UNREACHED.keys() <= {name for mutant in MUTANTS for name in names(mutant)}
