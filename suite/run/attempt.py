"""One attempt at one cell: build the Peer, run the script, look what is left, judge.

`run_case` decides every verdict, for both doors, in virtual and in real time.
"""

import asyncio
import contextlib
import traceback
from dataclasses import dataclass, replace
from typing import Any

from wtspec.suite.endpoint.interface import Endpoint, EndpointGone, EndpointMisuse
from wtspec.suite.expectation import Grade
from wtspec.suite.network.link import Network
from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.interruption import (
    Deadline,
    EndScript,
    NotApplicable,
    PremiseMissing,
    Unsupported,
)
from wtspec.suite.peer.patience import Patience
from wtspec.suite.peer.peer import Peer
from wtspec.suite.requirements import ledger
from wtspec.suite.run.aftermath import Afterwards
from wtspec.suite.run.evidence import NO_EVIDENCE, Evidence, fingerprint
from wtspec.suite.run.plan import Cell
from wtspec.suite.run.stored import AFTERMATH_BEGINS, StoredMoment
from wtspec.suite.signal import Reaction
from wtspec.suite.verdict import Finding, Observation, Outcome, Verdict, judge


@dataclass(frozen=True, slots=True)
class Stage:
    """What cells are run with: a started endpoint, a network, how long to wait, and the seed.

    `is_compared`: each timeline is to be told from others of the same cell.
    """

    endpoint: Endpoint
    network: Network
    patience: Patience
    seed: int = 0
    is_compared: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt's verdict with what backs it, in picklable values.

    `script_s`: the part of `duration_s` before the aftermath. `broke_endpoint`: it no longer serves
    others, so that what ran beside this cell proves nothing. `ran_out`: some wait had no answer.
    `root`: of a cell that rested because of its control, the control at the bottom of that chain,
    and how it ended.
    """

    cell: str
    verdict: Verdict
    purpose: str = "first"
    reaction: Reaction | None = None
    duration_s: float = 0.0
    script_s: float = 0.0
    cause: str = ""
    evidence: Evidence = NO_EVIDENCE
    broke_endpoint: bool = False
    ran_out: bool = False
    root: str = ""

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome


@dataclass(frozen=True, slots=True)
class Control:
    """The legal twin of a cell, and what came of it in the same configuration."""

    cell: Cell
    attempt: Attempt


async def run_case(cell: Cell, stage: Stage, control: Control | None = None) -> Attempt:
    """Attempt the cell once; None for the control of the root only.

    Raises nothing for what goes wrong in here: that is a verdict too.
    """
    clock = asyncio.get_running_loop().time
    began_s = clock()
    if (idle := _reason_to_rest(cell, stage.endpoint, control)) is not None:
        return idle
    trial = _Trial(cell, stage, control)
    seen = await trial.observe()
    attempt = Attempt(
        cell.key,
        _judged(cell, seen),
        reaction=seen.reaction,
        duration_s=clock() - began_s,
        script_s=trial.script_s,
        cause=trial.cause,
        broke_endpoint=bool(seen.endpoint_ended or seen.new_connection_dead),
        ran_out=trial.ran_out,
    )
    return replace(attempt, evidence=trial.evidence(attempt.outcome))


def idle_attempt(cell: Cell, seen: Observation, cause: str = "") -> Attempt:
    """The verdict on a cell that was not begun."""
    return Attempt(cell.key, _judged(cell, seen), cause=cause)


def failed_attempt(cell: Cell, why: str, trace: str) -> Attempt:
    """A harness error, with its traceback for whoever repairs it."""
    attempt = idle_attempt(cell, Observation(harness_failure=why))
    return replace(attempt, evidence=Evidence(traceback=trace))


def _judged(cell: Cell, seen: Observation) -> Verdict:
    known = ledger.load()
    required = [known[one] for one in cell.case.requires]
    holding = [one for one in required if one.holds_in(cell.dialect)]
    # Nobody is blamed for a rule of the other side where there is one of its own.
    holding.sort(key=lambda one: not one.binds(cell.role))
    return judge(
        cell.case.expectation(cell.parameter), holding or required, seen, cell.dialect.name
    )


def _reason_to_rest(cell: Cell, endpoint: Endpoint, control: Control | None) -> Attempt | None:
    """The verdict that stands without a single packet, if there is one."""
    if (reason := _not_applicable(cell, endpoint)) is not None:
        cause, why = reason
        return idle_attempt(cell, Observation(not_applicable=why), cause)
    if control is None or control.attempt.outcome.is_good:
        return None
    found = control.attempt
    # Of a long chain only its two ends are told: the first control that failed explains the rest.
    root = found.root or f"{found.cell} ended in {found.outcome}: {found.verdict.reason}"
    why = f"its control {found.cell} rests on {root}" if found.root else f"its control {root}"
    match found.outcome:
        case Outcome.NOT_APPLICABLE:
            seen = Observation(not_applicable=why)
        case Outcome.UNSUPPORTED:
            seen = Observation(unsupported=why)
        case _:
            seen = Observation(control_missed=why)
    return replace(idle_attempt(cell, seen, found.cause), root=root)


def _not_applicable(cell: Cell, endpoint: Endpoint) -> tuple[str, str] | None:
    """The cause, in a word, and the reason why the question does not arise for this endpoint."""
    if not cell.is_asked:
        return "dialect", f"none of its requirements holds in {cell.dialect}"
    if missing := cell.case.needs - endpoint.hello.features:
        return "feature", f"the endpoint does not offer {', '.join(sorted(missing))}"
    if (limit := _limit_not_in_force(cell, endpoint)) is not None:
        return "limit", limit
    return None


def _limit_not_in_force(cell: Cell, endpoint: Endpoint) -> str | None:
    """A limit that the cell builds on and that the endpoint says it could not be given."""
    asked, in_force = cell.configuration.limits, endpoint.hello.limits
    for name in ("initial_max_data", "initial_max_streams_uni", "initial_max_streams_bidi"):
        wanted, given = getattr(asked, name), getattr(in_force, name)
        if wanted and given is not None and given != wanted:
            return f"the endpoint has {name} = {given}, not {wanted}"
    return None


# What the message of an exception says, as a field of Observation; all others are ours.
_ENDINGS: dict[type[Exception], str] = {
    PremiseMissing: "premise_missing",
    Deadline: "overdue",
    NotApplicable: "not_applicable",
    Unsupported: "unsupported",
    EndpointGone: "endpoint_ended",
    EndpointMisuse: "premise_missing",
}


_STUCK = "the QUIC handshake, honest on our side, did not end"
# Each of its steps has a deadline of its own; together they may take longer than a script does.
_AFTERMATH_FACTOR = 2


class _Trial:
    """One run of a script and of what follows it."""

    def __init__(self, cell: Cell, stage: Stage, control: Control | None) -> None:
        self._cell = cell
        self._stage = stage
        self._control = control
        self._bench = Bench(stage.endpoint, stage.patience)
        self._peer: Peer | None = None
        self._trace = ""
        self.cause = ""
        self.script_s = 0.0

    async def observe(self) -> Observation:
        """Everything that can be seen, or the reason why it could not be."""
        try:
            peer = self._peer = self._arrive()
        except Exception as error:  # noqa: BLE001 - the Peer's construction is ours alone
            return self._failure(error)
        try:
            seen = await self._script(peer)
            self.script_s = peer.timeline.now_s
            is_stuck = self._is_stuck(peer, seen)
            if _may_look_after(seen):
                seen = await self._after(peer, seen)
            if is_stuck:
                seen = replace(seen, reaction=None, overdue=None, premise_missing=_STUCK)
            return self._unless_gone(seen)
        finally:
            await self._leave(peer)

    @property
    def ran_out(self) -> bool:
        return self._bench.bell.ran_out

    def evidence(self, outcome: Outcome) -> Evidence:
        """The timeline of everything; packets and keys where somebody will ask for them."""
        if self._peer is None:
            return Evidence(traceback=self._trace)
        is_kept, is_compared = outcome is not Outcome.PASS, self._stage.is_compared
        timeline = moments(self._peer) if is_kept or is_compared else ()
        mark = fingerprint(timeline) if is_compared else ""
        if not is_kept:
            return Evidence(fingerprint=mark)
        packets = self._peer.packets()
        return Evidence(timeline, packets, self._peer.key_log, self._trace, mark)

    def _arrive(self) -> Peer:
        cell, stage = self._cell, self._stage
        peer = Peer(
            stage.endpoint,
            stage.network,
            cell.dialect,
            configuration=cell.configuration,
            path=cell.case.link,
            patience=stage.patience,
            seed=stage.seed,
            cell=cell.key,
            bench=self._bench,
        )
        if self._control is not None:
            peer.control_latency_s = self._control.attempt.script_s
        return peer

    async def _script(self, peer: Peer) -> Observation:
        deadline_s = self._stage.patience.case_s
        try:
            async with asyncio.timeout(deadline_s) as deadline:
                return Observation(reaction=await self._cell.case(peer, *self._cell.arguments))
        except TimeoutError as error:
            if deadline.expired():
                return Observation(overdue=f"the end of the script within {deadline_s:g} s")
            return self._failure(error)
        except Exception as error:  # noqa: BLE001 - each kind has its meaning, the rest is ours
            return self._ending(error)

    def _ending(self, error: Exception) -> Observation:
        """What an exception out of a script or of the aftermath says."""
        if isinstance(error, EndScript):
            return Observation(reaction=error.reaction)
        if isinstance(error, NotApplicable):
            self.cause = str(error)
        for kind, field in _ENDINGS.items():
            if isinstance(error, kind):
                told: dict[str, Any] = {field: str(error)}
                return Observation(**told)
        return self._failure(error)

    def _failure(self, error: Exception) -> Observation:
        self._trace = "".join(traceback.format_exception(error))
        return Observation(harness_failure=f"{type(error).__name__}: {error}")

    async def _after(self, peer: Peer, seen: Observation) -> Observation:
        """The aftermath has its own deadline: what it waits for is nobody's answer."""
        try:
            async with asyncio.timeout(_AFTERMATH_FACTOR * self._stage.patience.case_s):
                control = self._cell if self._control is None else self._control.cell
                before = () if self._control is None else self._control.attempt.verdict.aftermath
                after = Afterwards(peer, self._cell, control, self._stage.endpoint, before)
                peer.timeline.note(AFTERMATH_BEGINS)
                return await after.look(seen)
        except TimeoutError:
            unfinished = Finding("the aftermath", alive=False, detail="did not end in time")
            return replace(seen, aftermath=(unfinished,))
        except Exception as error:  # noqa: BLE001 - as in _script
            told = self._ending(error)
            return told if told.harness_failure or told.endpoint_ended else seen

    def _is_stuck(self, peer: Peer, seen: Observation) -> bool:
        """Whether a handshake hung that did not in the control: the case was never put."""
        if self._control is None or not peer.is_handshake_stuck:
            return False
        if seen.reaction is None:
            return seen.overdue is not None
        expect = self._cell.case.expectation(self._cell.parameter)
        is_silent = seen.reaction == Reaction(seen.reaction.place)
        return is_silent and expect.match(seen.reaction).grade is Grade.NONE

    def _unless_gone(self, seen: Observation) -> Observation:
        """Nothing that the cell showed outweighs an endpoint that is no longer there."""
        endpoint = self._stage.endpoint
        if (failure := getattr(endpoint, "failure", None)) is not None:
            # Our own reference in this process: its exception is our bug, not a reaction.
            self._trace = self._trace or str(failure)
            return Observation(harness_failure=f"the reference failed: {failure}")
        ended = endpoint.ended()
        return seen if ended is None else replace(seen, endpoint_ended=ended)

    async def _leave(self, peer: Peer) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._stage.patience.connect_s):
                await peer.finish()


def _may_look_after(seen: Observation) -> bool:
    """Whether the script came to an end of its own, or was cut off by the endpoint's silence."""
    return seen.reaction is not None or seen.overdue is not None


def moments(peer: Peer) -> tuple[StoredMoment, ...]:
    """The Peer's timeline in plain values."""
    return tuple(
        StoredMoment(round(one.time_s * 1000, 3), one.direction, one.where, one.what, one.value)
        for one in peer.timeline.moments
    )
