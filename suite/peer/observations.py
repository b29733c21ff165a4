"""Facts read from what the endpoint announced, as Reactions."""

from collections.abc import Mapping, Sequence

from wtspec.suite.peer.bench import Violation
from wtspec.suite.signal import Absent, Observed, Reaction, Signal
from wtspec.suite.wire import settings
from wtspec.suite.wire.transport_parameters import Parameter


def fact(what: str, value: object) -> Signal:
    """A value, or Absent where there is none: a pattern's None would match any."""
    return Absent(what) if value is None else Observed(what, value)


def of_settings(found: Mapping[int, int], which: Sequence[int]) -> Reaction:
    """Settings by name."""
    return Reaction("SETTINGS", tuple(fact(settings.name(one), found.get(one)) for one in which))


def of_parameters(found: Mapping[int, bytes], which: Sequence[Parameter]) -> Reaction:
    """Transport parameters by name, their bytes as hex digits, "empty" for none."""
    values = ((one.name, found.get(one)) for one in which)
    signals = tuple(
        fact(name, None if value is None else value.hex() or "empty") for name, value in values
    )
    return Reaction("transport parameters", signals)


def of_violations(found: Sequence[Violation]) -> Reaction:
    """Every rule of the wire that was broken, in words."""
    signals = tuple(Observed("broken rule", one.why) for one in found)
    return Reaction("connection", signals or (Absent("broken rule"),))
