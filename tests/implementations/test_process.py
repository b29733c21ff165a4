import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wtspec.implementations import process, readiness
from wtspec.implementations.launch import Launch, free_port
from wtspec.implementations.program import ProgramEndpoint
from wtspec.suite.endpoint import processes
from wtspec.suite.endpoint.configuration import DEFAULT, PROTOCOLS, Configuration
from wtspec.suite.endpoint.interface import (
    ApiEvent,
    Endpoint,
    EndpointGone,
    EndpointMisuse,
    EndpointNotOffered,
    Role,
)
from wtspec.suite.network.udp import UdpNetwork
from wtspec.suite.quic.connection import Listener
from wtspec.suite.quic.identity import Identity, p256
from wtspec.suite.quic.options import QuicOptions

Write = Callable[..., Launch]

HELLO = 'say(event="hello", contract=1, name="toy", version="1", unsupported=["/drain"])'
# A program in a few lines: `say` prints an event, `commands` are those it is given.
PRELUDE = """
import json, os, signal, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
commands = map(json.loads, sys.stdin)
"""


@pytest.fixture(scope="module")
def identity() -> Identity:
    return p256()


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Makes a program of the lines given."""

    def write(body: str, **more: Any) -> Launch:
        (tmp_path / "toy program.py").write_text(PRELUDE + textwrap.dedent(body))
        command = f"{sys.executable} -S 'toy program.py'"
        return Launch(command, tmp_path, **more)

    return write


@asynccontextmanager
async def started(
    launch: Launch, identity: Identity, configuration: Configuration = DEFAULT
) -> AsyncIterator[ProgramEndpoint]:
    endpoint = await process.start(launch, Role.CLIENT, configuration, ("h3-16",), identity)
    try:
        yield endpoint
    finally:
        await endpoint.stop()


class Heard:
    """Events of an endpoint, as they come."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.queue: asyncio.Queue[ApiEvent] = asyncio.Queue()
        self.end = endpoint.subscribe(self.queue.put_nowait)

    async def next(self) -> ApiEvent:
        return await asyncio.wait_for(self.queue.get(), 10)


@pytest.mark.asyncio
async def test_commands_go_in_and_events_come_out_in_order(
    written: Write, identity: Identity
) -> None:
    launch = written(f"{HELLO}\nfor c in commands: say(event='got', **c); print('a log line')")
    async with started(launch, identity) as endpoint:
        heard = Heard(endpoint)
        for number in range(3):
            endpoint.command({"id": number, "cmd": "sync", "data": b"\x00"})
        events = [await heard.next() for _ in range(3)]
        assert [one.fields["id"] for one in events] == [0, 1, 2]
        assert events[0].fields["data"] == "AA=="
        assert (endpoint.hello.name, endpoint.address) == ("toy", ("127.0.0.1", 0))
        assert (endpoint.path_of("/drain"), endpoint.path_of("/echo?a=b")) == (None, "/echo?a=b")
    assert "a log line" in endpoint.log


@pytest.mark.asyncio
async def test_a_listener_hears_nothing_after_it_unsubscribed(
    written: Write, identity: Identity
) -> None:
    launch = written(f"{HELLO}\nfor c in commands: say(event='got', **c)")
    async with started(launch, identity) as endpoint:
        early, late = Heard(endpoint), Heard(endpoint)
        early.end()
        early.end()
        endpoint.command({"id": 1})
        await late.next()
        assert early.queue.empty()


def failing(_: ApiEvent) -> None:
    raise ZeroDivisionError


@pytest.mark.asyncio
async def test_a_listener_that_fails_does_not_silence_the_others(
    written: Write, identity: Identity
) -> None:
    failures: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    launch = written(f"{HELLO}\nfor c in commands: say(event='got', **c)")
    async with started(launch, identity) as endpoint:
        endpoint.subscribe(failing)
        heard = Heard(endpoint)
        endpoint.command({"id": 1})
        assert (await heard.next()).name == "got"
    assert [type(one) for one in failures] == [ZeroDivisionError]


@pytest.mark.asyncio
async def test_the_environment_is_the_contracts_and_little_else(
    written: Write,
    identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SECRET_OF_OURS", "1")
    body = f"""
        {HELLO}
        for c in commands:
            names = ("WT_CERT", "WT_KEY", "WT_CA")
            say(event="env", files=[open(os.environ[one]).read() for one in names],
                mode=os.stat(os.environ["WT_KEY"]).st_mode & 0o777, **os.environ)
        """
    launch = written(body, environment={"EXTRA": "2"}, evidence=tmp_path)
    async with started(launch, identity, PROTOCOLS) as endpoint:
        heard = Heard(endpoint)
        endpoint.command({})
        seen = (await heard.next()).fields
    assert "SECRET_OF_OURS" not in seen
    assert seen["EXTRA"] == "2"
    assert (seen["WT_CONTRACT"], seen["WT_ROLE"], seen["WT_DIALECTS"]) == ("1", "client", "h3-16")
    assert json.loads(str(seen["WT_LIMITS"]))["initial_max_data"] == 0
    assert str(seen["WT_PROTOCOLS"]).split()[0] == "chat-v2"
    assert seen["SSLKEYLOGFILE"] == str(tmp_path / "endpoint.keys")
    certificate, key = identity.certificate_pem.decode(), identity.key_pem.decode()
    assert (seen["files"], seen["mode"]) == ([certificate, key, certificate], 0o600)
    assert not os.access(str(seen["WT_KEY"]), os.F_OK), "the files end with the endpoint"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "error", "why"),
    [
        ("sys.exit(127)", EndpointNotOffered, "exit status 127 before `hello`"),
        ("print('no\\nbecause', file=sys.stderr); sys.exit(3)", EndpointGone, "3 .because."),
        ("os.kill(os.getpid(), 11)", EndpointGone, "killed by SIGSEGV"),
        ("say(event='session')", EndpointMisuse, "the first event is 'session'"),
        ("say(event='hello', contract=2)", EndpointMisuse, "contract 2 is spoken"),
        ("print('x' * 300_000)", EndpointGone, "it printed a line of more than 262144 bytes"),
        ("while True: print('x' * 10)", EndpointGone, "it printed more than 50000 lines"),
    ],
)
async def test_a_program_that_does_not_greet(
    written: Write,
    identity: Identity,
    body: str,
    error: type[Exception],
    why: str,
) -> None:
    # A flood of lines takes a busy machine longer than a program is given to greet.
    launch = written(body, deadline_s=120)
    with pytest.raises(error, match=why):
        await process.start(launch, Role.CLIENT, DEFAULT, (), identity)


@pytest.mark.asyncio
async def test_a_program_that_says_nothing_is_given_up(written: Write, identity: Identity) -> None:
    launch = written("print('no such class', flush=True); sys.stdin.read()", deadline_s=5)
    with pytest.raises(EndpointGone, match=r"no `hello` within 5 s \(no such class\)"):
        await process.start(launch, Role.CLIENT, DEFAULT, (), identity)


@pytest.mark.asyncio
async def test_a_server_that_answers_no_handshake_is_given_up(
    written: Write, identity: Identity
) -> None:
    launch = written(f"{HELLO}\nsys.stdin.read()", deadline_s=0.8)
    with pytest.raises(EndpointGone, match=r"no QUIC handshake answered within 0\.8 s"):
        await process.start(launch, Role.SERVER, DEFAULT, (), identity)


@pytest.mark.asyncio
async def test_a_program_that_is_not_there(tmp_path: Path, identity: Identity) -> None:
    with pytest.raises(EndpointGone, match="cannot be started"):
        await process.start(Launch("./none", tmp_path), Role.CLIENT, DEFAULT, (), identity)


@pytest.mark.asyncio
async def test_no_shell_reads_the_command(
    written: Write, identity: Identity, tmp_path: Path
) -> None:
    launch = written(f"{HELLO}\nfor c in commands: say(event='argv', argv=sys.argv[1:])")
    launch = Launch(f"{launch.command} 'a b' $HOME ; touch {tmp_path}/made", launch.directory)
    async with started(launch, identity) as endpoint:
        heard = Heard(endpoint)
        endpoint.command({})
        argv = (await heard.next()).fields["argv"]
    assert argv == ["a b", "$HOME", ";", "touch", f"{tmp_path}/made"]
    assert not os.access(tmp_path / "made", os.F_OK)


@pytest.mark.asyncio
async def test_an_end_that_nobody_asked_for_is_told_with_its_last_words(
    written: Write, identity: Identity
) -> None:
    body = f"{HELLO}\nnext(commands); print('panic: oh', file=sys.stderr); sys.exit(0)"
    async with started(written(body), identity) as endpoint:
        assert endpoint.ended() is None
        endpoint.command({"cmd": "sync"})
        await endpoint.running.wait()
        assert endpoint.ended() == "exit status 0 (panic: oh)"
        with pytest.raises(EndpointGone, match="panic: oh"):
            endpoint.command({"cmd": "sync"})
    assert endpoint.ended() == "exit status 0 (panic: oh)", "stopping it afterwards changes nothing"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("on_term", "ended"),
    [
        ("signal.SIG_DFL", None),
        ("lambda *_: os._exit(0)", None),
        ("lambda *_: os._exit(143)", None),
        ("lambda *_: os._exit(1)", "exit status 1"),
        ("signal.SIG_IGN", "killed by SIGKILL"),
    ],
)
async def test_a_stop_is_clean_or_not(
    written: Write, identity: Identity, on_term: str, ended: str | None
) -> None:
    launch = written(
        f"signal.signal(signal.SIGTERM, {on_term})\n{HELLO}\nwhile True: time.sleep(9)"
    )
    async with started(launch, identity) as endpoint:
        pass
    assert endpoint.ended() == ended


@pytest.mark.asyncio
async def test_what_the_program_started_ends_with_it(written: Write, identity: Identity) -> None:
    body = f"""
        import subprocess
        grandchild = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
        {HELLO}
        next(commands)
        say(event="pid", pid=grandchild.pid)
        next(commands)
        """
    async with started(written(body), identity) as endpoint:
        heard = Heard(endpoint)
        endpoint.command({})
        pid = int(str((await heard.next()).fields["pid"]))
        alone = processes.resident_bytes(pid)
        assert alone is not None
        assert (endpoint.memory_bytes() or 0) > alone, "both are counted"
    assert not outlives(pid, within_s=20)
    assert endpoint.memory_bytes() is None


def outlives(pid: int, within_s: float) -> bool:
    """What was killed takes its time to be gone on a busy machine."""
    until = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return is_alive(pid)


def is_alive(pid: int) -> bool:
    """A zombie whom its new parent has not collected yet is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_program_dies_with_us(written: Write, tmp_path: Path) -> None:
    launch = written(f"{HELLO}\nsignal.pause()")
    suite = f"""
import asyncio, os
from pathlib import Path
from wtspec.implementations import process
from wtspec.implementations.launch import Launch
from wtspec.suite.endpoint.configuration import DEFAULT
from wtspec.suite.endpoint.interface import Role
from wtspec.suite.quic.identity import p256
async def main():
    launch = Launch({launch.command!r}, Path({str(launch.directory)!r}))
    endpoint = await process.start(launch, Role.CLIENT, DEFAULT, (), p256())
    print(endpoint.running.pid, flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    ours = subprocess.run(
        [sys.executable, "-c", suite], check=False, capture_output=True, text=True, timeout=60
    )
    assert ours.returncode == -signal.SIGKILL, ours.stderr
    pid = int(ours.stdout)
    wait_until_gone(pid)
    assert not is_alive(pid)


def wait_until_gone(pid: int) -> None:
    """The kernel kills it without delay, but not before our parent is told of our own end."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([handle], [], [], 10)
    os.close(handle)


@pytest.mark.asyncio
async def test_a_server_is_ready_when_it_answers_a_handshake(identity: Identity) -> None:
    listener = Listener(UdpNetwork(), QuicOptions(identity=identity), lambda _: None)
    try:
        await asyncio.wait_for(readiness.answered(listener.address), 10)
    finally:
        listener.close()


@pytest.mark.asyncio
async def test_nobody_is_not_ready() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(readiness.answered(("127.0.0.1", free_port())), 0.6)
