"""What becomes of a session and of the peer's traffic in it (contract section 5)."""

import asyncio
from dataclasses import dataclass

from contract.session import Live
from contract.stack import Ended, Failure
from contract.streams import PIECE_BYTES, Reader, Stream

# Bounds what is kept of one unidirectional stream before it is returned, and the code beyond it.
ECHOED_UNI_BYTES = 16 << 20
OVER_LIMIT = 1
# Stands in for "delivered", which the libraries do not tell.
DELIVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Echo:
    pass


@dataclass(frozen=True, slots=True)
class Sink:
    pass


@dataclass(frozen=True, slots=True)
class Hold:
    pass


@dataclass(frozen=True, slots=True)
class Drain:
    pass


@dataclass(frozen=True, slots=True)
class Commanded:
    """A client's: read and report, or echo, as the mode says when a stream or datagram comes."""


@dataclass(frozen=True, slots=True)
class Source:
    bidi: int
    uni: int
    datagrams: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Close:
    code: int
    reason: str
    after_stream: bool


@dataclass(frozen=True, slots=True)
class Reset:
    code: int


@dataclass(frozen=True, slots=True)
class Stop:
    code: int


Application = Echo | Sink | Hold | Drain | Commanded | Source | Close | Reset | Stop


def pattern(size_bytes: int) -> bytes:
    """The bytes i % 251."""
    period = bytes(range(251))
    return period * (size_bytes // 251) + period[: size_bytes % 251]


async def run(live: Live, application: Application) -> None:
    """Let the application have the session until it is over."""

    async def take(stream: Stream) -> None:
        await _take(live, application, stream)

    async def datagram(data: bytes) -> None:
        is_echo = isinstance(application, Echo | Drain)
        if is_echo or (isinstance(application, Commanded) and live.mode.echo):
            await live.send_datagram(data)

    live.tasks.start(_begin(live, application))
    await live.serve(take, None if isinstance(application, Hold) else datagram)


async def _begin(live: Live, application: Application) -> None:
    """What is done unasked, once the session is there."""
    try:
        match application:
            case Drain():
                await live.api.drain()
            case Source():
                await _source(live, application)
            case Close(code, reason, after_stream=False):
                await live.api.close(code, reason)
            case Reset(code):
                await _reset_one(live, code)
            case _:
                pass
    except Failure as failure:
        live.events.log(f"{application}: {failure}")


async def _take(live: Live, application: Application, stream: Stream) -> None:
    """What becomes of one stream of the peer's."""
    reader = stream.reader
    assert reader is not None, "the peer's streams can be read"
    try:
        match application:
            case Echo() | Drain():
                await _echo(live, stream, reader)
            case Commanded() if live.mode.echo:
                await _echo(live, stream, reader)
            case Commanded():
                await report(live, stream)
            case Hold():
                await live.over.wait()
            case Close(code, reason, after_stream=True):
                await live.api.close(code, reason)
                await _drop(stream, reader)
            case Stop(code):
                await _stop_at_first_byte(stream, reader, code)
            case Reset(code) if stream.sender is not None:
                await _reset_at_first_byte(stream, reader, code)
            case _:
                await _drop(stream, reader)
    except Failure as failure:
        live.events.log(f"stream {stream.name}: {failure}")


async def report(live: Live, stream: Stream) -> None:
    """A client's default: read, and print what is read."""
    assert stream.reader is not None, "a stream that can be read"
    try:
        while True:
            piece = await stream.reader.next()
            for start in range(0, len(piece), PIECE_BYTES):
                live.events.data(stream.name, piece[start : start + PIECE_BYTES])
    except Ended:
        return


async def _echo(live: Live, stream: Stream, reader: Reader) -> None:
    if stream.sender is None:
        await _echo_uni(live, reader)
    else:
        await _echo_bidi(live, stream, reader)


async def _echo_bidi(live: Live, stream: Stream, reader: Reader) -> None:
    """Return the bytes as they come, then FIN for FIN, reset for reset and stop for stop."""
    stops = live.tasks.start(_stop_when_stopped(stream))
    try:
        while True:
            piece = await reader.next()
            if not stream.stop_asked.is_set():
                await stream.send(piece, finish=False)
    except Ended as ended:
        if ended.how == "fin":
            await stream.send(None, finish=True)
        elif ended.how == "reset":
            await stream.writer().reset(ended.code or 0)
    finally:
        stops.cancel()


async def _stop_when_stopped(stream: Stream) -> None:
    await stream.stop_asked.wait()
    await stream.stop(stream.stop_code or 0)


async def _echo_uni(live: Live, reader: Reader) -> None:
    """Return the bytes on a new stream once they are all there."""
    kept: list[bytes] = []
    size_bytes = 0
    try:
        while True:
            piece = await reader.next()
            size_bytes += len(piece)
            if size_bytes > ECHOED_UNI_BYTES:
                await reader.stop(OVER_LIMIT)
            else:
                kept.append(piece)
    except Ended as ended:
        if ended.how == "fin":
            back = await live.open("uni")
            await back.send(b"".join(kept), finish=True)


async def _source(live: Live, source: Source) -> None:
    data = pattern(source.size_bytes)
    kinds = ["bidi"] * source.bidi + ["uni"] * source.uni
    streams = asyncio.gather(*(_deliver_new(live, kind, data) for kind in kinds))
    for _ in range(source.datagrams):
        await live.send_datagram(data)
    await streams


async def _deliver_new(live: Live, kind: str, data: bytes) -> None:
    stream = await live.open(kind)
    if stream.reader is not None:
        live.tasks.start(_drain(stream.reader))
    await stream.send(data, finish=True)


async def _drain(reader: Reader) -> None:
    await reader.drain()


async def _drop(stream: Stream, reader: Reader) -> None:
    """Read to the end; ending our side too, without a byte, gives the peer its credit back."""
    await reader.drain()
    if stream.sender is not None:
        await stream.sender.finish()


async def _reset_at_first_byte(stream: Stream, reader: Reader, code: int) -> None:
    try:
        await reader.next()
    except Ended:
        return
    await stream.writer().reset(code)
    await reader.drain()


async def _stop_at_first_byte(stream: Stream, reader: Reader, code: int) -> None:
    try:
        await reader.next()
        await reader.stop(code)
    except Ended:
        pass
    await _drop(stream, reader)


async def _reset_one(live: Live, code: int) -> None:
    """Open a stream and reset it when its four bytes have most likely been delivered."""
    stream = await live.open("uni")
    await stream.send(pattern(4), finish=False)
    await asyncio.sleep(DELIVERY_S)
    await stream.writer().reset(code)
