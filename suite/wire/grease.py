"""Reserved identifiers that carry no meaning and must be ignored (RFC 9114 section 7.2.8)."""

from typing import Final

_STEP: Final = 0x1F
_FIRST: Final = 0x21


def identifier(n: int) -> int:
    """The n-th reserved frame type, setting, unidirectional stream type or error code."""
    return _STEP * n + _FIRST


def is_reserved(value: int) -> bool:
    return value >= _FIRST and (value - _FIRST) % _STEP == 0
