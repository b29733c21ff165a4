"""Our side of `check-endpoint`: the reference, lenient, and a wire that can be read afterwards."""

from collections.abc import Sequence

from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.rules import HONEST
from wtspec.suite.bystander.exchange import read
from wtspec.suite.bystander.facts import Exchange
from wtspec.suite.dialect import Announcement, Side
from wtspec.suite.network.capture import Capture
from wtspec.suite.network.link import Addr
from wtspec.suite.network.relay import Relay
from wtspec.suite.network.udp import UdpNetwork

_MOST_LINES = 4


class TakesWhatItGets(NegotiationRules):
    """Nothing that can be done without is required.

    What a draft makes of a peer that does not announce all that is due, cases judge; whoever is
    refused for it would learn nothing of the program around its library.
    """

    def requires(self, announcement: Announcement) -> bool:  # noqa: ARG002 - it is the same of all
        return False


LENIENT = HONEST.overridden(TakesWhatItGets())


class Wire:
    """A relay before a server, at `address`, that keeps the packets.

    `keys`: the lines of our side's key log, as far as there are any yet.
    """

    def __init__(self, server: Addr, host: str, keys: Sequence[str]) -> None:
        self._keys = keys
        self._capture = Capture()
        self._relay = Relay(UdpNetwork(), server, local=(host, 0), capture=self._capture)
        self.address = self._relay.address

    def close(self) -> None:
        self._relay.close()

    @property
    def mark(self) -> int:
        """Now, for `lines`."""
        return len(self._capture.packets)

    def exchange(self) -> Exchange:
        """Everything that has passed so far."""
        return read(self._capture.packets, "\n".join(self._keys).encode())

    def lines(self, side: Side, since: int) -> tuple[str, ...]:
        """The last that this side said, after a mark, for people."""
        packets = self._capture.packets
        if since >= len(packets):
            return ()
        from_s = packets[since].time_s - packets[0].time_s
        said = [one for one in self.exchange().lines if one.side is side and one.time_s >= from_s]
        return tuple(map(str, said[-_MOST_LINES:]))
