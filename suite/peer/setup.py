"""What a Peer is given, and how it makes connections out of it."""

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any

from wtspec.suite.dialect import Dialect, Side
from wtspec.suite.endpoint.configuration import Configuration
from wtspec.suite.endpoint.interface import Endpoint, Role
from wtspec.suite.network.link import Network
from wtspec.suite.network.path import CLEAN, Path
from wtspec.suite.network.virtual import VirtualNetwork
from wtspec.suite.peer.api import Api
from wtspec.suite.peer.bench import Bench
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.manners import Manners
from wtspec.suite.peer.packets import Packets
from wtspec.suite.quic.connection import Connection
from wtspec.suite.quic.identity import Identity, ed25519, shown_to_real_clients
from wtspec.suite.quic.options import QuicOptions

# Our side of a connection's and a session's beginning, as the timeline tells it.
_OPENING = ("CONTROL", "QPACK_ENCODER", "QPACK_DECODER", "HEADERS")


@dataclass(slots=True)
class Setup:
    """Shared by the Peer, its sessions and the side that opens them.

    `changes` edit the QuicOptions of connections that are made later. `connections` has every one,
    those that a client opened unasked included. `is_first`: no other Peer of the cell was before.
    `session_count`: those that the script began, whatever became of them.
    """

    endpoint: Endpoint
    network: Network
    dialect: Dialect
    configuration: Configuration
    path: Path
    bench: Bench
    api: Api
    seed: int
    cell: str
    manners: Manners = field(default_factory=Manners)
    changes: dict[str, Any] = field(default_factory=dict)
    connections: list[Http3Connection] = field(default_factory=list)
    packets: Packets = field(init=False)
    is_first: bool = True
    session_count: int = 0

    def __post_init__(self) -> None:
        is_server = self.endpoint.role is Role.SERVER
        self.packets = Packets(self.bench.timeline, self.endpoint.address if is_server else None)

    @property
    def our_side(self) -> Side:
        return Side.CLIENT if self.endpoint.role is Role.SERVER else Side.SERVER

    @property
    def host_name(self) -> str | None:
        """The server's name where it has one; TLS names no addresses (RFC 6066 section 3)."""
        name = getattr(self.endpoint, "host", None)
        return None if name is None or is_address(name) else str(name)

    @property
    def _has_honest_transport(self) -> bool:
        """Nothing of QUIC is edited, and the path is clean."""
        return self.path == CLEAN and not self.changes

    @property
    def is_handshake_stuck(self) -> bool:
        """One is under way, though its transport is honest."""
        stuck = (not one.is_ready and one.closed is None for one in self.connections)
        return self._has_honest_transport and any(stuck)

    @property
    def is_untouched(self) -> bool:
        """So far there was one opening without edits: nothing that the endpoint could mind."""
        is_plain = self._has_honest_transport and self.manners.are_plain
        if not (self.is_first and self.session_count == 1 and is_plain):
            return False
        moments = self.bench.timeline.moments
        sent = [one for one in moments if one.direction == "sent" and one.where != "packet"]
        is_opening = all(one.what.startswith(_OPENING) for one in sent)
        return is_opening and len(sent) <= len(_OPENING)

    def identity(self) -> Identity:
        """Fixed sizes in the simulation; what real clients take elsewhere."""
        if isinstance(self.network, VirtualNetwork):
            return ed25519()
        return shown_to_real_clients(self.endpoint.address[0])

    def options(self) -> QuicOptions:
        """Honest ones for the dialect, then edited."""
        honest = QuicOptions()
        if not self.dialect.reset_stream_at:
            honest = replace(honest, reset_stream_at=())
        if self.our_side is Side.SERVER:
            honest = replace(honest, identity=self.identity())
        else:
            honest = replace(honest, server_name=self.host_name)
        return replace(honest, **self.changes)

    def adopt(self, quic: Connection, on_request: Any = None) -> Http3Connection:
        """Speak HTTP/3 on a connection, from its first event on."""
        settings = self.manners.settings(self.dialect, self.our_side, self.configuration.ours)
        connection = Http3Connection(
            quic,
            self.bench,
            self.manners.withheld,
            our_settings=settings,
            resets_at=self.dialect.reset_stream_at,
            on_request=on_request,
        )
        self.connections.append(connection)
        return connection


def is_address(host: str) -> bool:
    """Whether it is an IP literal rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
