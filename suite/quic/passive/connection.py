"""One captured connection: packets of both sides in, events out."""

from collections.abc import Callable, Iterator
from typing import assert_never

from wtspec.suite.quic.passive import frames
from wtspec.suite.quic.passive.events import (
    OTHER,
    Acknowledged,
    Agreed,
    Closed,
    Datagram,
    Offered,
    Parameters,
    Seen,
    Sender,
    StopSending,
    StreamBytes,
    StreamReset,
    Undecided,
    What,
)
from wtspec.suite.quic.passive.frames import Crypto, Frame, StreamPiece
from wtspec.suite.quic.passive.half import Half
from wtspec.suite.quic.passive.handshake import ClientHello, EncryptedExtensions, ServerHello
from wtspec.suite.quic.passive.keys import KeyLog, Keys, Level, Opened, initial_keys
from wtspec.suite.wire import transport_parameters
from wtspec.suite.wire.errors import TransportParameterError

_WAITING_PACKETS = 64
_NO_KEY = "no key"

NoteId = Callable[[Sender, bytes], None]


class TappedConnection:
    """`note_id` is told of each connection ID that a side gives out for packets to itself."""

    def __init__(self, index: int, first_id: bytes, log: KeyLog, note_id: NoteId) -> None:
        self.index = index
        self.halves: dict[Sender, Half] = {"client": Half("client"), "server": Half("server")}
        self._log = log
        self._note_id = note_id
        self._random = b""
        self._suite: int | None = None
        self._waiting: list[tuple[Sender, Level, bytes, int | None]] = []
        self._set_initial(first_id)
        self._time_s = 0.0

    def packet(
        self, time_s: float, sender: Sender, level: Level, data: bytes, number_offset: int | None
    ) -> Iterator[Seen]:
        """What one packet shows; a packet without a key waits for it, within bounds.

        Without a `number_offset` its connection ID is as long as the first of its receiver.
        """
        self._time_s = time_s
        keys = self._keys(sender, level)
        if keys is None:
            if len(self._waiting) < _WAITING_PACKETS and self._suite is None:
                self._waiting.append((sender, level, data, number_offset))
            else:
                yield from self._undecided(sender, _NO_KEY)
            return
        half = self.halves[sender]
        if number_offset is None:
            number_offset = 1 + self.halves[OTHER[sender]].id_bytes
        opened = keys.open(data, number_offset, half.space(level).highest)
        if opened is None:
            yield from self._undecided(sender, f"{level.name} packets that do not open")
        elif half.space(level).is_new(opened.number):
            yield from self._frames(sender, level, opened)

    def initial(
        self, time_s: float, sender: Sender, first_id: bytes, found: tuple[bytes, int]
    ) -> Iterator[Seen]:
        """An Initial; after a Retry the client's keys follow from another connection ID."""
        keys = self._keys(sender, Level.INITIAL)
        if sender == "client" and keys is not None and keys.open(*found, -1) is None:
            other = initial_keys(first_id, "client")
            if other.open(*found, -1) is not None:
                self._set_initial(first_id)
                # The same hello is due again (RFC 9000 section 17.2.5.2); some write another.
                self.halves["client"].begin_again(Level.INITIAL)
        yield from self.packet(time_s, sender, Level.INITIAL, *found)

    def finish(self) -> Iterator[Seen]:
        """The capture has ended: what still waits for keys stays undecided."""
        for sender, _, _, _ in self._waiting:
            yield from self._undecided(sender, _NO_KEY)
        self._waiting.clear()

    def _set_initial(self, first_id: bytes) -> None:
        for sender, half in self.halves.items():
            half.keys[Level.INITIAL] = initial_keys(first_id, sender)

    def _keys(self, sender: Sender, level: Level) -> Keys | None:
        half = self.halves[sender]
        if level not in half.keys and self._suite is not None:
            keys = self._log.keys(self._random, self._suite, sender, level)
            if keys is not None:
                half.keys[level] = keys
        return half.keys.get(level)

    def _seen(self, sender: Sender, what: What, number: int = -1) -> Seen:
        return Seen(self._time_s, self.index, sender, number, what)

    def _undecided(self, sender: Sender, why: str) -> Iterator[Seen]:
        counts = self.halves[sender].undecided
        counts[why] = counts.get(why, 0) + 1
        if counts[why] == 1:
            yield self._seen(sender, Undecided(why))

    def _frames(self, sender: Sender, level: Level, opened: Opened) -> Iterator[Seen]:
        number = opened.number if level in {Level.ZERO_RTT, Level.ONE_RTT} else -1
        found = list(frames.read(opened.payload))
        if any(isinstance(one, StreamPiece | StreamReset | StopSending) for one in found):
            self.halves[sender].unproved.sent(number)
        # What a packet acknowledges was there before the rest of it was written.
        found.sort(key=lambda one: not isinstance(one, frames.Ack))
        for frame in found:
            for what in self._frame(sender, level, frame):
                if isinstance(what, Undecided):
                    yield from self._undecided(sender, what.why)
                else:
                    yield self._seen(sender, what, number)
        yield from self._retry_waiting()

    def _frame(  # noqa: C901 - one branch a frame
        self, sender: Sender, level: Level, frame: Frame
    ) -> Iterator[What]:
        half = self.halves[sender]
        match frame:
            case Crypto(offset, data):
                yield from self._crypto(sender, level, offset, data)
            case StreamPiece():
                yield from _stream(half, frame)
            case frames.Ack(ranges):
                if level is Level.ONE_RTT:
                    up_to = self.halves[OTHER[sender]].unproved.acknowledge(ranges)
                    if up_to is not None:
                        yield Acknowledged(up_to)
            case frames.NewConnectionId(connection_id):
                self._note_id(sender, connection_id)
            case frames.Unknown(kind):
                yield Undecided(f"frame {kind:#x}")
            case StreamReset() | StopSending() | Closed():
                # Sent again until acknowledged; a second one that says the same is no news.
                if half.said.get(place := _place(frame)) != frame:
                    half.said[place] = frame
                    yield frame
            case Datagram():
                yield frame
            case never:
                assert_never(never)

    def _crypto(self, sender: Sender, level: Level, offset: int, data: bytes) -> Iterator[What]:
        inflow, messages = self.halves[sender].handshake(level)
        fresh, _ = inflow.take(offset, data)
        for message in messages.feed(fresh):
            match message:
                case ClientHello(random, alpn, parameters):
                    is_first, self._random = not self._random, random
                    if is_first:  # another follows a HelloRetryRequest or a Retry
                        yield Offered(alpn)
                        yield from _parameters(parameters)
                case ServerHello(suite):
                    self._suite = suite
                case EncryptedExtensions(agreed, parameters):
                    yield Agreed(agreed)
                    yield from _parameters(parameters)
                case never:
                    assert_never(never)

    def _retry_waiting(self) -> Iterator[Seen]:
        if self._suite is None or not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for sender, level, data, number_offset in waiting:
            yield from self.packet(self._time_s, sender, level, data, number_offset)


def _place(frame: StreamReset | StopSending | Closed) -> tuple[str, int]:
    return type(frame).__name__, -1 if isinstance(frame, Closed) else frame.stream_id


def _stream(half: Half, piece: StreamPiece) -> Iterator[What]:
    inflow = half.stream(piece.stream_id)
    was_broken = inflow.is_broken
    is_opened = not inflow.position and inflow.final_size is None
    fresh, finished = inflow.take(piece.offset, piece.data, finished=piece.finished)
    if inflow.is_broken and not was_broken:
        yield Undecided("streams with more than can be held behind a hole")
    # An empty first frame opens the stream, which is worth telling.
    if fresh or finished or (is_opened and not piece.data):
        yield StreamBytes(piece.stream_id, fresh, finished)


def _parameters(data: bytes | None) -> Iterator[What]:
    if data is None:
        return
    try:
        yield Parameters(transport_parameters.decode(data))
    except TransportParameterError:
        yield Undecided("transport parameters that cannot be read")
