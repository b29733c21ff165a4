"""The catalogue against other people's stacks in their containers, with their known failures.

Those that build in a minute run in CI, in the newest dialect they claim. All, in all dialects they
claim, take half an hour: WTSPEC_REQUIRE="docker all".
"""

import os
from collections.abc import Callable

import pytest

pytest.importorskip("docker")

from wtspec.implementations import images, manifest
from wtspec.implementations.claim import EngineTrouble
from wtspec.suite.endpoint.interface import Role

# flupke builds in a minute too, but no two of its runs are alike: it loses the code of a close that
# overtakes its own accepting, now and then, and a check that fails by that chance says nothing.
FAST = ("aioquic", "pywebtransport", "webtransport-go", "wtransport")
RUNS = [
    (name, role, dialect)
    for name in manifest.known()
    for role in Role
    if (offer := manifest.load(name).offer(role)) is not None
    for dialect in sorted(offer.dialects)
]
REQUIRED = os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split()
# Before release 0.12 nothing answers a close on the CONNECT stream, which blocks what rests on it.
MOST_BLOCKED = dict.fromkeys(("webtransport-go-0.9", "webtransport-go-0.10"), 0.11)


def build(name: str) -> None:
    try:
        images.build(manifest.load(name), lambda _step: None)
    except EngineTrouble as trouble:
        if "docker" in REQUIRED:
            raise
        pytest.skip(str(trouble))


@pytest.mark.real
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "role", "dialect"), RUNS)
def test_only_known_failures(
    name: str, role: Role, dialect: str, only_known_failures: Callable[..., None]
) -> None:
    offer = manifest.load(name).offer(role)
    assert offer is not None
    is_newest = dialect == max(offer.dialects)
    if "all" not in REQUIRED and not (name in FAST and is_newest):
        pytest.skip('all stacks in all dialects take half an hour: WTSPEC_REQUIRE="docker all"')
    build(name)
    only_known_failures(
        *("--implementation", name, "--role", str(role), "--dialect", dialect),
        most_blocked=MOST_BLOCKED.get(name, 0.02),
    )
