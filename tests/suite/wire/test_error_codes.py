import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import error_codes
from wtspec.suite.wire.error_codes import H3, QUIC, WT, ApplicationCode, from_http3, to_http3

FIRST, LAST = 0x52E4A40FA8DB, 0x52E5AC983162


@pytest.mark.parametrize(
    ("application", "code"),
    [
        (0, 0x52E4A40FA8DB),
        (0x1D, 0x52E4A40FA8F8),
        (0x1E, 0x52E4A40FA8FA),
        (0xFF, 0x52E4A40FA9E2),
        (0xFFFFFFFF, 0x52E5AC983162),
    ],
)
def test_mapping_vectors(application: int, code: int) -> None:
    assert to_http3(application) == code
    assert from_http3(code) == application


@given(st.integers(0, 0xFFFFFFFF))
def test_mapping_is_undone_and_avoids_reserved_points(application: int) -> None:
    code = to_http3(application)
    assert from_http3(code) == application
    assert (code - 0x21) % 0x1F != 0


@given(st.integers(FIRST, LAST))
def test_every_point_of_the_range_is_mapped_or_reserved(code: int) -> None:
    application = from_http3(code)
    if application is None:
        assert (code - 0x21) % 0x1F == 0
    else:
        assert to_http3(application) == code


@pytest.mark.parametrize(
    "code", [0, FIRST - 1, LAST + 1, 0x52E4A40FA8F9, WT.SESSION_GONE, 2**62 - 1]
)
def test_codes_without_an_application_code(code: int) -> None:
    assert from_http3(code) is None


@pytest.mark.parametrize("application", [-1, 2**32])
def test_only_32_bits_are_mapped(application: int) -> None:
    with pytest.raises(ValueError, match="32-bit"):
        to_http3(application)


@given(st.integers(0, 0xFFFFFFFF))
def test_an_application_code_is_its_wire_value(application: int) -> None:
    code = ApplicationCode(application)
    assert code == to_http3(application)
    assert code.application == application
    assert repr(code) == f"ApplicationCode({application:#x})"


def test_an_application_code_survives_copies() -> None:
    code = ApplicationCode(7)
    for other in (pickle.loads(pickle.dumps(code)), copy.copy(code), copy.deepcopy(code)):
        assert (other, other.application) == (code, 7)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (H3.MESSAGE_ERROR, "H3_MESSAGE_ERROR"),
        (0x33, "H3_DATAGRAM_ERROR"),
        (0x200, "QPACK_DECOMPRESSION_FAILED"),
        (0x170D7B68, "WT_SESSION_GONE"),
        (0x52E4A40FA8F8, "ApplicationCode(29)"),
        (0x52E4A40FA8F9, "0x52e4a40fa8f9"),
        (0x1234, "0x1234"),
        (0x3, "0x3"),
    ],
)
def test_names(code: int, name: str) -> None:
    assert error_codes.name(code) == name


@pytest.mark.parametrize("code", [0x0, 0x21, 0x1234, 0x52E4A40FA8F9, 2**62 - 1])
def test_codes_that_mean_nothing(code: int) -> None:
    assert error_codes.means_nothing(code)


@pytest.mark.parametrize("code", [H3.NO_ERROR, H3.DATAGRAM_ERROR, WT.SESSION_GONE, FIRST, LAST])
def test_codes_that_mean_something(code: int) -> None:
    assert not error_codes.means_nothing(code)


@pytest.mark.parametrize(
    ("code", "name"),
    [(0x0, "NO_ERROR"), (0xA, "PROTOCOL_VIOLATION"), (0x128, "CRYPTO_ERROR(40)"), (0x200, "0x200")],
)
def test_transport_names(code: int, name: str) -> None:
    assert error_codes.transport_name(code) == name


def test_the_codes_of_webtransport() -> None:
    assert {code.name: int(code) for code in WT} == {
        "BUFFERED_STREAM_REJECTED": 0x3994BD84,
        "SESSION_GONE": 0x170D7B68,
        "FLOW_CONTROL_ERROR": 0x045D4487,
        "ALPN_ERROR": 0x0817B3DD,
        "REQUIREMENTS_NOT_MET": 0x212C0D48,
    }


def test_the_codes_of_http3() -> None:
    assert [(code.name, int(code)) for code in H3] == [
        ("DATAGRAM_ERROR", 0x33),
        ("NO_ERROR", 0x100),
        ("GENERAL_PROTOCOL_ERROR", 0x101),
        ("INTERNAL_ERROR", 0x102),
        ("STREAM_CREATION_ERROR", 0x103),
        ("CLOSED_CRITICAL_STREAM", 0x104),
        ("FRAME_UNEXPECTED", 0x105),
        ("FRAME_ERROR", 0x106),
        ("EXCESSIVE_LOAD", 0x107),
        ("ID_ERROR", 0x108),
        ("SETTINGS_ERROR", 0x109),
        ("MISSING_SETTINGS", 0x10A),
        ("REQUEST_REJECTED", 0x10B),
        ("REQUEST_CANCELLED", 0x10C),
        ("REQUEST_INCOMPLETE", 0x10D),
        ("MESSAGE_ERROR", 0x10E),
        ("CONNECT_ERROR", 0x10F),
        ("VERSION_FALLBACK", 0x110),
        ("QPACK_DECOMPRESSION_FAILED", 0x200),
        ("QPACK_ENCODER_STREAM_ERROR", 0x201),
        ("QPACK_DECODER_STREAM_ERROR", 0x202),
    ]


def test_the_codes_of_quic() -> None:
    assert [(int(code), code.name) for code in QUIC] == [
        (0x0, "NO_ERROR"),
        (0x1, "INTERNAL_ERROR"),
        (0x2, "CONNECTION_REFUSED"),
        (0x3, "FLOW_CONTROL_ERROR"),
        (0x4, "STREAM_LIMIT_ERROR"),
        (0x5, "STREAM_STATE_ERROR"),
        (0x6, "FINAL_SIZE_ERROR"),
        (0x7, "FRAME_ENCODING_ERROR"),
        (0x8, "TRANSPORT_PARAMETER_ERROR"),
        (0x9, "CONNECTION_ID_LIMIT_ERROR"),
        (0xA, "PROTOCOL_VIOLATION"),
        (0xB, "INVALID_TOKEN"),
        (0xC, "APPLICATION_ERROR"),
        (0xD, "CRYPTO_BUFFER_EXCEEDED"),
        (0xE, "KEY_UPDATE_ERROR"),
        (0xF, "AEAD_LIMIT_REACHED"),
        (0x10, "NO_VIABLE_PATH"),
    ]
