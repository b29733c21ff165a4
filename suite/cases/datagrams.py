"""Datagrams: what they carry, whom they are for, and what a path does to them."""

from collections.abc import Awaitable, Callable
from itertools import combinations

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Application, Echo, Hold
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.network.path import Direction, Drop, Duplicate, Fate, Path, Swap
from wtspec.suite.network.path import Hold as HeldBack
from wtspec.suite.peer.peer import Peer, Raw
from wtspec.suite.peer.session import DATAGRAM_TRIES, Session
from wtspec.suite.signal import (
    Absent,
    Both,
    ConnectionClosed,
    Datagram,
    Fin,
    Observed,
    Reaction,
    Reset,
    SessionClosed,
    Silence,
    Stop,
)
from wtspec.suite.wire import datagram
from wtspec.suite.wire.capsule import DatagramCapsule
from wtspec.suite.wire.error_codes import H3

MAY_BE_LOST = "RFC 9221 section 5: datagrams may be dropped"
# An endpoint needs no connection whose only session is over.
GIVEN_UP = ConnectionClosed(H3.NO_ERROR)


@case(
    "datagrams/echo-sizes",
    title="a datagram of any size comes back as it was",
    requires=[
        "dgram-payload-verbatim",
        "ref-datagram-empty",
        "setup-exchange-mechanisms",
        "ov-op-dgram-send",
        "ov-op-dgram-receive",
        "ov-features-all",
    ],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    parameters={f"{size}-bytes": size for size in (1, 0, 2, 63, 64, 500, 1000)},
    expect=lambda size: Expect(Datagram(bytes(size))),
    faults={
        "drops-datagrams": Silence(),
        "drops-empty-datagrams": {"0-bytes": Silence()},
        "cuts-the-last-byte-of-datagrams": lambda size: Datagram() if size else None,
    },
)
async def echo_sizes(peer: Peer, size_bytes: int) -> Reaction:
    return await (await peer.open_session(Echo())).echo_datagram(bytes(size_bytes))


@case(
    "datagrams/long-quarter-id",
    title="a quarter stream ID may be written in more bytes than it needs",
    requires=["dgram-quarter-stream-id"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    parameters={f"{length}-bytes": length for length in (2, 4, 8)},
    expect=Expect(Datagram(b"long")),
    faults={"reads-one-byte-quarter-ids": Silence()},
)
async def long_quarter_id(peer: Peer, length_bytes: int) -> Reaction:
    session = await peer.open_session(Echo())
    data = datagram.encode_quarter(session.id // 4, b"long", length=length_bytes)
    return await session.echo_datagram(Raw(data, "a form that our encoder does not choose"))


@case(
    "datagrams/without-length",
    title="a DATAGRAM frame that ends with its packet needs no length",
    requires=["dgram-http-datagrams"],
    dialects=http3.since(3),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Datagram(b"to the end of the packet")),
    faults={"drops-datagrams": Silence(), "cuts-the-last-byte-of-datagrams": Datagram()},
)
async def without_length(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    for _ in range(DATAGRAM_TRIES):
        await peer.send_packet(b"\x30" + datagram.encode(session.id, b"to the end of the packet"))
    return await session.datagrams()


@case(
    "datagrams/too-short",
    title="a datagram without a whole quarter stream ID costs the connection",
    requires=["ref-datagram-too-short"],
    dialects=http3.since(5),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    violates=True,
    parameters={"empty": b"", "one-of-two": b"\x40", "three-of-eight": b"\xc0\0\0"},
    expect=Expect(ConnectionClosed(H3.DATAGRAM_ERROR)),
    faults={"takes-malformed-datagrams": Silence()},
)
async def too_short(peer: Peer, data: bytes) -> Reaction:
    session = await peer.open_session(Echo())
    await session.send_datagram(Raw(data, "no whole quarter stream ID"))
    return await peer.reaction()


@case(
    "datagrams/quarter-id-too-large",
    title="a quarter stream ID above 2^60-1 costs the connection",
    requires=["ref-datagram-qsid-range", "sid-invalid-on-datagram"],
    dialects=http3.since(5),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    violates=True,
    parameters={"2^60": 1 << 60, "2^62-1": (1 << 62) - 1},
    expect=Expect(
        ConnectionClosed(H3.DATAGRAM_ERROR),
        readings={ConnectionClosed(H3.ID_ERROR): "A10/id-error"},
    ),
    faults={"takes-malformed-datagrams": Silence()},
)
async def quarter_id_too_large(peer: Peer, quarter_stream_id: int) -> Reaction:
    session = await peer.open_session(Echo())
    data = datagram.encode_quarter(quarter_stream_id, b"")
    await session.send_datagram(Raw(data, "no stream has such an ID"))
    return await peer.reaction()


# Whom they are for


@case(
    "datagrams/unknown-stream",
    title="a datagram for a stream that is not there yet concerns no other session",
    requires=["ref-datagram-unknown-stream", "sid-demultiplexes"],
    dialects=http3.since(5),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    expect=Expect(Datagram(b"mine")),
    faults={
        "takes-every-datagram-for-its-session": Datagram(),
        "minds-datagrams-for-unknown-streams": ConnectionClosed(H3.ID_ERROR),
    },
)
async def unknown_stream(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stray = datagram.encode(session.id + 4, b"stray")
    await session.send_datagram(Raw(stray, "for the stream that may come next"))
    return await session.echo_datagram(b"mine")


@case(
    "datagrams/beyond-the-stream-limit",
    title="a datagram for a stream that no limit allows is dropped, or costs the connection",
    requires=["ref-datagram-beyond-stream-limit"],
    dialects=http3.since(5),
    roles=[Role.SERVER],
    control="datagrams/unknown-stream",
    needs=["datagrams"],
    expect=Expect(ConnectionClosed(H3.ID_ERROR), Datagram(b"mine")),
    faults={"closes-for-impossible-streams": ConnectionClosed(H3.INTERNAL_ERROR)},
)
async def beyond_the_stream_limit(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    stray = datagram.encode_quarter(datagram.QUARTER_STREAM_ID_MAX, b"stray")
    await session.send_datagram(Raw(stray, "no limit allows that many streams"))
    return await session.echo_datagram(b"mine")


@case(
    "datagrams/two-sessions",
    title="each session gets its own datagrams, found by a quarter of its ID",
    requires=["dgram-quarter-stream-id", "sid-demultiplexes"],
    dialects=http3.since(13),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="sessions/two-at-once",
    needs=["datagrams"],
    expect=Expect(Datagram(b"two")),
    faults={
        "sends-whole-ids-in-datagrams": Silence(),
        "takes-every-datagram-for-its-session": Silence(),
        "drops-datagrams": Silence(),
        "cuts-the-last-byte-of-datagrams": Datagram(),
    },
)
async def two_sessions(peer: Peer) -> Reaction:
    first = await peer.open_session(Echo())
    second = await peer.open_session(Echo())
    await first.send_datagram(b"one")
    return await second.echo_datagram(b"two")


End = Callable[[Session], Awaitable[None]]
ENDS: dict[str, End] = {
    "close": lambda session: session.close(7, b"bye"),
    "fin": lambda session: session.connect_stream.finish(),
    "reset": lambda session: session.connect_stream.reset(H3.REQUEST_CANCELLED),
}


@case(
    "datagrams/after-the-end",
    title="a datagram for a session that is over is dropped, and none is sent for it",
    requires=["ref-datagram-after-close", "close-no-datagrams-after"],
    dialects=http3.since(5),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    parameters=ENDS,
    expect=Expect(Absent("Datagram"), GIVEN_UP),
    faults={"returns-late-datagrams": Datagram()},
)
async def after_the_end(peer: Peer, end: End) -> Reaction:
    session = await peer.open_session(Echo())
    await end(session)
    await session.connect_stream.reaction()
    seen = peer.mark()
    await session.send_datagram(b"late")
    await peer.barrier()
    return await peer.absence(Datagram(), since=seen)


@case(
    "datagrams/in-a-capsule",
    title="a DATAGRAM capsule is a datagram to whom knows it",
    requires=["ref-datagram-capsule"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Datagram(b"hello"), readings={Silence(): "A37/skipped"}),
    faults={"cuts-the-last-byte-of-datagrams": Datagram(b"hell")},
)
async def in_a_capsule(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.connect_stream.send_capsules(DatagramCapsule(b"hello"))
    return await session.datagrams()


# What the path does to them


@case(
    "datagrams/duplicated",
    title="a datagram whose packet comes three times comes once",
    requires=["dgram-http-datagrams"],
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    expect=Expect(Observed("datagrams", 1), tolerated={Observed("datagrams", 0): MAY_BE_LOST}),
    faults={"delivers-datagrams-twice": Observed("datagrams", 2)},
)
async def duplicated(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    peer.script(Duplicate(Direction.TO_ENDPOINT, 0, copies=3))
    await session.send_datagram(b"once")
    await session.datagrams()
    await session.barrier()
    return Reaction("session", (Observed("datagrams", session.datagram_count),))


NUMBERED = (Datagram(b"1"), Datagram(b"2"), Datagram(b"3"))
OVERTAKING: dict[str, Fate] = {
    "swapped": Swap(Direction.TO_ENDPOINT, 0),
    "held-back": HeldBack(Direction.TO_ENDPOINT, 0, until_index=2),
}


@case(
    "datagrams/overtaken",
    title="datagrams that overtook each other are all delivered",
    requires=["dgram-payload-verbatim"],
    dialects=http3.since(3),
    roles=BOTH,
    control="datagrams/echo-sizes",
    needs=["datagrams"],
    parameters=OVERTAKING,
    expect=Expect(
        Both(NUMBERED),
        tolerated={
            **{Both(some): MAY_BE_LOST for size in (2, 1) for some in combinations(NUMBERED, size)},
            Silence(): MAY_BE_LOST,
        },
    ),
    faults={"writes-zeros-before-numbers": Datagram()},
)
async def overtaken(peer: Peer, fate: Fate) -> Reaction:
    session = await peer.open_session(Echo())
    peer.script(fate)
    for number in NUMBERED:
        await session.send_datagram(number.data or b"")
    await session.barrier()
    return await session.datagrams()


@case(
    "datagrams/lost-on-the-way-back",
    title="a datagram that was lost is not sent again",
    requires=["ov-dgram-no-retransmit"],
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    link=Path(delay_s=0.02),
    expect=Expect(Absent("Datagram")),
    faults={"repeats-datagrams": Datagram(b"lost")},
)
async def lost_on_the_way_back(peer: Peer) -> Reaction:
    session = await peer.open_session(Echo())
    await session.barrier()
    peer.script(*(Drop(Direction.FROM_ENDPOINT, index) for index in range(3)))
    await session.send_datagram(b"lost")
    await session.barrier()
    await session.barrier()
    return await peer.absence(Datagram(), after=session.barrier)


@case(
    "datagrams/flood",
    title="a thousand datagrams, read or not, leave the session alone",
    requires=["close-recipient-closes-or-resets", "ov-dgram-bounded-buffers"],
    roles=BOTH,
    control="setup/echo",
    needs=["datagrams"],
    parameters={"echoed": Echo(), "unread": Hold()},
    expect=Expect(
        Fin(),
        Reset(),
        tolerated={
            ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: it may mind",
            GIVEN_UP: "RFC 9114 section 5.3: the connection may be closed with the session",
        },
        expected_beside=(SessionClosed(), Stop(), GIVEN_UP),
    ),
    faults={
        "leaves-closes-unanswered": Silence(),
        "closes-for-a-full-queue": ConnectionClosed(H3.INTERNAL_ERROR),
    },
)
async def flood(peer: Peer, application: Application) -> Reaction:
    session = await peer.open_session(application)
    async with peer.one_flight():
        for _ in range(1000):
            await session.send_datagram(bytes(8))
    await peer.barrier()
    await session.close(7)
    return await session.connect_stream.reaction()
