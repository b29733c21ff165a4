"""Which decisions were asked: a fault can only show where the one that it overrides is.

So a proof that no other cell turns red for a fault need not run those that never ask.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

from wtspec.implementations.reference.rules import HONEST, Decisions, Rules


def watched(asked: set[str]) -> Rules:
    """Honest rules that note in `asked` each decision that is taken, as "FlowRules.may_open"."""
    found: dict[str, Any] = {
        place.name: _watched(type(getattr(HONEST, place.name)), asked) for place in fields(HONEST)
    }
    return Rules(**found)


def _watched(honest: type, asked: set[str]) -> object:
    def noting(name: str, decision: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(decision)
        def note(*arguments: Any, **named: Any) -> Any:
            asked.add(f"{honest.__name__}.{name}")
            return decision(*arguments, **named)

        return note

    methods = {name: noting(name, vars(honest)[name]) for name in _methods(honest)}
    return type(f"Watched{honest.__name__}", (honest,), methods)()


def overrides(decisions: Decisions) -> frozenset[str]:
    """The decisions that a subclass takes otherwise, by the names that `watched` gives them."""
    kinds = type(decisions).__mro__
    honest = next(
        kind for kind in kinds if kind in {type(getattr(HONEST, f.name)) for f in fields(HONEST)}
    )
    own = {name for kind in kinds[: kinds.index(honest)] for name in _methods(kind)}
    return frozenset(f"{honest.__name__}.{name}" for name in own & set(_methods(honest)))


def _methods(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if callable(value) and name[:2] != "__"]
