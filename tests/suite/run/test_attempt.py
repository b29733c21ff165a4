"""One attempt: what each ending of a script, and what is left behind, comes to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest

from wtspec.implementations.reference.endpoint import ReferenceEndpoint, start_reference
from wtspec.suite.case import Aftermath, Case
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.application import Echo, Hold
from wtspec.suite.endpoint.configuration import DEFAULT, FLOW_CONTROL, Limits
from wtspec.suite.endpoint.interface import EndpointGone, EndpointMisuse, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.interruption import (
    Deadline,
    EndScript,
    HarnessError,
    NotApplicable,
    PremiseMissing,
    Unsupported,
)
from wtspec.suite.peer.patience import SLOW
from wtspec.suite.peer.peer import Peer
from wtspec.suite.run.attempt import Attempt, Control, Stage, idle_attempt, run_case
from wtspec.suite.run.evidence import NO_EVIDENCE
from wtspec.suite.run.plan import Cell
from wtspec.suite.signal import Established, Fin, Reaction, Reset, Response, Signal, Silence
from wtspec.suite.verdict import Observation, Outcome

MakeCase = Callable[..., Case]
Script = Callable[[Peer], Awaitable[Reaction]]
FIN = Reaction("stream 0", (Fin(),))


async def says_fin(_: Peer) -> Reaction:
    return FIN


async def opens(peer: Peer) -> Reaction:
    return await peer.begin_session(Hold()).establish()


def raising(error: Exception) -> Script:
    async def script(_: Peer) -> Reaction:
        raise error

    return script


@pytest.fixture
def attempt(make_case: MakeCase) -> Callable[..., Attempt]:
    """`attempt(script, case fields..., endpoint=, control=)` in virtual time."""

    def call(
        script: Script,
        *,
        on_endpoint: Callable[[ReferenceEndpoint], None] = lambda _: None,
        role: Role = Role.SERVER,
        control: Outcome | None = None,
        left: tuple[str, ...] = (),
        control_script: Script = opens,
        **fields: object,
    ) -> Attempt:
        case = make_case("a/case", script=script, **fields)
        root = make_case("setup/root", script=control_script, expect=Expect(Established()))
        spoken = dialect("h3-16")
        cell = Cell(case, role, spoken, None, case.configuration)
        twin = Cell(root, role, spoken, None, case.configuration)
        found = idle_attempt(twin, Observation(reaction=Reaction("x", (Established(),))))
        if control is not None:
            verdict = replace(found.verdict, outcome=control, reason="for a reason")
            found = replace(found, verdict=verdict, cause="role")
        found = replace(found, verdict=replace(found.verdict, aftermath=left))

        async def on_stage() -> Attempt:
            network = VirtualNetwork(0)
            endpoint = await start_reference(role, case.configuration, network=network)
            on_endpoint(endpoint)
            try:
                return await run_case(cell, Stage(endpoint, network, SLOW), Control(twin, found))
            finally:
                await endpoint.stop()

        return run_virtual(on_stage())

    return call


Run = Callable[..., Attempt]


def test_a_good_reaction_passes_and_leaves_all_alive(attempt: Run) -> None:
    found = attempt(opens, expect=Expect(Established()))
    assert found.outcome is Outcome.PASS
    assert all(line.endswith("alive") for line in found.verdict.aftermath)
    assert found.reaction is not None
    assert found.reaction.shows(Established())
    assert found.evidence.timeline == ()
    assert found.evidence == NO_EVIDENCE


def test_a_bad_reaction_fails_with_evidence(attempt: Run) -> None:
    found = attempt(opens, expect=Expect(Reset(7)))
    assert found.outcome is Outcome.FAIL
    assert found.verdict.signature == "fail; Established()"
    assert found.evidence.packets.startswith(b"\x0a\x0d\x0d\x0a")
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in found.evidence.key_log
    assert any("HEADERS" in one.what for one in found.evidence.timeline)


@pytest.mark.parametrize(
    ("error", "outcome", "told"),
    [
        (EndScript(FIN), Outcome.PASS, ""),
        (PremiseMissing("too early"), Outcome.BLOCKED, "premise not reached: too early"),
        (Deadline("a stream"), Outcome.TIMEOUT, "never came: a stream"),
        (NotApplicable("no flow control"), Outcome.NOT_APPLICABLE, "no flow control"),
        (Unsupported("the path /drain"), Outcome.UNSUPPORTED, "the path /drain"),
        (EndpointGone("exit status 1"), Outcome.CRASH, "the endpoint ended: exit status 1"),
        (EndpointMisuse("no hello"), Outcome.BLOCKED, "premise not reached: no hello"),
        (HarnessError("our bytes"), Outcome.HARNESS_ERROR, "HarnessError: our bytes"),
        (ValueError("a bug"), Outcome.HARNESS_ERROR, "ValueError: a bug"),
        (TimeoutError("not the case's"), Outcome.HARNESS_ERROR, "TimeoutError"),
    ],
)
def test_each_ending_has_its_outcome(
    attempt: Run, error: Exception, outcome: Outcome, told: str
) -> None:
    found = attempt(raising(error))
    assert found.outcome is outcome
    assert told in found.verdict.reason
    assert bool(found.evidence.traceback) is (outcome is Outcome.HARNESS_ERROR)
    assert (found.cause == "no flow control") is (outcome is Outcome.NOT_APPLICABLE)


async def gives_up_connecting(peer: Peer) -> Reaction:
    connecting = asyncio.create_task(peer.connect())
    await asyncio.sleep(0)
    connecting.cancel()
    return Reaction("session")


@pytest.mark.parametrize(
    ("shape", "expected", "outcome"),
    [
        ({}, Established(), Outcome.BLOCKED),
        ({}, Silence(), Outcome.PASS),
        ({"max_datagram_frame_size": None}, Established(), Outcome.FAIL),
    ],
)
def test_a_handshake_that_hangs_says_nothing_of_the_rule(
    attempt: Run, shape: dict[str, object], expected: Signal, outcome: Outcome
) -> None:
    async def script(peer: Peer) -> Reaction:
        peer.shape(**shape)
        return await gives_up_connecting(peer)

    found = attempt(script, expect=Expect(expected))
    assert found.outcome is outcome


def test_an_idle_timeout_is_no_close_of_the_endpoint(attempt: Run) -> None:
    async def idles(peer: Peer) -> Reaction:
        peer.shape(idle_timeout_s=1.0)
        session = await peer.open_session(Hold())
        return await session.connect_stream.reaction()

    graded = Aftermath(session="close-on-capsule", connection="close-on-capsule")
    found = attempt(idles, expect=Expect(Silence()), aftermath=graded)
    assert "this connection: closed, IdledOut()" in found.verdict.aftermath
    assert found.outcome is Outcome.PASS


def test_a_script_without_end_is_a_timeout(attempt: Run) -> None:
    async def waits(_: Peer) -> Reaction:
        await asyncio.Event().wait()
        return FIN

    found = attempt(waits)
    assert found.outcome is Outcome.TIMEOUT
    assert found.verdict.reason == "never came: the end of the script within 30 s"
    assert found.script_s == SLOW.case_s


@pytest.mark.parametrize(
    ("control", "outcome"),
    [
        (Outcome.PASS, Outcome.PASS),
        (Outcome.TOLERATED, Outcome.PASS),
        (Outcome.FAIL, Outcome.BLOCKED),
        (Outcome.BLOCKED, Outcome.BLOCKED),
        (Outcome.HARNESS_ERROR, Outcome.BLOCKED),
        (Outcome.NOT_APPLICABLE, Outcome.NOT_APPLICABLE),
        (Outcome.UNSUPPORTED, Outcome.UNSUPPORTED),
    ],
)
def test_a_control_lets_run_or_not(attempt: Run, control: Outcome, outcome: Outcome) -> None:
    found = attempt(says_fin, control=control)
    assert found.outcome is outcome
    if outcome is not Outcome.PASS:
        assert "for a reason" in found.verdict.reason
        assert found.duration_s == 0


def test_a_feature_that_is_not_offered(attempt: Run) -> None:
    found = attempt(says_fin, needs=frozenset({"priority", "uni"}))
    assert (found.outcome, found.cause) == (Outcome.NOT_APPLICABLE, "feature")
    assert found.verdict.reason == "the endpoint does not offer priority"


def test_a_limit_that_is_not_in_force(attempt: Run) -> None:
    def other(endpoint: ReferenceEndpoint) -> None:
        endpoint.hello = replace(endpoint.hello, limits=Limits(initial_max_data=3))

    found = attempt(says_fin, configuration=FLOW_CONTROL, on_endpoint=other)
    assert (found.outcome, found.cause) == (Outcome.NOT_APPLICABLE, "limit")
    assert attempt(says_fin, configuration=DEFAULT, on_endpoint=other).outcome is Outcome.PASS


def test_the_failure_of_the_reference_is_ours(attempt: Run) -> None:
    found = attempt(says_fin, on_endpoint=lambda one: one.life.keep(KeyError("x")))
    assert found.outcome is Outcome.HARNESS_ERROR
    assert "the reference failed" in found.verdict.reason


async def breaks_its_session(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.reset(0x10C)
    return FIN


async def closes_its_connection(peer: Peer) -> Reaction:
    await peer.open_session(Echo())
    await peer.close()
    return FIN


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("script", "named", "outcome"),
    [
        (breaks_its_session, Aftermath(), Outcome.PASS),
        (breaks_its_session, Aftermath(session="setup-accept-2xx"), Outcome.FAIL),
        (closes_its_connection, Aftermath(), Outcome.PASS),
        (closes_its_connection, Aftermath(connection="setup-accept-2xx"), Outcome.FAIL),
    ],
)
def test_what_is_left_is_graded_by_the_requirement_named_for_it(
    attempt: Run, role: Role, script: Script, named: Aftermath, outcome: Outcome
) -> None:
    found = attempt(script, role=role, aftermath=named)
    assert found.outcome is outcome
    assert found.broke_endpoint is False
    if outcome is Outcome.FAIL:
        assert " dead" in found.verdict.signature


@pytest.mark.parametrize(
    ("left", "outcome"),
    [
        (("this session: ended",), Outcome.PASS),
        (("this session: alive", "another session: ended"), Outcome.FAIL),
    ],
)
def test_what_the_control_left_no_better_is_recorded(
    attempt: Run, left: tuple[str, ...], outcome: Outcome
) -> None:
    named = Aftermath(session="setup-accept-2xx")
    assert attempt(breaks_its_session, aftermath=named, left=left).outcome is outcome


def test_a_rule_of_the_endpoints_own_role_is_blamed(attempt: Run) -> None:
    requires = ("setup-established-client-side", "setup-accept-2xx")
    for role, blamed in zip((Role.CLIENT, Role.SERVER), requires, strict=True):
        found = attempt(opens, role=role, requires=requires, expect=Expect(Reset(7)))
        assert found.verdict.requirement == blamed


@pytest.mark.parametrize("role", Role)
def test_an_endpoint_that_serves_nobody_any_more_is_a_crash(attempt: Run, role: Role) -> None:
    endpoints: list[ReferenceEndpoint] = []

    async def kills(peer: Peer) -> Reaction:
        await peer.open_session(Echo())
        endpoints[-1].life.end()
        return FIN

    found = attempt(kills, role=role, on_endpoint=endpoints.append)
    assert found.outcome is Outcome.CRASH
    assert found.broke_endpoint
    assert "no new connection is served afterwards" in found.verdict.reason


@pytest.mark.parametrize(
    ("second", "outcome"),
    [(Response(429), Outcome.PASS), (Response(500), Outcome.CRASH), (Silence(), Outcome.CRASH)],
)
def test_who_refuses_a_new_connection_in_so_many_words_is_alive(
    attempt: Run, second: Signal, outcome: Outcome
) -> None:
    async def is_answered(_: Peer) -> Reaction:
        return Reaction("session", (second,))

    expect = Expect(Established())
    found = attempt(opens, expect=expect, violates=True, control_script=is_answered)
    assert found.outcome is outcome


def test_a_negative_case_asks_for_a_new_connection(attempt: Run) -> None:
    asked: list[str] = []

    def count(endpoint: ReferenceEndpoint) -> None:
        endpoint.subscribe(lambda event: asked.append(event.name))

    attempt(opens, expect=Expect(Established()), on_endpoint=count)
    once = asked.count("session")
    attempt(opens, expect=Expect(Established()), violates=True, on_endpoint=count)
    assert asked.count("session") == 3 * once


class Chatty(ReferenceEndpoint):
    """Tells of each session twice."""

    def _publish(self, name: str, fields: Mapping[str, object]) -> None:
        super()._publish(name, fields)
        if name == "session":
            super()._publish(name, fields)


def test_what_comes_twice_is_found(make_case: MakeCase) -> None:
    named = Aftermath(unasked="setup-accept-2xx")
    case = make_case("a/case", script=opens, expect=Expect(Established()), aftermath=named)
    cell = Cell(case, Role.SERVER, dialect("h3-16"), None, DEFAULT)

    async def on_stage() -> Attempt:
        network = VirtualNetwork(0)
        endpoint = Chatty(Role.SERVER, DEFAULT, (dialect("h3-16"),), network)
        return await run_case(cell, Stage(endpoint, network, SLOW))

    found = run_virtual(on_stage())
    assert found.outcome is Outcome.FAIL
    assert "2 events 'session'" in found.verdict.reason
