"""How our side behaves on a connection beyond what is honest: what it holds back and announces."""

from collections.abc import Collection, Mapping
from enum import Enum

from wtspec.suite.dialect import Dialect, FlowControlRule, SessionLimits, Side
from wtspec.suite.endpoint.configuration import Limits
from wtspec.suite.wire.settings import Pairs

# Where limits always bind, a configuration that says nothing of ours must not starve the endpoint.
AMPLE = 1 << 30


class Withheld(Enum):
    """What a Peer can keep back until it is told to release it."""

    SETTINGS = "our control stream with SETTINGS"
    QPACK_STREAMS = "our QPACK streams"
    RESPONSE = "our CONNECT or 2xx, until the session is established by name"
    ANSWERS = "the FIN with which an honest side answers the end of a session"
    ACKNOWLEDGEMENTS = "every QUIC ACK"
    STREAM_LIMITS = "MAX_STREAMS"
    DATA_CREDIT = "MAX_DATA"


class Manners:
    """`withheld` is what is held back now; the rest edits our SETTINGS.

    `hurries`: our CONNECT does not wait for the server's SETTINGS.
    """

    def __init__(self) -> None:
        self.hurries = False
        self.withheld: set[Withheld] = set()
        self._whole: Pairs | None = None
        self._extra: Pairs = ()
        self._without: Collection[int] = ()
        self._replaced: Mapping[int, int] = {}

    @property
    def are_plain(self) -> bool:
        """Nothing is held back, hurried or edited."""
        edits = (self.hurries, self.withheld, self._whole, self._extra, self._without)
        return not any(edits) and self._whole is None and not self._replaced

    def announce(
        self,
        *,
        settings: Pairs | None,
        extra: Pairs,
        without: Collection[int],
        replaced: Mapping[int, int],
    ) -> None:
        """A whole list instead of the honest one, and edits of whichever it is."""
        self._whole = settings
        self._extra, self._without, self._replaced = extra, without, replaced

    def settings(self, dialect: Dialect, side: Side, limits: Limits) -> tuple[tuple[int, int], ...]:
        """Our SETTINGS, in order."""
        honest = self._whole
        if honest is None:
            least = AMPLE if dialect.flow_control is FlowControlRule.ALWAYS else 0
            honest = dialect.settings(side, session_limits(limits, least))
        kept = [
            (key, self._replaced.get(key, value))
            for key, value in honest
            if key not in self._without
        ]
        new = [pair for pair in self._replaced.items() if pair[0] not in dict(kept)]
        return (*kept, *new, *self._extra)


def session_limits(limits: Limits, least: int) -> SessionLimits:
    """What a configuration lets us announce; `least` is for the credit that it leaves open."""

    def credit(limit: int | None) -> int:
        return least if limit is None else limit

    return SessionLimits(
        max_sessions=1 if limits.max_sessions is None else limits.max_sessions,
        initial_max_data=credit(limits.initial_max_data),
        initial_max_streams_uni=credit(limits.initial_max_streams_uni),
        initial_max_streams_bidi=credit(limits.initial_max_streams_bidi),
    )
