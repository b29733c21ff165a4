"""Proving that something did not happen: never by waiting alone."""

from collections.abc import Awaitable, Callable

from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.interruption import PremiseMissing
from wtspec.suite.peer.outlet import Outlet
from wtspec.suite.signal import Absent, Reaction, Signal

PLACE = "connection"


class Absence:
    """Looks for a signal, at any place, among what was seen since a mark."""

    def __init__(self, bench: Bench, what: Signal, since: int) -> None:
        self._bench = bench
        self._what = what
        self._since = since
        self._proved = Reaction(PLACE, (Absent(type(what).__name__),))

    def look(self) -> Signal | None:
        fresh = (one for _, one in self._bench.seen[self._since :] if self._what.matches(one))
        return next(fresh, None)

    async def before(self, release: Callable[[], Awaitable[None]], quiet_s: float) -> Reaction:
        """Quiet first; then the release must let it happen, else the quiet proves nothing."""
        bench = self._bench
        found = await bench.bell.until(self.look, quiet_s)
        if found is not None:
            return Reaction(PLACE, (found,))
        bench.timeline.note(f"nothing for {quiet_s:g} s")
        await release()
        if await bench.bell.until(self.look, bench.patience.step_s) is None:
            raise PremiseMissing(f"no {type(self._what).__name__} after the release either")
        return self._proved

    async def after(self, barrier: Callable[[], Awaitable[bool]], outlet: Outlet) -> Reaction:
        """A barrier passes, then what was seen decides."""
        passed = await barrier()
        seen = tuple(one for one in (self.look(), outlet.closed) if one is not None)
        if seen:
            return Reaction(PLACE, seen)
        if not passed:
            raise PremiseMissing("the barrier did not pass, so that nothing is proved")
        return self._proved
