"""Endpoints that do their worst: the right outcome and exit status, in time, and nothing left."""

import json
import multiprocessing.forkserver
import multiprocessing.util
import os
import shlex
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from wtspec.suite.commands.main import main
from wtspec.suite.endpoint import processes

PROGRAMS = Path(__file__).parents[2] / "implementations" / "bad_endpoints"
# Of which a good machine needs a tenth; the case deadlines alone would allow for minutes.
BUDGET_S = 90.0
MEMORY_BYTES = 400 << 20
SAMPLE_S = 0.05

OPENS, ECHO, ALLOWED = "setup/session-opens", "setup/echo", "origin/allowed"
CAPSULE = "capsules/unknown-skipped[one-byte]"
DATAGRAM = "datagrams/largest"
CODE = "resets/code-reported[0x1d]"
ASKED = "streams/own-opening[uni]"


@dataclass(frozen=True)
class Bad:
    """`command`: a program of bad_endpoints with its arguments. `outcomes`: by case.

    `told`: what must stand on stdout or stderr, for people.
    """

    command: str
    status: int
    outcomes: dict[str, str]
    told: str = ""
    role: str = "server"
    words: tuple[str, ...] = ("--confirm", "0")

    def __str__(self) -> str:
        return f"{self.command} {self.role}"


def blocked(command: str, told: str, role: str = "server") -> Bad:
    """It cannot be started: the environment's trouble, not the endpoint's failure."""
    return Bad(command, 3, {OPENS: "blocked"}, told, role)


ENDPOINTS = (
    # Odd, but nothing that a case is about.
    Bad("prints_garbage.py", 0, {OPENS: "pass", ECHO: "pass"}),
    Bad("odd_events.py", 0, {OPENS: "pass", CODE: "pass"}),
    Bad("odd_events.py", 0, {OPENS: "pass", CODE: "pass"}, role="client"),
    Bad("ignores_sigterm.py", 0, {OPENS: "pass"}, "did not end as it was asked to: killed by SIG"),
    Bad("leaves_daemons.py TOKEN", 0, {OPENS: "pass"}),
    Bad("floods_udp.py", 0, {OPENS: "pass", ECHO: "pass"}),
    Bad("odd_hello.py name '\"wtspec\"'", 0, {OPENS: "pass"}),
    # It does not come so far.
    blocked("unanswering.py", "no QUIC handshake answered within 10 s"),
    blocked("exits.py 3", "exit status 3"),
    blocked("odd_hello.py contract 2", "contract 2 is spoken, 1 is needed"),
    blocked("odd_hello.py roles 5", "roles is not a list", "client"),
    Bad("exits.py 127", 5, {OPENS: "not-applicable", ECHO: "not-applicable"}, "not offered"),
    Bad("odd_hello.py features '[]'", 5, {CODE: "not-applicable"}, "does not offer reset-code"),
    # It ends, or hangs, in the middle.
    Bad(
        "exits_midway.py",
        1,
        {ECHO: "pass", ALLOWED: "crash", "origin/absent": "blocked"},
        "the endpoint ended: exit status 1",
        words=("--confirm", "1"),
    ),
    Bad("crashes_on_capsule.py", 1, {ECHO: "pass", CAPSULE: "crash"}, "killed by SIGSEGV (panic"),
    Bad("hangs.py", 1, {ECHO: "pass", ALLOWED: "crash"}, "no new connection is served"),
    Bad("closes_socket.py", 1, {ECHO: "pass", ALLOWED: "crash"}, "no new connection is served"),
    Bad("unanswering.py", 1, {OPENS: "crash"}, "no new connection is served", "client"),
    Bad("withholds.py", 1, {ECHO: "pass", ASKED: "fail"}),
    Bad("endless_frame.py 0x1", 1, {OPENS: "fail"}, "HEADERS of 4611686018427387903 bytes"),
    Bad("endless_frame.py 0x21", 1, {OPENS: "fail"}, "Silence()"),
    # It says too much, or the wrong thing.
    Bad("floods_stdout.py lines", 1, {OPENS: "crash"}, "it printed more than"),
    Bad("floods_stdout.py line", 1, {OPENS: "crash"}, "a line of more than 262144 bytes"),
    Bad("floods_stream.py", 1, {OPENS: "pass", ECHO: "fail"}),
    Bad("lies_in_hello.py", 1, {CODE: "fail"}, "reset-code-inverse"),
    Bad("broken_data.py", 1, {DATAGRAM: "fail"}, "data is not base64"),
    Bad("hostile_strings.py", 1, {ECHO: "pass", ALLOWED: "crash"}, "exit status 3 ("),
)


@dataclass
class Watch:
    """Samples the most that any worker process held while the block ran."""

    peak_bytes: int = 0
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            # The fork server's children: what they start has another command line.
            for pid in processes.descendants(os.getpid()):
                with suppress(OSError):
                    if "forkserver" in Path(f"/proc/{pid}/cmdline").read_text():
                        self.peak_bytes = max(self.peak_bytes, most_resident_bytes(pid))


def most_resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(one.split()[1]) << 10 for one in lines if one.startswith("VmHWM")), 0)


@pytest.fixture(scope="module")
def temporary() -> Iterator[Path]:
    """Where everything that the runs make and should take away again is."""
    # Made once for the whole process, and so not in there.
    multiprocessing.util.get_temp_dir()
    with tempfile.TemporaryDirectory(prefix="wtb") as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", name)
        patch.setattr(tempfile, "tempdir", None)
        stop_fork_server()
        yield Path(name)
        stop_fork_server()


def stop_fork_server() -> None:
    """The next one sees the environment as it is then."""
    getattr(multiprocessing.forkserver, "_forkserver")._stop()  # noqa: B009 - not in its stubs


@dataclass(frozen=True)
class Came:
    """What came of a run, as a shell and as a reader of its documents sees it."""

    status: int
    out: str
    err: str
    document: dict[str, Any]
    junit: ET.Element
    spent_s: float
    peak_bytes: int

    @property
    def outcomes(self) -> dict[str, str]:
        return {one["id"].partition("@")[0]: one["outcome"] for one in self.document["cells"]}


Run = Callable[[Bad], Came]


@pytest.fixture
def run(
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    token = f"wtspec-test-{tmp_path.name}-{os.getpid()}"

    def call(bad: Bad) -> Came:
        # The interpreter's -X takes any word: it is what we know our processes by.
        program = shlex.join([sys.executable, "-X", token, f"{PROGRAMS}/"])
        command = program + bad.command.replace("TOKEN", token)
        selected = [*bad.outcomes, "--role", bad.role, "--dialect", "h3-16", *bad.words]
        json_file, junit_file = tmp_path / "run.json", tmp_path / "run.xml"
        files = ["--out", str(tmp_path / "out"), "--json", str(json_file), "--junit"]
        words = ["run", *selected, *files, str(junit_file), "--exec", command]
        monkeypatch.setattr(sys, "argv", ["wtspec", *words])
        began_s = time.monotonic()
        with Watch() as watch, pytest.raises(SystemExit) as end:
            main()
        spent_s = time.monotonic() - began_s
        assert left_behind(token) == []
        assert list(temporary.glob("wtspec-*")) == []
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Came(
            end.value.code,
            said.out,
            said.err,
            json.loads(json_file.read_text()),
            ET.parse(junit_file).getroot(),
            spent_s,
            watch.peak_bytes,
        )

    return call


def left_behind(token: str) -> list[str]:
    """Command lines of living processes with this word in them; zombies have none."""
    found: list[str] = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            text = one.read_text(errors="replace")
            if token in text and one.parent.name != str(os.getpid()):
                found.append(text)
    return found


def is_harmless(text: str) -> bool:
    """Nothing in it moves a cursor, turns a line around or commands a CI."""
    plain = all(one.isprintable() or one == "\n" for one in text)
    return plain and "##[" not in text and not any(is_command(one) for one in text.splitlines())


def is_command(line: str) -> bool:
    return line.lstrip().startswith("::")


@pytest.mark.parametrize("bad", ENDPOINTS, ids=str)
def test_a_bad_endpoint(run: Run, bad: Bad) -> None:
    came = run(bad)
    assert came.outcomes == bad.outcomes, came.err
    assert came.status == bad.status
    assert bad.told in came.out + came.err
    assert is_harmless(came.out + came.err)
    assert "Traceback" not in came.out + came.err
    assert came.document["run"]["complete"]
    assert came.document["run"]["versions"]["wtspec"] != "1"
    if "pass" in came.outcomes.values():
        weights = came.document["run"]["endpoint_memory_bytes"]
        assert 1 << 20 < weights["min"] <= weights["max"]
    assert len(came.junit.findall(".//testcase")) == len(bad.outcomes)
    assert came.spent_s < BUDGET_S
    assert 0 < came.peak_bytes < MEMORY_BYTES


def test_a_program_that_will_not_greet_is_no_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without --dialect it is asked first which it speaks; there is no run then."""
    monkeypatch.chdir(tmp_path)
    command = f"{sys.executable} {PROGRAMS}/exits.py 3"
    monkeypatch.setattr(sys, "argv", ["wtspec", "run", ECHO, "--exec", command])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    said = capsys.readouterr().err
    assert "does not start as a server: it ended before it was ready: exit status 3" in said
    assert is_harmless(said)
    assert list(tmp_path.iterdir()) == []
