"""The applications of contract section 5: what a path does with its session."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from wtspec.implementations.reference.errors import WebTransportError
from wtspec.implementations.reference.place import Application, Place
from wtspec.implementations.reference.reporting import pattern
from wtspec.implementations.reference.stream_api import BidirectionalStream, ReceiveStream

ECHO_LIMIT_BYTES = 16 * 1024 * 1024
RESET_AFTER_S = 0.2


async def _nothing(_: Place) -> None:
    """Begin by waiting."""


async def _drop_bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
    place.stopping(stream.writable, name)
    await place.reporter.reading(stream.readable, name, place.discard)


async def _drop_unidirectional(place: Place, stream: ReceiveStream, name: str) -> None:
    await place.reporter.reading(stream, name, place.discard)


def _drop_datagram(_: Place, data: bytes) -> None:
    """It has been reported, and that is all."""


async def _leave_bidirectional(_: Place, stream: BidirectionalStream, name: str) -> None:
    """Read nothing."""


async def _leave_unidirectional(_: Place, stream: ReceiveStream, name: str) -> None:
    """Read nothing."""


SINK = Application(_nothing, _drop_bidirectional, _drop_unidirectional, _drop_datagram)
HOLD = Application(_nothing, _leave_bidirectional, _leave_unidirectional, None)


async def echo_bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
    """Bytes as they come, FIN after FIN, reset after reset, stop after stop."""
    place.spawn(_stop_after_stop(place, stream, name))

    async def give_back(chunk: bytes) -> None:
        # Once the peer wants no more of it, what it sends is still read to its end.
        with suppress(WebTransportError):
            await stream.writable.write(place.rules.application.returned(chunk))

    ending = await place.reporter.reading(stream.readable, name, give_back)
    if ending.how == "fin":
        await stream.writable.finish()
    elif ending.how == "reset":
        stream.writable.reset(ending.code or 0)


async def _stop_after_stop(place: Place, stream: BidirectionalStream, name: str) -> None:
    code = await place.reporter.stopping(stream.writable, name)
    stream.readable.stop(code or 0)


async def echo_unidirectional(place: Place, stream: ReceiveStream, name: str) -> None:
    """All of it on a new stream, once it has ended cleanly."""
    kept = bytearray()

    async def keep(chunk: bytes) -> None:
        kept.extend(chunk)
        if len(kept) > ECHO_LIMIT_BYTES:
            stream.stop(1)

    ending = await place.reporter.reading(stream, name, keep)
    copies = place.rules.application.answers_to_stream() if ending.how == "fin" else 0
    for _ in range(copies):
        answer = await place.open_uni()
        await answer.write(place.rules.application.returned(bytes(kept)))
        await answer.finish()


def echo_datagram(place: Place, data: bytes) -> None:
    """The same bytes."""
    place.session.datagrams.send(place.rules.application.returned(data))


ECHO = Application(_nothing, echo_bidirectional, echo_unidirectional, echo_datagram)


def source(bidi: int, uni: int, datagrams: int, size_bytes: int) -> Application:
    """Opens streams and sends datagrams of its own."""
    payload = pattern(size_bytes)

    async def send_bidi(place: Place) -> None:
        stream = await place.open_bidi()
        await stream.writable.write(payload)
        await stream.writable.finish()

    async def send_uni(place: Place) -> None:
        stream = await place.open_uni()
        await stream.write(payload)
        await stream.finish()

    async def begin(place: Place) -> None:
        for _ in range(bidi):
            place.spawn(send_bidi(place))
        for _ in range(uni):
            place.spawn(send_uni(place))
        for _ in range(datagrams):
            place.session.datagrams.send(payload)

    return replace(SINK, begin=begin)


def closes_at_once(code: int, reason: str) -> Application:
    """Closes the session as soon as it is there."""

    async def begin(place: Place) -> None:
        place.session.close(code, reason)

    return replace(SINK, begin=begin)


def closes_at_first_stream(code: int, reason: str) -> Application:
    """Closes the session when the peer has opened a stream."""

    async def bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
        place.session.close(code, reason)
        await _drop_bidirectional(place, stream, name)

    async def unidirectional(place: Place, stream: ReceiveStream, name: str) -> None:
        place.session.close(code, reason)
        await _drop_unidirectional(place, stream, name)

    return replace(SINK, bidirectional=bidirectional, unidirectional=unidirectional)


async def _drain(place: Place) -> None:
    place.session.drain()


DRAIN = replace(ECHO, begin=_drain)


def resets(code: int) -> Application:
    """Resets its side of bidirectional streams at their first byte, and one stream of its own."""

    async def begin(place: Place) -> None:
        stream = await place.open_uni()
        await stream.write(bytes((0, 1, 2, 3)))
        # The API does not tell what was delivered, so the contract's 200 ms it is.
        await asyncio.sleep(RESET_AFTER_S)
        stream.reset(code)

    async def bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
        place.stopping(stream.writable, name)

        async def reset(_: bytes) -> None:
            stream.writable.reset(code)

        await place.reporter.reading(stream.readable, name, reset)

    return replace(SINK, begin=begin, bidirectional=bidirectional)


def stops(code: int) -> Application:
    """Asks the peer to stop at the first byte of each stream."""

    async def bidirectional(place: Place, stream: BidirectionalStream, name: str) -> None:
        place.stopping(stream.writable, name)

        async def stop(_: bytes) -> None:
            stream.readable.stop(code)
            with suppress(WebTransportError):
                await stream.writable.finish()

        await place.reporter.reading(stream.readable, name, stop)

    async def unidirectional(place: Place, stream: ReceiveStream, name: str) -> None:
        async def stop(_: bytes) -> None:
            stream.stop(code)

        await place.reporter.reading(stream, name, stop)

    return replace(SINK, bidirectional=bidirectional, unidirectional=unidirectional)
