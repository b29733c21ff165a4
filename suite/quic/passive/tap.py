"""Datagrams in the order of their capture, to the events of their connections."""

from collections.abc import Iterator
from functools import partial

from wtspec.suite.network.link import Addr
from wtspec.suite.network.pcapng import Packet
from wtspec.suite.quic.passive import packets
from wtspec.suite.quic.passive.connection import TappedConnection
from wtspec.suite.quic.passive.events import OTHER, Seen, Sender
from wtspec.suite.quic.passive.keys import KeyLog, Level, initial_keys
from wtspec.suite.quic.passive.packets import LongPacket, Passed, ShortPacket

_MOST_CONNECTIONS = 1024
_MOST_IDS = 1 << 16


class Tap:
    """Tells connections apart by their connection IDs and, where those say nothing, addresses.

    A connection begins with an Initial packet that opens as a client's. Its target is the server
    from then on: whatever comes from there is the server's, whatever port the client moves to.
    `passed_over` counts what belongs to no connection here, by reason.
    """

    def __init__(self, secrets: bytes) -> None:
        self.connections: list[TappedConnection] = []
        self.passed_over: dict[str, int] = {}
        self._log = KeyLog(secrets)
        self._servers: set[Addr] = set()
        self._by_id: dict[tuple[Sender, bytes], TappedConnection] = {}
        self._lengths: dict[Sender, set[int]] = {"client": set(), "server": set()}
        self._by_addresses: dict[tuple[Addr, Addr], TappedConnection] = {}

    def datagram(self, captured: Packet) -> Iterator[Seen]:
        sender: Sender = "server" if captured.source in self._servers else "client"
        ends = (captured.source, captured.destination)
        client, server = ends if sender == "client" else ends[::-1]
        for packet in packets.split(captured.data):
            match packet:
                case Passed(why):
                    self._pass(why)
                case LongPacket():
                    connection = self._find_long(packet, sender, client, server)
                    if connection is None:
                        self._pass("no connection begins here")
                        return
                    yield from self._long(connection, captured.time_s, sender, packet)
                case ShortPacket(data):
                    yield from self._short(captured.time_s, sender, data, (client, server))

    def finish(self) -> Iterator[Seen]:
        """The capture ends here."""
        for connection in self.connections:
            yield from connection.finish()

    def _pass(self, why: str) -> None:
        self.passed_over[why] = self.passed_over.get(why, 0) + 1

    def _find_long(
        self, packet: LongPacket, sender: Sender, client: Addr, server: Addr
    ) -> TappedConnection | None:
        found = self._by_id.get((OTHER[sender], packet.destination_id))
        if found is not None:
            return found
        if packet.level is Level.INITIAL and sender == "client":
            found = self._begun(packet, client, server)
        return found or self._by_addresses.get((client, server))

    def _begun(self, packet: LongPacket, client: Addr, server: Addr) -> TappedConnection | None:
        """A new connection, unless a Retry has only sent the client of one elsewhere."""
        keys = initial_keys(packet.destination_id, "client")
        if keys.open(packet.data, packet.number_offset, -1) is None:
            return None
        known = self._by_id.get(("client", packet.source_id)) if packet.source_id else None
        if known is None and len(self.connections) < _MOST_CONNECTIONS:
            index = len(self.connections)
            note = partial(self._note_id, index)
            known = TappedConnection(index, packet.destination_id, self._log, note)
            self.connections.append(known)
        if known is not None:
            self._servers.add(server)
            self._by_addresses[client, server] = known
            # Until the server has one of its own, packets to it carry this ID.
            self._note_id(known.index, "server", packet.destination_id)
        return known

    def _long(
        self, connection: TappedConnection, time_s: float, sender: Sender, packet: LongPacket
    ) -> Iterator[Seen]:
        connection.halves[sender].id_bytes = len(packet.source_id)
        self._note_id(connection.index, sender, packet.source_id)
        found = (packet.data, packet.number_offset)
        if packet.level is Level.INITIAL:
            yield from connection.initial(time_s, sender, packet.destination_id, found)
        else:
            yield from connection.packet(time_s, sender, packet.level, *found)

    def _short(
        self, time_s: float, sender: Sender, data: bytes, ends: tuple[Addr, Addr]
    ) -> Iterator[Seen]:
        receiver = OTHER[sender]
        length: int | None
        for length in sorted(self._lengths[receiver], reverse=True):
            connection = self._by_id.get((receiver, data[1 : 1 + length]))
            if connection is not None:
                break
        else:
            length, connection = None, self._by_addresses.get(ends)
        if connection is None:
            self._pass("no connection has this ID")
            return
        self._by_addresses[ends] = connection
        offset = None if length is None else 1 + length
        yield from connection.packet(time_s, sender, Level.ONE_RTT, data, offset)

    def _note_id(self, index: int, owner: Sender, connection_id: bytes) -> None:
        if connection_id and len(self._by_id) < _MOST_IDS:
            self._by_id.setdefault((owner, connection_id), self.connections[index])
            self._lengths[owner].add(len(connection_id))
