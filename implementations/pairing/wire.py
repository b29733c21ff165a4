"""What the wire between two parties carried, as far as somebody could read it."""

import hashlib
from collections.abc import Callable, Iterator

from wtspec.suite.bystander.facts import DataStream, Exchange, Flow
from wtspec.suite.bystander.observed import Finished
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import StreamReset
from wtspec.suite.wire import error_codes

Sent = Callable[[Exchange], bool]


def pattern_sha256(size_bytes: int) -> str:
    """Of the bytes that `fill` sends."""
    whole, rest = divmod(size_bytes, 251)
    return hashlib.sha256(bytes(range(251)) * whole + bytes(range(rest))).hexdigest()


def session(exchange: Exchange) -> bool:
    """A CONNECT was answered with 2xx."""
    return any(one.is_established for one in exchange.sessions)


def streams(side: Side, size_bytes: int, number: int = 1) -> Sent:
    """So many streams on which this side sent just the pattern, then FIN."""
    digest = pattern_sha256(size_bytes)

    def sent(exchange: Exchange) -> bool:
        whole = [
            one
            for one in _flows(exchange, side)
            if isinstance(one.ending, Finished)
            and (one.size_bytes, one.sha256) == (size_bytes, digest)
        ]
        return len(whole) >= number

    return sent


def datagram(side: Side) -> Sent:
    return lambda exchange: any(one.datagram_counts[side] for one in exchange.sessions)


def reset(side: Side, code: int | None = None) -> Sent:
    """RESET_STREAM on a data stream, with an application's code or whatever code."""

    def sent(exchange: Exchange) -> bool:
        found = [one for one in _flows(exchange, side) if isinstance(one.ending, StreamReset)]
        return any(code in (None, one.application_code) for one in found)

    return sent


def stop(side: Side, code: int | None = None) -> Sent:
    """STOP_SENDING for a data stream, which asks the other side to end."""

    def sent(exchange: Exchange) -> bool:
        found = [one.stopped for one in _flows(exchange, side.other) if one.stopped is not None]
        return any(code in (None, error_codes.from_http3(one)) for one in found)

    return sent


def close(side: Side, code: int | None = None, reason: str | None = None) -> Sent:
    """A close capsule; without one, whatever ends the session from this side."""

    def sent(exchange: Exchange) -> bool:
        found = [one.closes[side] for one in exchange.sessions if side in one.closes]
        if code is None and reason is None:
            return bool(found) or any(side in one.endings for one in exchange.sessions)
        return any(
            code in (None, one.code) and (reason is None or one.reason == reason.encode())
            for one in found
        )

    return sent


def drain(side: Side) -> Sent:
    return lambda exchange: any(side in one.drains for one in exchange.sessions)


def protocol(among: tuple[str, ...]) -> Sent:
    """The response names one of these."""
    return lambda exchange: any(one.protocol in among for one in exchange.sessions)


def _flows(exchange: Exchange, side: Side) -> Iterator[Flow]:
    """What this side sent on data streams."""
    found: Iterator[DataStream] = (
        stream for one in exchange.sessions for stream in one.streams.values()
    )
    return (one.flows[side] for one in found)
