"""Why there is no HTTP/3 connection to a server: one sentence for each cause, with a way out."""

from wtspec.reports.block import visible
from wtspec.suite.quic.events import Closed
from wtspec.suite.wire import error_codes

# TLS alerts (RFC 8446 section 6) as QUIC carries them. 42 to 49 are about certificates, from
# bad_certificate to access_denied.
_ALERTS = 0x100
_CERTIFICATE_ALERTS = range(_ALERTS + 42, _ALERTS + 50)
_NO_APPLICATION_PROTOCOL = _ALERTS + 120


class Unreachable(Exception):
    """There is no HTTP/3 connection to be had; the message is one sentence with a way out."""


def nothing_came(place: str, waited_s: float, *, is_refused: bool) -> Unreachable:
    """No packet came back; `is_refused`: but the system was told that nobody listens."""
    if is_refused:
        return Unreachable(
            f"No QUIC answer from {place}: nothing listens there (ICMP port unreachable); start the"
            " server, or correct the port."
        )
    return Unreachable(
        f"No QUIC answer from {place} in {waited_s:g} s, only silence; check that UDP passes every"
        " firewall, and that QUIC is spoken on this port."
    )


def not_http3(place: str) -> Unreachable:
    return Unreachable(
        f"{place} speaks QUIC but not HTTP/3: it does not agree on the ALPN h3; offer h3 there, or"
        " correct the port."
    )


def ended_early(closed: Closed, place: str) -> Unreachable:
    """The connection ended before it was one."""
    said = visible(closed.reason)
    if not closed.is_application and closed.code == _NO_APPLICATION_PROTOCOL:
        return not_http3(place)
    if not closed.is_application and closed.code in _CERTIFICATE_ALERTS and closed.by == "local":
        why = f" ({said})" if said else ""
        return Unreachable(
            f"The certificate of {place} is not trusted{why}; use --ca FILE, --cert-hash HASH or"
            " --insecure."
        )
    reason = f", saying {said!r}" if said else ""
    if closed.by == "idle":
        return Unreachable(
            f"{place} answers, but not in QUIC version 1{reason}; enable that version there."
        )
    named = error_codes.name if closed.is_application else error_codes.transport_name
    who = "the server" if closed.by == "peer" else "our side"
    return Unreachable(
        f"The handshake with {place} failed: {who} closed it with {named(closed.code)}{reason}; the"
        " server's own log should say why."
    )
