"""What becomes of many streams, told together, and how the endpoint's own streams begin."""

import asyncio

import pytest

from wtspec.implementations.reference.endpoint import start_reference
from wtspec.implementations.reference.faults.registry import FAULTS
from wtspec.implementations.reference.rules import HONEST
from wtspec.suite.dialect import dialect
from wtspec.suite.endpoint.application import Drains, Echo, Hold, Source
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer import answers
from wtspec.suite.peer.peer import Peer
from wtspec.suite.signal import Absent, Both, Draining, Fin, Observed, Reaction, Silence, Stop
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamKind

KINDS = list(StreamKind)


@pytest.fixture(params=BOTH, ids=str)
def role(request: pytest.FixtureRequest) -> Role:
    found: Role = request.param
    return found


def play(role: Role, script: object, fault: str | None = None) -> Reaction:
    """The Reaction of a script against a reference with that fault."""

    async def run() -> Reaction:
        network, name = VirtualNetwork(1), "h3-16"
        rules = HONEST if fault is None else FAULTS[fault].rules
        endpoint = await start_reference(role, DEFAULT, (name,), network=network, rules=rules)
        peer = Peer(endpoint, network, dialect(name), seed=1)
        try:
            reaction: Reaction = await script(peer)  # type: ignore[operator]  # a coroutine function
        finally:
            await peer.finish()
            await endpoint.stop()
        return reaction

    return run_virtual(run())


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_comes_on_the_stream_or_on_another(role: Role, kind: StreamKind) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        stream = await session.open(kind)
        await stream.send(b"x", finish=True)
        return await answers.answer(session, stream)

    assert play(role, script).signals == (Fin(b"x"),)


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_silence(role: Role, kind: StreamKind) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Hold())
        stream = await session.open(kind)
        await stream.send(b"x", finish=True)
        return await answers.answer(session, stream)

    assert play(role, script).signals == (Silence(),)


async def three(peer: Peer, kind: StreamKind, returned: bytes = b"x") -> Reaction:
    session = await peer.open_session(Echo())
    streams = [await session.open(kind) for _ in range(3)]
    for stream in streams:
        await stream.send(b"x", finish=True)
    await session.barrier()
    return await answers.came_back(session, dict.fromkeys(streams, returned))


@pytest.mark.parametrize("kind", KINDS)
def test_what_came_back_is_counted(role: Role, kind: StreamKind) -> None:
    found = play(role, lambda peer: three(peer, kind))
    assert found.signals == (Observed(answers.CAME_BACK, 3),)
    found = play(role, lambda peer: three(peer, kind, b"y"))
    assert found.signals == (Observed(answers.CHANGED, 3),)


def test_what_nobody_asked_for_is_counted_apart(role: Role) -> None:
    found = play(role, lambda peer: three(peer, StreamKind.UNI), "answers-twice")
    assert set(found.signals) == {
        Observed(answers.CAME_BACK, 3),
        Observed(answers.UNASKED, 3),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_streams_without_an_answer_are_silent(role: Role, kind: StreamKind) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Hold())
        stream = await session.open(kind)
        await stream.send(b"x", finish=True)
        return await answers.came_back(session, {stream: b"x"})

    assert play(role, script).signals == (Observed(answers.SILENT, 1),)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_streams_show_how_they_were_refused(role: Role, kind: StreamKind) -> None:
    async def script(peer: Peer) -> Reaction:
        session = peer.begin_session(Echo())
        streams = [await session.open(kind) for _ in range(2)]
        for stream in streams:
            await stream.send(b"x")
        await peer.barrier()
        return await answers.came_back(session, dict.fromkeys(streams, b"x"))

    seen = play(role, script, "resets-early-streams-with-no-code").signals
    codes = {getattr(one, "code", None) for one in seen}
    assert codes == {H3.NO_ERROR}


def test_a_closed_connection_is_told(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        stream = await session.open_uni()
        await stream.send(b"x")
        await peer.close(H3.NO_ERROR)
        return await answers.came_back(session, {stream: b"x"})

    assert Observed(answers.SILENT, 1) in play(role, script).signals


OWN = {StreamKind.UNI: 0x54, StreamKind.BIDI: 0x41}


async def opening(peer: Peer, kind: StreamKind) -> Reaction:
    session = await peer.open_session(Source(uni=1, bidi=1))
    return await answers.opening(session, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_an_opening_is_read_from_the_wire(role: Role, kind: StreamKind) -> None:
    first, named = play(role, lambda peer: opening(peer, kind)).signals
    assert first == Observed(answers.FIRST_VARINT, OWN[kind])
    assert named == Observed(answers.SESSION_ID, answers.OF_THE_SESSION)


@pytest.mark.parametrize("kind", KINDS)
def test_streams_of_other_sessions_are_told_too(role: Role, kind: StreamKind) -> None:
    found = play(role, lambda peer: opening(peer, kind), "names-the-session-one-off")
    assert found.signals[1] == Observed(answers.SESSION_ID, 4)


@pytest.mark.parametrize(
    ("kind", "fault", "number"),
    [
        (StreamKind.UNI, "opens-streams-of-type-55", 0x55),
        (StreamKind.BIDI, "signals-streams-with-42", 0x42),
    ],
)
def test_streams_of_no_known_kind_are_told_too(
    role: Role, kind: StreamKind, fault: str, number: int
) -> None:
    found = play(role, lambda peer: opening(peer, kind), fault)
    assert found.signals[0] == Observed(answers.FIRST_VARINT, number)


def test_no_stream_is_silence(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        return await answers.opening(await peer.open_session(Echo()), StreamKind.UNI)

    assert play(role, script).signals == (Silence(),)

    async def own(peer: Peer) -> Reaction:
        return await answers.own_stream(await peer.open_session(Echo()), StreamKind.UNI)

    assert play(role, own).signals == (Silence(),)


def test_broken_rules_are_those_of_the_code(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Source(bidi=1))
        await answers.own_stream(session, StreamKind.BIDI)
        await peer.barrier()
        return answers.broken_rules(peer, H3.FRAME_ERROR)

    assert play(role, script).signals == (Absent("H3_FRAME_ERROR"),)
    broken = play(role, script, "repeats-the-signal")
    assert broken.signals == (Observed("broken rule", "H3_FRAME_ERROR"),)


def test_a_field_can_be_told_in_words(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        await session.echo(b"x")
        return await answers.told_in_words(session, "ended", "code")

    assert play(role, script).signals == (Observed("code", "None"),)


def test_what_is_waited_for_may_come_long_after_something_else(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Drains())

        async def finish_later() -> None:
            await asyncio.sleep(0.5)
            await session.connect_stream.finish()

        finishing = asyncio.create_task(finish_later())
        reaction = await session.connect_stream.reaction(until=Fin())
        await finishing
        return reaction

    assert play(role, script).signals == (Draining(), Fin(b""))


def test_what_never_comes_is_waited_for_no_longer_than_a_step(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        stream = await session.open_bidi()
        await stream.send(b"x", finish=True)
        return await stream.reaction(until=Both((Fin(), Stop())))

    assert play(role, script).signals == (Fin(b"x"),)


@pytest.mark.parametrize("kind", ["bidi", "uni"])
def test_an_exchange_in_a_session_that_ended_tells_of_the_end(role: Role, kind: str) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        echo = {"bidi": session.echo, "uni": session.echo_uni}[kind]
        assert (await answers.carried(session, echo(b"on"))).signals == (Fin(b"on"),)
        await session.close()
        return await answers.carried(session, echo(b"on"))

    assert play(role, script).signals == (answers.ENDED,)


def test_streams_that_wait_for_max_streams_are_counted_apart(role: Role) -> None:
    async def script(peer: Peer) -> Reaction:
        session = await peer.open_session(Echo())
        streams = [await session.open_bidi() for _ in range(150)]
        for stream in streams:
            await stream.send(b"x", finish=True)
        return await answers.came_back(session, dict.fromkeys(streams, b"x"))

    signals = play(role, script, "never-grants-streams").signals
    counts = {one.what: one.value for one in signals if isinstance(one, Observed)}
    assert counts[answers.NOT_ALLOWED] not in {None, 0}
    assert counts[answers.SILENT] == counts[answers.NOT_ALLOWED]
