"""What `wtspec check-endpoint` does."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from wtspec.implementations import manifest
from wtspec.implementations.manifest import Manifest
from wtspec.reports.whole_file import replace_whole
from wtspec.suite.commands.attach import Launched
from wtspec.suite.commands.claims import Claims, check_claims, is_offered
from wtspec.suite.commands.claims_told import document, lines, manifest_rows
from wtspec.suite.commands.claims_verdict import Verdict
from wtspec.suite.commands.exit_code import ExitCode
from wtspec.suite.commands.glue import check_role
from wtspec.suite.commands.glue_checks import Checklist
from wtspec.suite.commands.pipes import say, tell
from wtspec.suite.commands.target import Target
from wtspec.suite.endpoint.interface import BOTH, Role

Checked = tuple[Checklist, Claims]
Show = Callable[[str], None]


def perform(target: Target, implementation: str | None, json_file: str | None) -> ExitCode:
    """Check all roles, glue first; the exit status. JSON on stdout sends the rest to stderr."""
    factory = target.factory
    assert isinstance(factory, Launched), "none but those that we start can be named here"
    known = manifest.load(implementation) if implementation else None
    show = tell if json_file == "-" else say
    with target.held():
        checked = [asyncio.run(_checked(factory, one, known, show)) for one in target.roles]
        for role in BOTH:
            if known and role not in known.roles and asyncio.run(is_offered(factory, role)):
                show(f"  {Verdict.UNCLAIMED.value:6} role {role} is offered and not claimed")
    checked_claims = [claims for _, claims in checked]
    if known is None and any(one.hello for one in checked_claims):
        show("")
        show("what it does, for an implementation.toml:")
        for row in manifest_rows(checked_claims):
            show(f"  {row}".rstrip())
        show("")
    if json_file:
        _write(json_file, json.dumps(document(str(factory), checked), indent=1))
    return _verdict(checked, show)


async def _checked(factory: Launched, role: Role, known: Manifest | None, show: Show) -> Checked:
    show(f"as a {role}")
    glue = await check_role(factory, role, show)
    claims = await check_claims(factory, role, glue, known)
    if claims.found:
        show(f"claims of a {role}")
    for line in lines(claims):
        show(line)
    return glue, claims


def _write(name: str, text: str) -> None:
    if name == "-":
        say(text)
    else:
        replace_whole(Path(name), f"{text}\n".encode())


def _verdict(checked: list[Checked], show: Show) -> ExitCode:
    if all(glue.is_declined for glue, _ in checked):
        show("no role is offered: a program exits with 127 only for a role it does not have")
        return ExitCode.NON_CONFORMANCE
    wrong, false = (sum(one) for one in zip(*((g.wrong, c.false) for g, c in checked), strict=True))
    if not wrong and not false:
        show("the glue is right, and what is claimed holds")
        return ExitCode.AS_EXPECTED
    show(f"{wrong} to mend, {false} claimed and not so; then `wtspec run`")
    return ExitCode.NON_CONFORMANCE
