"""`wtspec run --json`: one object with the run and its cells. run.schema.json describes it."""

from typing import Any

from wtspec.suite.run.stored import SCHEMA_VERSION, Stored, StoredCell, StoredRun


def document(stored: Stored) -> dict[str, Any]:
    """The whole run in plain values, without timelines: those are files of evidence."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run(stored.run),
        "totals": stored.totals,
        "cells": [_cell(one) for one in stored.cells],
    }


def _run(run: StoredRun) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": run.id,
        "endpoint": run.endpoint,
        "seed": run.seed,
        "versions": dict(run.versions),
        "roles": list(run.roles),
        "dialects": list(run.dialects),
        "started": run.started,
        "duration_s": run.duration_s,
        "resumed": run.is_resumed,
        "complete": run.is_complete,
        "isolation": run.isolation,
    }
    if memory_bytes := run.endpoint_memory_bytes:
        value["endpoint_memory_bytes"] = {"min": min(memory_bytes), "max": max(memory_bytes)}
    return value


def _cell(cell: StoredCell) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": cell.id,
        "case": cell.case,
        "parameter": cell.parameter,
        "role": cell.role,
        "dialect": cell.dialect,
        "configuration": cell.configuration,
        "outcome": cell.outcome,
        "duration_ms": cell.duration_ms,
    }
    if cell.reading:
        value["reading"] = cell.reading
    if cell.outcome != "pass":
        value |= {"reason": cell.reason, "signature": cell.signature or cell.outcome}
        value |= _details(cell)
    if cell.root:
        value["root"] = cell.root
    if cell.outcome == "not-applicable":
        value["cause"] = cell.cause
    return value


def _details(cell: StoredCell) -> dict[str, Any]:
    """What only a cell that did not pass has to say."""
    details: dict[str, Any] = {
        "expected": list(cell.expected),
        "actual": cell.actual,
        "aftermath": list(cell.aftermath),
        "command": cell.command,
        "evidence": dict(cell.evidence),
        "attempts": [one.outcome for one in cell.attempts],
    }
    if cell.requirement is not None:
        details["requirement"] = cell.requirement.id
        details["level"] = cell.requirement.level
    if cell.expected_by:
        details["expected_by"] = cell.expected_by
    return details
