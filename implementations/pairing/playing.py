"""Scenarios are played: what came of each, and who is to blame where the wire tells."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wtspec.implementations.pairing.links import LINKS, carries_all
from wtspec.implementations.pairing.meeting import Pair
from wtspec.implementations.pairing.outcome import Delivery, Outcome, Result
from wtspec.implementations.pairing.scenarios import Scenario
from wtspec.implementations.pairing.talk import Failed, Overdue
from wtspec.suite.bystander.exchange import read
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.bystander.negotiation import State
from wtspec.suite.endpoint.interface import EndpointGone
from wtspec.suite.network.capture import Capture
from wtspec.suite.requirements import ledger

PACKETS = "packets.pcapng"
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class Play:
    """A scenario over a link; `seed` decides what chance does to packets."""

    scenario: Scenario
    link: str = "clean"
    seed: int = 0


async def play(pair: Pair, what: Play, names: tuple[str, str]) -> Result:
    """One run of it; `names` of client and server."""
    began_s = time.monotonic()
    name = what.scenario.name
    if lacking := _lacking(pair, what.scenario):
        return Result(name, *names, what.link, Outcome.UNSUPPORTED, lacking)
    capture = Capture(epoch_s=time.time() - asyncio.get_running_loop().time())
    deliveries: Sequence[Delivery] = ()
    broken = ""
    async with pair.meeting(LINKS[what.link], what.seed, capture) as meeting:
        try:
            deliveries = await what.scenario.script(meeting)
        except (Failed, Overdue, EndpointGone) as error:
            broken = str(error)
    exchange = await asyncio.to_thread(_read, pair, capture)
    found = tuple(one.on(exchange) for one in deliveries)
    seen = Evidence(found, broken, exchange, carries_all(what.link))
    outcome, why, blame = judged(seen, pair)
    result = Result(name, *names, what.link, outcome, why, blame, seen.deliveries)
    return replace(
        result,
        duration_s=time.monotonic() - began_s,
        dialect=_dialect(pair, exchange),
        findings=findings(exchange),
        timeline=timeline(exchange) if result.outcome is Outcome.FAIL else (),
        evidence=lambda: {PACKETS: capture.pcapng(pair.secrets())},
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one run left. `broken`: why the script could not go on; "" where it came to its end.

    `carries_all`: the link loses nothing.
    """

    deliveries: tuple[Delivery, ...]
    broken: str
    exchange: Exchange
    carries_all: bool


def judged(seen: Evidence, pair: Pair) -> tuple[Outcome, str, str]:
    """The outcome, why, and the party to blame ("" for undecided)."""
    missing = next((one for one in seen.deliveries if one.is_missing), None)
    if missing is None and not seen.broken:
        return Outcome.PASSED, "", ""
    gone = _who_is_gone(pair)
    if not gone and (speech := _no_dialect(pair, seen)):
        return Outcome.NO_DIALECT, speech, ""
    why = seen.broken
    blame = gone
    if missing is not None:
        why = str(missing)
        # What was sent may have been lost on the way, and that again each time.
        is_decided = seen.carries_all or not missing.sent
        blame = blame or (str(missing.blame or "") if is_decided else "")
    if first := next(iter(seen.exchange.findings), None):
        where = ledger.load()[first.requirement].citation
        why += f"; on the wire the {first.side} first broke {first.requirement}: {first.what}"
        why += f" ({where})"
        # Where a delivery is missing, the wire was asked for just that.
        blame = blame or (str(first.side) if seen.broken else "")
    return Outcome.FAIL, why, blame


def _no_dialect(pair: Pair, seen: Evidence) -> str:
    """Why nobody is to blame for a session that there is not; "" where somebody may be."""
    states = {one.negotiation.state for one in seen.exchange.connections}
    claimed = [set(one.hello.dialects) for one in (pair.client, pair.server)]
    is_disjoint = all(claimed) and not claimed[0] & claimed[1]
    if seen.broken and (states == {State.NONE} or (State.AGREED not in states and is_disjoint)):
        client, server = (" ".join(sorted(one)) or "unknown" for one in claimed)
        return f"the client speaks {client}, the server {server}"
    return ""


def _dialect(pair: Pair, exchange: Exchange) -> str:
    """The newest that both claim, among those that the wire allows; else the newest of these."""
    agreed = [one.negotiation for one in exchange.connections if one.negotiation.names]
    if not agreed:
        return ""
    names = agreed[0].names
    claimed = {*pair.client.hello.dialects} & {*pair.server.hello.dialects}
    return next((one for one in names if one in claimed), names[0])


def _read(pair: Pair, capture: Capture) -> Exchange:
    """In a thread: key logs are fetched from containers, and a long capture takes its time."""
    return read(capture.packets, pair.secrets())


def findings(exchange: Exchange) -> tuple[str, ...]:
    """What the wire shows to be broken, a line each."""
    return tuple(f"{one.side}: {one.requirement}, {one.what}" for one in exchange.findings)


def timeline(exchange: Exchange) -> tuple[str, ...]:
    """Its beginning and its end."""
    lines = [str(one) for one in exchange.lines]
    left_out = len(lines) - 2 * _SHOWN_LINES
    if left_out <= 0:
        return tuple(lines)
    return (*lines[:_SHOWN_LINES], f"… {left_out} lines", *lines[-_SHOWN_LINES:])


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


def _who_is_gone(pair: Pair) -> str:
    """A program that ended is to blame, whatever the other did."""
    gone = [
        str(endpoint.role)
        for endpoint in (pair.client, pair.server)
        if endpoint.ended() is not None
    ]
    return gone[0] if len(gone) == 1 else ""
