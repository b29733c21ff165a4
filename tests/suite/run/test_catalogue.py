"""What a catalogue refuses, and the order it keeps."""

from collections.abc import Callable
from itertools import product

import pytest

from wtspec.suite.case import Case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.requirements import ledger
from wtspec.suite.run.catalogue import Catalogue, CatalogueError, collect, load, revision, sound
from wtspec.suite.verdict import Outcome, worst_outcome

MakeCase = Callable[..., Case]


def test_the_root_family_stands_first_and_files_keep_their_order(make_case: MakeCase) -> None:
    names = ["b/two", "a/one", "setup/root", "a/zero"]
    sources = ["b.py:9", "a.py:1", "setup.py:1", "a.py:30"]
    cases = [make_case(n, source=s) for n, s in zip(names, sources, strict=True)]
    assert list(collect(cases).cases) == ["setup/root", "a/one", "a/zero", "b/two"]


def test_duplicates_are_refused(make_case: MakeCase) -> None:
    with pytest.raises(CatalogueError, match=r"setup/x: declared at .* and again"):
        collect([make_case("setup/x"), make_case("setup/x")])


def test_all_mistakes_are_told_at_once(make_case: MakeCase) -> None:
    root = make_case("setup/root", roles=(Role.SERVER,), dialects=http3.since(16))
    cases = [
        root,
        make_case("a/unknown", control="setup/nowhere"),
        make_case("a/role", control="setup/root", dialects=http3.since(16)),
        make_case("a/dialect", control="setup/root", roles=(Role.SERVER,)),
    ]
    with pytest.raises(CatalogueError) as caught:
        collect(cases)
    told = str(caught.value)
    assert "a/unknown: no case 'setup/nowhere' to be its control" in told
    assert "a/role: its control setup/root has no role client" in told
    assert "a/dialect: its control setup/root does not run in h3-02" in told


def test_controls_do_not_go_round(make_case: MakeCase) -> None:
    with pytest.raises(CatalogueError, match="the control of its own control"):
        collect([make_case("a/one", control="a/two"), make_case("a/two", control="a/one")])


def test_requirements_must_be_in_the_ledger(make_case: MakeCase) -> None:
    with pytest.raises(CatalogueError, match="a/one: no requirement 'bidi-layout'"):
        collect([make_case("a/one", requires=("bidi-layout",))], {"other"})


def test_the_shipped_cases_make_a_catalogue() -> None:
    catalogue = load()
    assert catalogue.mistakes == ()
    assert len(catalogue) >= 6
    assert next(iter(catalogue)).family == "setup"
    assert all(one.title and one.requires for one in catalogue)


def test_a_control_that_goes_wrong_is_never_just_recorded() -> None:
    """Else it passes, and what builds on it blames the endpoint for something else."""
    rules = ledger.load()
    catalogue = load()
    for name in sorted({one.control for one in catalogue if one.control}):
        control = catalogue.cases[name]
        for spoken, role in product(control.dialects, control.roles):
            holding = [rules[one] for one in control.requires if rules[one].holds_in(spoken)]
            own = [one for one in holding if one.binds(role)] or holding
            assert worst_outcome(own[0], spoken.name) is not Outcome.PASS, (control.id, spoken)


def test_a_broken_case_takes_only_its_dependents_with_it(make_case: MakeCase) -> None:
    found = sound(
        [
            make_case("setup/root"),
            make_case("a/broken", requires=("nothing",)),
            make_case("a/above", control="a/broken"),
            make_case("b/fine", control="setup/root"),
        ],
        {"setup-accept-2xx"},
    )
    assert list(found.cases) == ["setup/root", "b/fine"]
    assert [one.partition(":")[0] for one in found.mistakes] == ["a/broken", "a/above"]


def test_a_revision_is_that_of_the_file(catalogue: Catalogue) -> None:
    revisions = {revision(one) for one in catalogue}
    assert len(revisions) == 1
    assert len(revisions.pop()) == 12
