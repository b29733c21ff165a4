"""Whether a field section of the endpoint's is well-formed (RFC 9114 sections 4.2, 4.3)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from wtspec.suite.wire.errors import MessageError
from wtspec.suite.wire.fields import Field

REQUEST_NAMES = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})
RESPONSE_NAMES = frozenset({b":status"})
CONNECTION_NAMES = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)


def check(fields: Sequence[Field], *, is_request: bool, is_trailer: bool) -> None:
    """MessageError names the first rule that is broken."""
    pseudo = REQUEST_NAMES if is_request else RESPONSE_NAMES
    _check_names(fields, frozenset() if is_trailer else pseudo)
    if is_trailer:
        return
    given = dict(fields)
    if is_request:
        _check_request(given)
    elif not is_status(given.get(b":status", b"")):
        raise MessageError(f":status {given.get(b':status')!r}")


def is_status(value: bytes) -> bool:
    return len(value) == 3 and value.isdigit() and b"100" <= value <= b"599"


def status_of(fields: Sequence[Field]) -> int | None:
    """The status of a response; None where it has none that can be read."""
    value = dict(fields).get(b":status", b"")
    return int(value) if is_status(value) else None


def in_one_line(fields: Sequence[Field]) -> str:
    """For people."""
    return ", ".join(
        f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in fields
    )


def is_session_request(fields: Sequence[Field]) -> bool:
    """An extended CONNECT, whatever its protocol."""
    given = dict(fields)
    return given.get(b":method") == b"CONNECT" and b":protocol" in given


def _check_names(fields: Sequence[Field], pseudo: frozenset[bytes]) -> None:
    regular_began = False
    for name, value in fields:
        if name != name.lower():
            raise MessageError(f"the field name {name!r} is not lower case")
        if name in CONNECTION_NAMES:
            raise MessageError(f"the field {name!r} belongs to HTTP/1.1")
        if any(byte in value for byte in (b"\0", b"\r", b"\n")):
            raise MessageError(f"the value of {name!r} has a forbidden byte")
        if not name.startswith(b":"):
            regular_began = True
        elif name not in pseudo:
            raise MessageError(f"{name!r} may not stand here")
        elif regular_began:
            raise MessageError(f"{name!r} after a regular field")
    for name, count in Counter(name for name, _ in fields).items():
        if count > 1 and name.startswith(b":"):
            raise MessageError(f"{name!r} given {count} times")


def _check_request(given: Mapping[bytes, bytes]) -> None:
    needed = {b":method", b":scheme", b":path"}
    if given.get(b":method") == b"CONNECT" and b":protocol" not in given:
        needed = {b":method", b":authority"}
    elif b":protocol" in given:
        needed |= {b":authority"}
    for name in sorted(needed):
        if not given.get(name):
            raise MessageError(f"{name!r} is missing or empty")
