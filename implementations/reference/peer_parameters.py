"""The peer's QUIC transport parameters: whether we take them as they are."""

from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.suite.wire.error_codes import QUIC
from wtspec.suite.wire.transport_parameters import Parameter

RESETS_AT = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)


def parameter_error(
    raw: tuple[tuple[int, bytes], ...], rules: QuicRules, *, knows_reset_at: bool
) -> int | None:
    """The transport error that they call for.

    draft-ietf-quic-reliable-stream-reset section 3: the parameter has no value. Who does not know
    the extension does not look at it.
    """
    for number, value in raw:
        is_wrong = number in RESETS_AT and bool(value) and knows_reset_at
        if is_wrong and rules.minds_reset_stream_at_value():
            return QUIC.TRANSPORT_PARAMETER_ERROR
        if number not in set(Parameter):
            code = rules.code_for_unknown_parameter(number)
            if code is not None:
                return code
    return None
