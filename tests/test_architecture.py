"""The rules of the house, read from the tree: imports, sizes, packaging."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("suite", "implementations", "browsers", "reports")
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "tests", *PACKAGES}

# What a module may import of ours, by the longest prefix that fits.
SUITE_CORE = ("suite.signal", "suite.dialect", "suite.wire", "suite.requirements")
CASE_WORDS = (
    "suite.case",
    "suite.expectation",
    "suite.signal",
    "suite.dialect",
    "suite.wire",
    "suite.network.path",
    "suite.network.fates",
    "suite.endpoint",
    "suite.peer",
)
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "suite.wire": ("suite.wire",),
    "suite.witness": ("suite.witness",),
    "suite.witness_tables": (),
    "suite.dialect": ("suite.wire", "suite.draft"),
    "suite.draft": ("suite.wire", "suite.draft"),
    "suite.network": ("suite.network",),
    "suite.endpoint": ("suite.endpoint",),
    "suite.quic": ("suite.quic", "suite.wire", "suite.network"),
    "suite.bystander": (
        "suite.bystander",
        "suite.wire",
        "suite.dialect",
        "suite.quic.passive",
        "suite.requirements",
        "suite.network.pcapng",
    ),
    "suite.signal": ("suite.wire", "suite.dialect"),
    "suite.requirements": ("suite.requirements", "suite.dialect", "suite.wire"),
    "suite.peer": (
        "suite.peer",
        "suite.wire",
        "suite.witness",
        "suite.dialect",
        "suite.network",
        "suite.quic",
        "suite.endpoint",
        "suite.signal",
    ),
    "suite.expectation": (*SUITE_CORE, "suite.network.path", "suite.endpoint"),
    "suite.verdict": (*SUITE_CORE, "suite.expectation"),
    "suite.case": (
        *SUITE_CORE,
        "suite.expectation",
        "suite.network.path",
        "suite.endpoint",
        "suite.peer.peer",
    ),
    "suite.cases": CASE_WORDS,
    "suite.run": ("suite",),
    "suite.commands": PACKAGES,
    "suite.plugin": PACKAGES,
    "implementations.reference": (
        "implementations.reference",
        "suite.wire",
        "suite.dialect",
        "suite.network",
        "suite.quic",
        "suite.endpoint",
    ),
    "implementations": ("implementations", "suite"),
    "browsers": ("browsers", "suite"),
    "reports": ("reports", "suite.run.stored"),
}
NEVER = {
    # The doors hand endpoints to the runner; the runner knows neither them nor the doors.
    "suite.run": ("suite.commands", "suite.plugin"),
    "suite.cases": ("suite.cases",),
    "implementations": ("suite.commands", "suite.plugin"),
}
# One importer per outside library, so that each can be replaced in one place.
SOLE_IMPORTERS = {
    "aioquic": "suite.quic",
    "cryptography": "suite.quic.identity",
    "pylsqpack": "suite.wire.fields",
    "http_sf": "suite.wire.structured_fields",
    "click": "suite.commands",
    "rich": "suite.commands",
    "junit_xml": "reports.junit",
    "jinja2": "reports.matrix",
    "docker": "implementations.docker_engine",
    "playwright": "browsers.driver",
    "pytest": "suite.plugin",
}
# Programs around other people's libraries: they run where wtspec is not installed, so each imports
# its library for itself and shares with the others only `contract`, which has no library at all.
PROGRAMS = {
    "implementations/contract-py/contract": frozenset[str](),
    "implementations/aioquic/aioquic_endpoint": frozenset({"aioquic"}),
    "implementations/smallest-py": frozenset({"aioquic"}),
    "implementations/pywebtransport/pywebtransport_endpoint": frozenset({"pywebtransport"}),
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "handler", "misc"}
SOFT_DATA = ("suite/cases/", "tests/")


def program_of(path: Path) -> str | None:
    """The program that a file belongs to, None for one of wtspec's own."""
    where = path.relative_to(ROOT).as_posix()
    return next((one for one in PROGRAMS if where.startswith(f"{one}/")), None)


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if program_of(path) is not None or ".venv" in path.parts:
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def ours(path: Path) -> set[str]:
    return {name.removeprefix("wtspec.") for name in imports(path) if name.startswith("wtspec.")}


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith((f"{one}.", f"{one}_")) for one in prefixes)


def rule_for(module: str) -> str:
    fitting = [prefix for prefix in MAY_IMPORT if under(module, (prefix,))]
    if module.startswith("suite.draft"):
        fitting.append("suite.draft")
    return max(fitting, key=len, default="")


def test_top_level_is_closed() -> None:
    # What git tracks: a report that a user wrote beside it is no part of the house.
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    assert {one for one in names if not one.startswith(".")} == TOP_LEVEL


def test_package_list_is_the_tree() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
        if program_of(path) is None and ".venv" not in path.parts
    }
    assert sorted(one.removeprefix("wtspec.") for one in listed) == sorted(found)


@pytest.mark.parametrize("module", [name for name in MODULES if name not in PACKAGES])
def test_imports_go_downwards(module: str) -> None:
    rule = rule_for(module)
    assert rule, f"{module} has no rule: add one to MAY_IMPORT"
    allowed = MAY_IMPORT[rule]
    upwards = {name for name in ours(MODULES[module]) if not under(name, allowed)}
    if rule in {"suite.dialect", "suite.draft"}:
        upwards = {name for name in upwards if not name.startswith("suite.draft")}
    assert not upwards
    banned = NEVER.get(rule, ())
    assert not {name for name in ours(MODULES[module]) if under(name, banned)}


@pytest.mark.parametrize(("library", "home"), SOLE_IMPORTERS.items())
def test_each_library_has_one_importer(library: str, home: str) -> None:
    users = {
        module
        for module, path in MODULES.items()
        if any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert {module for module in users if not under(module, (home,))} == set()


def test_lower_layers_use_the_standard_library_alone() -> None:
    plain = ("suite.network", "suite.endpoint", "suite.witness")
    strangers = {
        (module, name)
        for module, path in MODULES.items()
        if under(module, plain)
        for name in imports(path)
        if not name.startswith("wtspec.") and name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert strangers == set()


def test_witness_shares_nothing_with_the_encoders() -> None:
    witnesses = [path for module, path in MODULES.items() if module.startswith("suite.witness")]
    assert witnesses
    assert all(name.startswith("suite.witness") for path in witnesses for name in ours(path))


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_import_their_library_and_the_contract(program: str) -> None:
    own = program.rpartition("/")[2]
    allowed = {*sys.stdlib_module_names, *PROGRAMS[program], own, "contract"}
    files = sorted((ROOT / program).glob("*.py"))
    assert files
    for path in files:
        assert {name.partition(".")[0] for name in imports(path)} <= allowed


def sources() -> list[Path]:
    programs = [path for one in PROGRAMS for path in sorted((ROOT / one).glob("*.py"))]
    return [*MODULES.values(), *programs, *sorted((ROOT / "tests").rglob("*.py"))]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    where = str(path.relative_to(ROOT))
    text = path.read_text()
    limit = 500 if where.startswith(SOFT_DATA) else 400
    lines = len(text.splitlines())
    assert lines <= limit, f"{lines} lines, at most {limit}: begin another file"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 40, f"{node.name} has {length} lines"
            given = [
                one.arg for one in node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            ]
            count = len([one for one in given if one not in {"self", "cls"}])
            if not where.startswith("tests/"):
                assert count <= 6 or node.name in {"case", "__init__", "main", "run"}, (
                    f"{node.name} takes {count}"
                )


def test_no_module_has_a_vague_name() -> None:
    assert {module for module in MODULES if module.rpartition(".")[2] in VAGUE} == set()


def scripts() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for path in sorted((ROOT / "suite" / "cases").glob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.AsyncFunctionDef):
                yield f"{path.stem}.{node.name}", node


@pytest.mark.parametrize(
    "script", [node for _, node in scripts()], ids=[name for name, _ in scripts()]
)
def test_scripts_are_short_and_straight(script: ast.AsyncFunctionDef) -> None:
    assert (script.end_lineno or 0) - script.lineno + 1 <= 15
    # What stands in the decorator is data, and may depend on the parameter.
    nodes = [node for statement in script.body for node in ast.walk(statement)]
    branches = [node for node in nodes if isinstance(node, ast.If | ast.Match | ast.IfExp)]
    assert not branches, "a branch means two cases"
    words = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not words & {"role", "draft", "sleep"}
