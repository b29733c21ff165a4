"""The results of a tournament as one plain value, which files hold and reports read."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from wtspec.implementations.pairing.links import is_certain
from wtspec.implementations.pairing.outcome import Outcome, Result

SCHEMA_VERSION = 1
_Z = 1.96  # of a 95 % interval


def document(results: Sequence[Result], about: dict[str, Any]) -> dict[str, Any]:
    """`about`: the run itself. One cell for each client, server, link and scenario."""
    cells: dict[tuple[str, str, str, str], list[Result]] = {}
    for one in results:
        cells.setdefault((one.client, one.server, one.link, one.scenario), []).append(one)
    return {
        "schema_version": SCHEMA_VERSION,
        "run": about,
        "totals": dict(Counter(str(one.outcome) for one in results)),
        "cells": [_cell(found) for found in cells.values()],
    }


def _cell(runs: Sequence[Result]) -> dict[str, Any]:
    first = next((one for one in runs if one.outcome is not Outcome.PASSED), runs[0])
    cell: dict[str, Any] = {
        "client": first.client,
        "server": first.server,
        "link": first.link,
        "scenario": first.scenario,
        "dialect": next((one.dialect for one in runs if one.dialect), ""),
        "outcome": str(first.outcome),
        "duration_s": round(sum(one.duration_s for one in runs) / len(runs), 3),
    }
    if first.why:
        cell["why"] = first.why
    if first.outcome is Outcome.FAIL:
        cell["blame"] = first.blame or "undecided"
    if first.findings:
        cell["findings"] = list(first.findings)
    if first.timeline:
        cell["timeline"] = list(first.timeline)
    if not is_certain(first.link) and first.outcome in (Outcome.PASSED, Outcome.FAIL):
        cell |= {"outcome": "measured", **_measured(runs)}
    return cell


def _measured(runs: Sequence[Result]) -> dict[str, Any]:
    """How many of how many, and where the true share lies with 95 % (Wilson's interval)."""
    passed, total = sum(one.outcome is Outcome.PASSED for one in runs), len(runs)
    share, square = passed / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    spread = share * (1 - share) / total + square / (4 * total * total)
    half = _Z * math.sqrt(spread) / (1 + square / total)
    return {
        "passed": passed,
        "of": total,
        "interval": [round(max(middle - half, 0.0), 3), round(min(middle + half, 1.0), 3)],
    }
