"""Fast pass, slow confirm: what several attempts at one cell come to. Pure functions."""

from collections.abc import Sequence
from dataclasses import replace

from wtspec.suite.run.attempt import Attempt
from wtspec.suite.signal import Data, Silence
from wtspec.suite.verdict import Outcome


def needs_confirming(attempt: Attempt) -> bool:
    """Whether the cell is about to be red, or was kept from running by one that is."""
    return attempt.outcome.is_red or attempt.outcome is Outcome.BLOCKED


def conclude(first: Attempt, again: Sequence[Attempt]) -> Attempt:
    """The final attempt: the last one where all agree, else a `flaky` one.

    The first attempt has no vote where it only did not wait long enough, and one that was blocked
    has none at all: it leaves a red one unproven.
    """
    if not again:
        return first
    last = again[-1]
    if last.outcome is Outcome.BLOCKED:
        return last
    voters = again if was_impatient(first) else (first, *again)
    if len({one.outcome for one in voters if one.outcome is not Outcome.BLOCKED}) > 1:
        return _flaky((first, *again))
    blocked = [one for one in again if one.outcome is Outcome.BLOCKED]
    return blocked[-1] if blocked and last.outcome.is_red else last


def was_impatient(attempt: Attempt) -> bool:
    """Whether the verdict may rest on something that did not come, or on its control's.

    Whatever it shows: two of 150 streams still silent, an echo that the aftermath waited for.
    """
    if attempt.ran_out or attempt.outcome in {Outcome.TIMEOUT, Outcome.BLOCKED}:
        return True
    reaction = attempt.reaction
    return reaction is not None and all(isinstance(one, Silence | Data) for one in reaction.signals)


def _flaky(attempts: Sequence[Attempt]) -> Attempt:
    """Keeps the evidence of the last red attempt, since that is what has to be explained."""
    red = [one for one in attempts if one.outcome.is_red]
    shown = red[-1] if red else attempts[-1]
    told = "; ".join(f"{one.outcome} ({one.verdict.reason or 'as expected'})" for one in attempts)
    verdict = replace(
        shown.verdict,
        outcome=Outcome.FLAKY,
        reason=f"attempts disagree: {told}",
        signature=f"flaky; {shown.verdict.signature}",
    )
    return replace(shown, verdict=verdict)
