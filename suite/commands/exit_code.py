"""What a run says to the shell."""

from collections.abc import Collection, Mapping
from enum import IntEnum

BLOCKED_LIMIT = 0.02
_JUDGED = ("pass", "tolerated", "fail", "crash", "timeout")


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
    totals: Mapping[str, int],
    *,
    unexpected: int,
    excused: int = 0,
    stale: Collection[str] = (),
    is_complete: bool = True,
    is_troubled: bool = False,
) -> ExitCode:
    """From the counts of a run.

    `totals`: cells per outcome. `unexpected`: those that fail the run and that no baseline excuses.
    `excused`: cells that are blocked behind a failure that the baseline knows.
    `stale`: entries of the baseline that no longer hold. `is_troubled`: something around the
    endpoint was wrong.
    """
    judged = sum(totals.get(word, 0) for word in _JUDGED)
    blocked, total = totals.get("blocked", 0) - excused, sum(totals.values())
    # The first that holds. A broken harness would otherwise look like a calm day.
    for code, holds in (
        (ExitCode.INTERRUPTED, not is_complete),
        (ExitCode.HARNESS_ERROR, totals.get("harness-error", 0) > 0),
        (ExitCode.NON_CONFORMANCE, unexpected > 0 or bool(stale)),
        (ExitCode.ENVIRONMENT, is_troubled and not judged),
        (ExitCode.NOTHING_RAN, not judged and not blocked),
        (ExitCode.HARNESS_ERROR, blocked > BLOCKED_LIMIT * total),
    ):
        if holds:
            return code
    return ExitCode.AS_EXPECTED
