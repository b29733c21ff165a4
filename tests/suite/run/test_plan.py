"""Cells, their names, their controls, their groups."""

from dataclasses import replace

from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.plan import Cell, Plan, cells_of


def test_cells_are_named_by_case_parameter_dialect_and_role(cells: tuple[Cell, ...]) -> None:
    assert [one.id for one in cells] == [
        "setup/opens@h3-16/server",
        "setup/opens@h3-16/client",
        "setup/echo@h3-16/server",
        "setup/echo@h3-16/client",
        "streams/reset[bidi-early]@h3-16/server",
        "streams/reset[uni-late]@h3-16/server",
        "streams/reset[bidi-early]@h3-16/client",
        "streams/reset[uni-late]@h3-16/client",
        "streams/refused@h3-16/server",
    ]


def test_a_cell_survives_its_plain_form(cells: tuple[Cell, ...], catalogue: Catalogue) -> None:
    assert [one.spec.cell(catalogue) for one in cells] == list(cells)


def test_a_control_runs_in_the_configuration_of_its_cell(catalogue: Catalogue) -> None:
    case = replace(catalogue["streams/refused"], configuration=FLOW_CONTROL, link=Path(delay_s=1))
    (cell,) = cells_of(case, BOTH, [dialect("h3-16")])
    control = cell.control(catalogue)
    assert control is not None
    assert control.id == "setup/echo@h3-16/server"
    assert control.configuration == FLOW_CONTROL
    assert control.key == "setup/echo@h3-16/server with flow-control"
    assert control.case.link == CLEAN
    assert cell.key == cell.id


def test_the_root_has_no_control(cells: tuple[Cell, ...], catalogue: Catalogue) -> None:
    assert cells[0].control(catalogue) is None


def test_a_control_takes_the_parameter_that_fits_best(catalogue: Catalogue) -> None:
    control = replace(
        catalogue["setup/echo"], parameters={"x": 0, "bidi": 1, "bidi-early": 2}, control=None
    )
    cases = Catalogue({**catalogue.cases, "setup/echo": control})
    cell = next(cells_of(cases["streams/reset"], BOTH, [dialect("h3-16")]))

    def twin(parameter: str | None) -> str | None:
        found = replace(cell, parameter=parameter).control(cases)
        assert found is not None
        return found.parameter

    assert twin("bidi-early") == "bidi-early"
    assert twin("bidi-late") == "bidi"
    assert twin("uni") == "x"
    assert twin(None) == "x"


def test_cells_are_grouped_by_what_the_endpoint_is_started_with(
    cells: tuple[Cell, ...], catalogue: Catalogue
) -> None:
    other = replace(cells[0], configuration=FLOW_CONTROL)
    groups = Plan(catalogue, (*cells, other)).groups
    assert [str(one) for one in groups] == [
        "server, h3-16, default",
        "client, h3-16, default",
        "server, h3-16, flow-control",
    ]
    assert sum(len(one.cells) for one in groups) == len(cells) + 1


def test_a_resumed_plan_leaves_out_what_is_done(
    cells: tuple[Cell, ...], catalogue: Catalogue
) -> None:
    plan = Plan(catalogue, cells, 7).without({cells[0].id})
    assert plan.cells == cells[1:]
    assert plan.seed == 7


def test_cells_only_in_their_roles(catalogue: Catalogue) -> None:
    assert not list(cells_of(catalogue["streams/refused"], [Role.CLIENT], [dialect("h3-16")]))
