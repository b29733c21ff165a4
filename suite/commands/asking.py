"""In which dialects a run asks: those that the user names, else the newest that is really spoken.

A program says what it speaks in its `hello`; a server that runs already shows it on the wire, where
drafts that are switched on by the same setting look alike.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wtspec.suite.commands.attach import InContainer, Launched, Program, Remote, greeting
from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.commands.server_url import Site, TrustChoice, find
from wtspec.suite.commands.survey import Answer, Survey, survey
from wtspec.suite.commands.target import Target
from wtspec.suite.commands.unreachable import Unreachable
from wtspec.suite.dialect import DIALECTS, Dialect, UnknownDialect, dialect, http3
from wtspec.suite.endpoint.interface import (
    EndpointGone,
    EndpointMisuse,
    EndpointNotOffered,
    Hello,
)
from wtspec.suite.run.factory import CannotStart
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.settings import name as setting_name

NEWEST = "h3-16"
_LIMITS = {
    Setting.WT_INITIAL_MAX_DATA,
    Setting.WT_INITIAL_MAX_STREAMS_UNI,
    Setting.WT_INITIAL_MAX_STREAMS_BIDI,
}
EVERY = "all"
_ECHO = "/echo"


@dataclass(frozen=True, slots=True)
class Asked:
    """`why`: how the dialects were found, for the user; empty where there is nothing to explain."""

    dialects: tuple[Dialect, ...]
    why: str = ""


def choose_dialects(names: Sequence[str], target: Target) -> Asked:
    """Those asked for; else the newest that the endpoint speaks, else the newest of all.

    Raises UsageError for an unknown name, EnvironmentTrouble where nothing can be asked.
    """
    if EVERY in names:
        return Asked(tuple(one for one in DIALECTS.values() if one.implementable))
    try:
        if names:
            return Asked(tuple(dict.fromkeys(_implementable(one) for one in names)))
    except UnknownDialect as error:
        raise usage(f"{error} `--dialect {EVERY}` runs every one") from error
    match target.factory:
        case Program() | InContainer():
            return _of_program(target)
        case Remote():
            return _of_server(target.factory)
        case _:
            return Asked((dialect(NEWEST),))


def _implementable(name: str) -> Dialect:
    found = dialect(name)
    if not found.implementable:
        raise UnknownDialect(f"{name} contradicts itself and cannot be implemented.")
    return found


def _of_program(target: Target) -> Asked:
    known = [DIALECTS[one] for one in _greeting(target).dialects if one in DIALECTS]
    if not known:
        return Asked((dialect(NEWEST),), "its `hello` names no dialect that is known here")
    told = " ".join(one.name for one in sorted(known, key=lambda one: one.draft))
    newest = max(known, key=lambda one: one.draft)
    return Asked((newest,), f"the newest that its `hello` names: {told}")


def _greeting(target: Target) -> Hello:
    """What the program says of itself when nothing is asked of it."""
    assert isinstance(target.factory, Launched)
    last: Exception | None = None
    for role in target.roles:
        try:
            return asyncio.run(greeting(target.factory, role))
        except EndpointNotOffered as refusal:
            last = refusal
        except CannotStart as trouble:
            raise EnvironmentTrouble(str(trouble)) from trouble
        except (EndpointGone, EndpointMisuse, OSError) as error:
            raise EnvironmentTrouble(
                f"{target.factory} does not start as a {role}: {error}; "
                f"`wtspec check-endpoint --exec ...` says what is missing"
            ) from error
    raise EnvironmentTrouble(f"{target.factory} offers no role that was asked for: {last}")


def _of_server(server: Remote) -> Asked:
    """What `wtspec probe` would say, asked at the server's echo."""
    site = _site(server)
    try:
        seen = asyncio.run(survey(site, tuple(http3.all)))
    except Unreachable as error:
        raise EnvironmentTrouble(str(error)) from error
    return newest(site, seen)


def _site(server: Remote) -> Site:
    """No certificate is refused: the run that follows believes any, too."""
    found = find(server.url, TrustChoice(insecure=True))
    return replace(found, path=dict(server.paths).get(_ECHO, _ECHO))


def newest(site: Site, seen: Survey) -> Asked:
    """The newest dialect that a server speaks, or as much of one as there is; raises
    EnvironmentTrouble where no dialect's own setting came.
    """
    came = dict(seen.settings or ())
    if spoken := [one for one in seen.answers if one.is_spoken]:
        chosen = _of_its_family(spoken, came)
        return _asked(chosen, f"of those that the server speaks: {_names(spoken)}")
    if announced := [one for one in seen.answers if one.is_announced]:
        last = _of_its_family(announced, came)
        why = f"the server announces it, but {site.path} gave no session: {last.said};"
        return _asked(last, f"{why} --path echo=/its/own names its echo")
    enabled = [one for one in seen.answers if DIALECTS[one.dialect].enabling_setting in came]
    if not enabled:
        sent = " ".join(setting_name(one) for one in came) or "none"
        raise EnvironmentTrouble(
            f"{site.place} speaks HTTP/3 but announces no WebTransport setting that is known here"
            f" (its settings: {sent}); switch WebTransport on there, or give --dialect to ask all"
            " the same."
        )
    # The one that comes nearest; of two that come as near, the newer.
    best = min(reversed(enabled), key=lambda one: (not one.is_accepted, len(one.lacks)))
    lacks = ", ".join(best.lacks)
    return _asked(best, f"what the server announces fits it best, though it lacks {lacks}")


def _of_its_family(answers: Sequence[Answer], settings: Mapping[int, int]) -> Answer:
    """The one that is meant, among drafts that look like the newest of these.

    The drafts that still move: the newest. Of an older family its first, which asks for least, so
    that no server is held to rules of a draft that it never spoke; unless limits of sessions show a
    later one.
    """
    setting = DIALECTS[answers[-1].dialect].enabling_setting
    alike = [one for one in answers if DIALECTS[one.dialect].enabling_setting == setting]
    is_late = alike[-1].dialect == NEWEST or bool(_LIMITS & settings.keys())
    return alike[-1] if is_late else alike[0]


def _asked(chosen: Answer, why: str) -> Asked:
    return Asked((dialect(chosen.dialect),), why)


def _names(answers: Sequence[Answer]) -> str:
    return " ".join(one.dialect for one in answers)
