"""The reference's interop program, both roles in one loop, over loopback."""

import asyncio
from pathlib import Path

import pytest

from wtspec.implementations.interop_images.testcases import TESTCASES, Task, task
from wtspec.implementations.launch import free_port
from wtspec.implementations.reference.interop import Program, kind_of, wishes
from wtspec.suite.dialect import Side
from wtspec.suite.quic.identity import p256


def variables(work: Task, side: Side, port: int) -> dict[str, str]:
    return {
        "ROLE": str(side),
        "TESTCASE": work.case.told(side),
        "REQUESTS": work.requests(side).replace("server4:443", f"127.0.0.1:{port}"),
        "PROTOCOLS": " ".join(work.protocols[side]),
    }


def downloads(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file()
    }


@pytest.mark.asyncio
@pytest.mark.parametrize("name", TESTCASES)
async def test_two_of_them_pass(name: str, tmp_path: Path) -> None:
    work, port = task(TESTCASES[name], 5), free_port()
    programs = {}
    for side in Side:
        www, stored = tmp_path / f"www-{side}", tmp_path / f"downloads-{side}"
        (www / work.path).mkdir(parents=True)
        stored.mkdir()
        if side is not work.case.asks:
            for file, data in work.files.items():
                (www / work.path / file).write_bytes(data)
        told = variables(work, side, port)
        programs[side] = Program(told, kind_of(told) or "", (www, stored))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(programs[Side.SERVER].serve(("127.0.0.1", port), p256()))
        await asyncio.sleep(0)
        group.create_task(programs[Side.CLIENT].connect())
    for side in Side:
        assert downloads(tmp_path / f"downloads-{side}") == work.expected(side)


@pytest.mark.parametrize(
    ("role", "name", "kind"),
    [
        ("client", "handshake", ""),
        ("server", "transfer", ""),
        ("client", "transfer-datagram-receive", "datagram"),
        ("server", "transfer-bidirectional-send", "bidirectional"),
        ("client", "transfer-datagram-send", None),
        ("server", "transfer-datagram-receive", None),
        ("client", "nonsense", None),
        ("sim", "handshake", None),
    ],
)
def test_what_it_declines(role: str, name: str, kind: str | None) -> None:
    assert kind_of({"ROLE": role, "TESTCASE": name}) == kind


def test_requests_by_session() -> None:
    urls = "https://server4:443/one/a https://server4:443/one/b https://server4:443/two"
    assert wishes(urls) == {"one": ["a", "b"], "two": []}
    assert wishes("one/a /two/b") == {"one": ["a"], "two": ["b"]}
    assert wishes("") == {}
