"""Error codes and their names, and the mapping of application codes into HTTP/3's space."""

from enum import IntEnum
from typing import Final, Self

APPLICATION_CODE_MAX: Final = 0xFFFFFFFF
_FIRST: Final = 0x52E4A40FA8DB
_LAST: Final = 0x52E5AC983162
# Every 0x1f-th point of the range is of the reserved form 0x1f * N + 0x21, hence one gap after
# each run of 0x1e usable points.
_RUN: Final = 0x1E


class H3(IntEnum):
    """RFC 9114 section 8.1, RFC 9204 section 6, RFC 9297 section 5.2."""

    DATAGRAM_ERROR = 0x33
    NO_ERROR = 0x100
    GENERAL_PROTOCOL_ERROR = 0x101
    INTERNAL_ERROR = 0x102
    STREAM_CREATION_ERROR = 0x103
    CLOSED_CRITICAL_STREAM = 0x104
    FRAME_UNEXPECTED = 0x105
    FRAME_ERROR = 0x106
    EXCESSIVE_LOAD = 0x107
    ID_ERROR = 0x108
    SETTINGS_ERROR = 0x109
    MISSING_SETTINGS = 0x10A
    REQUEST_REJECTED = 0x10B
    REQUEST_CANCELLED = 0x10C
    REQUEST_INCOMPLETE = 0x10D
    MESSAGE_ERROR = 0x10E
    CONNECT_ERROR = 0x10F
    VERSION_FALLBACK = 0x110
    QPACK_DECOMPRESSION_FAILED = 0x200
    QPACK_ENCODER_STREAM_ERROR = 0x201
    QPACK_DECODER_STREAM_ERROR = 0x202


class WT(IntEnum):
    """draft-ietf-webtrans-http3-16 section 9.5; which drafts know which code is the dialect's."""

    FLOW_CONTROL_ERROR = 0x045D4487
    ALPN_ERROR = 0x0817B3DD
    SESSION_GONE = 0x170D7B68
    REQUIREMENTS_NOT_MET = 0x212C0D48
    BUFFERED_STREAM_REJECTED = 0x3994BD84


class QUIC(IntEnum):
    """Transport error codes, RFC 9000 section 20.1; a space of their own, apart from H3 and WT."""

    NO_ERROR = 0x0
    INTERNAL_ERROR = 0x1
    CONNECTION_REFUSED = 0x2
    FLOW_CONTROL_ERROR = 0x3
    STREAM_LIMIT_ERROR = 0x4
    STREAM_STATE_ERROR = 0x5
    FINAL_SIZE_ERROR = 0x6
    FRAME_ENCODING_ERROR = 0x7
    TRANSPORT_PARAMETER_ERROR = 0x8
    CONNECTION_ID_LIMIT_ERROR = 0x9
    PROTOCOL_VIOLATION = 0xA
    INVALID_TOKEN = 0xB
    APPLICATION_ERROR = 0xC
    CRYPTO_BUFFER_EXCEEDED = 0xD
    KEY_UPDATE_ERROR = 0xE
    AEAD_LIMIT_REACHED = 0xF
    NO_VIABLE_PATH = 0x10


_NAMES: Final[dict[int, str]] = {
    **{code: f"WT_{code.name}" for code in WT},
    **{code: code.name if code.name.startswith("QPACK_") else f"H3_{code.name}" for code in H3},
}
_TRANSPORT_NAMES: Final[dict[int, str]] = {code: code.name for code in QUIC}


def to_http3(application_code: int) -> int:
    """The HTTP/3 code that carries a stream error of the application (section 4.4).

    Drafts 02 to 05 stop at 0xff, with the same formula: that bound is the dialect's.
    """
    if not 0 <= application_code <= APPLICATION_CODE_MAX:
        raise ValueError(f"not a 32-bit application error code: {application_code:#x}")
    return _FIRST + application_code + application_code // _RUN


def from_http3(code: int) -> int | None:
    """The application code behind an HTTP/3 code; None outside the range and at reserved points."""
    if not _FIRST <= code <= _LAST:
        return None
    runs, place = divmod(code - _FIRST, _RUN + 1)
    return None if place == _RUN else runs * _RUN + place


class ApplicationCode(int):
    """An application's stream error code; as an int it is the HTTP/3 code seen on the wire."""

    __slots__ = ()

    def __new__(cls, application: int) -> Self:
        return super().__new__(cls, to_http3(application))

    @property
    def application(self) -> int:
        code = from_http3(int(self))
        assert code is not None  # __new__ admits mapped values only
        return code

    def __getnewargs__(self) -> tuple[int]:
        # int's own would hand the mapped value to __new__, which would map it a second time.
        return (self.application,)

    def __repr__(self) -> str:
        return f"ApplicationCode({self.application:#x})"


def name(code: int) -> str:
    """What an error code of HTTP/3's space is called in text for people."""
    application = from_http3(code)
    if application is not None:
        return f"ApplicationCode({application})"
    return _NAMES.get(code, f"{code:#x}")


def means_nothing(code: int) -> bool:
    """Neither assigned here nor an application's: counts as H3_NO_ERROR (RFC 9114 section 8).

    So do the reserved codes, which may be sent in its place (section 8.1), and the 0 of stacks that
    close or stop with QUIC's own default.
    """
    return code not in _NAMES and from_http3(code) is None


def transport_name(code: int) -> str:
    """What a transport error code is called; the 0x100 TLS alerts become "CRYPTO_ERROR(40)"."""
    if 0x100 <= code <= 0x1FF:
        return f"CRYPTO_ERROR({code - 0x100})"
    return _TRANSPORT_NAMES.get(code, f"{code:#x}")
