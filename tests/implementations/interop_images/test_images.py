"""On a Docker engine: two real interop images in both roles, and one that means harm."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

pytest.importorskip("docker")

from wtspec.implementations import claim, container, images, manifest
from wtspec.implementations.building import BuildError
from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.docker_engine import Engine, ImageFailed
from wtspec.implementations.interop_images.ground import ground
from wtspec.implementations.interop_images.match import InteropImage, Programme, Tour
from wtspec.implementations.interop_images.stage import Cast, Run
from wtspec.implementations.interop_images.testcases import TESTCASES, Testcase, task
from wtspec.implementations.interop_images.verdict import judged
from wtspec.implementations.pairing.outcome import Outcome, Result
from wtspec.suite.bystander.exchange import read
from wtspec.suite.dialect import Side

HERE = Path(__file__).parent
REFERENCE = manifest.load("reference")
_ALL_OF_A_RUN = 7  # two networks, three volumes, the forwarder and a server
NOBODYS = Testcase("transfer-nothing", "that nobody has")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        found = Engine()
    except EngineTrouble as trouble:
        unless_required(str(trouble))
    with closing(found):
        yield found


def unless_required(why: str) -> NoReturn:
    if "docker" in os.environ.get("WTSPEC_REQUIRE", "").replace(",", " ").split():
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")
def reference(engine: Engine) -> InteropImage:
    try:
        images.build(REFERENCE, lambda _step: None)
    except BuildError as failed:
        unless_required(str(failed))
    return InteropImage("reference", REFERENCE.tag)


@pytest.fixture(scope="module")
def built(engine: Engine) -> Iterator[Callable[[Path], InteropImage]]:
    """The image of a folder that has a Dockerfile."""
    made: list[str] = []

    def build(folder: Path) -> InteropImage:
        tag = f"wtspec-test/{folder.name}-interop:{os.getpid()}"
        try:
            engine.build(folder, "Dockerfile", [], tag, lambda _step: None)
        except ImageFailed as failed:
            unless_required(str(failed))
        made.append(tag)
        return InteropImage(folder.name, tag)

    yield build
    for one in made:
        engine.remove_image(one)


@pytest.fixture(scope="module")
def go(built: Callable[[Path], InteropImage]) -> InteropImage:
    return built(HERE / "webtransport-go")


def played(
    client: InteropImage, server: InteropImage, *cases: Testcase, link: str = "clean"
) -> list[Result]:
    found: list[Result] = []
    owner = claim.new()
    programme = Programme(cases, (link,), repeats=1)
    tour = Tour((client,), (server,), programme, REFERENCE.tag)
    with container.claimed(owner, client.image, server.image) as (engine, _):
        asyncio.run(tour.run(owner, found.append))
        assert engine.count(owner) == 0
    return found


def told(found: list[Result]) -> dict[str, tuple[Outcome, str]]:
    return {one.scenario: (one.outcome, one.why) for one in found}


@pytest.mark.parametrize("roles", [("go", "reference"), ("reference", "go")], ids=" > ".join)
def test_seven_cases_over_a_clean_link(
    roles: tuple[str, str], go: InteropImage, reference: InteropImage
) -> None:
    client, server = ({"go": go, "reference": reference}[one] for one in roles)
    found = played(client, server, *TESTCASES.values())
    assert told(found) == dict.fromkeys(TESTCASES, (Outcome.PASSED, ""))
    assert {one.dialect for one in found} == {"h3-16"}
    assert all(delivery.sent for one in found for delivery in one.deliveries)


@pytest.mark.parametrize("roles", [("go", "reference"), ("reference", "go")], ids=" > ".join)
def test_over_a_link_that_loses_packets(
    roles: tuple[str, str], go: InteropImage, reference: InteropImage
) -> None:
    client, server = ({"go": go, "reference": reference}[one] for one in roles)
    case = TESTCASES["transfer-bidirectional-send"]
    (found,) = played(client, server, case, link="lossy")
    assert (found.outcome, found.why) == (Outcome.PASSED, "")
    assert found.evidence is not None
    assert found.evidence()["packets.pcapng"].startswith(b"\x0a\x0d\x0d\x0a")


def test_who_declines_what_nobody_has_is_believed(
    go: InteropImage, reference: InteropImage
) -> None:
    (found,) = played(go, reference, NOBODYS)
    assert found.outcome is Outcome.UNSUPPORTED
    assert "declines it" in found.why


def test_a_broken_image_declines_nothing(
    built: Callable[[Path], InteropImage], reference: InteropImage, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    entry = 'ENTRYPOINT ["sh", "-c", "no-such-program"]'
    (folder / "Dockerfile").write_text(f"FROM debian:trixie-slim\n{entry}\n")
    (found,) = played(reference, built(folder), TESTCASES["handshake"])
    assert (found.outcome, found.blame) == (Outcome.NOT_STARTED, "server")
    assert "for the handshake too" in found.why


def test_a_hostile_image_gets_its_verdict_and_nothing_else(
    built: Callable[[Path], InteropImage], reference: InteropImage
) -> None:
    hostile = built(HERE / "hostile")
    owner, work = claim.new(), task(TESTCASES["handshake"], 1)
    both = {Side.CLIENT: hostile.image, Side.SERVER: reference.image}
    cast = Cast(both, REFERENCE.tag, {}, deadline_s=8.0)
    with container.claimed(owner) as (engine, _), ground(engine, owner) as where:
        left = Run(where, cast, threading.Event()).perform(work, "clean", 1)
    assert left.endings[Side.CLIENT].status is None
    # Neither what a link points at, nor a pipe; and the file that has no end is not awaited.
    files = left.downloads[Side.CLIENT].files
    assert set(files) == {"filled"}
    assert not left.downloads[Side.CLIENT].is_whole
    assert b"root:" not in left.secrets
    assert len(left.outputs[Side.CLIENT]) <= 64 << 10
    filled = dict(line.split() for line in files["filled"].decode().splitlines())
    assert set(filled) == {"/declared", "/tmp", "/logs"}
    assert max(map(int, filled.values())) <= 64 << 20
    verdict = judged(work, left, read(left.packets, left.secrets), carries_all=True)
    assert verdict.outcome is Outcome.FAIL


def test_the_next_run_removes_what_a_killed_one_left(
    engine: Engine, reference: InteropImage, tmp_path: Path
) -> None:
    owner = claim.new()
    script = f"""
import threading
from wtspec.implementations import container
from wtspec.implementations.interop_images.ground import ground
from wtspec.implementations.interop_images.stage import Cast, Run
from wtspec.implementations.interop_images.testcases import TESTCASES, task
from wtspec.suite.dialect import Side
with container.claimed({owner!r}) as (engine, _), ground(engine, {owner!r}) as where:
    cast = Cast({{Side.SERVER: {reference.image!r}}}, {REFERENCE.tag!r}, {{}})
    Run(where, cast, threading.Event()).perform(task(TESTCASES["handshake"], 1), "clean", 1)
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as running:
        try:
            until_s = time.monotonic() + 60
            while engine.count(owner) < _ALL_OF_A_RUN and time.monotonic() < until_s:
                time.sleep(0.1)
        finally:
            running.kill()
    assert engine.count(owner) == _ALL_OF_A_RUN
    with container.claimed(claim.new()):
        assert engine.count(owner) == 0
