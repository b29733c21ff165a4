"""`wtspec check-endpoint`: right glue passes, and each kind of wrong glue is named with its fix."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wtspec.suite.commands import checking, glue_program
from wtspec.suite.commands.claims import Claims
from wtspec.suite.commands.glue_words import hello_faults
from wtspec.suite.endpoint.interface import ApiEvent, Role

Wtspec = Callable[..., Any]
REFERENCE = f"{shlex.quote(sys.executable)} -m wtspec.implementations.reference"
# The reference's own program, with one thing wrong in what it prints.
PROGRAM = """
import signal, sys
from wtspec.implementations.reference import program

real, held = program.emit, []

def emit(name, fields):
    fields = dict(fields)
{mutation}
    real(name, fields)

program.emit = emit
status = program.main()
sys.exit({status})
"""
SERVER = {
    "hello-lacks-api": ("if name == 'hello': del fields['api']", "`hello` has no `api`"),
    "hello-misspells": (
        "if name == 'hello': fields['features'] = ['bidi', 'datagram']",
        "the contract has no feature 'datagram'",
    ),
    "another-event-first": ("if name == 'hello': real('log', {})", "the first event is `log`"),
    "wrong-digest": (
        "if name == 'ended': fields['sha256'] = '0' * 64",
        "`ended` shows bytes, sha256, how as (5, '000",
    ),
    "not-base64": ("if name == 'datagram': fields['data'] = '*'", "data is not base64"),
    "unknown-event": ("if name == 'closed': name = 'gone'", "the contract has no event `gone`"),
    "lost-code": (
        "if name == 'ended': fields['code'] = None",
        "`ended` shows code None, not 5",
    ),
    "deaf-to-sigterm": (
        "if name == 'hello': signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
        "had to be killed",
    ),
}
CLIENT = {
    "silent-on-unknown": ("if name == 'error': return", "no `error` event"),
    "peer-stream-named-ours": (
        "if 'stream' in fields: fields['stream'] = fields['stream'].lstrip('~')",
        "without ~",
    ),
    "no-by": ("if name == 'closed': del fields['by']", "an event `closed` has no `by`"),
    "wrong-pattern": (
        "if name == 'data': fields['data'] = 'AAAA'",
        "`data` shows 3 bytes",
    ),
    "lost-status": (
        "if name == 'session': fields['status'] = None",
        "`session` shows status None",
    ),
    "done-first": (
        (
            "if name == 'session': held.append(fields); return\n"
            "    if name == 'done' and held:\n"
            "        real(name, fields); name, fields = 'session', held.pop()"
        ),
        "`done` came before `session`",
    ),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_: object, role: Role, *_rest: object) -> Claims:
        return Claims(role, [])  # claims have tests of their own

    monkeypatch.setattr(glue_program, "PATIENCE_S", 1.5)
    monkeypatch.setattr(checking, "check_claims", nothing)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    def write(mutation: str, status: str = "status") -> str:
        path = tmp_path / "program.py"
        path.write_text(PROGRAM.format(mutation=f"    {mutation}", status=status))
        return f"{shlex.quote(sys.executable)} {path}"

    return write


def test_right_glue_is_right_in_both_roles(wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glue_program, "PATIENCE_S", 15.0)
    said = wtspec("check-endpoint", "--exec", REFERENCE)
    lines = said.out.splitlines()
    assert [line for line in lines if "WRONG" in line] == []
    assert said.status == 0
    assert lines[-1] == "the glue is right, and what is claimed holds"
    assert len([line for line in lines if line.startswith("  ok ")]) == 54


@pytest.mark.parametrize(("mutation", "told"), SERVER.values(), ids=SERVER.keys())
def test_wrong_glue_of_a_server(
    wtspec: Wtspec, program: Callable[..., str], mutation: str, told: str
) -> None:
    said = wtspec("check-endpoint", "--exec", program(mutation), "--role", "server")
    assert said.status == 1
    assert told in said.out
    assert "fix: " in said.out
    assert said.out.splitlines()[-1].endswith("then `wtspec run`")


@pytest.mark.parametrize(("mutation", "told"), CLIENT.values(), ids=CLIENT.keys())
def test_wrong_glue_of_a_client(
    wtspec: Wtspec, program: Callable[..., str], mutation: str, told: str
) -> None:
    said = wtspec("check-endpoint", "--exec", program(mutation), "--role", "client")
    assert said.status == 1
    assert told in said.out


def test_a_client_that_ends_badly(wtspec: Wtspec, program: Callable[..., str]) -> None:
    command = program("pass", status="3")
    said = wtspec("check-endpoint", "--exec", command, "--role", "client")
    assert said.status == 1
    assert "WRONG  `shutdown` ends it: it ended with status 3" in said.out


def test_what_is_not_offered_is_not_wrong(
    wtspec: Wtspec, program: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glue_program, "PATIENCE_S", 15.0)
    command = program(
        "if name == 'hello': fields |= {'unsupported': ['/drain'], 'features': ['bidi']}"
    )
    said = wtspec("check-endpoint", "--exec", command, "--role", "server")
    assert (
        "-      /drain asks to drain: not offered: `hello` lists /drain as unsupported" in said.out
    )
    assert "`hello` declares no feature datagrams" in said.out
    assert said.status == 0


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/no/such/program", "it does not start"),
        ("sh -c 'echo some words; exit 3'", "exit status 3, and no `hello` before it (some words)"),
        ("sh -c 'echo trouble >&2; exit 1'", "(trouble)"),
        ("sh -c 'echo {}'", "it does not start"),
    ],
)
def test_a_program_without_hello(wtspec: Wtspec, command: str, told: str) -> None:
    said = wtspec("check-endpoint", "--exec", command, "--role", "server")
    assert said.status == 1
    assert told in said.out


def test_a_program_that_declines_both_roles(wtspec: Wtspec) -> None:
    said = wtspec("check-endpoint", "--exec", "sh -c 'exit 127'")
    assert said.status == 1
    assert "no role is offered" in said.out


# What a library does that has never heard of the extension.
WITHOUT_RESET_STREAM_AT = """
import sys
from wtspec.implementations.reference import program
from wtspec.implementations.reference.decisions.quic import QuicRules

QuicRules.reset_stream_at = lambda self, honest: ()
sys.exit(program.main())
"""


@pytest.mark.parametrize("role", ["server", "client"])
def test_what_a_stack_does_not_announce_is_no_matter_of_glue(
    wtspec: Wtspec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setattr(glue_program, "PATIENCE_S", 15.0)
    path = tmp_path / "program.py"
    # The program itself minds what our side announces, which is everything.
    path.write_text(WITHOUT_RESET_STREAM_AT)
    said = wtspec("check-endpoint", "--exec", f"{sys.executable} {path}", "--role", role)
    assert "WRONG" not in said.out
    assert said.status == 0


def test_what_went_wrong_is_shown_on_the_wire(wtspec: Wtspec, program: Callable[..., str]) -> None:
    command = program(SERVER["wrong-digest"][0])
    said = wtspec("check-endpoint", "--exec", command, "--role", "server")
    assert "wire: " in said.out
    assert "<< stream 0" in said.out


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--exec", "one", "--image", "two"),
        ("--implementation", "none-such"),
        ("--implementation", "h3-webtransport", "--role", "client"),
    ],
)
def test_one_endpoint_is_named(wtspec: Wtspec, options: tuple[str, ...]) -> None:
    assert wtspec("check-endpoint", *options).status == 2


@pytest.mark.parametrize("command", ["", "sh -c 'open"])
def test_what_is_no_command(wtspec: Wtspec, command: str) -> None:
    assert wtspec("check-endpoint", "--exec", command).status == 2


def test_a_hello_of_the_wrong_kinds() -> None:
    hello = ApiEvent("hello", {"contract": 2, "name": 1, "roles": "server", "dialects": []})
    told = "\n".join(hello_faults(hello, Role.SERVER))
    for words in (
        "`name` is 1, not a str",
        "`roles` is 'server', not a list",
        "has no `version`",
        "the contract is 2, not 1",
        "it names the roles none",
        "no dialect is in force",
    ):
        assert words in told


def test_building_names_what_to_run_next(wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch) -> None:
    from wtspec.implementations import building, manifest

    monkeypatch.setattr(building, "build", manifest.load)
    said = wtspec("build", "--program", "webtransport-go")
    assert said.status == 0
    assert "wtspec run --exec" in said.out
    assert "webtransport-go/bin/endpoint" in said.out


def test_building_without_the_tools(wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = wtspec("build", "--program", "webtransport-go")
    assert said.status == 3
    assert "needs `go` on the PATH" in said.err
