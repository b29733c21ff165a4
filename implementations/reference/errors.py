"""What can go wrong: violations by the peer, and what an application is told.

Violation                    the peer broke a rule; carries the code to signal, and where
  ConnectionViolation          closes the connection
  RequestViolation             resets one request stream
    SessionViolation             closes one session
WebTransportError            what applications see
  SessionRefused               no session: a status, or why none
  SessionEnded                 the session is over
  StreamReset, StreamStopped   the peer ended one direction
  StreamMisuse                 a call that the stream's state does not allow
"""


class Violation(Exception):
    """`code` is the HTTP/3 error to signal; `why` is for people."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{why} ({code:#x})")
        self.code = code
        self.why = why


class ConnectionViolation(Violation):
    """A connection error in the sense of RFC 9114 section 8."""


class RequestViolation(Violation):
    """A stream error in the sense of RFC 9114 section 8, on a request stream."""


class SessionViolation(RequestViolation):
    """The draft says that the session is closed with this code."""


class WebTransportError(Exception):
    """The root of what the API raises."""


class SessionRefused(WebTransportError):
    """`status` is the response's, None where there was none; `location` where a 3xx points."""

    def __init__(self, why: str, status: int | None = None, location: str | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.location = location


class SessionEnded(WebTransportError):
    """The session was over, for whatever reason; see the session's `closed`."""


class ConnectionLost(SessionEnded):
    """The session is over because its connection is."""


class StreamReset(WebTransportError):
    """The peer abandoned the stream; `code` is None where the application gave none."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"reset by the peer with {code}")
        self.code = code


class StreamStopped(WebTransportError):
    """The peer does not want more; `code` is None where the application gave none."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"stopped by the peer with {code}")
        self.code = code


class StreamMisuse(WebTransportError):
    """The state of the stream does not allow the call."""
