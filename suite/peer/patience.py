"""How long is waited, by name; the seconds come from the run: fast first, slow to confirm."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: one expected step, a connection, proof of quiet, a case, what is due "soon"."""

    step_s: float
    connect_s: float
    quiet_s: float
    case_s: float
    eventual_s: float


FAST = Patience(step_s=1, connect_s=2, quiet_s=0.25, case_s=10, eventual_s=5)
SLOW = Patience(step_s=5, connect_s=5, quiet_s=1, case_s=30, eventual_s=15)
