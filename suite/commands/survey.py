"""Which dialects a server really speaks: all are tried, and what came back is laid side by side."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wtspec.reports.block import visible
from wtspec.suite.commands.probe_connection import ANSWER_S, Heard, ask, client_settings
from wtspec.suite.commands.server_url import Site
from wtspec.suite.commands.unreachable import Unreachable
from wtspec.suite.dialect import Announcement, Dialect, FlowControlRule, Legal, Side, Unmet
from wtspec.suite.wire import capsule, error_codes
from wtspec.suite.wire.settings import name as setting_name
from wtspec.suite.wire.transport_parameters import Parameter, integer

_AT_ONCE = 4
_UNREQUIRED = (Unmet.NOT_REQUIRED, Unmet.UNSPECIFIED)


@dataclass(frozen=True, slots=True)
class Answer:
    """How the server met one dialect.

    `lacks`: what an honest client of the dialect would miss in the announcements, and therefore ask
    for no session. `said`: the response or what came in its place. `flow_control`: whether the
    limits of sessions bind, between these two; None where the dialect has no such thing, or the
    server announced nothing.
    """

    dialect: str
    lacks: tuple[str, ...]
    status: int | None
    said: str
    flow_control: bool | None
    remarks: tuple[str, ...] = ()

    @property
    def is_announced(self) -> bool:
        return not self.lacks

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_spoken(self) -> bool:
        return self.is_announced and self.is_accepted


@dataclass(frozen=True, slots=True)
class Survey:
    """All answers, and what the server says of itself; `settings` None: it sent none."""

    parameters: tuple[tuple[int, bytes], ...]
    settings: tuple[tuple[int, int], ...] | None
    certificate_sha256: bytes
    answers: tuple[Answer, ...]

    @property
    def spoken(self) -> tuple[str, ...]:
        return tuple(one.dialect for one in self.answers if one.is_spoken)


async def survey(site: Site, dialects: Sequence[Dialect], answer_s: float = ANSWER_S) -> Survey:
    """Ask in every dialect, a connection each; raises Unreachable when the first fails."""
    first, *rest = reversed(dialects)
    heard = {first: await ask(site, first, answer_s)}
    lanes = asyncio.Semaphore(_AT_ONCE)

    async def one(dialect: Dialect) -> tuple[Dialect, Heard]:
        async with lanes:
            try:
                return dialect, await ask(site, dialect, answer_s)
            except Unreachable as error:
                return dialect, Heard(violations=[str(error)])

    heard.update(await asyncio.gather(*map(one, rest)))
    whole = heard[first]
    return Survey(
        whole.parameters,
        whole.settings,
        whole.certificate_sha256,
        tuple(answer(dialect, heard[dialect]) for dialect in dialects),
    )


def answer(dialect: Dialect, heard: Heard) -> Answer:
    """One dialect's line, from what its connection showed."""
    ours, theirs = dict(client_settings(dialect)), dict(heard.settings or ())
    known = heard.settings is not None and dialect.flow_control is not FlowControlRule.NONE
    return Answer(
        dialect.name,
        tuple(_lacking(dialect, heard)),
        heard.status,
        _said(dialect, heard),
        dialect.flow_control_on(ours, theirs) if known else None,
        tuple(_remarks(dialect, heard)),
    )


def _lacking(dialect: Dialect, heard: Heard) -> Iterable[str]:
    """What the dialect makes the client's condition for asking at all."""
    if heard.settings is None:
        yield "SETTINGS"
        return
    for announcement in dialect.requirements_of_peer(Side.CLIENT):
        if announcement.unmet not in _UNREQUIRED and not _is_met(announcement, heard):
            yield _name(announcement)


def _is_met(announcement: Announcement, heard: Heard) -> bool:
    values = dict(heard.settings or ())
    parameters = dict(heard.parameters)
    said = [values[one] for one in announcement.settings if one in values]
    for one in announcement.parameters:
        if one in parameters:
            is_empty_one = announcement.legal is Legal.PRESENT
            said.append(1 if is_empty_one else integer(parameters[one]) or 0)
    return any(announcement.legal.allows(value) for value in said)


def _name(announcement: Announcement) -> str:
    if Parameter.RESET_STREAM_AT in announcement.what:
        return "reset_stream_at"
    if Parameter.MAX_DATAGRAM_FRAME_SIZE in announcement.what:
        return "max_datagram_frame_size"
    return setting_name(announcement.settings[0])


def _said(dialect: Dialect, heard: Heard) -> str:
    if heard.response is not None:
        status = dict(heard.response).get(b":status", b"no :status")
        return visible(status.decode("latin-1"))
    for word, code in (("reset", heard.reset), ("stop", heard.stop)):
        if code is not None:
            return f"{word} {dialect.error_name(code)}"
    if (closed := heard.closed) is not None:
        named = dialect.error_name if closed.is_application else error_codes.transport_name
        reason = f" {visible(closed.reason)!r}" if closed.reason else ""
        return f"connection closed, {named(closed.code)}{reason}"
    if heard.finished:
        return "FIN without a response"
    return "no connection" if not heard.parameters else "silence"


def _remarks(dialect: Dialect, heard: Heard) -> Iterable[str]:
    for announcement in dialect.requirements_of_peer(Side.CLIENT):
        optional = announcement.unmet is Unmet.UNSPECIFIED
        if optional and heard.settings is not None and not _is_met(announcement, heard):
            yield f"{_name(announcement)} is due and missing"
    for name, value in heard.response or ():
        if name in _TELLING:
            yield visible(f"{name.decode()}: {value.decode('latin-1')}")
    for received in heard.capsules:
        yield f"sent {_capsule(received)}"
    yield from (visible(one) for one in heard.violations)


# Response fields that tell one stack from another.
_TELLING = frozenset({b"sec-webtransport-http3-draft", b"server", b"location"})


def _capsule(received: capsule.Received) -> str:
    match received:
        case capsule.UnknownCapsule(number) | capsule.SkippedCapsule(number):
            return f"capsule {number:#x}"
        case _:
            return visible(repr(received))
