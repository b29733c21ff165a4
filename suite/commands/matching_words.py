"""What `wtspec interop` is asked for, in words: names out of known ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from wtspec.suite.commands.failure import usage

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `interop`, as click gives them."""

    clients: str | None
    servers: str | None
    scenarios: tuple[str, ...]
    links: tuple[str, ...]
    repeat: int
    seed: int
    at_once: int | None
    json_file: str | None
    markdown_file: str | None
    html_file: str | None
    evidence_folder: str | None


def members(text: str | None) -> list[str]:
    """The names of a list."""
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def chosen(names: Sequence[str], known: Mapping[str, Any], what: str) -> list[str]:
    """All of the known without a name; UsageError for one that is unknown."""
    for one in names:
        if one not in known:
            near = get_close_matches(one, known, n=1) or sorted(known)
            raise usage(f"no {what} {one!r}; try {near[0]}")
    return list(names or known)
