"""All faults and all oddities by name."""

from collections.abc import Mapping
from importlib import import_module

from wtspec.implementations.reference.faults.fault import Fault, fault, oddity

_MODULES = ("first", "legal")
for _module in _MODULES:
    import_module(f"{__package__}.{_module}")

FAULTS: Mapping[str, Fault] = fault
ODDITIES: Mapping[str, Fault] = oddity
