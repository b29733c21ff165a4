"""`wtspec serve` and `wtspec connect`, against each other and behind the contract."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wtspec.suite.commands import reference_options as options
from wtspec.suite.commands.reference_server import event_line
from wtspec.suite.quic.identity import Identity, p256

Wtspec = Callable[..., Any]
Start = Callable[..., "Started"]


class Started:
    """A `wtspec` of its own process."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from wtspec.suite.commands.main import main; main()", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def event(self, name: str) -> dict[str, Any]:
        while (found := json.loads(self.line()))["event"] != name:
            pass
        return dict(found)

    def tell(self, **command: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[Started] = []

    def begin(*words: str) -> Started:
        running.append(Started(*words))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.communicate()


def url_of(server: Started) -> str:
    word, _, url = server.line().partition(" ")
    assert word == "serving"
    return url.strip()


def test_what_is_sent_comes_back(start: Start, wtspec: Wtspec) -> None:
    server = start("serve", "--port", "0")
    url = url_of(server)
    assert server.line().split()[1:] == ["h3-16", "h3-14", "h3-07", "h3-02"]
    digest = server.line().split()[-1]
    said = wtspec("connect", url, "--message", "hello\n\x1b[31m", "--cert-hash", digest)
    assert (said.status, said.out) == (0, "hello\n\\x1b[31m\n")
    assert "session in h3-16, status 200" in said.err
    assert "11 bytes came back for 11" in said.err
    assert wtspec("connect", url, stdin="from stdin").out == "from stdin\n"
    older = wtspec("connect", url, "--dialect", "h3-07", "--message", "x")
    assert "session in h3-07" in older.err
    status, out, err = server.stop(signal.SIGINT)
    assert (status, err) == (0, "")
    assert "session " in out
    assert "path=/echo" in out


def test_no_session_is_one_sentence(start: Start, wtspec: Wtspec, tmp_path: Path) -> None:
    url = url_of(start("serve", "--port", "0", "--dialect", "h3-16"))
    other = tmp_path / "other.pem"
    other.write_bytes(p256().certificate_pem)
    tries = {
        "answered 405": (url.replace("/echo", "/nowhere"),),
        "No session at": (url, "--dialect", "h3-07"),
        "connection was closed": (url, "--ca", str(other)),
        "Nothing more came": (url.replace("/echo", "/hold"), "--timeout", "0.5"),
    }
    for why, words in tries.items():
        said = wtspec("connect", *words, "--message", "x")
        assert said.status == 3
        assert why in said.err.splitlines()[-1]


def test_nothing_listens(wtspec: Wtspec, free_url: str) -> None:
    said = wtspec("connect", free_url, "--message", "x")
    assert said.status == 3
    assert "nothing listens there" in said.err


def test_a_fault_shows(start: Start, wtspec: Wtspec) -> None:
    from wtspec.implementations.reference.faults.registry import FAULTS

    fault = next(name for name, one in FAULTS.items() if "server" in one.roles)
    assert url_of(start("serve", "--port", "0", "--fault", fault))
    said = wtspec("serve", "--port", "0", "--fault", f"{fault}x")
    assert said.status == 2
    assert fault in said.err


def test_a_fault_of_the_client_behind_the_contract(
    start: Start, wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wtspec.implementations.reference.faults.registry import FAULTS

    served = next(name for name, one in FAULTS.items() if "server" in one.roles)
    server = start("serve", "--port", "0", "--contract", "--fault", served)
    assert server.event("hello")["name"] == "reference"
    fault = next(name for name, one in FAULTS.items() if "client" in one.roles)
    client = start("connect", "--contract", "--fault", fault)
    assert client.event("hello")["name"] == "reference"
    monkeypatch.setenv("WT_FAULT", "nonsense")
    said = wtspec("connect", "--contract")
    assert said.status == 2
    assert "nonsense" in said.err
    monkeypatch.setenv("WT_FAULT", "")
    monkeypatch.setenv("WT_DIALECTS", "h3-99")
    assert wtspec("connect", "--contract").status == 2


def test_own_certificate(start: Start, wtspec: Wtspec, identity: Identity, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(identity.certificate_pem)
    key.write_bytes(identity.key_pem)
    server = start("serve", "--port", "0", "--cert", str(certificate), "--key", str(key))
    url = url_of(server)
    server.line()
    assert server.line().split()[-1] == base64.b64encode(identity.hash_sha256).decode()
    assert wtspec("connect", url, "--ca", str(certificate), "--message", "x").status == 0
    key.write_bytes(p256().key_pem)
    said = wtspec("serve", "--port", "0", "--cert", str(certificate), "--key", str(key))
    assert said.status == 2
    assert wtspec("serve", "--port", "0", "--cert", str(certificate)).status == 2


def test_a_taken_port(start: Start, wtspec: Wtspec) -> None:
    port = url_of(start("serve", "--port", "0")).rpartition(":")[2].partition("/")[0]
    said = wtspec("serve", "--port", port)
    assert said.status == 3
    assert "is taken by another program; give --port 0" in said.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["serve", "--dialect", "h3-6"], "did you mean"),
        (["serve", "--dialect", "h3-06"], "cannot be implemented"),
        (["serve", "--limits", "max_session=1"], "did you mean max_sessions"),
        (["serve", "--limits", "max_sessions=many"], "write max_sessions=NUMBER"),
        (["serve", "--host", "example.test"], "is no address"),
        (["serve", "--host", "192.0.2.1"], "cannot be had here"),
        (["connect"], "connect where?"),
        (["connect", "https://127.0.0.1:1/", "--contract"], "leave it away"),
        (["connect", "ftp://127.0.0.1/"], "write https://"),
    ],
)
def test_wrong_words(wtspec: Wtspec, words: list[str], why: str) -> None:
    said = wtspec(*words)
    assert said.status in {2, 3}
    assert why in said.err


def test_limits_are_numbers_by_name() -> None:
    limits = options.wanted_limits("max_sessions=2,initial_max_data=0")
    assert (limits.max_sessions, limits.initial_max_data) == (2, 0)
    assert limits.initial_max_streams_uni is None
    assert json.loads(options.limits_variable(limits)) == {"max_sessions": 2, "initial_max_data": 0}


def test_events_are_lines_that_act_on_nothing() -> None:
    told = event_line("datagram", {"session": "~s1", "data": "AAAA", "origin": None})
    assert told == "datagram     session=~s1  data=3 bytes"
    assert "\\x1b" in event_line("closed", {"reason": "\x1b[2J"})


def test_both_sides_behind_the_contract(start: Start) -> None:
    server = start("serve", "--port", "0", "--contract", "--dialect", "h3-16")
    hello = server.event("hello")
    assert (hello["name"], hello["dialects"]) == ("reference", ["h3-16"])
    client = start("connect", "--contract", "--dialect", "h3-14", "--limits", "max_sessions=3")
    hello = client.event("hello")
    assert hello["dialects"] == ["h3-14"]
    assert hello["limits"]["max_sessions"] == 3
    client.tell(id=1, cmd="no-such-command")
    assert client.event("error")["id"] == 1
    client.tell(id=2, cmd="shutdown")
    client.process.communicate(timeout=20)
    assert client.process.returncode == 0
    status, _, err = server.stop()
    assert (status, err) == (0, "")
