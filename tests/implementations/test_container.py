import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

pytest.importorskip("docker")

from wtspec.implementations import claim, container
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.container import Berth
from wtspec.implementations.docker_engine import Engine, ImageFailed
from wtspec.implementations.program import ProgramEndpoint
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import (
    GONE,
    ApiEvent,
    EndpointGone,
    EndpointNotOffered,
    Role,
)

SOURCE = Path(__file__).parent / "hostile"
MODES = ("polite", "deaf", "floods", "forks", "eats", "looks", "quits", "declines")
MAIN = "from wtspec.suite.commands.main import main; main()"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    wanted = "docker" in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split()
    try:
        found = Engine()
    except EngineTrouble as trouble:
        if wanted:
            raise
        pytest.skip(str(trouble))
    if shutil.which("go") is None:
        pytest.skip("the hostile program is built with Go, and there is none")
    with closing(found):
        yield found


@pytest.fixture(scope="module")
def image(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], str]]:
    """The hostile program in one of its modes."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run(
        ["go", "build", "-o", str(folder / "hostile"), "."],
        cwd=SOURCE,
        check=True,
        env={**os.environ, "CGO_ENABLED": "0"},
    )
    made: list[str] = []

    def built(mode: str) -> str:
        name = f"wtspec-test/{mode}:{os.getpid()}"
        if name not in made:
            entry = 'COPY hostile /hostile\nENTRYPOINT ["/hostile"]\n'
            (folder / "Dockerfile").write_text(f"FROM scratch\nENV MODE={mode}\n{entry}")
            engine.build(folder, "Dockerfile", [], name, lambda _step: None)
            made.append(name)
        return name

    yield built
    for name in made:
        engine.remove_image(name)


@asynccontextmanager
async def started(tag: str) -> AsyncIterator[ProgramEndpoint]:
    owner = claim.new()
    with container.household(owner, tag):
        endpoint = await container.start(Berth(tag, owner), Role.CLIENT, DEFAULT, ())
        try:
            yield endpoint
        finally:
            await endpoint.stop()


class Heard:
    """Events of an endpoint, as they come."""

    def __init__(self, endpoint: ProgramEndpoint) -> None:
        self._queue: asyncio.Queue[ApiEvent] = asyncio.Queue()
        endpoint.subscribe(self._queue.put_nowait)

    async def next(self, name: str) -> ApiEvent:
        while (event := await asyncio.wait_for(self._queue.get(), 60)).name != name:
            pass
        return event


@pytest.mark.asyncio
async def test_commands_go_in_and_events_come_out(image: Callable[[str], str]) -> None:
    async with started(image("polite")) as endpoint:
        heard = Heard(endpoint)
        endpoint.command({"id": 7, "cmd": "sync"})
        got = await heard.next("got")
        assert json.loads(str(got.fields["line"])) == {"id": 7, "cmd": "sync"}
        assert endpoint.hello.name == "hostile"
        assert (endpoint.memory_bytes() or 0) > 0
    assert endpoint.ended() is None


@pytest.mark.asyncio
async def test_its_walls_hold(image: Callable[[str], str]) -> None:
    async with started(image("looks")) as endpoint:
        heard = Heard(endpoint)
        endpoint.command({"id": 1, "cmd": "sync"})
        seen = (await heard.next("seen")).fields
    assert (seen["uid"], seen["NoNewPrivs"], seen["Seccomp"]) == (65534, "1", "2")
    assert int(str(seen["CapEff"]), 16) == 0
    assert (seen["root"], seen["outside"]) == (True, True)
    assert 0 < int(str(seen["scratch"])) <= 16 * 1024 * 1024


@pytest.mark.asyncio
async def test_one_that_ignores_sigterm_is_killed(image: Callable[[str], str]) -> None:
    async with started(image("deaf")) as endpoint:
        await endpoint.stop()
        assert endpoint.ended() == "killed by SIGKILL"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("floods", "it printed more than"),
        ("eats", "more memory than it has"),
        ("quits", "status 3"),
    ],
)
async def test_one_that_does_not_behave_is_gone(
    image: Callable[[str], str], mode: str, told: str
) -> None:
    async with started(image(mode)) as endpoint:
        if endpoint.ended() is None:
            await Heard(endpoint).next(GONE)
        assert told in (endpoint.ended() or "")
        with pytest.raises(EndpointGone, match=told):
            endpoint.command({"id": 1, "cmd": "sync"})


@pytest.mark.asyncio
async def test_one_that_forks_finds_an_end(image: Callable[[str], str]) -> None:
    async with started(image("forks")) as endpoint:
        assert endpoint.ended() is None


@pytest.mark.asyncio
async def test_one_that_declines(image: Callable[[str], str]) -> None:
    tag = image("declines")
    with pytest.raises(EndpointNotOffered, match="status 127"):
        async with started(tag):
            pass


@pytest.mark.asyncio
async def test_nothing_is_left_of_a_household(engine: Engine, image: Callable[[str], str]) -> None:
    owner, tag = claim.new(), image("polite")
    with container.household(owner, tag):
        berth = Berth(tag, owner)
        for _ in range(3):
            await (await container.start(berth, Role.CLIENT, DEFAULT, ())).stop()
        left = await container.start(berth, Role.CLIENT, DEFAULT, ())
        assert engine.count(owner) == 2  # the one that runs, and the network
    assert engine.count(owner) == 0
    await left.stop()


def test_the_next_run_removes_what_a_killed_one_left(
    engine: Engine, image: Callable[[str], str], tmp_path: Path
) -> None:
    tag, owner = image("polite"), claim.new()
    script = f"""
import asyncio, os
from wtspec.implementations import container
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import Role
async def main():
    with container.household({owner!r}, {tag!r}):
        berth = container.Berth({tag!r}, {owner!r})
        await container.start(berth, Role.CLIENT, DEFAULT, ())
        os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", script], check=False, cwd=tmp_path)
    assert engine.count(owner) == 2
    another = claim.new()
    with container.household(another, tag):
        assert engine.count(owner) == 0
        assert engine.count(another) == 1
        engine.sweep()
        assert engine.count(another) == 1  # whoever lives keeps what is theirs


def test_an_image_that_is_not_there(engine: Engine) -> None:
    del engine
    with (
        pytest.raises(EngineTrouble, match="there is no image no-such"),
        container.household(claim.new(), "no-such"),
    ):
        pass


def test_an_image_that_cannot_be_built(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    with pytest.raises(ImageFailed, match="nothing"):
        engine.build(tmp_path, "Dockerfile", [], "wtspec-test/never", lambda _step: None)


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(EngineTrouble, match="no Docker engine answers"):
        Engine()


def test_a_hostile_image_gets_its_verdict(image: Callable[[str], str], tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "run", "setup/session-opens", "--role", "client"),
            *("--dialect", "h3-16", "--image", image("floods"), "--confirm", "0"),
            *("--json", "run.json"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads((tmp_path / "run.json").read_text())
    assert found["run"]["isolation"].startswith("container, profile native, no capabilities")
    # It may flood before the first case has asked it for anything.
    (cell,) = found["cells"]
    assert cell["outcome"] in {"blocked", "crash"}
    assert "\x1b" not in done.stdout + done.stderr
