"""Counts at the end of a cell: nothing unasked, nothing twice."""

from collections import Counter
from collections.abc import Iterator

from wtspec.suite.endpoint.application import Resets, Source
from wtspec.suite.peer.connection import Http3Connection
from wtspec.suite.peer.peer import Peer
from wtspec.suite.peer.session import Session
from wtspec.suite.peer.stream import MessageStream
from wtspec.suite.wire.stream_header import StreamKind

# Events of which an API shows one for each session, or one for each stream.
_ONCE_A_SESSION = ("session", "closed", "refused")
_ONCE_A_STREAM = ("stream", "ended")
_UNI_BIT, _SERVER_BIT = 0x2, 0x1


def unasked(peer: Peer) -> str:
    """What came that no application does unasked, or came twice; empty when all is in order.

    Counts are held against the most that could be asked for, never against an exact number.
    """
    found = [one for session in peer.sessions for one in _unasked(session)]
    return "; ".join(found)


def opened_by_us(connection: Http3Connection, kind: StreamKind) -> int:
    """Streams of ours on this connection, those that carry no session included."""
    return sum(
        _is_ours(connection, stream_id) and _kind(stream_id) is kind
        for stream_id in connection.streams
    )


def sent_by_us(connection: Http3Connection) -> int:
    """Bytes of ours behind the headers of data streams, of whatever session."""
    streams = connection.streams.values()
    return sum(one.sent_bytes for one in streams if not isinstance(one, MessageStream))


def _is_ours(connection: Http3Connection, stream_id: int) -> bool:
    return bool(stream_id & _SERVER_BIT) is not connection.quic.is_client


def _kind(stream_id: int) -> StreamKind:
    return StreamKind.UNI if stream_id & _UNI_BIT else StreamKind.BIDI


def _unasked(session: Session) -> Iterator[str]:
    for name in _ONCE_A_SESSION:
        count = sum(event.name == name for event in session.api.events)
        if count > 1:
            yield f"{count} events {name!r}"
    for name in _ONCE_A_STREAM:
        streams = Counter(
            str(event.fields.get("stream")) for event in session.api.events if event.name == name
        )
        if repeated := [count for count in streams.values() if count > 1]:
            yield f"{max(repeated)} events {name!r} of one stream"
    if session.is_begun:
        yield from _unasked_on_wire(session)


def _unasked_on_wire(session: Session) -> Iterator[str]:
    for kind in StreamKind:
        opened, most = len(session.streams_of_endpoint(kind)), _most_streams(session, kind)
        if opened > most:
            yield f"{opened} {kind.value} streams of the endpoint, {most} at most were asked for"


def _most_streams(session: Session, kind: StreamKind) -> int:
    match session.application:
        case Source(bidi, uni):
            return uni if kind is StreamKind.UNI else bidi
        case Resets() if kind is StreamKind.UNI:
            return 1
        case _ if kind is StreamKind.UNI:
            # An echo answers each of ours; those that carry no session are counted too.
            return opened_by_us(session.connection, kind)
        case _:
            return 0
