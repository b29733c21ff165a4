"""Configurations: what an endpoint must be started with, a closed list."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """WT_LIMITS of the contract. None: the endpoint's default; 0: no initial credit."""

    max_sessions: int | None = None
    initial_max_data: int | None = None
    initial_max_streams_uni: int | None = None
    initial_max_streams_bidi: int | None = None
    max_datagram: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A start of the endpoint: its `limits` and `protocols`; `ours` is what the Peer announces.

    The plan groups cells by it, since each needs an endpoint of its own.
    """

    name: str
    limits: Limits = field(default_factory=Limits)
    protocols: tuple[str, ...] = ()
    ours: Limits = field(default_factory=Limits)

    def __str__(self) -> str:
        return self.name


_AMPLE = Limits(
    max_sessions=16,
    initial_max_data=1 << 20,
    initial_max_streams_uni=16,
    initial_max_streams_bidi=16,
)
_OFF = Limits(initial_max_data=0, initial_max_streams_uni=0, initial_max_streams_bidi=0)

DEFAULT = Configuration("default", limits=_OFF)
# Both sides grant: session flow control is on in every dialect that has it, and sessions share a
# connection. All numbers differ, so that a mix-up shows.
FLOW_CONTROL = Configuration(
    "flow-control",
    limits=Limits(
        max_sessions=4,
        initial_max_data=50_000,
        initial_max_streams_uni=5,
        initial_max_streams_bidi=7,
    ),
    ours=_AMPLE,
)
# We grant one stream or two and few bytes, so that the endpoint must wait for our credit.
SCARCE = Configuration(
    "scarce",
    limits=_AMPLE,
    ours=Limits(
        max_sessions=4, initial_max_data=100, initial_max_streams_uni=1, initial_max_streams_bidi=2
    ),
)
# One non-zero limit switches flow control on; the other two then bind at zero (A20).
NO_CREDIT = Configuration(
    "no-credit",
    limits=_AMPLE,
    ours=Limits(
        max_sessions=4, initial_max_data=1, initial_max_streams_uni=0, initial_max_streams_bidi=0
    ),
)
# So little data that one packet of ours can go beyond it.
TIGHT = Configuration(
    "tight",
    limits=Limits(
        max_sessions=4,
        initial_max_data=100,
        initial_max_streams_uni=5,
        initial_max_streams_bidi=7,
    ),
    ours=_AMPLE,
)
# The endpoint has limits and we have none: session flow control is off from draft 13 on.
ONE_SIDED = Configuration("one-sided", limits=FLOW_CONTROL.limits)
PROTOCOLS = Configuration("protocols", limits=_OFF, protocols=("chat-v2", "chat-v1", "b,c"))

CONFIGURATIONS = {
    one.name: one for one in (DEFAULT, FLOW_CONTROL, SCARCE, NO_CREDIT, TIGHT, ONE_SIDED, PROTOCOLS)
}
