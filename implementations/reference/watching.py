"""In which cells a fault can show at all: where one of its decisions differs from the honest one.

Decisions are functions of plain values. Up to the first answer that differs, the reference with
the fault does what the honest one does; where none ever differs, it need not be run.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

from wtspec.implementations.reference.faults.fault import Fault
from wtspec.implementations.reference.rules import HONEST, Decisions, Rules

# The faults that take a decision otherwise, by its name, each with its own way to take it.
Rivals = Mapping[str, Sequence[tuple[str, Callable[..., Any]]]]


def watched(faults: Iterable[Fault], showing: set[str]) -> Rules:
    """Honest rules that add to `showing` each fault that would have decided otherwise."""
    rivals: dict[type, dict[str, list[tuple[str, Callable[..., Any]]]]] = {}
    for one in faults:
        for decisions in one.decisions:
            known = rivals.setdefault(_honest_kind(decisions), defaultdict(list))
            for name in overrides(decisions):
                known[name].append((one.name, getattr(decisions, name)))
    found: dict[str, Any] = {}
    for place in fields(HONEST):
        kind = type(getattr(HONEST, place.name))
        found[place.name] = _watched(kind, rivals.get(kind, {}), showing)
    return Rules(**found)


def _watched(honest: type, rivals: Rivals, showing: set[str]) -> object:
    def compared(name: str, decision: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(decision)
        def compare(*arguments: Any, **named: Any) -> Any:
            honest = _taken(decision, arguments, named)
            for fault, rival in rivals[name]:
                if fault not in showing and _taken(rival, arguments[1:], named) != honest:
                    showing.add(fault)
            return decision(*arguments, **named) if honest.error else honest.answer

        return compare

    methods = {name: compared(name, vars(honest)[name]) for name in rivals}
    return type(f"Watched{honest.__name__}", (honest,), methods)()


@dataclass(frozen=True, slots=True)
class _Taken:
    """What came of a decision: an answer, or an error by its kind and words."""

    answer: Any = None
    error: str = ""


def _taken(
    decision: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]
) -> _Taken:
    try:
        return _Taken(decision(*arguments, **named))
    except Exception as error:  # noqa: BLE001 - whatever it is, another decision may not raise it
        return _Taken(error=repr(error))


def overrides(decisions: Decisions) -> frozenset[str]:
    """The decisions that a subclass takes otherwise."""
    honest = _honest_kind(decisions)
    kinds = type(decisions).__mro__
    own = {name for kind in kinds[: kinds.index(honest)] for name in vars(kind)}
    return frozenset(own & _decisions_of(honest))


def _honest_kind(decisions: Decisions) -> type:
    places = {type(getattr(HONEST, one.name)) for one in fields(HONEST)}
    return next(kind for kind in type(decisions).__mro__ if kind in places)


def _decisions_of(kind: type) -> set[str]:
    return {name for name, value in vars(kind).items() if callable(value) and name[:2] != "__"}
