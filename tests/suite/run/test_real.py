"""Groups of cells against endpoints over UDP: side by side, broken, restarted, confirmed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from wtspec.implementations.reference.endpoint import ReferenceEndpoint
from wtspec.suite.commands.attach import EmbeddedReference
from wtspec.suite.dialect import Dialect, dialect
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import (
    ApiEvent,
    Endpoint,
    EndpointGone,
    EndpointNotOffered,
    Role,
)
from wtspec.suite.network.link import Network
from wtspec.suite.peer.patience import Patience
from wtspec.suite.requirements import ledger
from wtspec.suite.run import catalogue as catalogues
from wtspec.suite.run import ground
from wtspec.suite.run.attempt import Attempt
from wtspec.suite.run.factory import EndpointFactory
from wtspec.suite.run.lanes import Lanes
from wtspec.suite.run.plan import Plan
from wtspec.suite.run.real import Pace, RealJob, real_jobs
from wtspec.suite.run.select import Selection
from wtspec.suite.run.worker import Ended, Finished, Message, Noted, Started, Tending, Trouble
from wtspec.suite.verdict import Outcome

# For cells that come to an end by themselves, on a machine with too much to do as well.
PATIENT = Patience(step_s=30, connect_s=30, quiet_s=0.25, case_s=120, eventual_s=30)
PACE = Pace(Lanes(), confirmations=2, first=PATIENT, again=PATIENT)
ORIGIN = ("origin/allowed", "origin/refused")
# For those that wait for what never comes; where it comes all the same, the time is ample.
HASTY = Patience(step_s=1, connect_s=20, quiet_s=0.1, case_s=60, eventual_s=1)


class Mortal(ReferenceEndpoint):
    """Ends when a session on a path with `poison` begins."""

    poison = "/origin"
    epitaph: str | None = None

    def _publish(self, name: str, fields: Mapping[str, object]) -> None:
        if name == "session" and str(fields.get("path")).startswith(self.poison):
            self.epitaph = "exit status 1"
            self.life.end()
        super()._publish(name, fields)

    def ended(self) -> str | None:
        return self.epitaph


@dataclass(frozen=True)
class MortalFactory:
    start_s = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        return Mortal(role, configuration, (dialect,), network)


@dataclass(frozen=True)
class Absent:
    error: type[Exception]
    start_s: float = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        raise self.error(f"declined {role} {configuration} {dialect} {type(network).__name__}")


def jobs(factory: EndpointFactory, *selectors: str, pace: Pace = PACE) -> list[RealJob]:
    found = catalogues.load()
    cells = Selection(found, selectors, ledger.load()).cells([Role.SERVER], [dialect("h3-16")])
    return real_jobs(Plan(found, cells), factory, pace)


def run(*given: RealJob) -> tuple[dict[str, tuple[Attempt, ...]], list[Message]]:
    messages: list[Message] = []
    for job in given:
        job.run(messages.append)
    found = {one.cell: one.attempts for one in messages if isinstance(one, Finished)}
    return {cell.partition("@")[0]: attempts for cell, attempts in found.items()}, messages


def outcomes(found: Mapping[str, tuple[Attempt, ...]]) -> dict[str, Outcome]:
    return {cell: attempts[-1].outcome for cell, attempts in found.items()}


def test_cells_share_one_endpoint_and_pass() -> None:
    (job,) = jobs(EmbeddedReference(), "setup", *ORIGIN)
    found, _ = run(job)
    assert set(outcomes(found).values()) == {Outcome.PASS}
    assert len(found) == len(job.keys)
    assert all([one.purpose for one in attempts] == ["first"] for attempts in found.values())


def test_groups_follow_the_configuration() -> None:
    given = jobs(EmbeddedReference(), "setup/echo", "flow-control")
    assert len(given) > 1
    assert {len({one.configuration for one in job.cells}) for job in given} == {1}


def test_a_red_cell_is_confirmed_twice_after_its_control() -> None:
    pace = replace(PACE, first=HASTY, again=HASTY)
    found, messages = run(*jobs(EmbeddedReference("accepts-any-origin"), *ORIGIN, pace=pace))
    assert outcomes(found) == {"origin/allowed": Outcome.PASS, "origin/refused": Outcome.FAIL}
    purposes = [one.purpose for one in found["origin/refused"]]
    assert purposes == ["first", "confirm", "confirm"]
    started = [one.purpose for one in messages if isinstance(one, Started)]
    assert started[:2] == ["first", "first"]
    assert started[-4:] == ["control", "confirm", "control", "confirm"]


def test_silent_cells_wait_side_by_side() -> None:
    hasty = replace(PACE, first=HASTY, again=HASTY)
    selected = ("flow-control/max-streams-not-increasing",)
    found, messages = run(*jobs(EmbeddedReference("takes-any-max-streams"), *selected, pace=hasty))
    silent = [cell for cell, attempts in found.items() if attempts[-1].outcome is Outcome.FAIL]
    assert len(silent) > 1
    assert all([one.purpose for one in found[cell]].count("confirm") == 2 for cell in silent)
    first_end = next(
        at
        for at, one in enumerate(messages)
        if isinstance(one, Finished) and one.attempts[-1].outcome is Outcome.FAIL
    )
    begun = {
        one.cell
        for one in messages[:first_end]
        if isinstance(one, Started) and one.purpose == "confirm"
    }
    assert len(begun) > 1


def test_nothing_is_awaited_between_two_attempts() -> None:
    hasty = replace(PACE, first=HASTY, again=HASTY)
    _, messages = run(*jobs(EmbeddedReference("accepts-any-origin"), *ORIGIN, pace=hasty))
    in_flight: set[str] = set()
    for message in messages:
        match message:
            case Started(cell):
                assert cell not in in_flight
                in_flight.add(cell)
            case Ended(cell):
                in_flight.remove(cell)
            case Finished(cell):
                assert cell not in in_flight
            case _:
                pass
    assert not in_flight


def test_a_known_failure_needs_no_confirming() -> None:
    refused = "origin/refused@h3-16/server"
    (job,) = jobs(EmbeddedReference("accepts-any-origin"), *ORIGIN)
    (first, *_) = run(job)[0]["origin/refused"]
    known = {refused: frozenset({first.verdict.signature})}
    found, _ = run(replace(job, known=known))
    assert [one.purpose for one in found["origin/refused"]] == ["first"]
    other = {refused: frozenset({"fail; something else"})}
    found, _ = run(replace(job, known=other))
    assert len(found["origin/refused"]) == 3


def test_only_the_cell_that_kills_the_endpoint_again_is_a_crash() -> None:
    pace = replace(PACE, first=HASTY, again=HASTY)
    selected = ("setup/echo", "origin/allowed", "buffering", "resets/code-reported")
    found, _ = run(*jobs(MortalFactory(), *selected, pace=pace))
    told = outcomes(found)
    assert told.pop("origin/allowed") is Outcome.CRASH
    assert set(told.values()) == {Outcome.PASS}
    assert "alone" in {one.purpose for attempts in found.values() for one in attempts}


def test_what_is_not_offered_does_not_apply() -> None:
    found, _ = run(*jobs(Absent(EndpointNotOffered), "setup"))
    assert {one[-1].outcome for one in found.values()} == {Outcome.NOT_APPLICABLE}
    assert {one[-1].cause for one in found.values()} == {"role"}


def test_an_endpoint_that_does_not_start_blocks_and_is_told_of() -> None:
    found, messages = run(*jobs(Absent(EndpointGone), "setup"))
    assert {one[-1].outcome for one in found.values()} == {Outcome.BLOCKED}
    assert any(isinstance(one, Trouble) and "declined" in one.text for one in messages)


def test_starts_and_stops_have_a_limit_from_outside() -> None:
    _, messages = run(*jobs(EmbeddedReference(), "setup/echo"))
    limits = [one.limit_s for one in messages if isinstance(one, Tending)]
    assert len(limits) == 4
    assert limits[0] > EmbeddedReference().start_s
    assert limits[2] > 0
    assert limits[1] == limits[3] == 0
    assert isinstance(messages[0], Tending)


class Doomed(Mortal):
    """No session at all survives it."""

    poison = "/"


@dataclass(frozen=True)
class DoomedFactory:
    start_s = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        return Doomed(role, configuration, (dialect,), network)


def test_one_that_breaks_at_everything_is_given_up() -> None:
    selected = ("setup/session-opens", "setup/echo", *ORIGIN, "resets/code-reported")
    pace = replace(PACE, first=HASTY, again=HASTY)
    found, messages = run(*jobs(DoomedFactory(), *selected, pace=pace))
    told = outcomes(found)
    assert told["setup/session-opens"] is Outcome.CRASH
    assert set(told.values()) == {Outcome.CRASH, Outcome.BLOCKED}
    troubles = {one.text for one in messages if isinstance(one, Trouble)}
    assert len(troubles) == 1
    assert "the endpoint is unresponsive: a fresh one breaks at setup/" in troubles.pop()
    starts = sum(one.limit_s > 12 for one in messages if isinstance(one, Tending))
    assert starts < 20


class Weary(ReferenceEndpoint):
    """Ends with its twelfth session, whatever that is about."""

    epitaph: str | None = None
    count = 0

    def _publish(self, name: str, fields: Mapping[str, object]) -> None:
        self.count += name == "session"
        if self.count == 12:
            self.epitaph = "exit status 1"
            self.life.end()
        super()._publish(name, fields)

    def ended(self) -> str | None:
        return self.epitaph


@dataclass(frozen=True)
class WearyFactory:
    start_s = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        return Weary(role, configuration, (dialect,), network)


def test_what_breaks_for_no_cell_alone_is_noted_and_blames_none() -> None:
    pace = replace(PACE, first=HASTY)
    found, messages = run(*jobs(WearyFactory(), "setup", "buffering", pace=pace))
    assert set(outcomes(found).values()) == {Outcome.PASS}
    notes = {one.text for one in messages if isinstance(one, Noted)}
    assert any("for none of them alone" in one for one in notes)


def test_restarts_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_MOST_RESTARTS", 2)
    pace = replace(PACE, first=HASTY)
    found, messages = run(*jobs(WearyFactory(), "setup", "buffering", pace=pace))
    assert set(outcomes(found).values()) == {Outcome.PASS, Outcome.BLOCKED}
    (trouble,) = (one.text for one in messages if isinstance(one, Trouble))
    assert "it broke again and again: 2 new starts" in trouble


def test_a_large_group_is_shared_between_workers() -> None:
    found = catalogues.load()
    cells = Selection(found, (), ledger.load()).cells([Role.SERVER], [dialect("h3-16")])
    plan = Plan(found, cells)
    whole = real_jobs(plan, EmbeddedReference(), PACE)
    parts = real_jobs(plan, EmbeddedReference(), PACE, workers=2)
    assert len(whole) == len(plan.groups) < len(parts)
    assert sorted(key for job in parts for key in job.keys) == sorted(one.id for one in cells)
    sizes = [len(job.cells) for job in parts]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) < len(cells) / 2
    assert {len({one.configuration for one in job.cells}) for job in parts} == {1}


def test_a_job_can_be_cut_down() -> None:
    (job,) = jobs(EmbeddedReference(), "setup")
    assert job.only(frozenset(job.keys[1:])).keys == job.keys[1:]


class Failing(ReferenceEndpoint):
    """Its listeners' callbacks raise, as a bug of ours would."""

    def subscribe(self, listener: Callable[[ApiEvent], None]) -> Callable[[], None]:
        asyncio.get_running_loop().call_soon(self._raise)
        return super().subscribe(listener)

    def _raise(self) -> None:
        raise RuntimeError("ours")


@dataclass(frozen=True)
class FailingFactory:
    start_s = 3.0

    async def start(
        self, role: Role, configuration: Configuration, dialect: Dialect, network: Network
    ) -> Endpoint:
        return Failing(role, configuration, (dialect,), network)


def test_an_exception_in_a_callback_is_ours() -> None:
    found, _ = run(*jobs(FailingFactory(), "setup/session-opens"))
    final = found["setup/session-opens"][-1]
    assert final.outcome is Outcome.HARNESS_ERROR
    assert "RuntimeError: ours" in final.evidence.traceback


@pytest.mark.parametrize("at_once", [1, 3])
def test_the_number_at_once_changes_no_verdict(at_once: int) -> None:
    found, _ = run(
        *jobs(EmbeddedReference(), *ORIGIN, pace=replace(PACE, lanes=Lanes(at_once, at_once)))
    )
    assert set(outcomes(found).values()) == {Outcome.PASS}
