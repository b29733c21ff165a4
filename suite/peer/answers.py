"""What became of streams of ours, and how the endpoint's own streams begin.

For Echo sessions, whose answer to a unidirectional stream is a stream of the endpoint's.
"""

from collections import Counter
from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from wtspec.suite.peer.interruption import Deadline, EndScript, NotApplicable
from wtspec.suite.peer.stream import Stream
from wtspec.suite.signal import Absent, Fin, Observed, Reaction, Reset, Signal, Silence, Stop
from wtspec.suite.wire import varint
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.stream_header import StreamKind, StreamType

if TYPE_CHECKING:
    from wtspec.suite.peer.peer import Peer
    from wtspec.suite.peer.session import Session

CAME_BACK, CHANGED, SILENT, UNASKED = "came back", "came back changed", "silent", "unasked"
NOT_ALLOWED = "not allowed by MAX_STREAMS"
ENDED = Observed("session", "ended")
FIRST_VARINT, SESSION_ID = "first varint", "Session ID"
OF_THE_SESSION = "the session's"


async def answer(session: "Session", stream: Stream) -> Reaction:
    """What comes of one stream of ours: on it, or on the unidirectional stream that answers."""
    if stream.kind is StreamKind.BIDI:
        return await stream.reaction()
    try:
        answering = await session.accept_uni()
    except Deadline:
        return await stream.reaction(within_s=0)
    return await answering.reaction()


async def own_stream(session: "Session", kind: StreamKind) -> Reaction:
    """What the endpoint's next stream of a kind brings; Silence when none comes."""
    try:
        stream = await session.accept_stream(kind)
    except Deadline:
        return Reaction(f"{kind.value} stream")
    return await stream.reaction()


async def carried(session: "Session", exchange: Awaitable[Reaction]) -> Reaction:
    """What came of an exchange, or that the session has ended, however that shows."""
    try:
        reaction = await exchange
    except EndScript as end:
        reaction = end.reaction
    gone = session.connection.closed is None and not session.is_open()
    return Reaction("session", (ENDED,)) if gone else reaction


async def ending(session: "Session") -> Reaction:
    """What the CONNECT stream brings once it has ended; what comes before the end is in it."""
    connection, stream = session.connection, session.connect_stream

    def over() -> bool | None:
        return True if stream.is_over or connection.closed else None

    bench = connection.outlet.bench
    await bench.bell.until(over, bench.patience.step_s)
    return await stream.reaction()


async def told_in_words(session: "Session", event: str, field: str) -> Reaction:
    """One field of the API's next event of that name as text, so that a null can be expected."""
    found = await session.event(event)
    value = Silence() if found is None else Observed(field, str(found.fields.get(field)))
    return Reaction("session's API", (value,))


def broken_rules(peer: "Peer", code: H3) -> Reaction:
    """The rules of the wire that the endpoint broke so far and that call for this error."""
    name = f"H3_{code.name}"
    broken = any(one.code is code for one in peer.violations)
    return Reaction("connection", (Observed("broken rule", name) if broken else Absent(name),))


def instructions(peer: "Peer", which: StreamType) -> Reaction:
    """How many bytes the endpoint has written on one of its QPACK streams; Absent for none."""
    connection = peer.connection
    ids = [one for one, kind in connection.uni_types.items() if kind == which]
    size_bytes = sum(
        len(connection.streams[one].received) for one in ids if one in connection.streams
    )
    seen = Observed(which.name, size_bytes) if size_bytes else Absent(which.name)
    return Reaction("connection", (seen,))


def critical_streams(peer: "Peer") -> Reaction:
    """Critical streams that the endpoint ended, or asked us to end."""
    code = H3.CLOSED_CRITICAL_STREAM
    ended = [Observed("ended", one.why) for one in peer.violations if one.code is code]
    stopped = [one for one in peer.control.inbox.seen if isinstance(one, Stop)]
    return Reaction("connection", (*ended, *stopped) or (Absent("ended"),))


async def stop_critical(peer: "Peer", which: StreamType) -> None:
    """Ask the endpoint to end a critical stream of its own, as soon as it has opened it.

    NotApplicable where it opens none: of QPACK's streams it need not.
    """
    connection = peer.connection
    bench = connection.outlet.bench

    def opened() -> int | None:
        return next((one for one, kind in connection.uni_types.items() if kind == which), None)

    stream_id = await bench.bell.until(opened, bench.patience.step_s)
    if stream_id is None:
        raise NotApplicable(f"the endpoint opens no {which.name} stream")
    connection.outlet.stop(stream_id, H3.NO_ERROR)


def allow_streams(session: "Session", kind: StreamKind, maximum: int) -> None:
    """QUIC's MAX_STREAMS of that total, also while it is withheld."""
    session.connection.quic.grant_streams(kind.value, maximum)
    session.connection.outlet.flush()


async def came_back(session: "Session", sent: Mapping[Stream, bytes]) -> Reaction:
    """What comes of many streams of ours, all finished by us, each with these bytes behind its
    header.

    How many came back as they were, were changed, or are silent, and how many of these wait for
    MAX_STREAMS; how many came that answer none; and every stop and reset once.
    """
    bench = session.connection.outlet.bench
    await _until_idle(session, sent)
    await session.connection.outlet.barrier(bench.patience.step_s)
    counts: dict[str, int] = Counter()
    _count_bidi(sent, counts)
    _count_uni(_answers(session), [data for one, data in sent.items() if _is_uni(one)], counts)
    counts[SILENT] = _open(session, sent)
    counts[NOT_ALLOWED] = _not_allowed(session, {one.kind for one in sent})
    told: list[Signal] = [Observed(what, number) for what, number in counts.items() if number]
    endings = (one for stream in sent for one in stream.inbox.seen if isinstance(one, Reset | Stop))
    told += dict.fromkeys(endings)
    closed = session.connection.closed
    return Reaction("streams", tuple(told) if closed is None else (*told, closed))


async def ends_of(session: "Session", streams: Sequence[Stream]) -> Reaction:
    """How each of these streams of ours was ended by the endpoint, every way once.

    Silence for those that were not, unless the connection took them with it.
    """
    bench = session.connection.outlet.bench

    def over() -> bool | None:
        ended = all(stream.has_ended for stream in streams)
        return True if ended or session.connection.closed else None

    await bench.bell.until(over, bench.patience.step_s)
    told: list[Signal] = []
    for stream in streams:
        told += [one for one in stream.inbox.seen if isinstance(one, Fin | Reset | Stop)]
    if not all(stream.has_ended for stream in streams):
        told.append(session.connection.closed or Silence())
    return Reaction("streams", tuple(dict.fromkeys(told)))


def _not_allowed(session: "Session", kinds: Collection[StreamKind]) -> int:
    left = [session.connection.quic.streams_left(one.value) for one in kinds]
    return -sum(number for number in left if number < 0)


async def _until_idle(session: "Session", sent: Mapping[Stream, bytes]) -> None:
    """Nothing is open any more, or nothing changed for a step: a deadline is no sum of many."""
    bench = session.connection.outlet.bench
    left = _open(session, sent)

    def moves() -> bool | None:
        return True if session.connection.closed or _open(session, sent) < left else None

    while left and await bench.bell.until(moves, bench.patience.step_s):
        left = 0 if session.connection.closed else _open(session, sent)


def _is_uni(stream: Stream) -> bool:
    return stream.kind is StreamKind.UNI


def _answers(session: "Session") -> list[Stream]:
    return [one for one in session.streams_of_endpoint(StreamKind.UNI) if Fin() in one.inbox.seen]


def _is_refused(stream: Stream) -> bool:
    return any(isinstance(one, Reset | Stop) for one in stream.inbox.seen)


def _open(session: "Session", sent: Mapping[Stream, bytes]) -> int:
    """How many have neither an answer nor an end."""
    bidi = sum(not (one.has_ended or _is_refused(one)) for one in sent if not _is_uni(one))
    uni = sum(not _is_refused(one) for one in sent if _is_uni(one))
    return bidi + max(uni - len(_answers(session)), 0)


def _count_bidi(sent: Mapping[Stream, bytes], counts: dict[str, int]) -> None:
    for stream, data in sent.items():
        if not _is_uni(stream) and Fin() in stream.inbox.seen:
            counts[CAME_BACK if stream.received == data else CHANGED] += 1


def _count_uni(answers: Sequence[Stream], sent: Sequence[bytes], counts: dict[str, int]) -> None:
    wanted = Counter(sent)
    for answering in answers:
        data = bytes(answering.received)
        if wanted[data]:
            wanted[data] -= 1
            counts[CAME_BACK] += 1
        else:
            counts[CHANGED] += 1
    extra = max(len(answers) - len(sent), 0)
    counts[CHANGED] -= extra
    counts[UNASKED] += extra


async def opening(session: "Session", kind: StreamKind) -> Reaction:
    """How the endpoint's first stream of a kind begins, whether it is one of the session or not.

    A stream of the session is waited for; where none comes, any stream that HTTP/3 does not know.
    """
    connection = session.connection
    bench = connection.outlet.bench

    def arrived() -> bool | None:
        return True if session.streams_of_endpoint(kind) or connection.closed else None

    await bench.bell.until(arrived, bench.patience.step_s)
    own = [one.id for one in session.streams_of_endpoint(kind)]
    strange = [one for one in connection.reader.strangers() if _kind(one) is kind]
    for stream_id in (*own, *strange):
        return Reaction(f"{kind.value} stream", _begins(session, stream_id))
    return Reaction(f"{kind.value} stream")


def _kind(stream_id: int) -> StreamKind:
    return StreamKind.UNI if stream_id & 2 else StreamKind.BIDI


def _begins(session: "Session", stream_id: int) -> tuple[Signal, ...]:
    head = session.connection.reader.head(stream_id)
    first = varint.decode(head)
    if first is None:
        return (Observed(FIRST_VARINT, "cut"),)
    second = varint.decode(head, first[1])
    named: object = "cut" if second is None else second[0]
    shown = OF_THE_SESSION if named == session.id else named
    return (Observed(FIRST_VARINT, first[0]), Observed(SESSION_ID, shown))
