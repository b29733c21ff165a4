"""Requests and responses out of field sections (RFC 9114 section 4.3, RFC 9220, RFC 9297).

Every rule has a name in `Flaw`; a message with a flaw is malformed, a stream error of type
H3_MESSAGE_ERROR.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.errors import RequestViolation
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.fields import Field

Fields = tuple[Field, ...]


class Flaw(StrEnum):
    """What makes a message malformed."""

    UPPER_CASE = "an upper-case field name"
    BAD_NAME = "a field name that is no token"
    BAD_VALUE = "a field value with a forbidden character"
    PSEUDO_AFTER_REGULAR = "a pseudo-header behind a regular field"
    PSEUDO_REPEATED = "a pseudo-header given twice"
    PSEUDO_UNKNOWN = "an unknown pseudo-header"
    METHOD_MISSING = "no :method"
    SCHEME_MISSING = "no :scheme"
    AUTHORITY_MISSING = "no :authority"
    PATH_MISSING = "no :path"
    PATH_EMPTY = "an empty :path"
    PROTOCOL_WITHOUT_CONNECT = ":protocol without CONNECT"
    PROTOCOL_EMPTY = "an empty :protocol"
    TARGET_ON_PLAIN_CONNECT = ":scheme or :path on a CONNECT without :protocol"
    USERINFO = "user information in :authority"
    HOST_DIFFERS = "Host differs from :authority"
    CONNECTION_SPECIFIC = "a field of HTTP/1.1 connections"
    CONTENT_FIELD = "a field about content where the Capsule Protocol is spoken"
    STATUS_MISSING = "no :status"
    STATUS_INVALID = "a :status that is no final or interim status"
    NO_CAPSULES = "a status that the Capsule Protocol cannot follow"
    ENDED = "an end without a response"


_REQUEST_PSEUDO = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})
_RESPONSE_PSEUDO = frozenset({b":status"})
_CONNECTION_SPECIFIC = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_CONTENT = frozenset({b"content-length", b"content-type", b"transfer-encoding"})
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN_IN_VALUES = re.compile(rb"[\x00\r\n]|^[ \t]|[ \t]$")
_STATUS = re.compile(rb"[1-9][0-9][0-9]")
_WITHOUT_CAPSULES = frozenset({204, 205, 206})


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A well-formed request; values as they came. `protocol` is None without :protocol."""

    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    protocol: bytes | None
    headers: Fields

    def values(self, name: bytes) -> tuple[bytes, ...]:
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A well-formed response."""

    status: int
    headers: Fields

    def values(self, name: bytes) -> tuple[bytes, ...]:
        return tuple(value for key, value in self.headers if key == name)


def parse_request(section: Fields, rules: RequestRules) -> RequestHead:
    """The request; RequestViolation when it is malformed."""
    pseudo = {key: value for key, value in section if key.startswith(b":")}
    headers = tuple(field for field in section if not field[0].startswith(b":"))
    flaws = [*_field_flaws(section, _REQUEST_PSEUDO), *_request_flaws(pseudo, headers)]
    _refuse(flaws, rules)
    return RequestHead(
        method=pseudo.get(b":method", b""),
        scheme=pseudo.get(b":scheme", b""),
        authority=pseudo.get(b":authority", b""),
        path=pseudo.get(b":path", b""),
        protocol=pseudo.get(b":protocol"),
        headers=headers,
    )


def parse_response(section: Fields, rules: RequestRules) -> ResponseHead:
    """The response; RequestViolation when it is malformed."""
    pseudo = {key: value for key, value in section if key.startswith(b":")}
    headers = tuple(field for field in section if not field[0].startswith(b":"))
    flaws = list(_field_flaws(section, _RESPONSE_PSEUDO))
    status = pseudo.get(b":status")
    if status is None:
        flaws.append(Flaw.STATUS_MISSING)
    elif not _STATUS.fullmatch(status) or status == b"101" or int(status) > 599:
        # RFC 9114 section 4.5 forbids 101; nothing above 599 has a class (RFC 9110 section 15).
        flaws.append(Flaw.STATUS_INVALID)
    elif 200 <= int(status) < 300:
        flaws.extend(_capsule_flaws(int(status), headers))
    _refuse(flaws, rules)
    number = int(status) if status is not None and status.isdigit() else 0
    return ResponseHead(number, headers)


def malformed(flaw: Flaw, rules: RequestRules) -> None:
    """A flaw that shows only later than the section."""
    _refuse([flaw], rules)


def _refuse(flaws: Iterable[Flaw], rules: RequestRules) -> None:
    for flaw in flaws:
        if rules.minds_flaw(flaw.name):
            raise RequestViolation(rules.malformed_code(H3.MESSAGE_ERROR), flaw.value)


def _field_flaws(section: Fields, pseudo: frozenset[bytes]) -> Iterator[Flaw]:
    seen_regular = False
    for key, value in section:
        is_pseudo = key.startswith(b":")
        if key != key.lower():
            yield Flaw.UPPER_CASE
        if not _TOKEN.fullmatch(key.removeprefix(b":")):
            yield Flaw.BAD_NAME
        if _FORBIDDEN_IN_VALUES.search(value):
            yield Flaw.BAD_VALUE
        if is_pseudo and key not in pseudo:
            yield Flaw.PSEUDO_UNKNOWN
        if is_pseudo and seen_regular:
            yield Flaw.PSEUDO_AFTER_REGULAR
        if key in _CONNECTION_SPECIFIC or (key == b"te" and value.lower() != b"trailers"):
            yield Flaw.CONNECTION_SPECIFIC
        seen_regular = seen_regular or not is_pseudo
    counts = Counter(key for key, _ in section if key.startswith(b":"))
    if any(count > 1 for count in counts.values()):
        yield Flaw.PSEUDO_REPEATED


def _request_flaws(pseudo: dict[bytes, bytes], headers: Fields) -> Iterator[Flaw]:
    if b":method" not in pseudo:
        yield Flaw.METHOD_MISSING
    is_connect = pseudo.get(b":method") == b"CONNECT"
    protocol = pseudo.get(b":protocol")
    if protocol is not None and not is_connect:
        yield Flaw.PROTOCOL_WITHOUT_CONNECT
    if protocol == b"":
        yield Flaw.PROTOCOL_EMPTY
    if is_connect and protocol is None:
        if not pseudo.keys().isdisjoint({b":scheme", b":path"}):
            yield Flaw.TARGET_ON_PLAIN_CONNECT
        if not pseudo.get(b":authority"):
            yield Flaw.AUTHORITY_MISSING
    else:
        yield from _target_flaws(pseudo, headers)
    if protocol is not None and any(key in _CONTENT for key, _ in headers):
        yield Flaw.CONTENT_FIELD


def _target_flaws(pseudo: dict[bytes, bytes], headers: Fields) -> Iterator[Flaw]:
    authority = pseudo.get(b":authority")
    hosts = [value for key, value in headers if key == b"host"]
    if b":scheme" not in pseudo:
        yield Flaw.SCHEME_MISSING
    if b":path" not in pseudo:
        yield Flaw.PATH_MISSING
    elif not pseudo[b":path"].startswith((b"/", b"*")):
        yield Flaw.PATH_EMPTY
    # An extended CONNECT needs :authority itself; a plain request may give Host alone.
    if not authority and (b":protocol" in pseudo or not hosts):
        yield Flaw.AUTHORITY_MISSING
    if authority and b"@" in authority:
        yield Flaw.USERINFO
    if authority and any(host != authority for host in hosts):
        yield Flaw.HOST_DIFFERS


def _capsule_flaws(status: int, headers: Fields) -> Iterator[Flaw]:
    if status in _WITHOUT_CAPSULES:
        yield Flaw.NO_CAPSULES
    if any(key in _CONTENT for key, _ in headers):
        yield Flaw.CONTENT_FIELD
