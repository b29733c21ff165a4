"""Faults about how HEADERS are written, framed and cut."""

from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.errors import ConnectionViolation, RequestViolation
from wtspec.implementations.reference.faults.fault import fault, oddity
from wtspec.suite.wire import fields, frames, varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Form
from wtspec.suite.wire.frames import FrameType

_PREFIX_BYTES = 2
_LITERAL_NAME_MASK, _LITERAL_NAME = 0xE0, 0x20


@fault("knows-no-literal-names")
class KnowsNoLiteralNames(RequestRules):
    """A section whose first name is written out cannot be decoded."""

    def encoded_section(self, encoded: bytes) -> bytes:
        first = encoded[_PREFIX_BYTES : _PREFIX_BYTES + 1]
        if first and first[0] & _LITERAL_NAME_MASK == _LITERAL_NAME:
            raise ConnectionViolation(H3.QPACK_DECOMPRESSION_FAILED, "a literal name")
        return encoded


@fault("takes-forty-fields-at-most")
class TakesFortyFieldsAtMost(RequestRules):
    """More fields are an attack."""

    def read_section(self, section: Fields) -> Fields:
        if len(section) > 40:
            raise ConnectionViolation(H3.EXCESSIVE_LOAD, f"{len(section)} fields")
        return section


@fault("wants-long-pieces")
class WantsLongPieces(RequestRules):
    """Fewer bytes of HEADERS than the shortest response has are taken for a cut frame."""

    def may_wait_behind(self, size_bytes: int) -> bool:
        return size_bytes >= 4


@fault("chokes-on-endless-sections")
class ChokesOnEndlessSections(RequestRules):
    """Memory is sought for all of a section as soon as its length is known."""

    def taken(self, data: bytes) -> bytes:
        length = varint.decode(data, 1) if data[:1] == b"\x01" else None
        if length is not None and length[0] >= 1 << 30:
            raise ConnectionViolation(H3.INTERNAL_ERROR, "no memory for this section")
        return data


@fault("wants-headers-first")
class WantsHeadersFirst(RequestRules):
    """No frame may stand in front of HEADERS."""

    def frames_may_precede_headers(self) -> bool:
        return False


@fault("heeds-capsule-protocol-field")
class HeedsCapsuleProtocolField(RequestRules):
    """A Capsule-Protocol field that does not say yes is believed."""

    def read_section(self, section: Fields) -> Fields:
        if dict(section).get(b"capsule-protocol", b"?1") != b"?1":
            raise RequestViolation(H3.MESSAGE_ERROR, "no Capsule Protocol")
        return section


@fault("sends-upper-case-names")
class SendsUpperCaseNames(RequestRules):
    """A field name as it was fine in HTTP/1.1."""

    def section(self, honest: Fields) -> Fields:
        return (*honest, (b"X-Served-By", b"reference"))


@fault("forgets-large-sections")
class ForgetsLargeSections(RequestRules):
    """HEADERS of more than 8 KiB are dropped without a word."""

    def max_frame_bytes(self) -> int:
        return 1 << 24

    def overlooks_section(self, size_bytes: int) -> bool:
        return size_bytes > 1 << 13


@fault("resets-undecodable-requests")
class ResetsUndecodableRequests(RequestRules):
    """A section that cannot be decoded costs its stream only."""

    def undecodable_costs_connection(self) -> bool:
        return False


@fault("calls-the-undecodable-malformed")
class CallsTheUndecodableMalformed(ResetsUndecodableRequests):
    """A section that cannot be decoded counts as a malformed message."""

    def undecodable_code(self, code: int) -> int:
        return H3.MESSAGE_ERROR


@fault("takes-a-cut-frame-for-the-end")
class TakesACutFrameForTheEnd(RequestRules):
    """HEADERS without an end count as if they were not there."""

    def minds_cut_headers(self) -> bool:
        return False


@fault("minds-resets-inside-frames")
class MindsResetsInsideFrames(RequestRules):
    """A stream may be reset between frames only."""

    def minds_reset_inside_headers(self) -> bool:
        return True


@fault("takes-data-before-headers")
class TakesDataBeforeHeaders(RequestRules):
    """DATA before HEADERS is dropped."""

    def minds_frame(self, kind: str, code: int) -> bool:
        return kind != "DATA"


@oddity("writes-literals-in-huffman")
class WritesLiteralsInHuffman(RequestRules):
    """Field sections without the static table, Huffman-coded, in order, never to be indexed."""

    def section(self, honest: Fields) -> Fields:
        return (*honest, (b"x-unknown", b""), (b"x-unknown", b"again"), (b"priority", b"u=3"))

    def headers_frame(self, encoded: bytes) -> bytes:
        lines = fields.FieldDecoder().decode(encoded)
        section = fields.encode(lines, form=Form.LITERAL_NEVER_HUFFMAN)
        return frames.encode(FrameType.HEADERS, section)


@oddity("takes-large-sections")
class TakesLargeSections(RequestRules):
    """Field sections may have any size, but not decoded: those are refused with 431 or a reset."""

    def max_frame_bytes(self) -> int:
        return 1 << 24

    def encoded_section(self, encoded: bytes) -> bytes:
        if len(encoded) > 1 << 16:
            raise RequestViolation(H3.EXCESSIVE_LOAD, "a large field section")
        return encoded
