"""Scenarios are played: what came of each, and who is to blame where the wire tells."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from wtspec.implementations.pairing.links import LINKS
from wtspec.implementations.pairing.meeting import Pair
from wtspec.implementations.pairing.outcome import Delivery, Outcome, Party, Result
from wtspec.implementations.pairing.scenarios import Scenario
from wtspec.implementations.pairing.talk import Failed, Overdue
from wtspec.suite.endpoint.interface import EndpointGone
from wtspec.suite.network.capture import Capture


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario over a link; `seed` decides what chance does to packets."""

    scenario: Scenario
    link: str = "clean"
    seed: int = 0


async def play(pair: Pair, what: Play, names: tuple[str, str]) -> Result:
    """One run of it; `names` of client and server."""
    began_s = time.monotonic()
    lacking = _lacking(pair, what.scenario)
    found: tuple[Outcome, str, Sequence[Delivery], str]
    if lacking:
        found = (Outcome.UNSUPPORTED, lacking, (), "")
    else:
        found = await _played(pair, what)
    outcome, why, deliveries, blame = found
    return Result(
        what.scenario.name,
        *names,
        what.link,
        outcome,
        why,
        blame,
        tuple(deliveries),
        time.monotonic() - began_s,
    )


def _lacking(pair: Pair, scenario: Scenario) -> str:
    """Which of the two says that it does not have what the scenario needs; "" for neither."""
    parties = ((pair.client, scenario.client), (pair.server, scenario.server))
    for endpoint, needed in parties:
        if missing := needed - endpoint.hello.features:
            return f"the {endpoint.role} has no {' '.join(sorted(missing))}"
    if pair.server.path_of(scenario.path) is None:
        return f"the server has no {scenario.path}"
    for command in scenario.commands:
        if command in pair.client.hello.unsupported:
            return f"the client has no `{command}`"
    return ""


async def _played(pair: Pair, what: Play) -> tuple[Outcome, str, Sequence[Delivery], str]:
    capture = Capture(epoch_s=time.time() - asyncio.get_running_loop().time())
    try:
        async with pair.meeting(LINKS[what.link], what.seed, capture) as meeting:
            deliveries = await what.scenario.script(meeting)
    except (Failed, Overdue, EndpointGone) as error:
        spoken = [set(one.hello.dialects) for one in (pair.client, pair.server)]
        if all(spoken) and not spoken[0] & spoken[1] and not _who_is_gone(pair):
            client, server = (" ".join(sorted(one)) for one in spoken)
            return Outcome.NO_DIALECT, f"the client speaks {client}, the server {server}", (), ""
        return Outcome.FAIL, str(error), (), _who_is_gone(pair)
    for one in deliveries:
        if one.is_missing:
            blame = "" if one.blame is None else str(one.blame)
            return Outcome.FAIL, f"{one.what}, from the {one.sender}: missing", deliveries, blame
    return Outcome.PASSED, "", deliveries, ""


def _who_is_gone(pair: Pair) -> str:
    """A program that ended is to blame, whatever the other did."""
    gone = [
        str(party)
        for party, endpoint in ((Party.CLIENT, pair.client), (Party.SERVER, pair.server))
        if endpoint.ended() is not None
    ]
    return gone[0] if len(gone) == 1 else ""
