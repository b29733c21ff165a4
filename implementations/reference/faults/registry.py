"""All faults and all oddities by name: every module of this folder is read."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

import wtspec.implementations.reference.faults as folder
from wtspec.implementations.reference.faults.fault import Fault, fault, oddity

for _found in iter_modules(folder.__path__, f"{folder.__name__}."):
    if _found.name != __name__:
        import_module(_found.name)

FAULTS: Mapping[str, Fault] = fault
ODDITIES: Mapping[str, Fault] = oddity
