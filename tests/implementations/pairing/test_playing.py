"""Our reference as both parties, as processes, over a relay: honest, and with faults."""

import asyncio
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


@pytest.mark.parametrize("link", [name for name in LINKS if name != "clean"])
def test_a_link_that_harms_no_honest_one(tmp_path: Path, link: str) -> None:
    found = played(tmp_path, HONEST, HONEST, "echo-bidi", "server-closes", link=link, repeats=2)
    assert {one.outcome for one in found} == {Outcome.PASSED}
    assert len(found) == (2 if is_certain(link) else 4)
    assert described(LINKS[link])


@pytest.mark.parametrize(
    ("client", "server", "scenario"),
    [
        (HONEST, faulty("sends-codes-unmapped"), "server-resets"),
        (faulty("reports-codes-one-off"), HONEST, "server-resets"),
        (HONEST, faulty("drops-datagrams"), "datagrams"),
        (faulty("hides-drain"), HONEST, "drain"),
        (faulty("reports-close-codes-of-eight-bits"), HONEST, "server-closes"),
        (HONEST, faulty("names-every-common-protocol"), "protocols"),
    ],
    ids=str,
)
def test_a_fault_shows(tmp_path: Path, client: Member, server: Member, scenario: str) -> None:
    (found,) = played(tmp_path, client, server, scenario)
    assert found.outcome is Outcome.FAIL
    assert found.why


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
