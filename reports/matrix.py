"""The interop matrix: clients by servers, from the document that `wtspec interop` stores."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader

from wtspec.reports.block import visible

# A glyph and a word for each: colour alone says nothing to many.
GLYPHS = {
    "pass": "✓",
    "fail": "✗",
    "measured": "≈",
    "unsupported": "○",
    "no-dialect": "∅",
    "not-started": "!",
}
_ORDER = tuple(GLYPHS)
Cell = Mapping[str, Any]


def markdown(document: Mapping[str, Any]) -> str:
    """Tables, one for each link, and what failed below them."""
    run = document["run"]
    lines = []
    for link, cells in _by_link(document["cells"]).items():
        lines += [f"### Link {link}", "", *_table(run, cells), ""]
    key = ", ".join(f"{glyph} {name}" for name, glyph in GLYPHS.items())
    lines += [f"Client by server; {key}.", ""]
    failed = [one for one in document["cells"] if one["outcome"] in ("fail", "not-started")]
    lines += [f"- {_line(one)}" for one in failed]
    return "\n".join(lines).rstrip() + "\n"


def html(document: Mapping[str, Any]) -> str:
    """One page that needs nothing else: no network, no script."""
    environment = Environment(
        loader=PackageLoader("wtspec.reports", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    links = {
        link: {
            (client, server): _pair(cells, client, server)
            for client in document["run"]["clients"]
            for server in document["run"]["servers"]
        }
        for link, cells in _by_link(document["cells"]).items()
    }
    template = environment.get_template("matrix.html")
    return template.render(
        run=document["run"], links=links, glyphs=GLYPHS, worst=_worst, counts=_counts
    )


def _by_link(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for one in cells:
        found.setdefault(one["link"], []).append(one)
    return found


def _pair(cells: Sequence[Cell], client: str, server: str) -> list[Cell]:
    return [one for one in cells if (one["client"], one["server"]) == (client, server)]


def _table(run: Mapping[str, Any], cells: Sequence[Cell]) -> Iterator[str]:
    servers = run["servers"]
    yield f"| | {' | '.join(map(_cell, servers))} |"
    yield "|---" * (len(servers) + 1) + "|"
    for client in run["clients"]:
        found = [_counts(_pair(cells, client, server)) for server in servers]
        yield f"| {_cell(client)} | {' | '.join(found)} |"


def _counts(pair: Sequence[Cell]) -> str:
    """As "14 ✓ 1 ○ h3-16"."""
    if not pair:
        return ""
    found = Counter(one["outcome"] for one in pair)
    spoken = next((one["dialect"] for one in pair if one["dialect"]), "")
    words = [f"{found[name]} {GLYPHS[name]}" for name in _ORDER if found[name]]
    return " ".join([*words, *([spoken] if spoken else [])])


def _worst(pair: Sequence[Cell]) -> str:
    """What a look at the whole cell should show."""
    seen = {one["outcome"] for one in pair}
    for name in ("fail", "not-started", "no-dialect", "measured", "pass", "unsupported"):
        if name in seen:
            return name
    return "unsupported"


def _line(cell: Cell) -> str:
    blame = f"; to blame: {cell['blame']}" if cell.get("blame") else ""
    where = f"{cell['client']} > {cell['server']}, {cell['link']}, {cell['scenario']}"
    return _cell(f"{where}: {cell.get('why', '')}{blame}")


def _cell(text: str) -> str:
    """Text that can neither end a cell nor begin markup."""
    shown = visible(text)
    for mark in "\\`*_[]<>|":
        shown = shown.replace(mark, f"\\{mark}")
    return shown
