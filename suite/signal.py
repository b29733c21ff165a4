"""What can be seen of an endpoint: signals on the wire or at its API, and the Reaction they make
up.

A signal doubles as a pattern: a field that is None there means "any", a range or frozenset "one
of". Codes are numbers as on the wire; `ApplicationCode(n)` gives that of an application's code.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import ClassVar

from wtspec.suite.wire.error_codes import (
    H3,
    QUIC,
    WT,
    from_http3,
    means_nothing,
    name,
    transport_name,
)

Number = int | range | frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing seen at one place."""

    # How a number of this signal is printed: as an error code, or as it is.
    shows_codes: ClassVar[bool] = False

    def matches(self, seen: "Signal") -> bool:
        """Whether `seen` is what this pattern asks for."""
        if type(seen) is not type(self):
            return False
        return all(
            self._field_matches(f.name, getattr(self, f.name), getattr(seen, f.name))
            for f in fields(self)
        )

    def _field_matches(self, which: str, wanted: object, seen: object) -> bool:
        if _value_matches(wanted, seen):
            return True
        if not (self.shows_codes and which == "code" and isinstance(seen, int)):
            return False
        # A code without a meaning says what H3_NO_ERROR says (RFC 9114 section 8).
        return means_nothing(seen) and _value_matches(wanted, H3.NO_ERROR)

    def companions(self) -> tuple["Signal", ...]:
        """What may stand beside this signal without being a second reaction."""
        return ()

    def __str__(self) -> str:
        shown = [self._show(getattr(self, f.name)) for f in fields(self)]
        return f"{type(self).__name__}({', '.join(one for one in shown if one)})"

    def _show(self, value: object) -> str:
        if value is None or value == ():
            return ""
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        if isinstance(value, bool) or not isinstance(value, int):
            return _show_set(value, codes=self.shows_codes)
        return name(value) if self.shows_codes else str(value)


def _show_set(value: object, *, codes: bool) -> str:
    if isinstance(value, frozenset) and codes:
        return " or ".join(sorted(name(one) for one in value))
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return str(value)


def _value_matches(wanted: object, seen: object) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, range):
        # An enum's member is looked for one by one, among up to 2^62 numbers; a plain int is not.
        return isinstance(seen, int) and int(seen) in wanted
    if isinstance(wanted, frozenset):
        return seen in wanted
    return wanted == seen


@dataclass(frozen=True, slots=True)
class Silence(Signal):
    """Nothing until the deadline; the barrier that followed is in the timeline."""


@dataclass(frozen=True, slots=True)
class Absent(Signal):
    """`what` was proved not to have happened: a barrier or a release came after."""

    what: str | None = None


@dataclass(frozen=True, slots=True)
class Established(Signal):
    """The session is there: a 2xx from a server; the API's `session` event of a client.

    `protocol` is the application protocol that was agreed, "" for none.
    """

    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Request(Signal):
    """A client asked for a session."""


@dataclass(frozen=True, slots=True)
class Refused(Signal):
    """A client's API reported that its session could not be established."""

    status: Number = None

    def companions(self) -> tuple[Signal, ...]:
        return (Fin(), Stop(), Reset(), ConnectionClosed())


@dataclass(frozen=True, slots=True)
class Data(Signal):
    """Bytes came, and the stream has not ended."""

    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fin(Signal):
    """The stream ended cleanly after `data`, its header not counted."""

    data: bytes | None = None

    def companions(self) -> tuple[Signal, ...]:
        return (Data(), Stop(H3.NO_ERROR))


@dataclass(frozen=True, slots=True)
class Stop(Signal):
    """STOP_SENDING for our sending side."""

    code: Number = None
    shows_codes: ClassVar[bool] = True

    def companions(self) -> tuple[Signal, ...]:
        # Which code the other direction carries is not this signal's question. A client that gives
        # up a request also tells its application.
        return (Data(), Reset(), Refused())


@dataclass(frozen=True, slots=True)
class Reset(Signal):
    """RESET_STREAM, or RESET_STREAM_AT with its Reliable Size (0 for a plain one)."""

    code: Number = None
    reliable_size: range | int | None = field(default=None)
    shows_codes: ClassVar[bool] = True

    def companions(self) -> tuple[Signal, ...]:
        return (Data(), Stop(), Refused())

    def __str__(self) -> str:
        size = "" if self.reliable_size is None else f", reliable {self.reliable_size}"
        return f"Reset({self._show(self.code)}{size})"


@dataclass(frozen=True, slots=True)
class Response(Signal):
    """A final response that gives no session."""

    status: Number = None

    def companions(self) -> tuple[Signal, ...]:
        # The answer is there, whatever the server asks of the rest of the request, and why.
        # And the connection may go with the session that was refused: RFC 9114 section 5.3.
        return (Fin(), Data(), Stop(), Reset(H3.NO_ERROR), ConnectionClosed(H3.NO_ERROR))


@dataclass(frozen=True, slots=True)
class Datagram(Signal):
    """A datagram of the session."""

    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionClosed(Signal):
    """The capsule that closes the session; `code` is the application's 32-bit number."""

    code: Number = None
    reason: bytes | None = None

    def companions(self) -> tuple[Signal, ...]:
        return (Data(), Fin(), Stop(frozenset({H3.NO_ERROR, WT.SESSION_GONE})), Draining())


@dataclass(frozen=True, slots=True)
class SessionError(Signal):
    """A pattern only: "close the session with this code", in both readings of A01.

    A reset (or, alone, a stop) of the CONNECT stream, or the close capsule with the code's number.
    """

    code: Number = None
    shows_codes: ClassVar[bool] = True

    def matches(self, seen: Signal) -> bool:
        either = (SessionClosed(self.code), Reset(self.code), Stop(self.code))
        return any(one.matches(seen) for one in either)

    def companions(self) -> tuple[Signal, ...]:
        gone = frozenset({H3.NO_ERROR, WT.SESSION_GONE})
        either = (SessionClosed(self.code), Reset(self.code), Stop(self.code))
        return (*either, Data(), Fin(), Stop(), Reset(gone))


@dataclass(frozen=True, slots=True)
class Draining(Signal):
    """The capsule that asks to drain the session."""


@dataclass(frozen=True, slots=True)
class CapsuleSeen(Signal):
    """Any other capsule, by its name and its number, e.g. ("MaxStreams uni", 7)."""

    capsule: str | None = None
    value: Number = None


@dataclass(frozen=True, slots=True)
class Goaway(Signal):
    """GOAWAY on the control stream."""

    last_id: Number = None


@dataclass(frozen=True, slots=True)
class IdledOut(Signal):
    """The connection is over because nothing came for its idle timeout: nobody closed it."""


@dataclass(frozen=True, slots=True)
class ConnectionClosed(Signal):
    """CONNECTION_CLOSE; `transport` tells a QUIC error from an application's.

    Codes of the two are different things: without a word it is the application's.
    """

    code: Number = None
    transport: bool | None = None
    shows_codes: ClassVar[bool] = True

    def matches(self, seen: Signal) -> bool:
        if not isinstance(seen, ConnectionClosed) or not seen.transport or self.transport:
            return Signal.matches(self, seen) or self._matches_out_of_place(seen)
        # QUIC numbers its errors in a space of their own; only an end without one is the same.
        means_no_error = seen.code == QUIC.NO_ERROR and _value_matches(self.code, H3.NO_ERROR)
        return self.transport is None and (self.code is None or means_no_error)

    def _matches_out_of_place(self, seen: Signal) -> bool:
        """A stream error of an application closes no connection: it counts as H3_NO_ERROR too.

        RFC 9114 section 8, of a code in an unexpected context.
        """
        if not isinstance(seen, ConnectionClosed) or not isinstance(seen.code, int):
            return False
        is_of_application = not seen.transport and from_http3(seen.code) is not None
        wants_no_error = not self.transport and _value_matches(self.code, H3.NO_ERROR)
        return is_of_application and wants_no_error

    def companions(self) -> tuple[Signal, ...]:
        # The end of the connection ends everything on it; what showed before does not contradict
        # it.
        return (Data(), Fin(), Reset(), Stop(), SessionClosed(), Refused(), Goaway())

    def __str__(self) -> str:
        if not self.transport:
            return f"ConnectionClosed({self._show(self.code)})"
        code = transport_name(self.code) if isinstance(self.code, int) else self._show(self.code)
        return f"ConnectionClosed({f'transport {code}'.rstrip()})"


@dataclass(frozen=True, slots=True)
class Opened(Signal):
    """The endpoint opened a stream: "uni" or "bidi"."""

    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Observed(Signal):
    """A fact read from the decoded wire, e.g. ("WT_ENABLED", 1) or (":scheme", "https")."""

    what: str | None = None
    value: object = None


@dataclass(frozen=True, slots=True)
class Reported(Signal):
    """An event of the endpoint's API in the contract's words; `code` is the application's,
    unmapped.
    """

    event: str | None = None
    how: str | None = None
    code: Number = None


@dataclass(frozen=True, slots=True)
class Both(Signal):
    """A pattern only: each part must be seen in the same Reaction."""

    parts: tuple[Signal, ...] = ()

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.parts)

    def companions(self) -> tuple[Signal, ...]:
        return tuple(one for part in self.parts for one in part.companions())


@dataclass(frozen=True, slots=True)
class Reaction:
    """All signals of one place up to one round trip after the first, in the order they came.

    `place` is "session", "connection", or a stream's name; `Silence` stands alone.
    """

    place: str
    signals: tuple[Signal, ...] = (Silence(),)

    def __str__(self) -> str:
        return f"{' + '.join(str(one) for one in self.signals)} on {self.place}"

    def has(self, *kinds: type[Signal]) -> bool:
        """Whether a signal of one of these classes is among its own."""
        return any(isinstance(one, kinds) for one in self.signals)

    def shows(self, pattern: Signal) -> bool:
        """Whether the pattern accounts for the whole Reaction, companions included."""
        return self.shows_beside(pattern, ())

    def shows_beside(self, pattern: Signal, beside: Iterable[Signal]) -> bool:
        """The same, where the signals of `beside` are harmless too."""
        parts = pattern.parts if isinstance(pattern, Both) else (pattern,)
        if not all(any(part.matches(one) for one in self.signals) for part in parts):
            return False
        allowed = (*parts, *pattern.companions(), *beside)
        return all(any(one.matches(seen) for one in allowed) for seen in self.signals)
