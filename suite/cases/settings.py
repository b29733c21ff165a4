"""SETTINGS and transport parameters of ours: values that are illegal, and forms that are not."""

from collections.abc import Callable, Sequence

from wtspec.suite.case import case
from wtspec.suite.dialect import http3
from wtspec.suite.endpoint.application import Echo, Source
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.answers import own_stream
from wtspec.suite.peer.peer import SETTINGS, Peer
from wtspec.suite.signal import (
    ConnectionClosed,
    Established,
    Fin,
    Reaction,
    Refused,
    Signal,
    Silence,
)
from wtspec.suite.wire import grease, settings, varint
from wtspec.suite.wire.capsule import STREAMS_MAX
from wtspec.suite.wire.error_codes import H3, QUIC
from wtspec.suite.wire.frames import Frame, FrameType
from wtspec.suite.wire.settings import HTTP2_SETTINGS, Pairs, Setting
from wtspec.suite.wire.stream_header import StreamKind, StreamType
from wtspec.suite.wire.transport_parameters import Parameter

ABOVE_ONE = {"2": 2, "largest": varint.MAX}
CRYPTO_ERRORS = range(0x100, 0x200)
TOO_MANY: dict[Signal, str] = {
    ConnectionClosed(H3.EXCESSIVE_LOAD): "RFC 9114 section 10.5: so many may count as an attack"
}
SETTINGS_ERROR = Expect(
    ConnectionClosed(H3.SETTINGS_ERROR),
    tolerated={ConnectionClosed(H3.GENERAL_PROTOCOL_ERROR): "RFC 9114 section 8.1: less specific"},
)


@case(
    "settings/wt-enabled-above-1",
    title="a server's SETTINGS_WT_ENABLED above 1 is an error",
    requires=["settings-wt-enabled-gt1-error"],
    dialects=http3.since(16),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    violates=True,
    parameters=ABOVE_ONE,
    expect=SETTINGS_ERROR,
    faults={"takes-any-value-of-its-setting": Silence()},
)
async def wt_enabled_above_1(peer: Peer, value: int) -> Reaction:
    peer.announce(replaced={Setting.WT_ENABLED: value})
    return await peer.reaction()


@case(
    "settings/wt-enabled-above-1-in-15",
    title="in draft 15 any SETTINGS_WT_ENABLED above 0 announces WebTransport",
    requires=["legacy-wt-enabled-any-nonzero"],
    dialects=http3.between(15, 15),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    parameters=ABOVE_ONE,
    # Draft 16 has the same codepoint: who speaks both cannot know which one the server speaks.
    expect=Expect(
        Established(), readings={ConnectionClosed(H3.SETTINGS_ERROR): "A06/by-the-rule-of-16"}
    ),
    faults={"takes-the-value-1-alone": Refused()},
)
async def wt_enabled_above_1_in_15(peer: Peer, value: int) -> Reaction:
    peer.announce(replaced={Setting.WT_ENABLED: value})
    return await peer.begin_session(Echo()).establish()


@case(
    "settings/enable-webtransport-above-1",
    title="SETTINGS_ENABLE_WEBTRANSPORT above 1 is an error",
    requires=["legacy-settings-enable-webtransport-range"],
    dialects=http3.until(5),
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=ABOVE_ONE,
    expect=SETTINGS_ERROR,
    faults={"takes-any-value-of-its-setting": Silence()},
)
async def enable_webtransport_above_1(peer: Peer, value: int) -> Reaction:
    peer.announce(replaced={Setting.ENABLE_WEBTRANSPORT: value})
    return await peer.reaction()


@case(
    "settings/h3-datagram-above-1",
    title="SETTINGS_H3_DATAGRAM above 1 is an error",
    requires=["ref-h3-datagram-setting-value"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    parameters=ABOVE_ONE,
    expect=SETTINGS_ERROR,
    faults={"takes-any-value-of-h3-datagram": Silence()},
)
async def h3_datagram_above_1(peer: Peer, value: int) -> Reaction:
    peer.announce(replaced={Setting.H3_DATAGRAM: value})
    return await peer.reaction()


@case(
    "settings/reset-stream-at-with-a-value",
    title="a reset_stream_at parameter that is not empty is a transport error",
    requires=["ref-rsa-tp-nonempty"],
    dialects=http3.since(10),
    roles=BOTH,
    # Only who understands the parameter looks at it.
    control="announcements/reset-stream-at",
    violates=True,
    # Under both numbers, since an endpoint may know either (A15).
    expect=Expect(
        ConnectionClosed(QUIC.TRANSPORT_PARAMETER_ERROR, transport=True),
        tolerated={
            ConnectionClosed(
                frozenset({QUIC.PROTOCOL_VIOLATION, QUIC.INTERNAL_ERROR, QUIC.APPLICATION_ERROR}),
                transport=True,
            ): "RFC 9000 section 11: a generic code can stand for a specific one",
            ConnectionClosed(CRYPTO_ERRORS, transport=True): "TLS, which carries it, told of it",
        },
    ),
    faults={"takes-reset-stream-at-with-a-value": Silence()},
)
async def reset_stream_at_with_a_value(peer: Peer) -> Reaction:
    numbers = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
    peer.shape(parameters=dict.fromkeys(numbers, b"\x01"))
    return await peer.reaction()


@case(
    "settings/twice",
    title="a setting that is given twice is an error, or means nothing more than once",
    requires=["ref-duplicate-setting"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    expect=Expect(ConnectionClosed(H3.SETTINGS_ERROR), Established()),
    faults={"calls-a-duplicate-a-frame-error": ConnectionClosed(H3.FRAME_ERROR)},
)
async def twice(peer: Peer) -> Reaction:
    peer.announce(extra=((Setting.H3_DATAGRAM, 1),) * 2, without=(Setting.H3_DATAGRAM,))
    return await peer.begin_session(Echo()).refusal()


@case(
    "settings/of-http2",
    title="a setting that only HTTP/2 has is an error",
    requires=["ref-http2-settings"],
    roles=BOTH,
    control="setup/session-opens",
    violates=True,
    # 0x0 is reserved beside them (RFC 9114 section 11.2.2), but HTTP/2 never defined it.
    parameters=sorted(HTTP2_SETTINGS - {0}),
    expect=SETTINGS_ERROR,
    faults={"ignores-settings-of-http2": Silence()},
)
async def of_http2(peer: Peer, number: int) -> Reaction:
    peer.announce(extra=((number, 1),))
    return await peer.reaction()


# Legal forms of one and the same SETTINGS: the writes that make up our control stream.

Form = Callable[[Peer, Pairs], Sequence[bytes]]
FIELD_SIZE = (Setting.MAX_FIELD_SECTION_SIZE, 65536)


def opening(peer: Peer, payload: bytes) -> bytes:
    frame = Frame(FrameType.SETTINGS, payload)
    return peer.encode(StreamType.CONTROL) + peer.encode(frame)


def ascending(peer: Peer, pairs: Pairs) -> Sequence[bytes]:
    return [opening(peer, settings.encode(sorted([*pairs, FIELD_SIZE])))]


def descending(peer: Peer, pairs: Pairs) -> Sequence[bytes]:
    return [opening(peer, settings.encode(sorted([*pairs, FIELD_SIZE], reverse=True)))]


def long_varints(peer: Peer, pairs: Pairs) -> Sequence[bytes]:
    numbers = (number for pair in pairs for number in pair)
    return [opening(peer, b"".join(varint.encode(number, length=8) for number in numbers))]


def large(peer: Peer, pairs: Pairs) -> Sequence[bytes]:
    """About two kilobytes, nearly all of it without a meaning."""
    reserved = [(grease.identifier(1000 + n), n) for n in range(300)]
    return [opening(peer, settings.encode([*reserved, *pairs]))]


def byte_by_byte(peer: Peer, pairs: Pairs) -> Sequence[bytes]:
    return [bytes([one]) for one in opening(peer, settings.encode(pairs))]


FORMS: dict[str, Form] = {
    form.__name__.replace("_", "-"): form
    for form in (ascending, descending, long_varints, large, byte_by_byte)
}


@case(
    "settings/forms",
    title="SETTINGS are taken in any order, size and number of pieces",
    requires=["setup-initiated-by-extended-connect"],
    roles=BOTH,
    control="setup/echo",
    parameters=FORMS,
    expect=lambda form: Expect(Fin(b"x"), tolerated=TOO_MANY if form is large else None),
    faults={
        "wants-max-field-section-size-last": {"ascending": ConnectionClosed(H3.SETTINGS_ERROR)},
        "wants-max-field-section-size-first": {"descending": ConnectionClosed(H3.SETTINGS_ERROR)},
        "reads-short-varints-only": {"long-varints": ConnectionClosed(H3.SETTINGS_ERROR)},
        "takes-few-settings": {"large": ConnectionClosed(H3.EXCESSIVE_LOAD)},
        "closes-on-unknown-settings": {"large": ConnectionClosed(H3.SETTINGS_ERROR)},
        "closes-on-reserved-settings": {"large": ConnectionClosed(H3.SETTINGS_ERROR)},
        # Large ones need two packets.
        "wants-settings-in-one-piece": {
            "byte-by-byte": ConnectionClosed(H3.MISSING_SETTINGS),
            "large": ConnectionClosed(H3.MISSING_SETTINGS),
        },
    },
)
async def forms(peer: Peer, form: Form) -> Reaction:
    peer.withhold(SETTINGS)
    session = peer.begin_session(Echo())
    connection = await peer.connect()
    for piece in form(peer, connection.our_settings):
        await peer.control.send(piece)
    return await (await session.require()).echo(b"x")


LARGEST_LIMITS: dict[int, int] = {
    Setting.WT_INITIAL_MAX_DATA: varint.MAX,
    Setting.WT_INITIAL_MAX_STREAMS_UNI: STREAMS_MAX,
    Setting.WT_INITIAL_MAX_STREAMS_BIDI: STREAMS_MAX,
}


@case(
    "settings/largest-limits",
    title="the largest limits that can be announced are credit like any other",
    requires=["flow-initial-uni-all-sessions", "flow-initial-data-all-sessions"],
    dialects=http3.since(13),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="session-ids/own-streams",
    control_parameter="uni",
    expect=Expect(Fin(b"\0")),
    faults={"keeps-limits-in-32-bits": Silence()},
)
async def largest_limits(peer: Peer) -> Reaction:
    peer.announce(replaced=LARGEST_LIMITS)
    session = await peer.open_session(Source(uni=1, size_bytes=1))
    return await own_stream(session, StreamKind.UNI)
