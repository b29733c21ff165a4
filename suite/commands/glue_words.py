"""What single lines of a program must look like, whatever they are about."""

from collections.abc import Iterator

from wtspec.suite.commands.glue_program import Program, Wrong, payload
from wtspec.suite.dialect import DIALECTS
from wtspec.suite.endpoint import contract
from wtspec.suite.endpoint.interface import ApiEvent, Role

_TEXT, _LIST, _OBJECT, _ANY = (str,), (list,), (dict,), (object,)
_HELLO = {
    "contract": (int,),
    "name": _TEXT,
    "version": _TEXT,
    "roles": _LIST,
    "dialects": _LIST,
    "limits": _OBJECT,
    "features": _LIST,
    "unsupported": _LIST,
    "api": _TEXT,
}
# Fields that are due in every event of that name; null where an API has nothing to show.
_FIELDS: dict[str, tuple[str, ...]] = {
    "session": ("session",),
    "refused": ("id", "session", "error"),
    "stream": ("session", "stream", "kind", "by"),
    "data": ("stream", "data"),
    "ended": ("stream", "bytes", "sha256", "how", "code"),
    "stopped": ("stream", "code"),
    "datagram": ("session", "data"),
    "draining": ("session",),
    "closed": ("session", "code", "reason", "by", "clean"),
    "done": ("id", "result"),
    "error": ("id", "error", "kind"),
}
_SERVER_FIELDS = ("path", "origin", "headers", "protocol")
_CLIENT_FIELDS = ("status", "protocol")
_WORDS = {
    ("stream", "kind"): ("uni", "bidi"),
    ("stream", "by"): ("local", "peer"),
    ("ended", "how"): ("fin", "reset", "stopped", "session", "lost"),
    ("closed", "by"): ("local", "peer", "transport", None),
}


def hello_faults(hello: ApiEvent, role: Role) -> Iterator[str]:
    """What is wrong with the first event, one clause each."""
    if hello.name != "hello":
        yield f"the first event is `{hello.name}`, not `hello`"
        return
    for name, kinds in _HELLO.items():
        if name not in hello.fields:
            yield f"`hello` has no `{name}`"
        elif not isinstance(hello.fields[name], kinds):
            yield f"`hello`: `{name}` is {hello.fields[name]!r}, not a {kinds[0].__name__}"
    if hello.fields.get("contract") != contract.VERSION:
        yield f"`hello`: the contract is {hello.fields.get('contract')!r}, not {contract.VERSION}"
    yield from _odd_words(hello, role)


def _odd_words(hello: ApiEvent, role: Role) -> Iterator[str]:
    roles = _words(hello, "roles")
    if str(role) not in roles:
        yield f"`hello`: started as a {role}, it names the roles {' '.join(roles) or 'none'}"
    for one in _words(hello, "features"):
        if one not in contract.FEATURES:
            yield f"`hello`: the contract has no feature {one!r}"
    dialects = _words(hello, "dialects")
    if not dialects:
        yield "`hello`: no dialect is in force"
    for one in dialects:
        if one not in DIALECTS and not one.startswith("h2-"):
            yield f"`hello`: there is no dialect {one!r}"


def _words(hello: ApiEvent, name: str) -> list[str]:
    value = hello.fields.get(name)
    return [str(one) for one in value] if isinstance(value, list) else []


async def lines_are_right(program: Program) -> None:
    """Every event so far has what it must have; raises Wrong for the first that has not."""
    for event in program.seen.events[1:]:
        if (fault := _fault(event, program.role)) is not None:
            raise Wrong(fault)


def _fault(event: ApiEvent, role: Role) -> str | None:
    if event.name == "hello":
        return "`hello` came a second time"
    if event.name not in _FIELDS:
        return f"the contract has no event `{event.name}`"
    due = _FIELDS[event.name]
    if event.name == "session":
        due += _SERVER_FIELDS if role is Role.SERVER else _CLIENT_FIELDS
    if missing := [name for name in due if name not in event.fields]:
        return f"an event `{event.name}` has no `{missing[0]}` (null where the API shows none)"
    for (name, key), words in _WORDS.items():
        if event.name == name and event.fields[key] not in words:
            return f"`{name}`: `{key}` is {event.fields[key]!r}"
    if "data" in due:
        try:
            payload(event)
        except Wrong as error:
            return str(error)
    return _stream_name_fault(event, role)


def _stream_name_fault(event: ApiEvent, role: Role) -> str | None:
    if role is Role.SERVER or event.name != "stream" or event.fields["by"] != "peer":
        return None
    name = str(event.fields["stream"])
    return None if name.startswith("~") else f"a stream of the peer is named {name!r}, without ~"
