import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from contract import application
from contract.application import Close, Drain, Echo, Hold, Reset, Sink, Source, Stop
from contract.stack import Ended

if TYPE_CHECKING:
    from wtspec.tests.implementations.contract_py.conftest import Running

Run: TypeAlias = "Callable[[application.Application], Running]"
Until: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]
FIN = Ended("fin")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ending", "answer"),
    [(FIN, "fin"), (Ended("reset", 9), ("reset", 9)), (Ended("session"), None)],
    ids=["fin", "reset", "session"],
)
async def test_echo_returns_bytes_and_the_end(ending: Ended, answer: object, run: Run) -> None:
    running = run(Echo())
    stream = running.session.peer_opens(is_bidi=True)
    stream.received.put(b"he")
    stream.received.put(b"y")
    stream.received.end(ending)
    ended = await running.seen.wait("ended")
    assert (ended["bytes"], ended["how"], ended["code"]) == (3, ending.how, ending.code)
    assert ended["sha256"] == hashlib.sha256(b"hey").hexdigest()
    await running.over()
    assert stream.did == [b"he", b"y"] + ([answer] if answer else [])


@pytest.mark.asyncio
async def test_echo_returns_a_stop(run: Run) -> None:
    running = run(Echo())
    stream = running.session.peer_opens(is_bidi=True)
    stream.stop_code.set_result(5)
    ended = await running.seen.wait("ended")
    assert (ended["how"], ended["code"]) == ("stopped", 5)
    assert stream.did == [("stop", 5)]
    assert running.seen.named("stopped")[0]["code"] == 5
    await running.over()


@pytest.mark.asyncio
async def test_echo_returns_a_uni_stream_on_a_new_one_when_it_is_whole(
    run: Run, until: Until
) -> None:
    running = run(Echo())
    stream = running.session.peer_opens(is_bidi=False)
    stream.received.put(b"he")
    await running.seen.wait("stream")
    assert running.session.opened == []
    stream.received.put(b"y")
    stream.received.end(FIN)
    await until(lambda: running.session.opened and running.session.opened[0].did)
    assert running.session.opened[0].did == [b"hey", "fin"]
    assert [one["by"] for one in running.seen.named("stream")] == ["peer", "local"]
    await running.over()


@pytest.mark.asyncio
async def test_a_uni_stream_that_is_too_long_is_stopped(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(application, "ECHOED_UNI_BYTES", 3)
    running = run(Echo())
    stream = running.session.peer_opens(is_bidi=False)
    stream.received.put(b"four")
    ended = await running.seen.wait("ended")
    assert (ended["how"], ended["code"]) == ("stopped", 1)
    assert stream.did == [("stop", 1)]
    await running.over()


@pytest.mark.asyncio
async def test_a_datagram_comes_back_and_one_that_the_api_refuses_does_no_harm(
    run: Run, until: Until
) -> None:
    running = run(Echo())
    running.session.datagrams.put(bytes(2000))
    running.session.datagrams.put(b"small")
    await running.seen.wait("datagram", 2)
    await until(lambda: running.session.did)
    assert running.session.did == [b"small"]
    await running.over()


@pytest.mark.asyncio
async def test_hold_reads_nothing(run: Run) -> None:
    running = run(Hold())
    stream = running.session.peer_opens(is_bidi=True)
    stream.received.put(b"x")
    running.session.datagrams.put(b"y")
    await running.seen.wait("stream")
    await running.over()
    assert await stream.received.get() == b"x"
    assert await running.session.datagrams.get() == b"y"


@pytest.mark.asyncio
async def test_source_opens_what_it_was_asked_for(run: Run, until: Until) -> None:
    running = run(Source(bidi=1, uni=2, datagrams=2, size_bytes=3))
    await until(lambda: sum("fin" in one.did for one in running.session.opened) == 3)
    assert all(one.did == [bytes(range(3)), "fin"] for one in running.session.opened)
    kinds = sorted(str(one["kind"]) for one in running.seen.named("stream"))
    assert kinds == ["bidi", "uni", "uni"]
    assert running.session.did == [bytes(range(3))] * 2
    await running.over()


@pytest.mark.asyncio
async def test_close_and_drain_at_once(run: Run, until: Until) -> None:
    closing, draining = run(Close(3, "why", after_stream=False)), run(Drain())
    await until(lambda: closing.session.did and draining.session.did)
    assert closing.session.did == [("close", 3, "why")]
    assert draining.session.did == ["drain"]
    await closing.over()
    await draining.over()


@pytest.mark.asyncio
async def test_close_after_a_stream(run: Run, until: Until) -> None:
    running = run(Close(3, "why", after_stream=True))
    await asyncio.sleep(0.01)
    assert running.session.did == []
    running.session.peer_opens(is_bidi=False)
    await until(lambda: running.session.did)
    await running.over()


@pytest.mark.asyncio
async def test_stop_and_reset_at_the_first_byte(run: Run, until: Until) -> None:
    stopping, resetting = run(Stop(4)), run(Reset(5))
    for running in (stopping, resetting):
        running.session.peer_opens(is_bidi=True).received.put(b"x")
    await stopping.seen.wait("ended")
    await until(lambda: resetting.session.opened and len(resetting.session.opened[0].did) == 2)
    assert resetting.session.opened[0].did == [bytes(range(4)), ("reset", 5)]
    await stopping.over()
    await resetting.over()


@pytest.mark.asyncio
async def test_the_end_of_a_session_is_told_with_what_the_api_shows(run: Run) -> None:
    running = run(Sink())
    running.session.drain_asked.set_result(None)
    await running.seen.wait("draining")
    await running.over()
    told = running.seen.named("closed")[0]
    assert (told["code"], told["reason"], told["by"], told["clean"]) == (7, "done", "peer", True)
