"""The states of a session and of the two directions of a data stream, as tables.

Each table is total over states and events: a test walks the product. What a step means on the wire
is decided by whoever takes it (`session.py`, `data_stream.py`).
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class SendState(Enum):
    """Our sending direction of a data stream (RFC 9000 section 3.1, as far as we act on it)."""

    OPEN = auto()
    FINISHED = auto()
    RESET = auto()
    STOPPED = auto()  # the peer's STOP_SENDING was answered with a reset
    GONE = auto()  # the session or the connection ended first


class SendEvent(Enum):
    """What happens to a sending direction."""

    WRITE = auto()
    FINISH = auto()
    RESET = auto()
    STOP_ARRIVED = auto()
    SESSION_ENDED = auto()


class ReceiveState(Enum):
    """Our receiving direction of a data stream (RFC 9000 section 3.2, as far as we act on it)."""

    OPEN = auto()
    FINISHED = auto()
    RESET = auto()
    STOPPED = auto()  # we asked the peer to stop; its answer is still due
    DISCARDED = auto()  # we asked, and the peer's FIN or reset has come
    GONE = auto()  # the session or the connection ended first


class ReceiveEvent(Enum):
    """What happens to a receiving direction."""

    DATA = auto()
    FIN = auto()
    RESET_ARRIVED = auto()
    STOP = auto()
    SESSION_ENDED = auto()


class SessionState(Enum):
    """The life of a session (draft-ietf-webtrans-http3-16 sections 3.2 and 6)."""

    CONNECTING = auto()
    OPEN = auto()
    CLOSING = auto()  # over: our half of the CONNECT stream has ended, the peer's is still due
    CLOSED = auto()  # over, and both halves have ended
    REFUSED = auto()


class SessionEvent(Enum):
    """What happens to a session."""

    ACCEPTED = auto()
    REFUSED = auto()
    CLOSED_HERE = auto()
    CAPSULE = auto()  # the peer's WT_CLOSE_SESSION, its FIN not yet
    PEER_ENDED = auto()  # FIN or reset of the peer's half of the CONNECT stream
    FAILED = auto()  # the peer broke a rule, and the CONNECT stream was reset
    LOST = auto()  # the connection is gone


class Impossible(Enum):
    """The outcome of an event that a state excludes: a bug of ours or a call at the wrong time."""

    IMPOSSIBLE = auto()


IMPOSSIBLE: Final = Impossible.IMPOSSIBLE

_S, _SE = SendState, SendEvent
SEND: Mapping[tuple[SendState, SendEvent], SendState | Impossible] = MappingProxyType(
    {
        (_S.OPEN, _SE.WRITE): _S.OPEN,
        (_S.OPEN, _SE.FINISH): _S.FINISHED,
        (_S.OPEN, _SE.RESET): _S.RESET,
        (_S.OPEN, _SE.STOP_ARRIVED): _S.STOPPED,
        (_S.OPEN, _SE.SESSION_ENDED): _S.GONE,
        (_S.FINISHED, _SE.WRITE): IMPOSSIBLE,
        (_S.FINISHED, _SE.FINISH): IMPOSSIBLE,
        # Data Sent: what is not yet acknowledged can still be abandoned.
        (_S.FINISHED, _SE.RESET): _S.RESET,
        (_S.FINISHED, _SE.STOP_ARRIVED): _S.STOPPED,
        (_S.FINISHED, _SE.SESSION_ENDED): _S.FINISHED,
        (_S.RESET, _SE.WRITE): IMPOSSIBLE,
        (_S.RESET, _SE.FINISH): IMPOSSIBLE,
        (_S.RESET, _SE.RESET): _S.RESET,
        (_S.RESET, _SE.STOP_ARRIVED): _S.RESET,
        (_S.RESET, _SE.SESSION_ENDED): _S.RESET,
        (_S.STOPPED, _SE.WRITE): IMPOSSIBLE,
        (_S.STOPPED, _SE.FINISH): IMPOSSIBLE,
        (_S.STOPPED, _SE.RESET): _S.STOPPED,
        (_S.STOPPED, _SE.STOP_ARRIVED): _S.STOPPED,
        (_S.STOPPED, _SE.SESSION_ENDED): _S.STOPPED,
        (_S.GONE, _SE.WRITE): IMPOSSIBLE,
        (_S.GONE, _SE.FINISH): IMPOSSIBLE,
        (_S.GONE, _SE.RESET): _S.GONE,
        (_S.GONE, _SE.STOP_ARRIVED): _S.GONE,
        (_S.GONE, _SE.SESSION_ENDED): _S.GONE,
    }
)

_R, _RE = ReceiveState, ReceiveEvent
RECEIVE: Mapping[tuple[ReceiveState, ReceiveEvent], ReceiveState | Impossible] = MappingProxyType(
    {
        (_R.OPEN, _RE.DATA): _R.OPEN,
        (_R.OPEN, _RE.FIN): _R.FINISHED,
        (_R.OPEN, _RE.RESET_ARRIVED): _R.RESET,
        (_R.OPEN, _RE.STOP): _R.STOPPED,
        (_R.OPEN, _RE.SESSION_ENDED): _R.GONE,
        (_R.FINISHED, _RE.DATA): IMPOSSIBLE,
        (_R.FINISHED, _RE.FIN): IMPOSSIBLE,
        # Data Recvd: RFC 9000 lets a late reset pass unnoticed.
        (_R.FINISHED, _RE.RESET_ARRIVED): _R.FINISHED,
        (_R.FINISHED, _RE.STOP): _R.FINISHED,
        (_R.FINISHED, _RE.SESSION_ENDED): _R.FINISHED,
        (_R.RESET, _RE.DATA): IMPOSSIBLE,
        (_R.RESET, _RE.FIN): IMPOSSIBLE,
        (_R.RESET, _RE.RESET_ARRIVED): _R.RESET,
        (_R.RESET, _RE.STOP): _R.RESET,
        (_R.RESET, _RE.SESSION_ENDED): _R.RESET,
        (_R.STOPPED, _RE.DATA): _R.STOPPED,
        (_R.STOPPED, _RE.FIN): _R.DISCARDED,
        (_R.STOPPED, _RE.RESET_ARRIVED): _R.DISCARDED,
        (_R.STOPPED, _RE.STOP): _R.STOPPED,
        (_R.STOPPED, _RE.SESSION_ENDED): _R.STOPPED,
        (_R.DISCARDED, _RE.DATA): IMPOSSIBLE,
        (_R.DISCARDED, _RE.FIN): IMPOSSIBLE,
        (_R.DISCARDED, _RE.RESET_ARRIVED): _R.DISCARDED,
        (_R.DISCARDED, _RE.STOP): _R.DISCARDED,
        (_R.DISCARDED, _RE.SESSION_ENDED): _R.DISCARDED,
        # What was under way when the session ended still arrives, and is thrown away.
        (_R.GONE, _RE.DATA): _R.GONE,
        (_R.GONE, _RE.FIN): _R.GONE,
        (_R.GONE, _RE.RESET_ARRIVED): _R.GONE,
        (_R.GONE, _RE.STOP): _R.GONE,
        (_R.GONE, _RE.SESSION_ENDED): _R.GONE,
    }
)

_W, _WE = SessionState, SessionEvent
SESSION: Mapping[tuple[SessionState, SessionEvent], SessionState | Impossible] = MappingProxyType(
    {
        (_W.CONNECTING, _WE.ACCEPTED): _W.OPEN,
        (_W.CONNECTING, _WE.REFUSED): _W.REFUSED,
        (_W.CONNECTING, _WE.CLOSED_HERE): _W.REFUSED,
        (_W.CONNECTING, _WE.CAPSULE): IMPOSSIBLE,  # nothing is a capsule before the 2xx
        (_W.CONNECTING, _WE.PEER_ENDED): _W.REFUSED,
        (_W.CONNECTING, _WE.FAILED): _W.REFUSED,
        (_W.CONNECTING, _WE.LOST): _W.REFUSED,
        (_W.OPEN, _WE.ACCEPTED): IMPOSSIBLE,
        (_W.OPEN, _WE.REFUSED): IMPOSSIBLE,
        (_W.OPEN, _WE.CLOSED_HERE): _W.CLOSING,
        (_W.OPEN, _WE.CAPSULE): _W.CLOSING,
        (_W.OPEN, _WE.PEER_ENDED): _W.CLOSED,
        (_W.OPEN, _WE.FAILED): _W.CLOSED,
        (_W.OPEN, _WE.LOST): _W.CLOSED,
        (_W.CLOSING, _WE.ACCEPTED): IMPOSSIBLE,
        (_W.CLOSING, _WE.REFUSED): IMPOSSIBLE,
        (_W.CLOSING, _WE.CLOSED_HERE): _W.CLOSING,
        (_W.CLOSING, _WE.CAPSULE): _W.CLOSING,  # closes that cross
        (_W.CLOSING, _WE.PEER_ENDED): _W.CLOSED,
        (_W.CLOSING, _WE.FAILED): _W.CLOSED,
        (_W.CLOSING, _WE.LOST): _W.CLOSED,
        (_W.CLOSED, _WE.ACCEPTED): IMPOSSIBLE,
        (_W.CLOSED, _WE.REFUSED): IMPOSSIBLE,
        (_W.CLOSED, _WE.CLOSED_HERE): _W.CLOSED,
        (_W.CLOSED, _WE.CAPSULE): IMPOSSIBLE,  # the peer's half has ended
        (_W.CLOSED, _WE.PEER_ENDED): _W.CLOSED,
        (_W.CLOSED, _WE.FAILED): _W.CLOSED,
        (_W.CLOSED, _WE.LOST): _W.CLOSED,
        (_W.REFUSED, _WE.ACCEPTED): IMPOSSIBLE,
        (_W.REFUSED, _WE.REFUSED): _W.REFUSED,
        (_W.REFUSED, _WE.CLOSED_HERE): _W.REFUSED,
        (_W.REFUSED, _WE.CAPSULE): IMPOSSIBLE,
        (_W.REFUSED, _WE.PEER_ENDED): _W.REFUSED,
        (_W.REFUSED, _WE.FAILED): _W.REFUSED,
        (_W.REFUSED, _WE.LOST): _W.REFUSED,
    }
)
