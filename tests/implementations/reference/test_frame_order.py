"""Where each frame may stand, for each reader, over the full product."""

from itertools import product

import pytest

from wtspec.implementations.reference.frame_order import (
    ON_CONTROL,
    ON_REQUESTS,
    ControlPhase,
    Kind,
    RequestPhase,
    kind_of,
)
from wtspec.suite.dialect import Side
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import HTTP2_TYPES, Data, Frame, FrameType, Skipped

LEGAL_ON_REQUESTS = {
    (RequestPhase.NOTHING, Kind.HEADERS),
    (RequestPhase.NOTHING, Kind.UNKNOWN),
    (RequestPhase.HEADERS, Kind.HEADERS),
    (RequestPhase.HEADERS, Kind.DATA),
    (RequestPhase.HEADERS, Kind.UNKNOWN),
}
LEGAL_ON_CONTROL = {
    Side.SERVER: {
        Kind.GOAWAY,
        Kind.CANCEL_PUSH,
        Kind.MAX_PUSH_ID,
        Kind.PRIORITY_UPDATE,
        Kind.UNKNOWN,
    },
    Side.CLIENT: {Kind.GOAWAY, Kind.CANCEL_PUSH, Kind.UNKNOWN},
}


@pytest.mark.parametrize("reader", Side)
def test_request_streams_over_the_product(reader: Side) -> None:
    table = ON_REQUESTS[reader]
    assert set(table) == set(product(RequestPhase, Kind))
    assert {key for key, step in table.items() if isinstance(step, RequestPhase)} == (
        LEGAL_ON_REQUESTS
    )
    errors = {step for key, step in table.items() if key[1] is not Kind.PUSH_PROMISE}
    assert {step for step in errors if isinstance(step, H3)} == {H3.FRAME_UNEXPECTED}


@pytest.mark.parametrize(
    ("reader", "code"), [(Side.SERVER, H3.FRAME_UNEXPECTED), (Side.CLIENT, H3.ID_ERROR)]
)
def test_a_push_promise_is_wrong_in_its_own_way(reader: Side, code: H3) -> None:
    for phase in RequestPhase:
        assert ON_REQUESTS[reader][phase, Kind.PUSH_PROMISE] is code


@pytest.mark.parametrize("reader", Side)
def test_control_streams_over_the_product(reader: Side) -> None:
    table = ON_CONTROL[reader]
    assert set(table) == set(product(ControlPhase, Kind))
    for kind in Kind:
        first = table[ControlPhase.NOTHING, kind]
        later = table[ControlPhase.SETTINGS, kind]
        is_settings = kind is Kind.SETTINGS
        assert first is (ControlPhase.SETTINGS if is_settings else H3.MISSING_SETTINGS)
        legal = kind in LEGAL_ON_CONTROL[reader]
        assert later is (ControlPhase.SETTINGS if legal else H3.FRAME_UNEXPECTED)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (Data(b""), Kind.DATA),
        (Frame(FrameType.HEADERS, b""), Kind.HEADERS),
        (Frame(FrameType.PRIORITY_UPDATE_PUSH, b""), Kind.PRIORITY_UPDATE),
        (Frame(min(HTTP2_TYPES), b""), Kind.HTTP2),
        (Frame(0x21, b""), Kind.UNKNOWN),
        (Skipped(0x21, 1 << 40), Kind.UNKNOWN),
    ],
)
def test_kinds(event: Data | Frame | Skipped, kind: Kind) -> None:
    assert kind_of(event) is kind
