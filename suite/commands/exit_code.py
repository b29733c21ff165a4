"""What a run says to the shell."""

from collections.abc import Collection
from enum import IntEnum

BLOCKED_LIMIT = 0.02


class ExitCode(IntEnum):
    """Never a count: 256 failures would be 0."""

    AS_EXPECTED = 0
    NON_CONFORMANCE = 1
    USAGE = 2
    ENVIRONMENT = 3
    HARNESS_ERROR = 4
    NOTHING_RAN = 5
    INTERRUPTED = 130


def exit_code(
    totals: dict[str, int], *, unexpected: int, stale: Collection[str], is_complete: bool
) -> ExitCode:
    """From the counts of a run.

    `totals`: cells per outcome. `unexpected`: those that fail the run and that no baseline excuses.
    `stale`: entries of the baseline that no longer hold.
    """
    if not is_complete:
        return ExitCode.INTERRUPTED
    if totals.get("harness-error"):
        return ExitCode.HARNESS_ERROR
    if unexpected or stale:
        return ExitCode.NON_CONFORMANCE
    judged = sum(totals.get(word, 0) for word in ("pass", "tolerated", "fail", "crash", "timeout"))
    blocked, total = totals.get("blocked", 0), sum(totals.values())
    if not judged and not blocked:
        return ExitCode.NOTHING_RAN
    # A broken harness would otherwise look like a calm day.
    if blocked > BLOCKED_LIMIT * total:
        return ExitCode.HARNESS_ERROR
    return ExitCode.AS_EXPECTED
