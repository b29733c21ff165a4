"""What the layers above send on one QUIC connection, with the decisions about its form applied.

Nothing leaves before the loop's turn ends, so that what one call of an application makes travels
together; what answers a packet leaves when the engine has read all of that packet.
"""

import asyncio

from wtspec.implementations.reference.backpressure import Backpressure
from wtspec.implementations.reference.life import Life
from wtspec.implementations.reference.rules import Rules
from wtspec.suite.quic.connection import Connection as QuicConnection
from wtspec.suite.wire import varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamKind

# A DATAGRAM frame without a length (RFC 9221 section 4).
_DATAGRAM_TO_THE_END = 0x30
# What any packet has room for, whatever its header takes.
_PACKET_BYTES = 1000


class Outlet:
    """Sends for one connection.

    `peer_resets_at`: the peer announced RESET_STREAM_AT. `resets_reliably`: the dialect asks for it
    too, so that abandoned streams still deliver their header.
    """

    def __init__(self, quic: QuicConnection, rules: Rules, life: Life) -> None:
        self.quic = quic
        self.backpressure = Backpressure(quic)
        self.rules = rules
        self.life = life
        self.peer_resets_at = False
        self.resets_reliably = False
        self._flush_is_due = False
        self._closed = False
        self._dropped: set[int] = set()

    def open_stream(self, kind: StreamKind) -> int:
        waits = self.quic.streams_left(kind.value) <= 0
        stream_id = self.quic.open_stream(kind.value)
        if waits and self.rules.quic.drops_streams_that_wait():
            self._dropped.add(stream_id)
        return stream_id

    def send(self, stream_id: int, data: bytes, *, finish: bool = False) -> None:
        if self._closed or stream_id in self._dropped:
            return
        if self.rules.quic.cuts_at_credit(len(data)):
            data = data[: self.quic.send_credit(stream_id)]
        pieces = self.rules.quic.writes(data)
        for piece in pieces[:-1]:
            self.quic.send(stream_id, piece)
            self.quic.flush()
        self.quic.send(stream_id, pieces[-1], finish=finish)
        self._touch()

    def reset(self, stream_id: int, code: int, *, reliable_size: int = 0) -> None:
        """Abandon our sending side; the first `reliable_size` bytes still arrive."""
        if self._closed:
            return
        code = self.rules.quic.reset_code(code)
        if reliable_size and self.resets_reliably and self.rules.streams.resets_reliably():
            size = self.rules.streams.reliable_size(reliable_size)
            self.quic.reset_at(stream_id, code, size)
        else:
            self.quic.reset(stream_id, code)
        self._touch()

    def stop(self, stream_id: int, code: int) -> None:
        """Ask the peer to stop sending."""
        if self._closed:
            return
        self.quic.stop(stream_id, self.rules.quic.stop_code(code))
        self._touch()

    def abort(self, stream_id: int, code: int) -> None:
        """Both directions of a bidirectional stream."""
        self.reset(stream_id, code)
        self.stop(stream_id, code)

    def datagram(self, data: bytes) -> bool:
        if self._closed:
            return False
        sent = self.quic.send_datagram(data)
        if not sent:
            self._refused(data)
        again_s = self.rules.datagrams.repeated_after_s()
        if again_s is not None:
            asyncio.get_running_loop().call_later(again_s, self.quic.send_datagram, data)
        self._touch()
        return sent

    def _refused(self, data: bytes) -> None:
        """A datagram that does not fit, or that the peer does not take."""
        if not self.rules.datagrams.heeds_limit() and len(data) < _PACKET_BYTES:
            self.quic.send_packet(varint.encode(_DATAGRAM_TO_THE_END) + data)
        if self.rules.datagrams.minds_refusal():
            self.close(H3.INTERNAL_ERROR, "a datagram does not fit")

    def close(self, code: int, reason: str = "", *, transport: bool = False) -> None:
        """CONNECTION_CLOSE, as a rule with an application code; nothing is sent afterwards."""
        if self._closed:
            return
        self._closed = True
        self.quic.flush()
        self.quic.close(code, reason, transport=transport)
        self.quic.flush()

    def fall_silent(self) -> None:
        """Stop answering without a close, for ever."""
        self._closed = True
        self.quic.flush()
        self.quic.abandon()

    @property
    def is_released(self) -> bool:
        return self.quic.is_released

    def release(self) -> None:
        """Free the timer and the link at once; a close that is lost is not repeated."""
        self._closed = True
        self.quic.release()

    def ended(self) -> None:
        """The connection is over: later calls do nothing."""
        self._closed = True

    def _touch(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if not self._closed:
            self.quic.flush()
