"""All decisions that a fault can override, in one record.

A decision is a method of one of these classes; the honest answer is in the class, and a fault is a
subclass that gives another one (see `faults/`). Everything else in the reference asks.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.capsules import CapsuleRules
from wtspec.implementations.reference.decisions.closing import CloseRules
from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.datagrams import DatagramRules
from wtspec.implementations.reference.decisions.flow import FlowRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.decisions.streams import StreamRules

Decisions = (
    NegotiationRules
    | RequestRules
    | StreamRules
    | FlowRules
    | CapsuleRules
    | DatagramRules
    | CloseRules
    | ControlRules
    | ApplicationRules
    | QuicRules
)


@dataclass(frozen=True, slots=True)
class Rules:
    """One instance of each class."""

    negotiation: NegotiationRules
    requests: RequestRules
    streams: StreamRules
    flow: FlowRules
    capsules: CapsuleRules
    datagrams: DatagramRules
    closing: CloseRules
    control: ControlRules
    application: ApplicationRules
    quic: QuicRules

    def overridden(self, *decisions: Decisions) -> "Rules":
        """The same, with these subclass instances in the places of the classes they come from."""
        given: dict[str, Any] = {}
        for decision in decisions:
            place = next(f for f in fields(self) if isinstance(decision, type(_honest(f.name))))
            given[place.name] = decision
        return replace(self, **given)


def _honest(place: str) -> object:
    return getattr(HONEST, place)


HONEST = Rules(
    negotiation=NegotiationRules(),
    requests=RequestRules(),
    streams=StreamRules(),
    flow=FlowRules(),
    capsules=CapsuleRules(),
    datagrams=DatagramRules(),
    closing=CloseRules(),
    control=ControlRules(),
    application=ApplicationRules(),
    quic=QuicRules(),
)
