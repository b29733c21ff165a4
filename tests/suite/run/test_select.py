"""What a selector names."""

import pytest

from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.requirements.requirement import Level, Party, Requirement
from wtspec.suite.run.catalogue import Catalogue
from wtspec.suite.run.select import NothingSelected, Selection

LEDGER = {
    "bidi-layout": Requirement(
        "bidi-layout", "http3", "4.3 Bidirectional Streams", Level.FACT, Party.BOTH, "a layout"
    ),
    "setup-accept-2xx": Requirement(
        "setup-accept-2xx", "http3", "3.2", Level.MUST, Party.SERVER, "2xx accepts"
    ),
}
RESETS = ["streams/reset[bidi-early]", "streams/reset[uni-late]"]


def selected(catalogue: Catalogue, *selectors: str, role: Role = Role.SERVER) -> list[str]:
    cells = Selection(catalogue, selectors, LEDGER).cells([role], [dialect("h3-16")])
    return [one.id.partition("@")[0] for one in cells]


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("setup", ["setup/opens", "setup/echo"]),
        ("setup/echo", ["setup/echo"]),
        ("*/re*", [*RESETS, "streams/refused"]),
        ("streams/reset", RESETS),
        ("streams/reset[uni-late]", RESETS[1:]),
        ("streams/reset[uni-*]", RESETS[1:]),
        ("streams/reset[uni-late]@h3-16/server", RESETS[1:]),
        ("streams/reset*@h3-16/client", []),
        ("streams/reset@h3-16/server", RESETS),
        ("streams/reset@h3-16", RESETS),
        ("streams/reset@h3-1?", RESETS),
        ("streams/reset@*/client", []),
        ("setup@h3-16/server", ["setup/opens", "setup/echo"]),
        ("h3-16/4.3@h3-16", RESETS),
        ("bidi-layout", RESETS),
        ("h3-16/4.3", RESETS),
        ("h3-16/4", RESETS),
        ("h3-16/3", ["setup/opens", "setup/echo", "streams/refused"]),
    ],
)
def test_a_selector_names(catalogue: Catalogue, selector: str, wanted: list[str]) -> None:
    assert selected(catalogue, selector) == wanted


def test_no_selector_names_everything(catalogue: Catalogue) -> None:
    assert len(selected(catalogue)) == 5
    assert len(Selection(catalogue).cases()) == 4


def test_several_selectors_add_up_in_report_order(catalogue: Catalogue) -> None:
    assert selected(catalogue, "streams/refused", "setup/opens") == [
        "setup/opens",
        "streams/refused",
    ]


def test_a_selector_that_names_a_dialect_runs_there_and_the_others_where_they_would(
    catalogue: Catalogue,
) -> None:
    mixed = Selection(catalogue, ("setup/echo@h3-15/server", "setup/opens"), LEDGER)
    assert [one.id for one in mixed.cells(BOTH, [dialect("h3-16")]) if one.role is Role.SERVER] == [
        "setup/opens@h3-16/server",
        "setup/echo@h3-15/server",
    ]
    assert (mixed.is_placed, mixed.named_dialects()) == (False, (dialect("h3-15"),))
    placed = Selection(catalogue, ("setup/echo@h3-15", "setup@h3-14/client"), LEDGER)
    assert placed.is_placed
    assert not Selection(catalogue, ("setup/echo@h3-1*",), LEDGER).is_placed
    assert not Selection(catalogue).is_placed


def test_a_case_without_the_role_is_no_mistake(catalogue: Catalogue) -> None:
    assert selected(catalogue, "streams/refused", role=Role.CLIENT) == []


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("streams/refusd", "did you mean streams/refused"),
        ("stream", "did you mean streams"),
        ("bidi-layot", "did you mean bidi-layout"),
        ("h3-16/9.9", "no case is about section h3-16/9.9"),
        ("h3-07/4.3", "no case is about section"),
        ("zzz", "`wtspec list` shows every case"),
        ("streams/reset[x]", "did you mean streams/reset"),
        ("streams/reset[x]@h3-16/server", "did you mean streams/reset"),
        ("setup/echo@h3-99/server", "no dialect 'h3-99'; did you mean"),
        ("setup/echo@h3-16/sever", "setup/echo has no cell there"),
    ],
)
def test_a_selector_in_vain_offers_what_comes_near(
    catalogue: Catalogue, selector: str, hint: str
) -> None:
    with pytest.raises(NothingSelected, match=hint.replace("[", r"\[")):
        Selection(catalogue, (selector,), LEDGER).cells(BOTH, [dialect("h3-16")])
    with pytest.raises(NothingSelected):
        Selection(catalogue, (selector,), LEDGER).cases()
