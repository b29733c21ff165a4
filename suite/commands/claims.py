"""What an endpoint claims, held against what it does: `hello`, and its manifest where it has one.

A claim that does not hold is the program's fault; what it does and does not claim is only told.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wtspec.implementations.manifest import Manifest, contradictions
from wtspec.suite.commands import claims_features
from wtspec.suite.commands.attach import Launched
from wtspec.suite.commands.claims_trial import tried
from wtspec.suite.commands.claims_verdict import Claim, Verdict
from wtspec.suite.commands.glue import common
from wtspec.suite.commands.glue_checks import Checklist
from wtspec.suite.commands.glue_program import Wrong, started
from wtspec.suite.dialect import DIALECTS, Dialect, http3
from wtspec.suite.endpoint.interface import EndpointGone, EndpointMisuse, Hello, Role


@dataclass(slots=True)
class Claims:
    """Of one role. `chooses`: whether a start can be made to speak just one dialect, if that shows.

    `hello` is None for a role that it does not have, or a program that says none.
    """

    role: Role
    found: list[Claim]
    hello: Hello | None = None
    chooses: bool | None = None

    @property
    def false(self) -> int:
        return sum(one.verdict is Verdict.FALSE for one in self.found)


async def check_claims(
    factory: Launched, role: Role, glue: Checklist, manifest: Manifest | None
) -> Claims:
    """Everything that it claims in this role; `glue`: what came of the checks of its glue."""
    hello = glue.hello
    if hello is None:
        verdict = Verdict.FALSE if manifest else Verdict.UNDECIDED
        why = "exit status 127" if glue.is_declined else "it does not greet us: see above"
        is_claimed = manifest is not None or not glue.is_declined
        return Claims(role, [Claim("role", str(role), verdict, why)] if is_claimed else [])
    claims = Claims(role, [Claim("role", str(role), Verdict.HOLDS)], hello)
    if manifest is not None:
        wrong = contradictions(manifest, role, hello)
        claims.found += [Claim("manifest", manifest.name, Verdict.FALSE, one) for one in wrong]
    offer = manifest.offer(role) if manifest is not None else None
    names = tuple(dict.fromkeys((*hello.dialects, *(offer.dialects if offer else ()))))
    for name in names:
        claims.found.append(await _pinned(factory, name, claims))
    claims.found += claims_features.by_checks(hello, glue)
    if claims_features.FLOW_CONTROL_FEATURE in hello.features:
        claims.found.append(await _flow_control(factory, role, hello))
    if manifest is not None and claims.chooses is not None:
        claims.found += _choosing(manifest, shown=claims.chooses)
    claims.found += await _unclaimed(factory, role, hello, names)
    return claims


async def _flow_control(factory: Launched, role: Role, hello: Hello) -> Claim:
    try:
        return await claims_features.flow_control(factory, role, hello)
    except (Wrong, EndpointGone, EndpointMisuse) as error:
        why = f"started with WT_LIMITS: {error}"
        return Claim("feature", claims_features.FLOW_CONTROL_FEATURE, Verdict.FALSE, why)


def _choosing(manifest: Manifest, *, shown: bool) -> Iterator[Claim]:
    """Whether a start can be made to speak just one dialect."""
    if shown != manifest.chooses_dialect:
        verdict = Verdict.UNCLAIMED if shown else Verdict.FALSE
        yield Claim("manifest", "chooses_dialect", verdict, f"it shows {str(shown).lower()}")


async def is_offered(factory: Launched, role: Role) -> bool:
    """Whether it greets us in a role that nobody claims for it."""
    try:
        async with started(factory, role) as program:
            await program.greeting()
    except (Wrong, EndpointGone, EndpointMisuse):
        return False
    return True


async def _pinned(factory: Launched, name: str, claims: Claims) -> Claim:
    """Started to speak just this dialect, with our peer that speaks no other."""
    known = DIALECTS.get(name)
    if known is None or not known.implementable:
        return Claim("dialect", name, Verdict.UNDECIDED, "our reference does not speak it")
    try:
        async with started(factory, claims.role, (name,)) as program:
            hello = await program.greeting()
            if name not in hello.dialects:
                has = " ".join(hello.dialects) or "none"
                why = f"started with WT_DIALECTS={name}, its `hello` has {has}"
                return Claim("dialect", name, Verdict.FALSE, why)
            if len(claims.hello.dialects if claims.hello else ()) > 1:
                claims.chooses = claims.chooses is not False and hello.dialects == (name,)
            return (await tried(program, known)).claim()
    except (Wrong, EndpointGone, EndpointMisuse) as error:
        why = f"started with WT_DIALECTS={name}: {error}"
        return Claim("dialect", name, Verdict.FALSE, why)


async def _unclaimed(
    factory: Launched, role: Role, hello: Hello, names: Sequence[str]
) -> list[Claim]:
    """What it does beyond that, as it starts by itself."""
    spoken = common(hello)
    found: list[Claim] = []
    try:
        async with started(factory, role) as program:
            await program.greeting()
            # At once: whoever is asked in a strange dialect may wait long for what does not come.
            trials = await asyncio.gather(*(tried(program, one) for one in _strangers(names)))
            found += [
                Claim("dialect", one.dialect.name, Verdict.UNCLAIMED)
                for one in trials
                if one.is_spoken
            ]
            if spoken is not None:
                found += await claims_features.unclaimed(program, spoken, hello)
    except (Wrong, EndpointGone, EndpointMisuse):
        return found  # it started before: what it then does, the checks of its glue tell
    return found


def _strangers(names: Sequence[str]) -> Iterator[Dialect]:
    """The lowest of each family of which it claims nothing: neighbours look alike on the wire."""
    settings = {DIALECTS[one].enabling_setting for one in names if one in DIALECTS}
    for one in http3.all:
        if one.enabling_setting not in settings:
            settings.add(one.enabling_setting)
            yield one
