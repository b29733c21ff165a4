"""The peer's QPACK streams: with a dynamic table of size 0, almost nothing may stand on them.

RFC 9204 sections 3.2.3, 4.3 and 4.4. Our own streams carry nothing but their type.
"""

from typing import Protocol

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.errors import ConnectionViolation
from wtspec.implementations.reference.outlet import Outlet
from wtspec.suite.wire.error_codes import H3

_LONGEST_INTEGER_BYTES = 9  # 62 bits; longer ones are an error (RFC 9204 section 4.1.1)
_CAPACITY_MASK, _CAPACITY = 0xE0, 0x20
_CANCELLATION_MASK, _CANCELLATION = 0xC0, 0x40


class Instructions(Protocol):
    """Which first bytes of an instruction are legal without a dynamic table."""

    def prefix_bits(self, first: int) -> int | None:
        """The width of the integer that follows; None: the instruction is illegal here."""
        ...

    def allows(self, value: int) -> bool: ...
    @property
    def error(self) -> H3: ...


class EncoderInstructions:
    """Only "Set Dynamic Table Capacity" to 0."""

    error = H3.QPACK_ENCODER_STREAM_ERROR

    def prefix_bits(self, first: int) -> int | None:
        return 5 if first & _CAPACITY_MASK == _CAPACITY else None

    def allows(self, value: int) -> bool:
        return value == 0


class DecoderInstructions:
    """Only "Stream Cancellation"; our sections have nothing to acknowledge."""

    error = H3.QPACK_DECODER_STREAM_ERROR

    def __init__(self, rules: ControlRules) -> None:
        self._rules = rules

    def prefix_bits(self, first: int) -> int | None:
        return 6 if first & _CANCELLATION_MASK == _CANCELLATION else None

    def allows(self, value: int) -> bool:
        return value >= 0 and self._rules.takes_stream_cancellations()


class QpackReader:
    """One of the peer's two QPACK streams."""

    def __init__(self, instructions: Instructions, outlet: Outlet) -> None:
        self._instructions = instructions
        self._rules = outlet.rules.control
        self._buffer = b""

    def data(self, data: bytes, finished: bool) -> None:
        self._buffer += data
        while self._buffer and self._take_instruction():
            pass
        if finished and self._rules.minds_closed_critical("QPACK", "FIN"):
            raise ConnectionViolation(H3.CLOSED_CRITICAL_STREAM, "FIN on a QPACK stream")

    def reset_arrived(self, code: int, final_size: int) -> None:
        del code, final_size
        if self._rules.minds_closed_critical("QPACK", "reset"):
            raise ConnectionViolation(H3.CLOSED_CRITICAL_STREAM, "reset of a QPACK stream")

    def stopped(self, code: int) -> None:
        """Not ours to send on."""

    def _take_instruction(self) -> bool:
        bits = self._instructions.prefix_bits(self._buffer[0])
        if bits is None:
            self._illegal(f"instruction {self._buffer[0]:#x}")
            return False
        read = _integer(self._buffer, bits)
        if read is None:
            return False
        value, size = read
        if not self._instructions.allows(value):
            self._illegal(f"value {value}")
        self._buffer = self._buffer[size:]
        return True

    def _illegal(self, what: str) -> None:
        if self._rules.minds_qpack_instructions(self._instructions.error):
            raise ConnectionViolation(self._instructions.error, f"{what} on a QPACK stream")
        self._buffer = b""


def _integer(data: bytes, prefix_bits: int) -> tuple[int, int] | None:
    """A prefixed integer (RFC 7541 section 5.1) and its size; None while bytes are missing."""
    limit = (1 << prefix_bits) - 1
    value = data[0] & limit
    if value < limit:
        return value, 1
    for place, byte in enumerate(data[1:]):
        if place > _LONGEST_INTEGER_BYTES:
            return -1, place + 2
        value += (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, place + 2
    return None
