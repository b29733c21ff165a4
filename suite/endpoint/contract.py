"""The contract's JSON lines: commands out, events in (contract sections 3 and 4).

Bytes travel as base64 in `data`. A line that is no JSON object with `event` is a log line, and
never evidence.
"""

import base64
import binascii
import json
from collections.abc import Mapping

from wtspec.suite.endpoint.configuration import Configuration, Limits
from wtspec.suite.endpoint.interface import ApiEvent, EndpointMisuse, Hello

LINE_LIMIT_BYTES = 256 * 1024
VERSION = 1
# Every word that `hello` may have in `features` (contract section 4).
FEATURES = frozenset(
    {
        "reset-code",
        "stop-code",
        "raw-codes",
        "datagrams",
        "uni",
        "bidi",
        "reset",
        "stop",
        "close-code",
        "closed",
        "drain",
        "protocols",
        "pooling",
        "origin",
        "headers",
        "status",
        "hashes",
        "flow-control",
        "exporter",
        "stats",
        "priority",
    }
)


def encode_command(command: Mapping[str, object]) -> bytes:
    """One line, newline included; `data` given as bytes becomes base64."""
    plain = {key: _outward(value) for key, value in command.items()}
    return json.dumps(plain, separators=(",", ":")).encode() + b"\n"


def _outward(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


# The deepest that an event nests: its fields, `result`, and what that may hold.
_DEPTH = 8
_NAME_LIMIT = 200


def decode_event(line: bytes) -> ApiEvent | None:
    """The event on a line; None for a log line. Hostile nesting and numbers are log lines too.

    Lone surrogates, which JSON can spell and nothing else can carry, are spelled out.
    """
    if not line.lstrip().startswith(b"{"):
        return None  # seen at a glance, as in a flood of log lines
    try:
        value = _harmless(json.loads(line), _DEPTH)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        return None
    name = value.pop("event")
    return ApiEvent(name, value)


def _harmless(value: object, depth: int) -> object:
    """The value fit to be printed, stored and walked; raises ValueError when it nests deeper."""
    match value:
        case str():
            return value if value.isascii() else _spelled_out(value)
        case dict() | list() if not depth:
            raise ValueError("nested too deeply")
        case dict():
            return {_spelled_out(key): _harmless(one, depth - 1) for key, one in value.items()}
        case list():
            return [_harmless(one, depth - 1) for one in value]
        case _:
            return value


def _spelled_out(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def event_bytes(event: ApiEvent, key: str = "data") -> bytes:
    """The decoded `data` of an event; raises EndpointMisuse when it is not base64."""
    value = event.fields.get(key, "")
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error as error:
        raise EndpointMisuse(f"event {event.name}: {key} is not base64") from error


def decode_hello(event: ApiEvent) -> Hello:
    """The first event; raises EndpointMisuse when it is not a `hello` of this contract."""
    fields = event.fields
    if event.name != "hello":
        raise EndpointMisuse(f"the first event is {event.name!r}, not 'hello'")
    if fields.get("contract") != VERSION:
        raise EndpointMisuse(f"contract {fields.get('contract')!r} is spoken, {VERSION} is needed")
    return Hello(
        name=str(fields.get("name", "unnamed"))[:_NAME_LIMIT],
        version=str(fields.get("version", "?"))[:_NAME_LIMIT],
        roles=_words(fields, "roles"),
        dialects=_words(fields, "dialects"),
        limits=_limits(fields.get("limits")),
        features=frozenset(_words(fields, "features")),
        unsupported=frozenset(_words(fields, "unsupported")),
        api=str(fields.get("api", ""))[:_NAME_LIMIT],
    )


def _words(fields: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = fields.get(key) or ()
    if not isinstance(value, list | tuple):
        raise EndpointMisuse(f"hello: {key} is not a list")
    return tuple(str(item) for item in value)


def _limits(value: object) -> Limits:
    if not isinstance(value, dict):
        return Limits()
    known = {key: value[key] for key in Limits.__slots__ if isinstance(value.get(key), int)}
    return Limits(**known)


def limits_variable(limits: Limits) -> str:
    """WT_LIMITS: JSON of what is not left to the endpoint's default."""
    given = {key: getattr(limits, key) for key in Limits.__slots__}
    return json.dumps({key: value for key, value in given.items() if value is not None})


def environment(configuration: Configuration, dialects: tuple[str, ...]) -> dict[str, str]:
    """The variables that depend on the configuration; addresses and files are the attachment's."""
    variables = {"WT_CONTRACT": str(VERSION), "WT_LIMITS": limits_variable(configuration.limits)}
    if dialects:
        variables["WT_DIALECTS"] = " ".join(dialects)
    if configuration.protocols:
        variables["WT_PROTOCOLS"] = " ".join(configuration.protocols)
    return variables
