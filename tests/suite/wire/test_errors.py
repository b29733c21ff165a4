import pytest

from wtspec.suite.wire import errors
from wtspec.suite.wire.error_codes import H3, QUIC


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.WireError, 0x101),
        (errors.FrameError, 0x106),
        (errors.FrameUnexpected, 0x105),
        (errors.MessageError, 0x10E),
        (errors.SettingsError, 0x109),
        (errors.MissingSettings, 0x10A),
        (errors.IdError, 0x108),
        (errors.DatagramError, 0x33),
        (errors.StreamCreationError, 0x103),
        (errors.ClosedCriticalStream, 0x104),
        (errors.ExcessiveLoad, 0x107),
        (errors.QpackDecompressionFailed, 0x200),
        (errors.QpackEncoderStreamError, 0x201),
        (errors.QpackDecoderStreamError, 0x202),
    ],
)
def test_each_class_names_its_code(kind: type[errors.WireError], code: int) -> None:
    failure = kind("why", b"raw")
    assert failure.code is H3(code)
    assert str(failure) == f"why ({H3(code).name})"
    assert (failure.raw, failure.before) == (b"raw", ())


def test_every_subclass_is_listed_above() -> None:
    assert len(errors.WireError.__subclasses__()) == 13


def test_a_transport_parameter_error_is_of_quic() -> None:
    failure = errors.TransportParameterError("why", b"raw")
    assert failure.code is QUIC.TRANSPORT_PARAMETER_ERROR
    assert failure.raw == b"raw"
    assert not isinstance(failure, errors.WireError)
