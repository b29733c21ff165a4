"""Images against images: pairs side by side, each on networks of its own, test cases one by one."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import product

from wtspec.implementations.claim import EngineTrouble
from wtspec.implementations.docker_engine import Engine
from wtspec.implementations.interop_images.declining import (
    DECLINED,
    NONSENSE,
    doubt,
    is_believed,
)
from wtspec.implementations.interop_images.ground import Ground, ground
from wtspec.implementations.interop_images.left import Left
from wtspec.implementations.interop_images.stage import Cast, Halted, Run
from wtspec.implementations.interop_images.testcases import HANDSHAKE, TESTCASES, Testcase, task
from wtspec.implementations.interop_images.verdict import Verdict, judged
from wtspec.implementations.pairing.links import carries_all, is_certain
from wtspec.implementations.pairing.outcome import Outcome, Result
from wtspec.implementations.pairing.playing import PACKETS, findings, timeline
from wtspec.suite.bystander.exchange import read
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.dialect import Side
from wtspec.suite.network import pcapng

Hear = Callable[[Result], None]
# Exit statuses for a test case that nobody has: one probe for each image and side.
_Probed = dict[tuple[str, Side], int | None]

_PROBE_S = 15.0


@dataclass(frozen=True, slots=True)
class InteropImage:
    """One that takes part, and under which name."""

    name: str
    image: str


@dataclass(frozen=True, slots=True)
class Play:
    """A test case over a link; `seed` makes names, bytes, and what chance does to packets."""

    case: Testcase
    link: str
    seed: int


@dataclass(frozen=True, slots=True)
class Programme:
    """What every pair plays. `repeats`: runs over a link that leaves something to chance."""

    cases: tuple[Testcase, ...]
    links: tuple[str, ...] = ("clean",)
    repeats: int = 10
    seed: int = 0

    def plays(self) -> Iterator[Play]:
        """In order. A datagram is sent once, so these cases need a link that loses nothing."""
        for link, case in product(self.links, self.cases):
            if not (case.needs_every_packet and not carries_all(link)):
                for number in range(1 if is_certain(link) else self.repeats):
                    yield Play(case, link, self.seed + number)


@dataclass(frozen=True, slots=True)
class Tour:
    """`forwarder`: the image of our own part; `at_once`: pairs side by side."""

    clients: tuple[InteropImage, ...]
    servers: tuple[InteropImage, ...]
    programme: Programme
    forwarder: str
    at_once: int = 2

    async def run(self, owner: str, hear: Hear) -> None:
        """`hear` gets every result as it comes."""
        lanes = asyncio.Semaphore(self.at_once)
        halt = threading.Event()
        known: _Probed = {}

        async def one(client: InteropImage, server: InteropImage) -> None:
            async with lanes:
                match = _Match({Side.CLIENT: client, Side.SERVER: server}, self, halt, known)
                try:
                    with ExitStack() as kept:
                        engine = await asyncio.to_thread(Engine)
                        kept.callback(engine.close)
                        where = await asyncio.to_thread(kept.enter_context, ground(engine, owner))
                        for play in self.programme.plays():
                            hear(await match.played(where, play))
                except EngineTrouble as trouble:  # there is no place to meet in
                    for play in self.programme.plays():
                        hear(match.not_started(play, trouble))

        async with asyncio.TaskGroup() as group:
            for client, server in product(self.clients, self.servers):
                group.create_task(one(client, server))


class _Match:
    """One pair."""

    def __init__(
        self,
        members: Mapping[Side, InteropImage],
        tour: Tour,
        halt: threading.Event,
        probed: _Probed,
    ) -> None:
        self._members = members
        self._tour = tour
        self._halt = halt
        self._probed = probed
        self._handshake: Left | None = None

    async def played(self, where: Ground, play: Play) -> Result:
        """In a thread, which nobody can cancel: it is told to end, and awaited."""
        work = asyncio.ensure_future(asyncio.to_thread(self._play, where, play))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._halt.set()
            await asyncio.wait((work,))
            with suppress(Halted):
                work.result()
            raise

    def _play(self, where: Ground, play: Play) -> Result:
        try:
            left = self._perform(where, play)
            declined = self._declined(where, left)
        except EngineTrouble as trouble:
            return self.not_started(play, trouble)
        exchange = read(left.packets, left.secrets)
        verdict = declined or judged(
            task(play.case, play.seed), left, exchange, carries_all=carries_all(play.link)
        )
        return Result(
            *self._head(play),
            verdict.outcome,
            verdict.why,
            verdict.blame,
            verdict.deliveries,
            duration_s=left.duration_s,
            dialect=_dialect(exchange),
            findings=findings(exchange),
            timeline=timeline(exchange) if verdict.outcome is Outcome.FAIL else (),
            evidence=lambda: _evidence(left),
        )

    def not_started(self, play: Play, trouble: EngineTrouble) -> Result:
        return Result(*self._head(play), Outcome.NOT_STARTED, str(trouble))

    def _head(self, play: Play) -> tuple[str, str, str, str]:
        names = [self._members[side].name for side in (Side.CLIENT, Side.SERVER)]
        return play.case.name, names[0], names[1], play.link

    def _perform(self, where: Ground, play: Play) -> Left:
        images = {side: one.image for side, one in self._members.items()}
        cast = Cast(images, self._tour.forwarder, {})
        left = Run(where, cast, self._halt).perform(
            task(play.case, play.seed), play.link, play.seed
        )
        if play.case.name == HANDSHAKE:
            self._handshake = left
        return left

    def _declined(self, where: Ground, left: Left) -> Verdict | None:
        """None: neither declined."""
        for side, ending in left.endings.items():
            if ending.status == DECLINED:
                nonsense, handshake = self._nonsense(where, side), self._of_handshake(where, side)
                if is_believed(nonsense, handshake):
                    return Verdict(Outcome.UNSUPPORTED, f"the {side} declines it")
                return Verdict(Outcome.NOT_STARTED, doubt(str(side), nonsense), str(side))
        return None

    def _nonsense(self, where: Ground, side: Side) -> int | None:
        image = self._members[side].image
        if (image, side) not in self._probed:
            cast = Cast({side: image}, self._tour.forwarder, {side: NONSENSE}, _PROBE_S)
            left = Run(where, cast, self._halt).perform(task(TESTCASES[HANDSHAKE], 0), "clean", 0)
            self._probed[image, side] = left.endings[side].status
        return self._probed[image, side]

    def _of_handshake(self, where: Ground, side: Side) -> int | None:
        if self._handshake is None:
            self._perform(where, Play(TESTCASES[HANDSHAKE], "clean", 0))
        assert self._handshake is not None
        return self._handshake.endings[side].status


def _dialect(exchange: Exchange) -> str:
    """The newest that the wire allows."""
    agreed = [one.negotiation.names for one in exchange.connections if one.negotiation.names]
    return agreed[0][0] if agreed else ""


def _evidence(left: Left) -> dict[str, bytes]:
    packets = pcapng.write(
        left.packets, left.secrets.strip(), received=len(left.packets), dropped=0
    )
    return {PACKETS: packets, **{f"{side}.txt": said for side, said in left.outputs.items()}}
