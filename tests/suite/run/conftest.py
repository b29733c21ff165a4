"""Cases and cells that need no network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wtspec.suite.case import Case
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.run.catalogue import Catalogue, collect
from wtspec.suite.run.plan import Cell, cells_of
from wtspec.suite.run.stored import StoredRun
from wtspec.suite.signal import Fin, Reaction

MakeCase = Callable[..., Case]


async def script(*_: object) -> Reaction:
    return Reaction("stream 0", (Fin(),))


@pytest.fixture
def make_case() -> MakeCase:
    def make(case_id: str, **fields: Any) -> Case:
        given: dict[str, Any] = {
            "title": f"the title of {case_id}",
            "requires": ("setup-accept-2xx",),
            "roles": BOTH,
            "expect": Expect(Fin()),
            "script": script,
            "source": f"{Path(__file__)}:1",
        }
        return Case(id=case_id, **{**given, **fields})

    return make


@pytest.fixture
def catalogue(make_case: MakeCase) -> Catalogue:
    return collect(
        [
            make_case("setup/opens"),
            make_case("setup/echo", control="setup/opens"),
            make_case(
                "streams/reset",
                control="setup/echo",
                parameters={"bidi-early": 1, "uni-late": 2},
                requires=("bidi-layout",),
            ),
            make_case("streams/refused", control="setup/echo", roles=(Role.SERVER,)),
        ]
    )


@pytest.fixture
def cells(catalogue: Catalogue) -> tuple[Cell, ...]:
    return tuple(cell for case in catalogue for cell in cells_of(case, BOTH, [dialect("h3-16")]))


@pytest.fixture
def run() -> StoredRun:
    return StoredRun("a-run", 7, "reference", {"wtspec": "0.1.0"}, started="2026-11-21T01:14:18Z")
