"""Faults about malformed messages: each rule overlooked, or told with the wrong code."""

from typing import ClassVar

from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity
from wtspec.suite.wire.error_codes import H3


class Overlooks(RequestRules):
    """Messages with one of these flaws count as well-formed."""

    flaws: ClassVar[frozenset[str]]

    def minds_flaw(self, name: str) -> bool:
        return name not in self.flaws


@fault("needs-no-method", SERVER)
class NeedsNoMethod(Overlooks):
    """A request without :method is answered like any other."""

    flaws = frozenset({"METHOD_MISSING", "PROTOCOL_WITHOUT_CONNECT"})


@fault("needs-no-scheme", SERVER)
class NeedsNoScheme(Overlooks):
    """A request without :scheme is taken."""

    flaws = frozenset({"SCHEME_MISSING"})

    def minds_scheme(self) -> bool:
        return False


@fault("needs-no-authority", SERVER)
class NeedsNoAuthority(Overlooks):
    """A request without :authority, or an empty one, is taken."""

    flaws = frozenset({"AUTHORITY_MISSING"})


@fault("needs-no-path", SERVER)
class NeedsNoPath(Overlooks):
    """A request without :path is looked up and not found."""

    flaws = frozenset({"PATH_MISSING"})


@fault("needs-no-slash-in-path", SERVER)
class NeedsNoSlashInPath(Overlooks):
    """A :path that is empty or relative is looked up and not found."""

    flaws = frozenset({"PATH_EMPTY"})


@fault("takes-a-target-in-plain-connect", SERVER)
class TakesATargetInPlainConnect(Overlooks):
    """:scheme and :path are overlooked where :protocol is missing."""

    flaws = frozenset({"TARGET_ON_PLAIN_CONNECT"})


@fault("takes-repeated-pseudo-headers")
class TakesRepeatedPseudoHeaders(Overlooks):
    """Of a pseudo-header given twice the last counts."""

    flaws = frozenset({"PSEUDO_REPEATED"})


@fault("takes-undefined-pseudo-headers")
class TakesUndefinedPseudoHeaders(Overlooks):
    """Unknown pseudo-headers are passed over like unknown fields."""

    flaws = frozenset({"PSEUDO_UNKNOWN"})


@fault("takes-pseudo-headers-anywhere")
class TakesPseudoHeadersAnywhere(Overlooks):
    """The order of pseudo-headers and regular fields means nothing."""

    flaws = frozenset({"PSEUDO_AFTER_REGULAR"})


@fault("takes-upper-case-names")
class TakesUpperCaseNames(Overlooks):
    """Field names may have upper-case characters, as in HTTP/1.1."""

    flaws = frozenset({"UPPER_CASE"})


@fault("takes-connection-specific-fields")
class TakesConnectionSpecificFields(Overlooks):
    """Fields of HTTP/1.1 connections are passed over."""

    flaws = frozenset({"CONNECTION_SPECIFIC"})


@fault("takes-content-fields")
class TakesContentFields(Overlooks):
    """Fields about content are passed over where there is none."""

    flaws = frozenset({"CONTENT_FIELD"})


@fault("takes-any-character-in-values")
class TakesAnyCharacterInValues(Overlooks):
    """NUL, CR and LF travel on in field values."""

    flaws = frozenset({"BAD_VALUE"})


@fault("takes-any-character-in-names")
class TakesAnyCharacterInNames(Overlooks):
    """Names that are no tokens travel on."""

    flaws = frozenset({"BAD_NAME"})


@fault("takes-no-status-for-success", CLIENT)
class TakesNoStatusForSuccess(RequestRules):
    """A response without :status counts as 200."""

    def read_section(self, section: Fields) -> Fields:
        missing = b":status" not in dict(section)
        return ((b":status", b"200"), *section) if missing else section


@fault("takes-any-status-that-begins-with-2", CLIENT)
class TakesAnyStatusThatBeginsWith2(RequestRules):
    """Only the first character of :status is looked at."""

    def read_section(self, section: Fields) -> Fields:
        return tuple(
            (k, b"200" if k == b":status" and v.startswith(b"2") else v) for k, v in section
        )


@fault("resets-malformed-with-no-error")
class ResetsMalformedWithNoError(RequestRules):
    """Malformed messages are reset as if nothing were wrong with them."""

    def malformed_code(self, code: int) -> int:
        return H3.NO_ERROR


@oddity("answers-malformed-with-400", SERVER)
class AnswersMalformedWith400(RequestRules):
    """A malformed request is told so by a status instead of a reset."""

    def status_for_malformed(self) -> int | None:
        return 400
