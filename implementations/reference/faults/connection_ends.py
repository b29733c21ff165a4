"""Faults of endpoints that mind connections which are none of their concern any more."""

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.faults.fault import fault


@fault("takes-four-losses-ill")
class TakesFourLossesIll(ApplicationRules):
    """When four connections have ended, the next session is refused."""

    def serves_after(self, lost: int) -> bool:
        return lost != 4


@fault("serves-few-connections-at-once")
class ServesFewConnectionsAtOnce(ApplicationRules):
    """Beside four connections that are still open a fifth one gets no session."""

    def serves_beside(self, others: int, ever: int) -> bool:
        return not (others >= 4 and ever == 5)
