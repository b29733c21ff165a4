"""Each rule: red on a doctored exchange, silent on its honest twin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from wtspec.suite.bystander.blame import RULES
from wtspec.suite.dialect import Side
from wtspec.suite.quic.passive.events import StopSending, StreamReset, Undecided
from wtspec.suite.wire import capsule, datagram, fields, frames, settings, varint
from wtspec.suite.wire.capsule import CapsuleType, CloseSession, MaxData, MaxStreams
from wtspec.suite.wire.error_codes import H3, WT, to_http3
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.stream_header import StreamKind

UNI, BIDI = StreamKind.UNI, StreamKind.BIDI
CLIENT, SERVER = Side.CLIENT, Side.SERVER
CLOSE = capsule.encode(CloseSession(7, b"bye"))
GREASE = frames.encode(0x21, b"x")
Act = Callable[[Any], None]


def frame(kind: int, payload: bytes = b"") -> bytes:
    return frames.encode(kind, payload)


def body(payload: bytes) -> bytes:
    return frame(FrameType.DATA, payload)


def raw(kind: int, payload: bytes) -> bytes:
    return body(capsule.encode_raw(kind, payload))


def section(*lines: tuple[bytes, bytes]) -> bytes:
    return frame(FrameType.HEADERS, fields.encode(lines))


def header(kind: StreamKind, session_id: int = 0) -> bytes:
    return varint.encode(0x54 if kind is UNI else 0x41) + varint.encode(session_id)


REQUEST = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/"))


@dataclass(frozen=True, slots=True)
class Doctored:
    """`act` breaks the rule on `side`, `twin` does nearly the same and does not."""

    requirement: str
    side: Side
    act: Act
    twin: Act
    begun: bool = True


def control(side: Side, data: bytes) -> Act:
    stream_id = 2 if side is CLIENT else 3
    return lambda d: d.send(side, stream_id, data)


def first(side: Side, data: Callable[[Any], bytes]) -> Act:
    """A control stream that begins so, on a connection that has none."""
    stream_id = 2 if side is CLIENT else 3

    def act(d: Any) -> None:
        d.send(side.other, 5 - stream_id, b"\0" + d.settings(side.other))
        d.send(side, stream_id, b"\0" + data(d))

    return act


def settings_with(side: Side, number: int) -> Callable[[Any], bytes]:
    """Those of a draft and one more."""

    def write(d: Any) -> bytes:
        payload: bytes = d.settings(side, (number, 1))
        return payload

    return write


def request(*lines: tuple[bytes, bytes]) -> Act:
    return lambda d: d.client(0, section(*lines))


def connect(**replaced: bytes | None) -> Act:
    return lambda d: d.client(0, d.request(**replaced))


def response(*lines: tuple[bytes, bytes]) -> Act:
    def act(d: Any) -> None:
        d.client(0, d.request())
        d.server(0, section(*lines))

    return act


def capsules(side: Side, *data: bytes) -> Act:
    def act(d: Any) -> None:
        d.session()
        for one in data:
            d.send(side, 0, one)

    return act


def streams(side: Side, kind: StreamKind, count: int) -> Act:
    start = {(CLIENT, BIDI): 4, (CLIENT, UNI): 14, (SERVER, BIDI): 1, (SERVER, UNI): 15}

    def act(d: Any) -> None:
        d.session()
        for number in range(count):
            d.send(side, start[side, kind] + 4 * number, header(kind))

    return act


def written(data: bytes) -> Act:
    def act(d: Any) -> None:
        d.session().client(4, header(BIDI) + data[:4])
        d.client(4, data[4:])

    return act


def reset(code: int, reliable_size: int | None = 3) -> Act:
    def act(d: Any) -> None:
        d.session().client(4, header(BIDI))
        d.say(CLIENT, StreamReset(4, code, 3, reliable_size))

    return act


def after_close(code: int) -> Act:
    def act(d: Any) -> None:
        d.session().client(0, body(CLOSE))
        d.say(CLIENT, StreamReset(0, code, 100, None))

    return act


def datagram_of(size_bytes: int) -> Act:
    return lambda d: d.client_datagram(datagram.encode(0, bytes(size_bytes)))


def many(*acts: Act) -> Act:
    def act(d: Any) -> None:
        for one in acts:
            one(d)

    return act


HONEST = many(capsules(CLIENT, body(CLOSE)), lambda d: d.client(0, b"", finished=True))
DOCTORED = (
    *(
        Doctored(
            "ref-settings-no-duplicates",
            side,
            first(side, settings_with(side, 0x33)),
            first(side, settings_with(side, 0x21)),
            begun=False,
        )
        for side in Side
    ),
    Doctored(
        "ref-http2-settings",
        SERVER,
        first(SERVER, lambda d: d.settings(SERVER, (0x2, 1))),
        first(SERVER, lambda d: d.settings(SERVER, (0x0, 1))),
        begun=False,
    ),
    Doctored(
        "ref-connect-protocol-value",
        SERVER,
        first(SERVER, lambda _: frame(4, settings.encode([(Setting.ENABLE_CONNECT_PROTOCOL, 2)]))),
        first(SERVER, lambda _: frame(4, settings.encode([(Setting.ENABLE_CONNECT_PROTOCOL, 0)]))),
        begun=False,
    ),
    Doctored(
        "ref-frame-payload-exact",
        SERVER,
        first(SERVER, lambda _: frame(4, b"\x21")),
        first(SERVER, lambda _: frame(4, b"\x21\x00")),
        begun=False,
    ),
    Doctored(
        "ref-settings-first",
        SERVER,
        first(SERVER, lambda d: GREASE + d.settings(SERVER)),
        first(SERVER, lambda d: d.settings(SERVER) + GREASE),
        begun=False,
    ),
    Doctored(
        "ref-settings-first",
        CLIENT,
        lambda d: d.client(2, d.settings(CLIENT)),
        control(CLIENT, GREASE),
    ),
    Doctored(
        "ref-settings-elsewhere",
        CLIENT,
        lambda d: d.client(0, d.request() + frame(FrameType.SETTINGS)),
        lambda d: d.client(0, d.request() + GREASE),
    ),
    Doctored(
        "ref-goaway-elsewhere",
        SERVER,
        many(response((b":status", b"200")), lambda d: d.server(0, frame(7, b"\0"))),
        response((b":status", b"200")),
    ),
    Doctored(
        "ref-max-push-id-elsewhere",
        CLIENT,
        lambda d: d.client(0, d.request() + frame(0xD, b"\0")),
        control(CLIENT, frame(0xD, b"\0")),
    ),
    Doctored(
        "ref-max-push-id-from-server",
        SERVER,
        control(SERVER, frame(0xD, b"\0")),
        control(CLIENT, frame(0xD, b"\0")),
    ),
    Doctored(
        "ref-cancel-push-elsewhere",
        CLIENT,
        lambda d: d.client(0, d.request() + frame(3, b"\0")),
        lambda d: d.client(0, d.request()),
    ),
    Doctored(
        "ref-push-promise-from-client",
        CLIENT,
        lambda d: d.client(0, d.request() + frame(5, b"\0")),
        lambda d: d.client(0, d.request()),
    ),
    Doctored(
        "ref-headers-on-control-stream",
        CLIENT,
        control(CLIENT, section(*REQUEST)),
        request(*REQUEST),
    ),
    Doctored("ref-http2-frames", SERVER, control(SERVER, frame(6)), control(SERVER, GREASE)),
    Doctored("ref-data-on-control-stream", CLIENT, control(CLIENT, body(b"")), HONEST),
    Doctored(
        "ref-data-before-headers",
        CLIENT,
        lambda d: d.client(0, body(b"x") + d.request()),
        lambda d: d.client(0, GREASE + d.request() + body(b"x")),
    ),
    Doctored(
        "ref-goaway-stream-id",
        SERVER,
        control(SERVER, frame(7, b"\x05")),
        many(control(SERVER, frame(7, b"\x04")), control(CLIENT, frame(7, b"\x05"))),
    ),
    Doctored(
        "ref-goaway-not-growing",
        SERVER,
        control(SERVER, frame(7, b"\x04") + frame(7, b"\x08")),
        control(SERVER, frame(7, b"\x08") + frame(7, b"\x08") + frame(7, b"\x04")),
    ),
    Doctored(
        "ref-one-control-stream",
        CLIENT,
        lambda d: d.client(6, b"\0"),
        lambda d: d.client(6, b"\x21"),
    ),
    Doctored(
        "ref-qpack-second-stream",
        CLIENT,
        many(lambda d: d.client(6, b"\x02"), lambda d: d.client(10, b"\x02")),
        many(lambda d: d.client(6, b"\x02"), lambda d: d.client(10, b"\x03")),
    ),
    Doctored(
        "ref-control-stream-stays-open",
        SERVER,
        lambda d: d.server(3, b"", finished=True),
        lambda d: d.server(7, b"\x21", finished=True),
    ),
    Doctored(
        "ref-control-stream-stays-open",
        SERVER,
        lambda d: d.say(SERVER, StreamReset(3, 0x100, 9, None)),
        many(
            lambda d: d.say(CLIENT, StopSending(3, 0x100)),
            lambda d: d.say(SERVER, StreamReset(3, 0x100, 9, None)),
        ),
    ),
    Doctored(
        "ref-status-required",
        SERVER,
        response((b"server", b"x")),
        response((b":status", b"103"), (b"server", b"x")),
    ),
    *(
        Doctored("ref-messages-well-formed", CLIENT, request(*lines), request(*REQUEST))
        for lines in (
            REQUEST[1:],
            (*REQUEST, (b":path", b"/x")),
            (*REQUEST, (b":odd", b"x")),
            (*REQUEST[:3], (b"accept", b"x"), REQUEST[3]),
        )
    ),
    Doctored(
        "ref-field-names-lower-case",
        CLIENT,
        request(*REQUEST, (b"X-Odd", b"x")),
        request(*REQUEST, (b"x-odd", b"X")),
    ),
    Doctored(
        "ref-405-allow",
        SERVER,
        response((b":status", b"405")),
        response((b":status", b"405"), (b"allow", b"GET")),
    ),
    Doctored(
        "sid-invalid-on-datagram",
        CLIENT,
        lambda d: d.client_datagram(varint.encode(1 << 60) + b"x"),
        lambda d: d.client_datagram(varint.encode((1 << 60) - 1) + b"x"),
    ),
    Doctored("ref-quic-datagram-size-kept", CLIENT, datagram_of(99), datagram_of(98)),
    Doctored(
        "setup-client-waits-server-settings",
        CLIENT,
        many(
            lambda d: d.client(2, b"\0" + d.settings(CLIENT)),
            connect(),
            lambda d: d.server(3, b"\0" + d.settings(SERVER)),
        ),
        many(
            lambda d: d.say(SERVER, Undecided("no key")),
            lambda d: d.client(2, b"\0" + d.settings(CLIENT)),
            connect(),
            lambda d: d.server(3, b"\0" + d.settings(SERVER)),
        ),
        begun=False,
    ),
    Doctored("setup-scheme-https", CLIENT, connect(scheme=b"http"), connect()),
    Doctored("setup-authority-present", CLIENT, connect(authority=None), connect()),
    Doctored("setup-path-present", CLIENT, connect(path=None), connect(path=b"/x")),
    Doctored(
        "subproto-response-listed",
        SERVER,
        many(
            lambda d: d.client(0, section(*d.lines(), (b"wt-available-protocols", b'"a", "b"'))),
            lambda d: d.server(0, section((b":status", b"200"), (b"wt-protocol", b'"c"'))),
        ),
        many(
            lambda d: d.client(0, section(*d.lines(), (b"wt-available-protocols", b'"a", "b"'))),
            lambda d: d.server(0, section((b":status", b"200"), (b"wt-protocol", b'"b";x=1'))),
        ),
    ),
    Doctored(
        "bidi-wt-stream-only-first",
        CLIENT,
        lambda d: d.client(0, d.request() + header(BIDI)),
        lambda d: d.session().client(4, header(BIDI) + header(BIDI)),
    ),
    Doctored(
        "sid-must-be-client-bidi",
        SERVER,
        lambda d: d.session().server(15, header(UNI, 3)),
        lambda d: d.session().server(15, header(UNI, 4)),
    ),
    *(
        Doctored(
            "flow-open-within-stream-limit",
            side,
            streams(side, kind, 2),
            many(
                capsules(side.other, body(capsule.encode(MaxStreams(kind, 2)))),
                streams(side, kind, 2),
            ),
        )
        for side in Side
        for kind in StreamKind
    ),
    Doctored("flow-send-within-data-limit", CLIENT, written(bytes(11)), written(bytes(10))),
    Doctored(
        "flow-send-within-data-limit",
        CLIENT,
        written(bytes(11)),
        many(capsules(SERVER, body(capsule.encode(MaxData(11)))), written(bytes(11))),
    ),
    Doctored("reset-code-mapped", CLIENT, reset(7), reset(to_http3(7))),
    Doctored("reset-code-mapped", CLIENT, reset(7), reset(WT.SESSION_GONE)),
    Doctored("reset-code-mapped", CLIENT, reset(7), reset(0)),
    Doctored("reset-stream-at-used", CLIENT, reset(to_http3(7), None), reset(to_http3(7), 3)),
    Doctored("reset-stream-at-used", CLIENT, reset(to_http3(7), 2), reset(to_http3(7), 3)),
    Doctored("close-sender-fins", CLIENT, capsules(CLIENT, body(CLOSE), body(b"x")), HONEST),
    Doctored("close-sender-fins", SERVER, capsules(SERVER, body(CLOSE + b"\x17\0")), HONEST),
    Doctored(
        "close-sender-fins",
        CLIENT,
        after_close(H3.REQUEST_CANCELLED),
        many(
            lambda d: d.say(SERVER, StopSending(0, WT.SESSION_GONE)),
            lambda d: d.client(2, GREASE),
            after_close(H3.MESSAGE_ERROR),
        ),
    ),
    Doctored("close-capsule-format", CLIENT, capsules(CLIENT, raw(0x2843, b"abc")), HONEST),
    Doctored(
        "close-message-max-1024",
        CLIENT,
        capsules(CLIENT, raw(0x2843, bytes(1029))),
        capsules(CLIENT, raw(0x2843, bytes(1028))),
    ),
    Doctored("close-message-utf8", SERVER, capsules(SERVER, raw(0x2843, b"abcd\xff")), HONEST),
    Doctored(
        "drain-capsule-format",
        SERVER,
        capsules(SERVER, raw(0x78AE, b"x")),
        capsules(SERVER, raw(0x78AE, b"")),
    ),
    Doctored(
        "flow-max-data-format",
        CLIENT,
        capsules(CLIENT, raw(CapsuleType.MAX_DATA, b"\x10\x10")),
        capsules(CLIENT, raw(CapsuleType.MAX_DATA, b"\x40\x10")),
    ),
    Doctored(
        "flow-max-streams-format",
        CLIENT,
        capsules(CLIENT, raw(CapsuleType.MAX_STREAMS_UNI, b"")),
        capsules(CLIENT, raw(CapsuleType.MAX_STREAMS_UNI, b"\x10")),
    ),
    Doctored(
        "flow-h2-capsules-prohibited",
        CLIENT,
        capsules(CLIENT, raw(CapsuleType.MAX_STREAM_DATA, b"\0\0")),
        capsules(CLIENT, raw(CapsuleType.DATA_BLOCKED, b"\0")),
    ),
    Doctored(
        "flow-max-streams-cap-2-60",
        CLIENT,
        capsules(CLIENT, body(capsule.encode(MaxStreams(UNI, (1 << 60) + 1)))),
        capsules(CLIENT, body(capsule.encode(MaxStreams(UNI, 1 << 60)))),
    ),
    Doctored(
        "flow-max-streams-cumulative",
        CLIENT,
        capsules(CLIENT, *(body(capsule.encode(MaxStreams(UNI, n))) for n in (5, 4))),
        capsules(CLIENT, *(body(capsule.encode(MaxStreams(UNI, n))) for n in (4, 5))),
    ),
)
IDS = [f"{number}-{one.requirement}" for number, one in enumerate(DOCTORED)]


@pytest.mark.parametrize("doctored", DOCTORED, ids=IDS)
def test_a_broken_rule_is_found_and_blamed_on_its_side(doctored: Doctored, dialogue: Any) -> None:
    d = dialogue(begun=doctored.begun)
    doctored.act(d)
    assert (doctored.side, doctored.requirement) in d.blamed
    assert {side for side, _ in d.blamed} == {doctored.side}


@pytest.mark.parametrize("doctored", DOCTORED, ids=IDS)
def test_the_honest_twin_is_not_blamed(doctored: Doctored, dialogue: Any) -> None:
    d = dialogue(begun=doctored.begun)
    doctored.twin(d)
    assert d.blamed == set()


def test_every_rule_has_its_doctored_exchange() -> None:
    assert {one.requirement for one in DOCTORED} == {rule.requirement for rule in RULES}
