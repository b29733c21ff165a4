"""Announcements: what the endpoint says of itself in SETTINGS and transport parameters."""

from wtspec.suite.case import case
from wtspec.suite.dialect import INITIAL_LIMITS, http3
from wtspec.suite.endpoint.application import Echo
from wtspec.suite.endpoint.configuration import FLOW_CONTROL
from wtspec.suite.endpoint.interface import BOTH, Role
from wtspec.suite.expectation import Expect
from wtspec.suite.peer.peer import QPACK_STREAMS, SETTINGS, Peer
from wtspec.suite.signal import Absent, Both, Observed, Reaction, Silence
from wtspec.suite.wire import transport_parameters, varint
from wtspec.suite.wire.settings import HTTP2_SETTINGS, Setting
from wtspec.suite.wire.transport_parameters import Parameter

POSITIVE = range(1, varint.MAX + 1)


def announces(setting: Setting, value: int | range) -> Expect:
    return Expect(Observed(setting.name, value))


@case(
    "announcements/server-wt-enabled",
    title="a server announces this draft",
    requires=["draft-both-send-setting", "settings-server-signals", "settings-wt-enabled-value-1"],
    dialects=http3.since(16),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=announces(Setting.WT_ENABLED, 1),
    faults={
        "announces-no-webtransport": Absent("WT_ENABLED"),
        "announces-webtransport-twofold": Observed("WT_ENABLED", 2),
    },
)
async def server_wt_enabled(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WT_ENABLED)


@case(
    "announcements/wt-enabled",
    title="both sides announce their draft",
    requires=["draft-both-send-setting", "iana-setting-wt-enabled", "draft-codepoint-versioning"],
    dialects=http3.since(15),
    roles=BOTH,
    control="setup/session-opens",
    expect=announces(Setting.WT_ENABLED, POSITIVE),
    faults={"announces-no-webtransport": Absent("WT_ENABLED")},
)
async def wt_enabled(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WT_ENABLED)


@case(
    "announcements/client-wt-enabled",
    title="a client announces its draft, so that the server can tell",
    requires=["settings-client-wt-enabled-draft-only"],
    dialects=http3.since(15),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=announces(Setting.WT_ENABLED, POSITIVE),
    faults={"announces-no-webtransport": Absent("WT_ENABLED")},
)
async def client_wt_enabled(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WT_ENABLED)


@case(
    "announcements/enable-webtransport",
    title="both sides announce WebTransport",
    requires=["legacy-settings-enable-webtransport", "settings-server-signals"],
    dialects=http3.until(5),
    roles=BOTH,
    control="setup/session-opens",
    expect=announces(Setting.ENABLE_WEBTRANSPORT, 1),
    faults={
        "announces-no-webtransport": Absent("ENABLE_WEBTRANSPORT"),
        "announces-webtransport-twofold": Observed("ENABLE_WEBTRANSPORT", 2),
    },
)
async def enable_webtransport(peer: Peer) -> Reaction:
    return await peer.announced(Setting.ENABLE_WEBTRANSPORT)


@case(
    "announcements/max-sessions-04",
    title="a server says how many sessions it takes",
    requires=["legacy-settings-max-sessions-04"],
    dialects=http3.between(4, 5),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=announces(Setting.WEBTRANSPORT_MAX_SESSIONS_04, POSITIVE),
    faults={"announces-no-webtransport": Absent("WEBTRANSPORT_MAX_SESSIONS_04")},
)
async def max_sessions_04(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WEBTRANSPORT_MAX_SESSIONS_04)


@case(
    "announcements/max-sessions-07",
    title="a server announces WebTransport by the number of sessions it takes",
    requires=["legacy-settings-max-sessions-07-server", "settings-server-signals"],
    dialects=http3.between(7, 12),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=announces(Setting.WEBTRANSPORT_MAX_SESSIONS_07, POSITIVE),
    faults={"announces-no-webtransport": Absent("WEBTRANSPORT_MAX_SESSIONS_07")},
)
async def max_sessions_07(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WEBTRANSPORT_MAX_SESSIONS_07)


@case(
    "announcements/client-max-sessions-07",
    title="a client announces WebTransport by a number of sessions",
    requires=["legacy-settings-max-sessions-07-client"],
    dialects=http3.between(7, 8),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=announces(Setting.WEBTRANSPORT_MAX_SESSIONS_07, POSITIVE),
    faults={"announces-no-webtransport": Absent("WEBTRANSPORT_MAX_SESSIONS_07")},
)
async def client_max_sessions_07(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WEBTRANSPORT_MAX_SESSIONS_07)


@case(
    "announcements/wt-max-sessions",
    title="both sides announce WebTransport by the number of sessions they take",
    requires=["legacy-settings-wt-max-sessions-13"],
    dialects=http3.between(13, 14),
    roles=BOTH,
    control="setup/session-opens",
    expect=announces(Setting.WT_MAX_SESSIONS, POSITIVE),
    faults={"announces-no-webtransport": Absent("WT_MAX_SESSIONS")},
)
async def wt_max_sessions(peer: Peer) -> Reaction:
    return await peer.announced(Setting.WT_MAX_SESSIONS)


@case(
    "announcements/connect-protocol",
    title="a server announces extended CONNECT",
    requires=["settings-enable-connect-protocol", "ref-connect-protocol-value"],
    dialects=http3.since(5),
    roles=[Role.SERVER],
    control="setup/session-opens",
    expect=announces(Setting.ENABLE_CONNECT_PROTOCOL, 1),
    faults={"announces-no-connect-protocol": Absent("ENABLE_CONNECT_PROTOCOL")},
)
async def connect_protocol(peer: Peer) -> Reaction:
    return await peer.announced(Setting.ENABLE_CONNECT_PROTOCOL)


@case(
    "announcements/client-connect-protocol",
    title="a client of draft 05 announces extended CONNECT",
    requires=["legacy-settings-connect-protocol-both"],
    dialects=http3.between(5, 5),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=announces(Setting.ENABLE_CONNECT_PROTOCOL, 1),
    faults={"announces-no-connect-protocol": Absent("ENABLE_CONNECT_PROTOCOL")},
)
async def client_connect_protocol(peer: Peer) -> Reaction:
    return await connect_protocol(peer)


@case(
    "announcements/client-connect-protocol-09",
    title="a client of draft 09 announces extended CONNECT",
    requires=["legacy-settings-connect-protocol-client-09"],
    dialects=http3.between(9, 9),
    roles=[Role.CLIENT],
    control="setup/session-opens",
    expect=announces(Setting.ENABLE_CONNECT_PROTOCOL, 1),
    faults={"announces-no-connect-protocol": Absent("ENABLE_CONNECT_PROTOCOL")},
)
async def client_connect_protocol_09(peer: Peer) -> Reaction:
    return await connect_protocol(peer)


@case(
    "announcements/h3-datagram",
    title="both sides announce HTTP Datagrams",
    requires=["settings-h3-datagram-both", "legacy-settings-datagram-must"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/session-opens",
    expect=announces(Setting.H3_DATAGRAM, 1),
    faults={"announces-no-http-datagrams": Absent("H3_DATAGRAM")},
)
async def h3_datagram(peer: Peer) -> Reaction:
    return await peer.announced(Setting.H3_DATAGRAM)


@case(
    "announcements/h3-datagram-04",
    title="both sides announce HTTP Datagrams by their number of that time, or by today's",
    requires=["legacy-settings-h3-datagram-codepoint"],
    dialects=http3.until(2),
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(
        Observed("H3_DATAGRAM_04", 1),
        # The draft names the document without its version, and so the setting without its number.
        readings={Observed("H3_DATAGRAM", 1): "open/the-number-of-RFC-9297"},
        expected_beside=(
            Absent("H3_DATAGRAM_04"),
            Absent("H3_DATAGRAM"),
            Observed("H3_DATAGRAM", 1),
        ),
    ),
    faults={"announces-no-http-datagrams": Both((Absent("H3_DATAGRAM_04"), Absent("H3_DATAGRAM")))},
)
async def h3_datagram_04(peer: Peer) -> Reaction:
    return await peer.announced(Setting.H3_DATAGRAM_04, Setting.H3_DATAGRAM)


@case(
    "announcements/max-datagram-frame-size",
    title="both sides announce QUIC datagrams",
    requires=["settings-max-datagram-frame-size-both", "legacy-settings-datagram-must"],
    dialects=http3.since(5),
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Observed("MAX_DATAGRAM_FRAME_SIZE", POSITIVE)),
    faults={"announces-no-quic-datagrams": Observed("MAX_DATAGRAM_FRAME_SIZE", 0)},
)
async def max_datagram_frame_size(peer: Peer) -> Reaction:
    announced = dict((await peer.connect()).quic.peer_parameters)
    value = announced.get(Parameter.MAX_DATAGRAM_FRAME_SIZE, varint.encode(0))
    number = transport_parameters.integer(value)
    return Reaction("transport parameters", (Observed("MAX_DATAGRAM_FRAME_SIZE", number),))


@case(
    "announcements/reset-stream-at",
    title="both sides announce RESET_STREAM_AT by an empty parameter",
    requires=["settings-reset-stream-at-both"],
    dialects=http3.since(10),
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(
        Observed("RESET_STREAM_AT", "empty"),
        readings={Observed("RESET_STREAM_AT_OLD", "empty"): "A15/older-number"},
        expected_beside=(
            Absent("RESET_STREAM_AT"),
            Absent("RESET_STREAM_AT_OLD"),
            Observed("RESET_STREAM_AT_OLD", "empty"),
        ),
    ),
    faults={
        "announces-no-reset-stream-at": Both(
            (Absent("RESET_STREAM_AT"), Absent("RESET_STREAM_AT_OLD"))
        ),
        "announces-reset-stream-at-with-a-value": Both(
            (Observed("RESET_STREAM_AT", "01"), Observed("RESET_STREAM_AT_OLD", "01"))
        ),
    },
)
async def reset_stream_at(peer: Peer) -> Reaction:
    return await peer.parameter(Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)


@case(
    "announcements/limits-as-configured",
    title="the limits that were configured are those announced",
    requires=[
        "iana-settings-flow",
        "flow-initial-by-settings",
        "flow-initial-uni-setting",
        "flow-initial-bidi-setting",
        "flow-initial-data-setting",
    ],
    dialects=http3.since(12),
    roles=BOTH,
    configuration=FLOW_CONTROL,
    control="setup/session-opens",
    expect=Expect(
        Both(
            (
                Observed("WT_INITIAL_MAX_DATA", FLOW_CONTROL.limits.initial_max_data),
                Observed("WT_INITIAL_MAX_STREAMS_UNI", FLOW_CONTROL.limits.initial_max_streams_uni),
                Observed(
                    "WT_INITIAL_MAX_STREAMS_BIDI", FLOW_CONTROL.limits.initial_max_streams_bidi
                ),
            )
        )
    ),
    faults={
        "announces-less-than-configured": Both(
            (
                Observed("WT_INITIAL_MAX_DATA", 49_999),
                Observed("WT_INITIAL_MAX_STREAMS_UNI", 5),
                Observed("WT_INITIAL_MAX_STREAMS_BIDI", 7),
            )
        )
    },
)
async def limits_as_configured(peer: Peer) -> Reaction:
    (await peer.open_session(Echo())).require_stated_limits()
    return await peer.announced(*INITIAL_LIMITS)


@case(
    "announcements/no-identifier-twice",
    title="no setting is announced twice, and none that only HTTP/2 has",
    requires=["ref-settings-no-duplicates", "ref-http2-settings"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Both((Observed("given twice", 0), Observed("of HTTP/2", 0)))),
    faults={
        "announces-a-setting-twice": Both((Observed("given twice", 1), Observed("of HTTP/2", 0))),
        "announces-settings-of-http2": Both((Observed("given twice", 0), Observed("of HTTP/2", 1))),
    },
)
async def no_identifier_twice(peer: Peer) -> Reaction:
    await peer.settings()
    numbers = [number for number, _ in peer.connection.settings_pairs]
    twice = Observed("given twice", len(numbers) - len(set(numbers)))
    foreign = Observed("of HTTP/2", len(HTTP2_SETTINGS.intersection(numbers)))
    return Reaction("SETTINGS", (twice, foreign))


@case(
    "announcements/unasked",
    title="SETTINGS do not wait for those of the peer",
    requires=["ref-settings-sent-unasked"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Observed("H3_DATAGRAM"), Absent("H3_DATAGRAM")),
    faults={"waits-with-settings": Silence()},
)
async def unasked(peer: Peer) -> Reaction:
    peer.withhold(SETTINGS, QPACK_STREAMS)
    return await peer.announced(Setting.H3_DATAGRAM)


@case(
    "announcements/three-unidirectional-streams",
    title="both sides let the other open a control stream and two QPACK streams",
    requires=["ref-three-unidirectional-streams"],
    roles=BOTH,
    control="setup/session-opens",
    expect=Expect(Observed("INITIAL_MAX_STREAMS_UNI", range(3, (1 << 60) + 1))),
    faults={"allows-two-unidirectional-streams": Observed("INITIAL_MAX_STREAMS_UNI", 2)},
)
async def three_unidirectional_streams(peer: Peer) -> Reaction:
    announced = dict((await peer.connect()).quic.peer_parameters)
    value = announced.get(Parameter.INITIAL_MAX_STREAMS_UNI, varint.encode(0))
    number = transport_parameters.integer(value)
    return Reaction("transport parameters", (Observed("INITIAL_MAX_STREAMS_UNI", number),))
