"""Claims for people, as the rows of a manifest, and for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wtspec.reports.block import visible
from wtspec.suite.commands.claims import Claims
from wtspec.suite.commands.claims_verdict import Claim, Verdict
from wtspec.suite.commands.glue_checks import Checklist
from wtspec.suite.endpoint.interface import Hello

SCHEMA_VERSION = 1


def lines(claims: Claims) -> Iterator[str]:
    """What became of each claim; features of which no more is to be said, in one line."""
    for verdict in (Verdict.HOLDS, Verdict.UNCLAIMED, Verdict.UNDECIDED, Verdict.FALSE):
        ours = [one for one in claims.found if one.verdict is verdict]
        plain = [one.name for one in ours if one.kind == "feature" and not one.why]
        for one in ours:
            if one.kind != "feature" or one.why:
                yield from _line(one)
        if plain:
            said = " and not claimed" if verdict is Verdict.UNCLAIMED else ""
            yield f"  {verdict.value:6} features shown{said}: {visible(' '.join(sorted(plain)))}"


def _line(one: Claim) -> Iterator[str]:
    said = " is spoken and not claimed" if one.verdict is Verdict.UNCLAIMED else ""
    why = f": {one.why}" if one.why else ""
    yield visible(f"  {one.verdict.value:6} {one.kind} {one.name}{said}{why}")
    for line in one.wire:
        yield visible(f"         wire: {line.strip()}")


def manifest_rows(found: Sequence[Claims]) -> Iterator[str]:
    """What it does, in the words of an `implementation.toml`; beyond its claims as comments."""
    greeted = [(one, one.hello) for one in found if one.hello is not None]
    if not greeted:
        return
    _, first = greeted[0]
    yield f"name = {json.dumps(first.name)}"
    yield f"version = {json.dumps(first.version)}"
    chooses = [one.chooses for one, _ in greeted if one.chooses is not None]
    yield f"chooses_dialect = {json.dumps(bool(chooses) and all(chooses))}"
    for claims, hello in greeted:
        yield ""
        yield from _role_rows(claims, hello)


def _role_rows(claims: Claims, hello: Hello) -> Iterator[str]:
    false = {(one.kind, one.name) for one in claims.found if one.verdict is Verdict.FALSE}
    yield f"[{claims.role}]"
    dialects = [one for one in hello.dialects if ("dialect", one) not in false]
    yield f"dialects = {json.dumps(dialects)}"
    yield from _rows("features", {f for f in hello.features if ("feature", f) not in false})
    yield from _rows("unsupported", hello.unsupported)
    for one in claims.found:
        if one.verdict is Verdict.UNCLAIMED:
            yield f"# not in `hello`, and shown: {one.kind} {one.name}"


def _rows(name: str, words: Iterable[str]) -> Iterator[str]:
    yield f"{name} = {json.dumps(sorted(words))}"


def document(named: str, checked: Sequence[tuple[Checklist, Claims]]) -> dict[str, Any]:
    """All of it, as in `check_endpoint.schema.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "endpoint": named,
        "roles": [_plain(glue, claims) for glue, claims in checked],
    }


def _plain(glue: Checklist, claims: Claims) -> dict[str, Any]:
    hello = claims.hello
    return {
        "role": str(claims.role),
        "offered": not glue.is_declined,
        "name": hello.name if hello else None,
        "version": hello.version if hello else None,
        "chooses_dialect": claims.chooses,
        "checks": [
            {
                "name": one.name,
                "result": one.result.name.lower().replace("_", "-"),
                "detail": one.detail,
                "fix": one.fix,
                "wire": [*one.wire],
            }
            for one in glue.noted
        ],
        "claims": [
            {
                "kind": one.kind,
                "name": one.name,
                "verdict": one.verdict.name.lower(),
                "why": one.why,
                "wire": [*one.wire],
            }
            for one in claims.found
        ],
    }
