"""Our reference as both parties, as processes, over a relay: honest, and with faults."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from wtspec.implementations.pairing.links import LINKS, described, is_certain
from wtspec.implementations.pairing.member import Member, Place
from wtspec.implementations.pairing.outcome import Outcome, Result
from wtspec.implementations.pairing.scenarios import SCENARIOS
from wtspec.implementations.pairing.tournament import Programme, Tournament

PROGRAM = f"{sys.executable} -m wtspec.implementations.reference"
HONEST = Member("honest", command=PROGRAM)


def faulty(name: str) -> Member:
    return Member(name, command=f"env WT_FAULT={name} {PROGRAM}")


def played(
    folder: Path, client: Member, server: Member, *names: str, link: str = "clean", repeats: int = 1
) -> list[Result]:
    scenarios = tuple(SCENARIOS[one] for one in names or SCENARIOS)
    programme = Programme(scenarios, (link,), repeats)
    found: list[Result] = []
    place = Place("", "127.0.0.1", folder)
    asyncio.run(Tournament((client,), (server,), programme).run(place, found.append))
    return found


def test_two_honest_ones_pass_everything(tmp_path: Path) -> None:
    found = played(tmp_path, HONEST, HONEST)
    assert {one.scenario: (one.outcome, one.why) for one in found} == dict.fromkeys(
        SCENARIOS, (Outcome.PASSED, "")
    )
    assert {(one.client, one.server, one.link) for one in found} == {("honest", "honest", "clean")}
    assert {one.dialect for one in found} == {"h3-16"}
    assert not [one.findings for one in found if one.findings]
    assert all(delivery.sent for one in found for delivery in one.deliveries)


@pytest.mark.parametrize("link", [name for name in LINKS if name != "clean"])
def test_a_link_that_harms_no_honest_one(tmp_path: Path, link: str) -> None:
    found = played(tmp_path, HONEST, HONEST, "echo-bidi", "server-closes", link=link, repeats=2)
    assert {one.outcome for one in found} == {Outcome.PASSED}
    assert len(found) == (2 if is_certain(link) else 4)
    assert described(LINKS[link])


@pytest.mark.parametrize(
    ("fault", "role", "scenario", "why"),
    [
        ("sends-codes-unmapped", "server", "server-resets", "first broke reset-code-mapped"),
        ("sends-codes-unmapped", "client", "client-stops", "its code 29"),
        ("reports-codes-one-off", "client", "server-resets", "its code 29"),
        ("drops-datagrams", "server", "datagrams", "one of ten datagrams"),
        ("hides-drain", "client", "drain", "the drain"),
        ("reports-close-codes-of-eight-bits", "server", "client-closes", "its code 70000"),
        ("chooses-tokens", "server", "protocols", "chat-v1 chat-v2"),
    ],
)
def test_a_fault_shows_and_is_blamed_on_who_has_it(
    tmp_path: Path, fault: str, role: str, scenario: str, why: str
) -> None:
    parties = (faulty(fault), HONEST) if role == "client" else (HONEST, faulty(fault))
    (found,) = played(tmp_path, *parties, scenario)
    assert (found.outcome, found.blame) == (Outcome.FAIL, role)
    assert why in found.why
    assert any("CONNECT" in line for line in found.timeline)


def test_without_a_key_log_nobody_is_to_blame(tmp_path: Path) -> None:
    hidden = "env -u SSLKEYLOGFILE"
    client = Member("client", command=f"{hidden} {PROGRAM}")
    server = Member("server", command=f"{hidden} WT_FAULT=drops-datagrams {PROGRAM}")
    (found,) = played(tmp_path, client, server, "datagrams")
    assert (found.outcome, found.blame, found.dialect) == (Outcome.FAIL, "", "")


def test_no_common_dialect_is_nobodys_fault(tmp_path: Path) -> None:
    """Each insists on its own family, as stacks of one draft do."""
    old, new = speaking(tmp_path, "h3-07"), speaking(tmp_path, "h3-16")
    (found,) = played(tmp_path, old, new, "handshake")
    assert (found.outcome, found.blame) == (Outcome.NO_DIALECT, "")
    assert found.why == "the client speaks h3-07, the server h3-16"


def speaking(folder: Path, dialect: str) -> Member:
    """A program that speaks this one alone, whatever it is asked for."""
    program = folder / f"speaks-{dialect}"
    program.write_text(f"#!/bin/sh\nWT_DIALECTS={dialect} exec {PROGRAM}\n")
    program.chmod(0o700)
    return Member(dialect, command=str(program))


def test_one_that_does_not_start_is_not_judged(tmp_path: Path) -> None:
    found = played(tmp_path, HONEST, Member("absent", command="/no/such/program"), "handshake")
    assert [one.outcome for one in found] == [Outcome.NOT_STARTED]
    assert "/no/such/program" in found[0].why


def test_what_a_party_does_not_have_is_not_asked_of_it(tmp_path: Path) -> None:
    hello = '{"event":"hello","contract":1,"name":"poor","version":"1","roles":["client"]}'
    program = tmp_path / "poor"
    program.write_text(f"#!/bin/sh\necho '{hello}'\ncat > /dev/null\n")
    program.chmod(0o700)
    poor = Member("poor", command=str(program))
    found = played(tmp_path, poor, HONEST, "drain")
    assert (found[0].outcome, found[0].why) == (Outcome.UNSUPPORTED, "the client has no drain")


def test_programs_meet_without_the_library_for_containers(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['docker'] = None;"
        "from wtspec.suite.commands.main import main; main()"
    )
    words = ("interop", "--clients", "reference", "--servers", "reference")
    done = subprocess.run(
        [sys.executable, "-c", script, *words, "--scenario", "handshake", "--html", "m.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 ✓ h3-16" in done.stdout
    assert "1 ✓ h3-16" in (tmp_path / "m.html").read_text()
