"""The main job on real input: the catalogue against webtransport-go over UDP, in both roles.

As a plain program, so that it runs where there is no container engine.
"""

import os
import shutil
from collections.abc import Callable

import pytest

from wtspec.implementations import building, manifest

NAME = "webtransport-go"
REQUIRED = os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split()


def build() -> str:
    if shutil.which("go") is None:
        reason = "Go is not on the PATH, so webtransport-go cannot be built"
        if "go" in REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    built = building.build(NAME).process
    assert built is not None
    return built.exec


@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ["server", "client"])
def test_only_known_failures(role: str, only_known_failures: Callable[..., None]) -> None:
    home, program = manifest.directory(NAME), build()
    only_known_failures(
        *("--exec", str(home / program), "--role", role),
        *("--baseline", str(home / "baseline.toml")),
    )
