"""The engine: aioquic's connection, with the rules of the suite put in its place.

Nothing is patched; the library's class is subclassed and its private names are overridden or
read. `PRIVATE` lists every one of them with the reason, tests/suite/quic/test_shim_contract.py
and its twin hold one test per name, and a newer aioquic is taken only when those pass.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from aioquic import tls
from aioquic.buffer import Buffer, size_uint_var  # type: ignore[attr-defined] # its re-export
from aioquic.quic import events as library
from aioquic.quic.connection import (
    QuicConnection,
    QuicConnectionError,
    QuicNetworkPath,
    QuicReceiveContext,
)
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicDeliveryState, QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream

from wtspec.suite.quic import events
from wtspec.suite.quic.configure import Unpaced, configuration
from wtspec.suite.quic.credit import Credit
from wtspec.suite.quic.errors import QuicMisuse
from wtspec.suite.quic.events import RESET_STREAM, RESET_STREAM_AT
from wtspec.suite.quic.identity import fingerprint_sha256
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.raw_frames import write_raw, write_reset_stream_at
from wtspec.suite.quic.streams import Stream, StreamTable
from wtspec.suite.wire import transport_parameters, varint
from wtspec.suite.wire.errors import TransportParameterError
from wtspec.suite.wire.transport_parameters import Parameter

PRIVATE: Mapping[str, str] = MappingProxyType(
    {
        # of the connection: overridden
        "_initialize": "offer X25519 only: three other key pairs cost a millisecond a handshake",
        "_serialize_transport_parameters": "replace, withhold, append and duplicate parameters",
        "_parse_transport_parameters": "keep the peer's list, of which the library loses a part",
        "_handle_reset_stream_frame": "both resets share the library's checks",
        "_handle_stream_frame": "the last reliable byte completes an announced reset",
        "_write_reset_stream_frame": "write RESET_STREAM_AT, and nothing on a stream not allowed",
        "_write_stop_sending_frame": "nothing on a stream that the peer does not allow yet",
        "_write_connection_limits": "hold MAX_DATA and MAX_STREAMS, or grant them",
        "_write_stream_limits": "hold MAX_STREAM_DATA, or grant it",
        "_write_ack_frame": "hold acknowledgements",
        "_write_datagram_frame": "learn a datagram's fate",
        "_write_application": "send a packet of exactly these frames",
        "_close_begin": "know who closed, and at once, not after the closing period",
        # of the connection: read, called or set
        "_QuicConnection__frame_handlers": "accept frame 0x24",
        "_streams": "the table in which new streams get our classes",
        "_events": "put our events in order with the library's",
        "_get_or_create_stream": "the stream of a received RESET_STREAM_AT",
        "_assert_stream_can_receive": "its direction",
        "_write_stream_frame": "the reliable part goes ahead of its reset, in the same packet",
        "_remote_max_data": "credit left on the connection",
        "_remote_max_data_used": "credit left on the connection",
        "_remote_max_streams_bidi": "streams we may still open",
        "_remote_max_streams_uni": "streams we may still open",
        "_remote_max_datagram_frame_size": "the largest datagram the peer takes",
        "_local_max_data": "set and grant the window",
        "_local_max_stream_data_uni": "a window that is not that of the others",
        "_local_max_streams_bidi": "set and grant the number of streams",
        "_local_max_streams_uni": "set and grant the number of streams",
        "_on_connection_limit_delivery": "repeat a lost MAX_DATA or MAX_STREAMS",
        "_on_max_stream_data_delivery": "repeat a lost MAX_STREAM_DATA",
        "_max_datagram_size": "the size of our packets, and raising it",
        "_peer_cid": "the length of our packet headers; the stateless reset token",
        "_host_cids": "our own stateless reset token",
        "_cryptos": "keys of a raw packet",
        "_spaces": "the packet number space whose acknowledgements are held",
        "_close_event": "code, frame and reason of the end",
        "_close_end": "end at once on a stateless reset",
        "_loss": "round trip time, pacer",
        # of what hangs on it
        "_pacer": "replaced: pacing merges what separate flushes wrote",
        "_rtt_initialized": "whether there is a round trip time yet",
        "_rtt_smoothed": "round trip time",
        "_supported_groups": "of the TLS context: the key shares on offer",
        "_peer_certificate": "of the TLS context: what a pinned hash is compared with",
        "_pending": "of a sender: forget what lies above the Reliable Size",
        "_pending_eof": "of a sender: forget a FIN that the reset replaces",
        "_buffer_fin": "of a sender: whether a FIN was written",
        "_buffer_start": "acknowledged (sender) or delivered (receiver) up to here",
        "_buffer_stop": "of a sender: written up to here",
        "_reset_error_code": "of a sender: whether it was reset",
        "_final_size": "of a receiver: where the stream ends",
    }
)


_APPLICATION_EPOCHS = frozenset({tls.Epoch.ZERO_RTT, tls.Epoch.ONE_RTT})
_RESET_STREAM_AT_PARAMETERS = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
_SHORT_HEADER_BYTES = 3  # first byte and packet number, without the connection ID
_TAG_BYTES = 16
_SHORTEST_STATELESS_RESET = 21


@dataclass(frozen=True, slots=True)
class Ended:
    """What is remembered of a stream whose state the library has dropped."""

    sent_bytes: int
    final_size: int | None
    was_stopped: bool


@dataclass
class Own(library.QuicEvent):
    """One of our events in the library's queue."""

    event: events.Event


class Engine(QuicConnection):
    """One side of a connection without input, output or clock.

    `original_destination_connection_id` makes it a server.
    """

    def __init__(
        self, options: QuicOptions, *, original_destination_connection_id: bytes | None = None
    ) -> None:
        self.is_client = original_destination_connection_id is None
        super().__init__(
            configuration=configuration(options, self.is_client, self._log_key),
            original_destination_connection_id=original_destination_connection_id,
        )
        if options.max_stream_data_uni is not None:
            self._local_max_stream_data_uni = options.max_stream_data_uni
        self.options = options
        self.key_log_lines: list[str] = []
        self.peer_parameters: tuple[tuple[int, bytes], ...] = ()
        self.closer: events.Closer = "idle"
        self.is_closed = False
        self.streams = StreamTable(self._on_discard)
        self.ended: dict[int, Ended] = {}
        self.credit = Credit(
            options, self._local_max_data, self._local_max_streams_bidi, self._local_max_streams_uni
        )
        self._streams = self.streams
        self._raw_packets: deque[tuple[bytes, ...]] = deque()
        self._datagrams_written = 0
        self._holds_acknowledgements = False
        self._loss._pacer = Unpaced(max_datagram_size=options.udp_payload_bytes)  # noqa: SLF001 - in PRIVATE
        if options.reset_stream_at:
            handlers = vars(self)["_QuicConnection__frame_handlers"]
            handlers[RESET_STREAM_AT] = (self._handle_reset_stream_frame, _APPLICATION_EPOCHS)

    # What the suite asks of it

    @property
    def peer_resets_at(self) -> bool:
        """The peer announced RESET_STREAM_AT under one of its two numbers."""
        return any(key in _RESET_STREAM_AT_PARAMETERS for key, _ in self.peer_parameters)

    @property
    def rtt_s(self) -> float | None:
        return self._loss._rtt_smoothed if self._loss._rtt_initialized else None  # noqa: SLF001 - in PRIVATE

    @property
    def packet_room(self) -> int:
        """Bytes of frames that one 1-RTT packet of ours holds."""
        return self._max_datagram_size - _SHORT_HEADER_BYTES - len(self._peer_cid.cid) - _TAG_BYTES

    @property
    def datagram_room(self) -> int:
        """The longest DATAGRAM payload the path and the peer take; negative when there is none.

        The peer's parameter counts the whole frame: type, length and payload (RFC 9221 section 3).
        """
        frame = min(self.packet_room, self._remote_max_datagram_frame_size or 0)
        return next(
            frame - 1 - size for size in (1, 2, 4, 8) if frame - 1 - size < 1 << 8 * size - 2
        )

    @property
    def certificate_hash_sha256(self) -> bytes | None:
        certificate = self.tls._peer_certificate  # noqa: SLF001 - in PRIVATE
        return None if certificate is None else fingerprint_sha256(certificate)

    def connection_credit(self) -> int:
        """Bytes of new stream data that the peer's MAX_DATA still allows, on all streams."""
        return self._remote_max_data - self._remote_max_data_used

    def streams_allowed(self, kind: str) -> int:
        """How many streams of a kind the peer has allowed so far, open and closed ones counted."""
        return self._remote_max_streams_uni if kind == "uni" else self._remote_max_streams_bidi

    def raise_udp_payload(self, size_bytes: int) -> None:
        """Send larger packets from now on; whether the path carries them is not probed."""
        self._max_datagram_size = size_bytes

    def answer_stop(self, stream_id: int) -> None:
        """Reset with the code of the STOP_SENDING, unless the owner has reset or it is all over."""
        stream = self.streams.find(stream_id)
        if stream is not None and stream.sender.stopped_code is not None:
            stream.sender.abort(stream.sender.stopped_code)

    def queue_raw_packet(self, frames: tuple[bytes, ...]) -> None:
        self._raw_packets.append(frames)

    def hold_acknowledgements(self, hold: bool, now: float) -> None:
        """Send no ACK of 1-RTT packets; what is owed at the end of the hold leaves at once."""
        self._holds_acknowledgements = hold
        space = self._spaces.get(tls.Epoch.ONE_RTT)
        if not hold and space is not None and len(space.ack_queue):
            space.ack_at = now

    def notice_stateless_reset(self, data: bytes) -> bool:
        """End the connection if the datagram ends in the peer's token (RFC 9000 section 10.3.1).

        The library does not look for it, so a peer that lost its state would seem silent.
        """
        token = self._peer_cid.stateless_reset_token
        is_reset = len(data) >= _SHORTEST_STATELESS_RESET and token == data[-16:]
        if is_reset and not self.is_closed:
            self.closer = "stateless-reset"
            self._close_event = library.ConnectionTerminated(0, 0, "stateless reset")
            self._close_end()
        return is_reset

    def stateless_reset(self) -> bytes:
        """A datagram that tells the peer to forget this connection; QuicMisuse without a token.

        A client has none until its peer moves to another connection ID.
        """
        for entry in self._host_cids:
            if entry.cid == self.host_cid and entry.stateless_reset_token:
                return b"\x40" + bytes(_SHORTEST_STATELESS_RESET) + entry.stateless_reset_token
        raise QuicMisuse("the connection ID in use has no stateless reset token")

    # What the library does otherwise

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, Any]]:
        datagrams = super().datagrams_to_send(now)
        self.credit.pin()
        return datagrams

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        if self.is_client and self.options.x25519_only:
            self.tls._supported_groups = [tls.Group.X25519]  # noqa: SLF001 - in PRIVATE

    def _serialize_transport_parameters(self) -> bytes:
        pairs = dict(transport_parameters.decode(super()._serialize_transport_parameters()))
        pairs.update(dict.fromkeys(self.options.reset_stream_at, b""))
        for key, value in self.options.parameters.items():
            if value is None:
                pairs.pop(key, None)
            else:
                pairs[key] = value
        return transport_parameters.encode([*pairs.items(), *self.options.extra_parameters])

    def _parse_transport_parameters(self, data: bytes, from_session_ticket: bool = False) -> None:
        try:
            self.peer_parameters = transport_parameters.decode(data)
        except TransportParameterError as error:
            raise QuicConnectionError(
                QuicErrorCode.TRANSPORT_PARAMETER_ERROR, QuicFrameType.CRYPTO, str(error)
            ) from error
        self._events.append(Own(events.PeerParameters(self.peer_parameters)))
        super()._parse_transport_parameters(data, from_session_ticket)

    def _handle_reset_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        """Both resets; a reliable one waits in the receiver until its reliable part is there."""
        stream_id, code, final_size = (buf.pull_uint_var() for _ in range(3))
        reliable_size = buf.pull_uint_var() if frame_type == RESET_STREAM_AT else 0
        if not self.options.heeds_reliable_size:
            frame_type, reliable_size = RESET_STREAM, 0
        if reliable_size > final_size:
            raise QuicConnectionError(
                QuicErrorCode.FRAME_ENCODING_ERROR, frame_type, "Reliable Size over Final Size"
            )
        self._assert_stream_can_receive(frame_type, stream_id)
        receiver = cast(Stream, self._get_or_create_stream(frame_type, stream_id)).receiver
        is_news = receiver.expect_reset(frame_type, reliable_size)
        plain = b"".join(varint.encode(value) for value in (stream_id, code, final_size))
        super()._handle_reset_stream_frame(context, frame_type, Buffer(data=plain))
        if is_news and receiver.announced is not None:
            announced = events.StreamResetAnnounced(stream_id, code, final_size, reliable_size)
            self._events.append(Own(announced))

    def _handle_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        start = buf.tell()
        stream_id = buf.pull_uint_var()
        buf.seek(start)
        super()._handle_stream_frame(context, frame_type, buf)
        reset = cast(Stream, self._streams[stream_id]).receiver.take_completed()
        if reset is not None:
            self._events.append(reset)

    def _write_application(
        self, builder: QuicPacketBuilder, network_path: QuicNetworkPath, now: float
    ) -> None:
        crypto = self._cryptos[tls.Epoch.ONE_RTT]
        while self._raw_packets and crypto.send.is_valid():
            builder.start_packet(QuicPacketType.ONE_RTT, crypto)
            if builder.remaining_flight_space < sum(map(len, self._raw_packets[0])):
                break
            write_raw(builder, self._raw_packets.popleft())
        super()._write_application(builder, network_path, now)

    def _write_reset_stream_frame(self, builder: QuicPacketBuilder, stream: QuicStream) -> None:
        sender = cast(Stream, stream).sender
        if stream.is_blocked:
            return  # a reset of a stream the peer does not allow yet would break its limit
        if sender.reliable_size is None:
            super()._write_reset_stream_frame(builder, stream)
            return
        if not sender.buffer_is_empty:
            limit = min(
                sender.highest_offset + self.connection_credit(), stream.max_stream_data_remote
            )
            space = self._spaces[tls.Epoch.ONE_RTT]
            self._remote_max_data_used += self._write_stream_frame(builder, space, stream, limit)
        if sender.highest_offset >= sender.reliable_size:
            # Not before all that is reliable was sent once: the Final Size takes credit too.
            write_reset_stream_at(builder, cast(int, stream.stream_id), sender)

    def _write_stop_sending_frame(self, builder: QuicPacketBuilder, stream: QuicStream) -> None:
        if not stream.is_blocked:
            super()._write_stop_sending_frame(builder, stream)

    def _write_connection_limits(
        self,
        builder: QuicPacketBuilder,
        space: QuicPacketSpace,  # noqa: ARG002 - the library's signature
    ) -> None:
        self.credit.write_connection(builder, self._on_connection_limit_delivery)

    def _write_stream_limits(
        self,
        builder: QuicPacketBuilder,
        space: QuicPacketSpace,  # noqa: ARG002 - the library's signature
        stream: QuicStream,
    ) -> None:
        self.credit.write_stream(builder, cast(Stream, stream), self._on_max_stream_data_delivery)

    def _write_ack_frame(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, now: float
    ) -> None:
        if self._holds_acknowledgements and space is self._spaces[tls.Epoch.ONE_RTT]:
            space.ack_at = None
        else:
            super()._write_ack_frame(builder, space, now)

    def _write_datagram_frame(
        self, builder: QuicPacketBuilder, data: bytes, frame_type: QuicFrameType
    ) -> bool:
        size = size_uint_var(len(data))
        number = self._datagrams_written
        buf = builder.start_frame(
            frame_type, 1 + size + len(data), self._on_datagram_delivery, (number,)
        )
        buf.push_uint_var(len(data))
        buf.push_bytes(data)
        self._datagrams_written += 1
        return True

    def _close_begin(self, is_initiator: bool, now: float) -> None:
        super()._close_begin(is_initiator, now)
        self.closer = "local" if is_initiator else "peer"
        assert self._close_event is not None
        self._events.append(self._close_event)

    def _on_datagram_delivery(self, delivery: QuicDeliveryState, number: int) -> None:
        fate = events.DatagramFate(number, delivery == QuicDeliveryState.ACKED)
        self._events.append(Own(fate))

    def _log_key(self, line: str) -> None:
        self.key_log_lines.append(line)
        if self.options.key_log is not None:
            self.options.key_log(line)

    def _on_discard(self, stream: Stream) -> None:
        self.ended[stream.id] = Ended(
            stream.sender.highest_offset,
            stream.receiver.final_size,
            stream.sender.stopped_code is not None,
        )
